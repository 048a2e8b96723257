//! Collecting diagnostics.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::Parts;
use super::{Applicability, Diagnostic, Diagnostics, Label, Nearest, Span, Suggestion, excerpt, nearest};
use crate::Sources;
use crate::codes::{Code, Severity};
use crate::read::yaml::{self, Content};

/// Collects the diagnostics of one capability and of the files that it imports.
pub(crate) struct Sink {
    files: Vec<String>,
    found: Vec<Diagnostic>,
    /// Suggestions whose exact spans are still to be found in the sources, with the index of their diagnostic.
    drafts: Vec<(usize, Draft)>,
    /// Diagnostics that represent all of their kind, and how many these are.
    once: BTreeMap<(Code, String), (usize, usize)>,
    /// How many diagnostics of each code there are.
    counts: BTreeMap<Code, usize>,
    /// For codes with more than are kept, the diagnostic that represents the others.
    others: BTreeMap<Code, usize>,
    /// Every error, and where it is.
    errors: Vec<(Code, Span)>,
    parts: Parts,
    /// Allowed errors of the parts that were left out.
    allowed: Vec<Diagnostic>,
}

/// How many diagnostics of a code are kept for one capability.
const MOST: usize = 100;

/// A suggestion before its exact span is known: values may be quoted, and names may be a part of them.
struct Draft {
    span: Span,
    edit: Edit,
    is_certain: bool,
    message: String,
}

enum Edit {
    /// Replaces the only occurrence of a text in the span.
    Replace { from: String, to: String },
    /// Puts quotes around a template.
    Quote,
}

impl Sink {
    pub(crate) fn new(file: &str) -> Self {
        Self {
            files: vec![file.to_owned()],
            found: Vec::new(),
            drafts: Vec::new(),
            once: BTreeMap::new(),
            counts: BTreeMap::new(),
            others: BTreeMap::new(),
            errors: Vec::new(),
            parts: Parts::default(),
            allowed: Vec::new(),
        }
    }

    /// Enters another file and returns its number, for [`Span`].
    pub(crate) fn enter(&mut self, file: &str) -> usize {
        self.files.push(file.to_owned());
        self.files.len() - 1
    }

    /// The path of a file by its number.
    pub(crate) fn path(&self, file: usize) -> &str {
        self.files.get(file).map_or("", String::as_str)
    }

    /// The paths of all files, by number.
    pub(crate) fn paths(&self) -> &[String] {
        &self.files
    }

