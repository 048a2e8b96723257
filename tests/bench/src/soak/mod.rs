//! `cargo xtask bench soak`: a server under mixed load for some minutes, in rounds. Between rounds it has nothing to do, and
//! has to use what it used before: memory, open files, threads, tasks and running requests.

mod caller;
mod footprint;
mod rude;
mod upstream;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use scaleway_simulator::TOKEN;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::attack;
use crate::process::Process;
use footprint::Footprint;
use upstream::Upstream;

/// The load of one round, with two failures of the upstream.
const LOAD: Duration = Duration::from_secs(15);
/// How long the upstream is gone, and how long it hangs.
const OUTAGE: Duration = Duration::from_secs(2);
/// How soon after a round the server has to be as before.
const SETTLING: Duration = Duration::from_secs(15);
/// How soon everything has to end that was sent in a round.
const PATIENCE: Duration = Duration::from_secs(30);
/// Rounds until memory that the allocator keeps no longer grows.
const WARM_UP: usize = 2;
/// How long a call may take: long enough for a machine that does other things too.
const CALL_TIMEOUT: &str = "10";
/// Callers of each kind.
const REST: usize = 8;
const MCP: usize = 4;
const SLOW: usize = 8;
const LEAVING: usize = 8;
/// Where attacks come from: other callers are at another address.
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// What all callers share.
struct Site {
    server: Process,
    mcp: SocketAddr,
    upstream: Upstream,
    /// The same server as attackers see it.
    attacked: Option<Arc<attack::Site>>,
    tally: Tally,
}

/// What callers saw in a round.
#[derive(Debug, Default)]
struct Tally {
    /// Responses as expected, of REST and of MCP.
    rest: AtomicU64,
    mcp: AtomicU64,
    /// Errors while the upstream was away.
    failed: AtomicU64,
    /// Bytes that slow readers read.
    trickled: AtomicU64,
    /// Callers that left before they had a response.
    left: AtomicU64,
}

/// Runs the soak and prints a line per round.
///
/// # Errors
/// When a response is not the expected one, or the server is not as before.
pub async fn run(server: &Path, minutes: u64, attacks: bool) -> Result<()> {
    // Fails where a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = Upstream::new()?;
    let flags = ["--call-timeout", CALL_TIMEOUT, "--confirm", "off"];
    let (server, mcp) = Process::both(server, &upstream.base_uri(), TOKEN, &flags).await?;
    let attacked = match attacks {
        true => Some(attack::Site::new(server.address(), mcp, attack::Upstream::start().await?, ATTACKER)),
        false => None,
    };
    let attacked = attacked.map(Arc::new);
    let site = Arc::new(Site { server, mcp, upstream, attacked, tally: Tally::default() });
    let idle = idle(&site).await?;
    println!("{}\n{}", Footprint::HEAD, idle.row("idle", &Tally::default()));
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let mut rounds = Vec::new();
    while Instant::now() < end || rounds.len() <= WARM_UP {
        load(&site).await?;
        let footprint = settle(&site.server, &idle).await?;
        println!("{}", footprint.row(&format!("round {}", rounds.len() + 1), &site.tally));
        site.tally.check()?;
        rounds.push(footprint);
    }
    footprint::compare(&idle, rounds.get(WARM_UP - 1..).unwrap_or_default())
}

/// What a server uses that has done something, but not much, and has nothing to do.
async fn idle(site: &Arc<Site>) -> Result<Footprint> {
    site.upstream.come().await?;
    let end = Instant::now() + Duration::from_secs(1);
    let mut callers = JoinSet::new();
    for number in 0..REST {
        callers.spawn(caller::rest(Arc::clone(site), number, end));
        callers.spawn(caller::mcp(Arc::clone(site), number, end));
    }
    join(callers).await?;
    site.upstream.go();
    sleep(Duration::from_secs(2)).await;
    Footprint::of(&site.server).await
}

/// One round. Callers stop by themselves.
async fn load(site: &Arc<Site>) -> Result<()> {
    site.upstream.come().await?;
    let end = Instant::now() + LOAD;
    let mut callers = JoinSet::new();
    for number in 0..REST {
        callers.spawn(caller::rest(Arc::clone(site), number, end));
    }
    for number in 0..MCP {
        callers.spawn(caller::mcp(Arc::clone(site), number, end));
    }
    for number in 0..SLOW {
        callers.spawn(rude::read_slowly(Arc::clone(site), number, end));
    }
    for _ in 0..LEAVING {
        callers.spawn(rude::leave(Arc::clone(site), end));
    }
    if let Some(attacked) = &site.attacked {
        callers.spawn(attack::harass(Arc::clone(attacked), end));
    }
    sleep(LOAD / 5).await;
    site.upstream.go();
    sleep(OUTAGE).await;
    site.upstream.come().await?;
    sleep(LOAD / 5).await;
    site.upstream.hang();
    sleep(OUTAGE).await;
    site.upstream.go();
    site.upstream.come().await?;
    sleep_until(end).await;
    join(callers).await?;
    site.upstream.go();
    Ok(())
}

/// Waits for callers, which all have to end soon.
async fn join(mut callers: JoinSet<Result<()>>) -> Result<()> {
    let all = async {
        while let Some(caller) = callers.join_next().await {
            caller??;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, all).await.context("a caller has no response")?
}

/// Waits until the server has no more files, threads, tasks and requests than it had, or not much longer; then measures it.
async fn settle(server: &Process, idle: &Footprint) -> Result<Footprint> {
    let start = Instant::now();
    loop {
        let now = Footprint::of(server).await?;
        if now.is_as_idle_as(idle) || start.elapsed() > SETTLING {
            return Ok(now);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

impl Tally {
    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a round did what it is for; it is then forgotten.
    fn check(&self) -> Result<()> {
        for (name, counter) in [
            ("REST", &self.rest),
            ("MCP", &self.mcp),
            ("failed", &self.failed),
            ("slow", &self.trickled),
            ("left", &self.left),
        ] {
            ensure!(counter.swap(0, Ordering::Relaxed) > 0, "{name}: there was none in this round");
        }
        Ok(())
    }
}
