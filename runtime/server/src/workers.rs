//! Threads that serve connections. Each has its own runtime and its own upstream clients, so that a request never moves to
//! another thread.

use std::convert::Infallible;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// Starts as many threads as there are processors. They end with the program.
pub(super) fn start() -> std::io::Result<Vec<Handle>> {
    let count = thread::available_parallelism().map_or(1, NonZero::get);
    (0..count).map(|_| runtime()).collect()
}

/// A runtime of one thread. It is the multi-thread kind, because that runs a task that was just woken next: data read from
/// the upstream is written while it is still in the processor's cache, and the next read reuses the same memory.
fn runtime() -> std::io::Result<Handle> {
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("worker").enable_all().build()?;
    runtime.spawn(tick());
    let handle = runtime.handle().clone();
    // Dropping it would wait for running tasks.
    std::mem::forget(runtime);
    Ok(handle)
}

/// Wakes the thread each second without doing anything. A timer that is due before all others makes the runtime wake itself
/// with a system call. Without this timer each request would cause that call, because its time limits are the only timers.
async fn tick() -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
