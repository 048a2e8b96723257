//! The third stage: rules over the linked document, one file per family. All findings come in one run.

mod operations;
mod outputs;
mod routes;
mod tools;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Linked;

/// Checks a linked document.
pub(crate) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    if linked.operations.is_empty() && !sink.has_errors() {
        let place = linked.document.place;
        let help = "add `consumes:` with at least one operation";
        sink.report(
            Code::NothingConsumed,
            place,
            "the capability consumes no operation: there is nothing to call",
            help,
        );
    }
    operations::check(linked, sink);
    routes::check(linked, sink);
    tools::check(linked, sink);
    outputs::check(linked, sink);
}
