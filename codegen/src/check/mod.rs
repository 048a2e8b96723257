//! The third stage: rules over the linked document, one file per family. All findings come in one run.

mod operations;
mod outputs;
mod routes;
mod tools;

use crate::diagnostic::Sink;
use crate::linked::Linked;

/// Checks a linked document.
pub(crate) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    operations::check(linked, sink);
    routes::check(linked, sink);
    tools::check(linked, sink);
    outputs::check(linked, sink);
}
