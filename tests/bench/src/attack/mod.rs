//! `cargo xtask interop attack`: hostile callers and a hostile upstream around a running server. While they attack, the
//! server has to respond to probes at once, and its memory has to stay small.

mod arguments;
mod content;
mod crowds;
mod framing;
mod origins;
mod upstream;
mod watch;
mod wire;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, timeout};

use crate::process::Process;
pub(crate) use upstream::Upstream;
use watch::Watch;
use wire::Target;

/// The most memory that the server may have used at any moment, in KiB, and how long a probe may take.
const MEMORY: u64 = 64 << 10;
const PROBE: Duration = Duration::from_millis(250);
/// The same for a build without optimisations, whose code alone has three times the size, on a machine that does other
/// things too.
const MEMORY_UNOPTIMISED: u64 = 128 << 10;
const PROBE_UNOPTIMISED: Duration = Duration::from_millis(2000);
/// How long one attack may take.
const PATIENCE: Duration = Duration::from_secs(60);

type Outcome<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Something that a server has to withstand.
#[derive(Clone, Copy)]
struct Attack {
    name: &'static str,
    /// Fails if the server does what it must not do.
    run: for<'a> fn(&'a Site) -> Outcome<'a>,
}

/// Makes an attack of an `async fn(&Site) -> Result<()>`.
macro_rules! attack {
    ($name:literal, $run:path) => {
        $crate::attack::Attack { name: $name, run: |site| Box::pin($run(site)) }
    };
}
use attack;

/// The server under attack, and its upstream.
#[derive(Debug)]
pub(crate) struct Site {
    rest: Target,
    mcp: Target,
    upstream: Upstream,
}

impl Site {
    /// A server at these addresses, in front of this upstream, that is attacked from this address.
    pub(crate) fn new(rest: SocketAddr, mcp: SocketAddr, upstream: Upstream, from: Ipv4Addr) -> Self {
        Self { rest: Target { address: rest, from }, mcp: Target { address: mcp, from }, upstream }
    }

    /// Runs a request that must not reach the upstream.
    async fn without_upstream<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        let before = self.upstream.requests();
        let outcome = request.await?;
        ensure!(self.upstream.requests() == before, "the request reached the upstream");
        Ok(outcome)
    }
}

fn attacks() -> Vec<Attack> {
    [arguments::ATTACKS, framing::ATTACKS, origins::ATTACKS, content::ATTACKS, crowds::ATTACKS].concat()
}

/// Attacks a server for about this time, and at least once with everything. Prints what held.
///
/// # Errors
/// If something did not hold, a probe took too long, or the server used too much memory.
pub async fn run(server: &Path, minutes: u64, optimised: bool) -> Result<()> {
    let upstream = Upstream::start().await?;
    let flags = ["--call-timeout", "5"];
    let (server, mcp) = Process::both(server, &upstream.base_uri(), "token", &flags).await?;
    let site = Site::new(server.address(), mcp, upstream, Ipv4Addr::LOCALHOST);
    let idle = server.memory();
    let watch = Watch::start([server.address(), mcp]);
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    let attacks = attacks();
    let mut held = vec![true; attacks.len()];
    let mut rounds = 0;
    println!("| attack | result | slowest probe, ms | memory so far, MiB |\n|---|---|--:|--:|");
    while rounds == 0 || Instant::now() < end {
        for (attack, held) in attacks.iter().zip(&mut held) {
            let outcome = timeout(PATIENCE, (attack.run)(&site)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("it takes longer than {PATIENCE:?}")));
            let result = outcome.as_ref().map_or_else(failed, |()| "held".to_owned());
            let slowest = watch.slowest_since_last_time();
            if rounds == 0 || outcome.is_err() {
                println!(
                    "| {} | {result} | {} | {} |",
                    attack.name,
                    slowest.as_millis(),
                    mebibytes(server.peak_memory())
                );
            }
            *held &= outcome.is_ok();
        }
        rounds += 1;
    }
    let (slowest, lost) = watch.stop().await?;
    let failed = held.iter().filter(|held| !**held).count();
    println!(
        "\n{} of {} attacks held in {rounds} rounds; slowest probe {} ms; memory {} MiB at first, {} MiB at most",
        attacks.len() - failed,
        attacks.len(),
        slowest.as_millis(),
        mebibytes(idle),
        mebibytes(server.peak_memory()),
    );
    ensure!(failed == 0, "{failed} attacks succeeded");
    ensure!(lost == 0, "{lost} probes got no response");
    let (time, memory) = if optimised { (PROBE, MEMORY) } else { (PROBE_UNOPTIMISED, MEMORY_UNOPTIMISED) };
    ensure!(slowest <= time, "a probe took {} ms, and {} are allowed", slowest.as_millis(), time.as_millis());
    if let Some(used) = server.peak_memory() {
        ensure!(used <= memory, "the server used {} MiB, and {} are allowed", used >> 10, memory >> 10);
    }
    Ok(())
}

/// Attacks a server until a time comes, as a part of other load.
pub(crate) async fn harass(site: Arc<Site>, end: Instant) -> Result<()> {
    for attack in attacks().iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        // Whether it held is for `run` to say, which has the server for itself.
        let _ = timeout(end.saturating_duration_since(Instant::now()), (attack.run)(&site)).await;
    }
    Ok(())
}

/// The error in one short line.
fn failed(error: &anyhow::Error) -> String {
    let text = format!("FAILED: {error:#}").replace(char::is_control, " ");
    text.chars().take(400).collect()
}

fn mebibytes(kibibytes: Option<u64>) -> String {
    kibibytes.map_or("-".to_owned(), |kibibytes| format!("{:.1}", kibibytes as f64 / 1024.0))
}
