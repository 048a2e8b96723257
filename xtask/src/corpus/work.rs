//! Compiles many files at once. A panic is the result of one file; the others are still compiled.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::Instant;

use naftiko_codegen::{Compiled, Outcome as Made, Sources};

use super::{Outcome, Record, Size};
use crate::allow;

/// Deeply nested files need a large stack; an overflow would end the whole run.
const STACK: usize = 64 << 20;

thread_local! {
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Compiles all records that are still to be compiled. `keep` keeps the crates for a build.
pub(super) fn compile_all(sources: &Sources, records: &mut [Record], keep: bool) {
    remember_panics();
    let bar = super::progress(records.len(), "compiling");
    let queue = Mutex::new(records.iter_mut());
    let work = || {
        CAUGHT.set(true);
        loop {
            // The lock ends with the statement: a worker holds it only while it takes a record.
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(record) = next else { break };
            if record.diagnostics.is_empty() {
                compile_one(sources, record, keep);
            }
            bar.inc(1);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            if thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
    });
    bar.finish_and_clear();
}

fn compile_one(sources: &Sources, record: &mut Record, keep: bool) {
    let start = Instant::now();
    let compiled =
        panic::catch_unwind(AssertUnwindSafe(|| allow::compiler().compile(sources, &record.path, &record.crate_name)));
    record.elapsed = start.elapsed();
    let Ok(Compiled { outcome, diagnostics }) = compiled else {
        record.outcome = Outcome::Panicked;
        record.panic = PANIC.take();
        return;
    };
    record.diagnostics = diagnostics.into_iter().collect();
    record.outcome = match outcome {
        Made::Refused => Outcome::Refused,
        Made::NotACapability => Outcome::NotACapability,
        Made::Generated(made) => {
            let rust = made.files.iter().filter(|(path, _)| path.ends_with(".rs"));
            record.size = Size {
                operations: made.operations,
                routes: made.routes,
                tools: made.tools,
                lines: rust.map(|(_, text)| text.lines().count()).sum(),
            };
            record.made = keep.then_some(*made);
            if record.has_warnings() { Outcome::GeneratedWithWarnings } else { Outcome::Generated }
        }
    };
}

/// Keeps the message of a panic in a worker instead of printing it. Panics of other threads are printed.
fn remember_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if CAUGHT.get() {
                PANIC.set(Some(panic.to_string()));
            } else {
                before(panic);
            }
        }));
    });
}
