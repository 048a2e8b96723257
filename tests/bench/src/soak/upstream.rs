//! An upstream that goes and comes back: the simulator, always at the same address.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use scaleway_simulator::{Fault, Simulator};
use tokio::net::TcpSocket;

/// A secret with far more data than the buffers on the way hold.
pub(super) const LARGE: &str = "7e57ab1e-0000-4000-8000-00000000000a";
/// A secret that takes long enough for MCP to report progress.
pub(super) const SLOW: &str = "7e57ab1e-0000-4000-8000-00000000000b";
/// Secrets whose responses never arrive whole.
pub(super) const BROKEN: [&str; 2] = ["7e57ab1e-0000-4000-8000-00000000000c", "7e57ab1e-0000-4000-8000-00000000000d"];

/// How much data the large secret has.
const SIZE: usize = 8 << 20;
/// How long the slow secret takes.
const DELAY: Duration = Duration::from_millis(1500);
/// From the moment when the upstream is back until connections that it had closed no longer matter.
const RECOVERY: Duration = Duration::from_secs(1);

/// The upstream.
pub(super) struct Upstream {
    address: SocketAddr,
    /// Keeps the port while the upstream is away: without it, the system would give it to another program. It never listens.
    _reserved: TcpSocket,
    simulator: Mutex<Option<Simulator>>,
    /// How often it became reliable or ceased to be; odd while it is reliable.
    changes: AtomicU64,
}

impl Upstream {
    /// An upstream at a free port, where it does not listen yet.
    ///
    /// # Errors
    /// When there is no free port.
    pub(super) fn new() -> Result<Self> {
        let reserved = TcpSocket::new_v4()?;
        reserved.set_reuseaddr(true)?;
        reserved.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        Ok(Self {
            address: reserved.local_addr()?,
            _reserved: reserved,
            simulator: Mutex::default(),
            changes: AtomicU64::new(0),
        })
    }

    /// The root of its API.
    pub(super) fn base_uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// It comes back, without the secrets that it had before.
    ///
    /// # Errors
    /// When its port was taken meanwhile.
    pub(super) async fn come(&self) -> Result<()> {
        let simulator = self.started().await?;
        let large = format!("{{\"id\":\"{LARGE}\",\"description\":\"{}\"}}", "x".repeat(SIZE));
        let [reset, truncated] = BROKEN;
        for fault in [
            Fault::status(200).body("application/json", large).on("GET", LARGE),
            Fault::status(200).json(serde_json::json!({"id": SLOW})).delay(DELAY).on("GET", SLOW),
            Fault::reset().on("GET", reset),
            Fault::truncated().on("GET", truncated),
        ] {
            simulator.fault(fault.times(u32::MAX));
        }
        self.replace(Some(simulator));
        tokio::time::sleep(RECOVERY).await;
        self.change(true);
        Ok(())
    }

    /// The one before it may need a moment until it is gone.
    async fn started(&self) -> Result<Simulator> {
        let start = Instant::now();
        loop {
            match Simulator::start_on(self.address).await {
                Ok(simulator) => return Ok(simulator),
                Err(error) if start.elapsed() > RECOVERY => {
                    return Err(error).with_context(|| format!("the upstream cannot come back to {}", self.address));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// It goes: its port and all its connections are closed.
    pub(super) fn go(&self) {
        self.change(false);
        self.replace(None);
    }

    /// It still accepts requests, and responds to none.
    pub(super) fn hang(&self) {
        self.change(false);
        if let Some(simulator) = &*self.simulator.lock().unwrap_or_else(PoisonError::into_inner) {
            simulator.clear_faults();
            simulator.fault(Fault::slow(Duration::from_secs(60)).times(u32::MAX));
        }
    }

    /// Equal at two moments if it was reliable all the time in between; nothing while it is not.
    pub(super) fn moment(&self) -> Option<u64> {
        Some(self.changes.load(Ordering::SeqCst)).filter(|changes| changes % 2 == 1)
    }

    fn change(&self, reliable: bool) {
        let next = |changes: u64| Some((changes / 2 + 1) * 2 + u64::from(reliable));
        // It fails only where there is no next value.
        let _ = self.changes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
    }

    fn replace(&self, simulator: Option<Simulator>) {
        // The old one is dropped here, which closes it.
        *self.simulator.lock().unwrap_or_else(PoisonError::into_inner) = simulator;
    }
}
