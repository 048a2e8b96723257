//! What of a path is passed on.

use naftiko_schema::Forward;

/// The path of a request, split where the part begins that is passed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage<'p> {
    pub(super) forward: &'static Forward,
    /// What comes before it, with a slash at its end.
    pub(super) before: &'p str,
    /// What is passed on, without a slash before it.
    pub(super) rest: &'p str,
}

impl<'p> Passage<'p> {
    pub(super) fn new(forward: &'static Forward, path: &'p str) -> Self {
        let (head, last) = forward.path.rsplit_once('/').unwrap_or(("", &forward.path));
        let is_whole = last.starts_with('{') && last.find('}') == Some(last.len() - 1);
        let slashes = path.char_indices().filter(|(_, c)| *c == '/');
        let start = slashes.map(|(at, _)| at + 1).nth(head.matches('/').count()).filter(|_| is_whole);
        let (before, rest) = start.and_then(|start| path.split_at_checked(start)).unwrap_or((path, ""));
        Self { forward, before, rest }
    }
}