    /// Reports a diagnostic. Help, labels and suggestions are added to what is returned.
    pub(crate) fn report(&mut self, code: Code, span: Span, message: impl Into<String>) -> Report<'_> {
        if code.severity() == Severity::Error {
            self.errors.push((code, span));
        }
        let count = self.counts.entry(code).or_default();
        *count += 1;
        let is_first = *count <= MOST;
        if let Some(index) = self.others.get(&code) {
            let index = *index;
            return Report { sink: self, index, is_first };
        }
        let index = self.found.len();
        if !is_first {
            self.others.insert(code, index);
        }
        self.found.push(Diagnostic::new(code, self.path(span.file), span, excerpt(&message.into()).into_owned()));
        Report { sink: self, index, is_first }
    }

    /// Reports a diagnostic of a kind that may come often. Only the first is kept; it says how many there are, and takes
    /// the suggestions of all.
    pub(crate) fn report_once(&mut self, code: Code, kind: &str, span: Span, message: impl Into<String>) -> Report<'_> {
        if let Some((index, count)) = self.once.get_mut(&(code, kind.to_owned())) {
            *count += 1;
            let index = *index;
            return Report { sink: self, index, is_first: false };
        }
        if !self.is_full(code) {
            self.once.insert((code, kind.to_owned()), (self.found.len(), 1));
        }
        self.report(code, span, message)
    }

    /// Whether further diagnostics of a code are only counted.
    pub(crate) fn is_full(&self, code: Code) -> bool {
        self.counts.get(&code).is_some_and(|count| *count >= MOST)
    }

    /// The name that is closest to a misspelled one, for a diagnostic of this code that is about to be reported.
    pub(crate) fn nearest<'a>(
        &self,
        code: Code,
        given: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Option<Nearest<'a>> {
        if self.is_full(code) { None } else { nearest(given, candidates) }
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether a part of the capability is to be read. If not, it was left out for its errors.
    pub(crate) fn reads(&mut self, what: &'static str, span: Span) -> bool {
        let path = self.files.get(span.file).map_or("", String::as_str);
        self.parts.reads(what, path, span)
    }

    /// Starts over without the parts of the capability that have errors. `false` means that there is an error that is not
    /// allowed, or not about one part.
    pub(crate) fn leave_out(&mut self, allowed: &BTreeSet<Code>, sources: &Sources) -> bool {
        let part_of = |(code, span): &(Code, Span)| allowed.contains(code).then(|| self.parts.of(*span)).flatten();
        let Some(parts) = self.errors.iter().map(part_of).collect::<Option<Vec<_>>>() else { return false };
        if parts.is_empty() {
            return false;
        }
        let mut next = Self::new(self.path(0));
        next.parts = self.parts.without(parts.iter().map(|part| (self.path(part.span.file), part.span)));
        next.allowed = std::mem::take(&mut self.allowed);
        let known = std::mem::take(&mut self.parts);
        for mut diagnostic in std::mem::replace(self, next).finish(sources).into_iter().filter(Diagnostic::is_error) {
            let what = known.of(diagnostic.span).map_or("part", |part| part.what);
            diagnostic.message.push_str(&format!("; the {what} is left out"));
            diagnostic.allowed = true;
            self.allowed.push(diagnostic);
        }
        true
    }

    pub(crate) fn finish(mut self, sources: &Sources) -> Diagnostics {
        for (index, draft) in std::mem::take(&mut self.drafts) {
            let suggestion = self.suggestion(draft, sources);
            if let Some(diagnostic) = self.found.get_mut(index) {
                diagnostic.suggestions.extend(suggestion);
            }
        }
        for (index, count) in self.once.into_values().filter(|(_, count)| *count > 1) {
            if let Some(diagnostic) = self.found.get_mut(index) {
                diagnostic.message.push_str(&format!(" ({count} times, first here)"));
            }
        }
        for (code, index) in &self.others {
            let more = self.counts.get(code).map_or(0, |count| count.saturating_sub(MOST));
            if let Some(diagnostic) = self.found.get_mut(*index) {
                diagnostic.message = format!("{more} more of this kind are not shown; the first of them is here");
            }
        }
        self.found.append(&mut self.allowed);
        let mut diagnostics = Diagnostics(self.found);
        diagnostics.sort();
        diagnostics
    }

    /// Finds what a draft replaces. If that is not clear from the source, there is no suggestion.
    fn suggestion(&self, draft: Draft, sources: &Sources) -> Option<Suggestion> {
        let file = self.path(draft.span.file);
        let value = sources.get(file)?.get(draft.span.start..draft.span.end)?;
        let (start, length, replacement) = match draft.edit {
            Edit::Replace { from, to } => {
                let mut found = value.match_indices(&from);
                let (start, _) = found.next().filter(|_| found.next().is_none() && !from.is_empty())?;
                // A value without quotes must not become one of another type.
                if value == from && !is_plain(&to) {
                    return None;
                }
                (start, from.len(), to)
            }
            Edit::Quote => {
                let name = value.strip_prefix("{{")?.strip_suffix("}}")?;
                if name.contains(['{', '}', '\'', '\n']) {
                    return None;
                }
                (0, value.len(), format!("'{value}'"))
            }
        };
        let start = draft.span.start + start;
        Some(Suggestion {
            file: file.to_owned(),
            span: Span { start, end: start + length, ..draft.span },
            replacement,
            applicability: if draft.is_certain { Applicability::Certain } else { Applicability::Possible },
            message: draft.message,
        })
    }
}

