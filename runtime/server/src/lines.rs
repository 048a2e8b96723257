//! The lines of the log. A thread of its own writes them, so that no request waits for the reader of the log.

use std::sync::OnceLock;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// How many lines wait for the reader of the log. Further ones are dropped, and counted.
const WAITING: usize = 1024;

static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Writes waiting lines when it is dropped, unless their reader stands still.
pub(super) struct Flush {
    _guard: WorkerGuard,
}

/// A writer of lines to standard error.
pub(super) fn writer() -> (NonBlocking, Flush) {
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING).thread_name("log");
    let (writer, guard) = builder.finish(std::io::stderr());
    let _ = DROPPED.set(writer.error_counter());
    (writer, Flush { _guard: guard })
}

/// How many lines were dropped.
pub(super) fn dropped() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}
