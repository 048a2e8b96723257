//! Probes all the while, from an address of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::wire::{Target, exchange};

/// The pause between two probes of one port.
const PAUSE: Duration = Duration::from_millis(20);
/// Where probes come from.
const PROBER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Probers, and how long their probes took.
pub(super) struct Watch {
    seen: Arc<Seen>,
    probers: Vec<JoinHandle<()>>,
}

/// In microseconds.
#[derive(Default)]
struct Seen {
    slowest: AtomicU64,
    recent: AtomicU64,
    lost: AtomicU64,
}

impl Watch {
    pub(super) fn start(ports: [SocketAddr; 2]) -> Self {
        let seen = Arc::new(Seen::default());
        let probers = ports.map(|port| tokio::spawn(probe(Target { address: port, from: PROBER }, Arc::clone(&seen))));
        Self { seen, probers: probers.into() }
    }

    pub(super) fn slowest_since_last_time(&self) -> Duration {
        Duration::from_micros(self.seen.recent.swap(0, Ordering::Relaxed))
    }

    /// The slowest probe of all, and how many got no response.
    pub(super) async fn stop(self) -> Result<(Duration, u64)> {
        for prober in self.probers {
            prober.abort();
            ensure!(prober.await.is_err_and(|error| error.is_cancelled()), "a prober ended early");
        }
        Ok((Duration::from_micros(self.seen.slowest.load(Ordering::Relaxed)), self.seen.lost.load(Ordering::Relaxed)))
    }
}

async fn probe(target: Target, seen: Arc<Seen>) {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    loop {
        let start = Instant::now();
        let outcome = async { exchange(target.connect().await?, request).await }.await;
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        if outcome.is_ok_and(|response| response.status == 200) {
            seen.slowest.fetch_max(took, Ordering::Relaxed);
            seen.recent.fetch_max(took, Ordering::Relaxed);
        } else {
            seen.lost.fetch_add(1, Ordering::Relaxed);
        }
        sleep(PAUSE).await;
    }
}
