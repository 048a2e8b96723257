//! Threads that serve connections. Each has a runtime and an upstream client of its own, so that nothing of a request changes
//! threads.

use std::convert::Infallible;
use std::num::NonZero;
use std::sync::mpsc;
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

/// Starts as many threads as there are processors. They make their clients at the same time, as each of these reads the
/// certificates that it trusts.
pub(super) fn start(
    connect: impl Fn() -> Result<Connection, ConfigError> + Clone + Send + 'static,
) -> Result<Vec<Worker>, Failure> {
    keep_freed_memory();
    let (tell, told) = mpsc::channel();
    for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
        let (connect, tell) = (connect.clone(), tell.clone());
        thread::Builder::new().name("worker".to_owned()).spawn(move || {
            let started = Builder::new_current_thread().enable_all().build();
            let started = started.map_err(Failure::from).and_then(|runtime| Ok((runtime, connect()?)));
            // Nobody listens any more where another thread has failed.
            match started {
                Ok((runtime, connection)) => {
                    let worker = Worker { runtime: runtime.handle().clone(), connection };
                    if tell.send(Ok(worker)).is_ok() {
                        drop(tell);
                        runtime.block_on(tick());
                    }
                }
                Err(failure) => drop(tell.send(Err(failure))),
            }
        })?;
    }
    drop(tell);
    told.into_iter().collect()
}

/// Wakes a thread each second, for nothing. A timer that is due before all others makes the runtime wake itself, by a system
/// call, so without this each request would: its time limits are the only timers there are.
async fn tick() -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Long answers go through large buffers. glibc gives each of these back to the system when it is freed, and a tenth of the time
/// goes into getting it again; after it has seen a larger one it keeps up to twice that (mallopt(3), `M_MMAP_THRESHOLD`). Other
/// allocators do not mind.
fn keep_freed_memory() {
    const ENOUGH: usize = 31 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(ENOUGH)));
}
