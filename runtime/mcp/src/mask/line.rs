//! A line of a text in which secrets are looked for.

use std::ops::Range;

/// What is asked of a line at each of its signs. A line may be as long as the text, so it is looked up once.
pub(super) struct Line {
    pub(super) start: usize,
    /// Where it ends, without its line break, and with it.
    pub(super) end: usize,
    pub(super) break_end: usize,
    /// Where its text is, without blanks around it.
    pub(super) text: Range<usize>,
    /// Where the first character is that does not stand before names.
    pub(super) before_name: usize,
}

impl Line {
    /// The line of a position.
    pub(super) fn of(text: &str, at: usize) -> Self {
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let break_end = after.find('\n').map_or(text.len(), |end| at + end + 1);
        let line = text.get(start..break_end).unwrap_or_default();
        let end = start + line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line)).len();
        let line = text.get(start..end).unwrap_or_default();
        let is_before_name = |c: char| c.is_whitespace() || matches!(c, '-' | '"' | '\'' | '{' | ',' | '[' | '<' | '?');
        Self {
            start,
            end,
            break_end,
            text: start + line.len() - line.trim_start().len()..start + line.trim_end().len(),
            before_name: start + line.find(|c| !is_before_name(c)).unwrap_or(line.len()),
        }
    }
}
