//! Diagnostics as text for a terminal, in the look of rustc.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Lines, Span};
use crate::Sources;
use crate::codes::Severity;

/// Diagnostics after these are counted, not shown.
const SHOWN: usize = 100;
/// How many lines may be between two marks in one snippet.
const FAR: usize = 50;
/// How much of a line is shown, in bytes.
const WIDE: usize = 1000;

/// The texts of a run with their lines, so that many diagnostics of a long text can be rendered.
struct Texts<'s> {
    sources: &'s Sources,
    lines: BTreeMap<&'s str, Lines<'s>>,
}

/// Renders diagnostics, each with a snippet of its source. `styled` adds ANSI colours.
pub fn render<'d>(
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    sources: &Sources,
    styled: bool,
) -> impl Iterator<Item = String> {
    let mut texts = Texts { sources, lines: BTreeMap::new() };
    diagnostics.into_iter().map(move |diagnostic| diagnostic.render_of(&mut texts, styled))
}

impl Diagnostic {
    /// Renders the diagnostic with a snippet of its source. `styled` adds ANSI colours.
    pub fn render(&self, sources: &Sources, styled: bool) -> String {
        self.render_of(&mut Texts { sources, lines: BTreeMap::new() }, styled)
    }

    fn render_of(&self, texts: &mut Texts<'_>, styled: bool) -> String {
        let level = match self.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let mut group = Group::with_title(level.primary_title(self.message.as_str()).id(self.code.to_string()));
        for (file, marks) in self.marks() {
            let Some((name, text)) = texts.sources.get_key_value(file) else {
                group = group.element(Origin::path(file));
                continue;
            };
            let lines = texts.lines.entry(name).or_insert_with(|| Lines::new(text));
            for marks in near(marks, lines) {
                group = match snippet(file, lines, &marks) {
                    Some(snippet) => group.element(snippet),
                    None => group.element(origin(file, lines, &marks)),
                };
            }
        }
        if let Some(help) = self.help_text() {
            group = group.element(Level::HELP.message(help));
        }
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }

    /// What to mark in each file: the span itself first, and the labels.
    fn marks(&self) -> Vec<(&str, Vec<Mark<'_>>)> {
        let mut files = vec![(self.file.as_str(), vec![Mark { span: self.span, label: None }])];
        for label in &self.labels {
            let mark = Mark { span: label.span, label: Some(label.text.as_str()) };
            match files.iter_mut().find(|(file, _)| *file == label.file) {
                Some((_, marks)) => marks.push(mark),
                None => files.push((&label.file, vec![mark])),
            }
        }
        files
    }
}

/// A span to mark. Without a label it is that of the diagnostic itself.
struct Mark<'d> {
    span: Span,
    label: Option<&'d str>,
}

/// The marks in groups that are near each other: what is between them is not looked at.
fn near<'d>(marks: Vec<Mark<'d>>, lines: &Lines<'_>) -> Vec<Vec<Mark<'d>>> {
    let mut groups: Vec<Vec<Mark<'d>>> = Vec::new();
    for mark in marks {
        let line = lines.line(mark.span.start);
        let is_near = |other: &Mark<'_>| line.abs_diff(lines.line(other.span.start)) <= FAR;
        let last = groups.iter_mut().find(|group| group.iter().any(is_near));
        match last {
            Some(group) => group.push(mark),
            None => groups.push(vec![mark]),
        }
    }
    groups
}