/// Whether YAML reads a text without quotes as that text, also in a list or mapping in brackets.
fn is_plain(text: &str) -> bool {
    let value = yaml::parse(text, 0, &mut Sink::new(""));
    let is_string = value.is_some_and(|value| matches!(value.content, Content::Text(value) if value == text));
    is_string && !text.contains([',', '[', ']', '{', '}', '\n'])
}

/// A diagnostic that was reported and can still be completed.
pub(crate) struct Report<'s> {
    sink: &'s mut Sink,
    index: usize,
    is_first: bool,
}

impl Report<'_> {
    /// Says what to do.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        if self.is_first
            && let Some(diagnostic) = self.sink.found.get_mut(self.index)
        {
            diagnostic.help = Some(excerpt(&help.into()).into_owned());
        }
        self
    }

    /// Points to a second span.
    pub(crate) fn label(self, span: Span, text: impl Into<String>) -> Self {
        let file = self.sink.path(span.file).to_owned();
        if self.is_first
            && let Some(diagnostic) = self.sink.found.get_mut(self.index)
        {
            diagnostic.labels.push(Label { file, span, text: text.into() });
        }
        self
    }

    /// Suggests another text for a part of a span.
    pub(crate) fn replace(self, span: Span, from: &str, to: &str, is_certain: bool) -> Self {
        let message = format!("write `{to}`");
        self.draft(span, Edit::Replace { from: from.to_owned(), to: to.to_owned() }, is_certain, message)
    }

    /// Suggests the name that is closest to a misspelled one, if there is one; says what to do otherwise.
    pub(crate) fn nearest(self, span: Span, given: &str, nearest: Option<Nearest<'_>>, otherwise: &str) -> Self {
        let Some(nearest) = nearest else {
            return if otherwise.is_empty() { self } else { self.help(otherwise) };
        };
        let message = format!("did you mean `{}`?", nearest.name);
        let edit = Edit::Replace { from: given.to_owned(), to: nearest.name.to_owned() };
        // The help stays where the exact span of the name is not clear.
        self.help(message.clone()).draft(span, edit, nearest.is_certain, message)
    }

    /// Suggests quotes around a template.
    pub(crate) fn quote(self, span: Span) -> Self {
        let message = "put quotes around the template: '{{name}}'".to_owned();
        self.help(message.clone()).draft(span, Edit::Quote, true, message)
    }

    fn draft(self, span: Span, edit: Edit, is_certain: bool, message: String) -> Self {
        self.sink.drafts.push((self.index, Draft { span, edit, is_certain, message }));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The suggestions for a replacement in a text that is one value.
    fn replaced(text: &str, from: &str, to: &str) -> Option<String> {
        let mut sink = Sink::new("a.yaml");
        sink.report(Code::UnknownCall, Span::new(0, text.len()), "so").replace(
            Span::new(0, text.len()),
            from,
            to,
            true,
        );
        let sources = Sources::from([("a.yaml".to_owned(), text.to_owned())]);
        let found = sink.finish(&sources).into_iter().next().expect("it is reported");
        found
            .suggestions
            .first()
            .map(|it| format!("{}{}{}", &text[..it.span.start], it.replacement, &text[it.span.end..]))
    }

    #[test]
    fn suggestions_keep_quotes_and_what_is_around_a_name() {
        assert_eq!(replaced("a.lst", "a.lst", "a.list").as_deref(), Some("a.list"));
        assert_eq!(replaced("'a.lst'", "a.lst", "a.list").as_deref(), Some("'a.list'"));
        assert_eq!(replaced("\"x {{ TOKN }}\"", "TOKN", "TOKEN").as_deref(), Some("\"x {{ TOKEN }}\""));
    }

    #[test]
    fn what_is_not_clear_is_not_suggested() {
        assert_eq!(replaced("*alias", "a.lst", "a.list"), None, "the text is elsewhere");
        assert_eq!(replaced("{{a}} {{a}}", "a", "b"), None, "it could be either");
        assert_eq!(replaced("yes1", "yes1", "true"), None, "it would be a boolean");
        assert_eq!(replaced("nam", "nam", "a: b"), None, "it would be a mapping");
        assert_eq!(replaced("'nam'", "nam", "true").as_deref(), Some("'true'"));
    }
}
