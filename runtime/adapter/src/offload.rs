//! Work that takes longer than a connection's thread may be busy.

use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

/// The largest input that is worked on where it is, in bytes: about a millisecond.
const SMALL: usize = 64 << 10;
/// As much of this work runs at once as there are processors. More would only take longer.
static PLACES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)));

/// Whether an input of this length, in bytes, is worked on elsewhere.
pub const fn is_long(length: usize) -> bool {
    length > SMALL
}

/// Does work on an input of this length, in bytes: at once if it is short, otherwise on another thread, so that other
/// connections of this thread go on.
pub async fn offload<T: Send + 'static>(length: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if !is_long(length) {
        return work();
    }
    // The work holds its place even if no one waits for it any more.
    let place = PLACES.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    match done.await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The program ends.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use super::*;

    #[tokio::test]
    async fn long_work_leaves_the_thread() {
        let here = current().id();
        assert_eq!(offload(SMALL, move || current().id()).await, here);
        assert_ne!(offload(SMALL + 1, move || current().id()).await, here);
    }
}
