//! The parts of a capability that can be left out for their errors: routes, tools, operations and others.

use std::collections::BTreeSet;

use super::Span;

/// A part of a capability.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) what: &'static str,
    pub(super) span: Span,
}

/// The parts that were read, and those that are left out.
#[derive(Default)]
pub(super) struct Parts {
    read: Vec<Part>,
    /// By path and bytes: the numbers of files depend on what is left out.
    left_out: BTreeSet<(String, usize, usize)>,
}

impl Parts {
    /// Notes a part that is about to be read; `false` if it is left out.
    pub(super) fn reads(&mut self, what: &'static str, path: &str, span: Span) -> bool {
        let is_read = self.left_out.is_empty() || !self.left_out.contains(&key(path, span));
        if is_read {
            self.read.push(Part { what, span });
        }
        is_read
    }

    /// The innermost part around a span.
    pub(super) fn of(&self, span: Span) -> Option<Part> {
        let around =
            |part: &&Part| part.span.file == span.file && part.span.start <= span.start && span.end <= part.span.end;
        self.read.iter().filter(around).min_by_key(|part| part.span.end - part.span.start).copied()
    }

    /// No parts yet, where these are left out as well.
    pub(super) fn without<'p>(&self, parts: impl Iterator<Item = (&'p str, Span)>) -> Self {
        let left_out = self.left_out.iter().cloned().chain(parts.map(|(path, span)| key(path, span)));
        Self { read: Vec::new(), left_out: left_out.collect() }
    }
}

fn key(path: &str, span: Span) -> (String, usize, usize) {
    (path.to_owned(), span.start, span.end)
}