/// The lines of a source with the marks; `None` if a mark is far inside of a long line.
fn snippet<'a>(file: &'a str, lines: &Lines<'a>, marks: &[Mark<'a>]) -> Option<Snippet<'a, Annotation<'a>>> {
    let first = marks.iter().map(|mark| lines.line(mark.span.start)).min().unwrap_or(1);
    let last = marks.iter().map(|mark| lines.line(mark.span.end.max(mark.span.start))).max().unwrap_or(first);
    let (start, end) = (lines.start(first), lines.start(last.min(first + 2 * FAR) + 1));
    let shown = lines.text().get(start..end).unwrap_or_default();
    let shown = shown.trim_end_matches(['\r', '\n']);
    // A line can be as long as the file.
    let indent = |mark: &Mark<'_>| mark.span.start.saturating_sub(lines.start(lines.line(mark.span.start)));
    if marks.iter().any(|mark| indent(mark) > WIDE) {
        return None;
    }
    let most = marks.iter().map(|mark| mark.span.start.saturating_sub(start)).max().unwrap_or_default() + 2 * WIDE;
    let shown = shown.get(..boundary(shown, most)).unwrap_or(shown);
    let annotations = marks.iter().map(|mark| {
        let kind = if mark.label.is_none() { AnnotationKind::Primary } else { AnnotationKind::Context };
        kind.span(within(shown, start, mark.span)).label(mark.label)
    });
    Some(Snippet::source(shown).line_start(first).path(file).annotations(annotations))
}

/// Where the first mark is, without a snippet.
fn origin<'a>(file: &'a str, lines: &Lines<'a>, marks: &[Mark<'a>]) -> Origin<'a> {
    let position = lines.position(marks.first().map(|mark| mark.span.start).unwrap_or_default());
    Origin::path(file).line(position.line).char_column(position.column)
}

/// A span as a range of the shown text. At least one character is marked where there is one.
fn within(shown: &str, start: usize, span: Span) -> Range<usize> {
    let from = boundary(shown, span.start.saturating_sub(start));
    let to = boundary(shown, span.end.saturating_sub(start));
    let next = shown.get(from..).and_then(|rest| rest.chars().next()).filter(|c| !c.is_control());
    from..to.max(from + next.map_or(0, char::len_utf8))
}

/// The offset, or the start of the character that it is in.
pub(super) fn boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

impl Diagnostics {
    /// Renders all diagnostics, one after the other.
    pub fn render(&self, sources: &Sources, styled: bool) -> String {
        let shown = render(self.0.iter().take(SHOWN), sources, styled);
        let more = self.0.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("{more} more diagnostics are not shown."));
        shown.chain(more).collect::<Vec<_>>().join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Label;
    use super::*;
    use crate::codes::Code;

    fn span(text: &str, part: &str) -> Span {
        let start = text.find(part).expect(part);
        Span::new(start, start + part.len())
    }

    #[test]
    fn a_span_over_several_lines_is_marked_as_a_whole() {
        let text = "\u{feff}a: 1\r\nb:\r\n  c: é\r\n  d: 2\r\ne: 3\r\n".to_owned();
        let found = Diagnostic::new(Code::WrongType, "a.yaml", span(&text, "c: é\r\n  d: 2"), "so");
        let sources = Sources::from([("a.yaml".to_owned(), text)]);
        let expected = "\
error[NK0106]: so
 --> a.yaml:3:3
  |
3 | /   c: é
4 | |   d: 2
  | |______^";
        assert_eq!(found.render(&sources, false), expected);
    }

    #[test]
    fn labels_are_shown_in_their_files() {
        let text = "a: 1\nb: 2\nc: 3\n".to_owned();
        let label = |file: &str, part: &str| Label {
            file: file.to_owned(),
            span: span(&text, part),
            text: format!("{part} is here"),
        };
        let labels = vec![label("a.yaml", "a"), label("b.yaml", "b: 2")];
        let found = Diagnostic { labels, ..Diagnostic::new(Code::DuplicateName, "a.yaml", span(&text, "c"), "so") };
        let sources = Sources::from([("a.yaml".to_owned(), text.clone()), ("b.yaml".to_owned(), text)]);
        let expected = "\
warning[NK0209]: so
 --> a.yaml:3:1
  |
1 | a: 1
  | - a is here
2 | b: 2
3 | c: 3
  | ^
  |
 ::: b.yaml:2:1
  |
2 | b: 2
  | ---- b: 2 is here";
        assert_eq!(found.render(&sources, false), expected);
        let gone = Sources::new();
        assert_eq!(found.render(&gone, false).lines().nth(1), Some("--> a.yaml"));
    }
}
