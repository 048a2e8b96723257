//! Threads that serve connections. Each has a runtime and an upstream client of its own, so that nothing of a request changes
//! threads.

use std::convert::Infallible;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

use super::Failure;
use crate::client::{ConfigError, Connection};

/// A thread. It ends with the program.
pub(super) struct Worker {
    pub(super) runtime: Handle,
    pub(super) connection: Connection,
}

/// Starts as many threads as there are processors.
pub(super) fn start(connect: impl Fn() -> Result<Connection, ConfigError>) -> Result<Vec<Worker>, Failure> {
    let count = thread::available_parallelism().map_or(1, NonZero::get);
    (0..count).map(|_| Ok(Worker { runtime: runtime()?, connection: connect()? })).collect()
}

/// A runtime of one thread. It is of the kind for many, which runs next what the running task has just woken: what was read
/// from the upstream is written while it is still in the processor's cache, and the next read goes into the same memory.
fn runtime() -> std::io::Result<Handle> {
    let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("worker").enable_all().build()?;
    runtime.spawn(tick());
    let handle = runtime.handle().clone();
    // Dropping it would wait for whatever still runs.
    std::mem::forget(runtime);
    Ok(handle)
}

/// Wakes a thread each second, for nothing. A timer that is due before all others makes the runtime wake itself, by a system
/// call, so without this each request would: its time limits are the only timers there are.
async fn tick() -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
