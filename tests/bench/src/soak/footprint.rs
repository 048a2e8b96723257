//! What a server uses.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result, ensure};

use super::Tally;
use crate::process::Process;

/// How much more memory the last rounds may use than the first ones after the warm-up. Where the allocator has its holes
/// differs from round to round.
const TOLERANCE: f64 = 1.1;

/// What a server uses at one moment. Only Linux says so; elsewhere there are only requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Footprint {
    /// Memory, in KiB.
    pub(super) memory: Option<u64>,
    /// Open files, and with them connections.
    pub(super) files: Option<usize>,
    pub(super) threads: Option<usize>,
    /// Tasks of its runtimes and requests that run, with those of the request for these figures.
    pub(super) tasks: u64,
    pub(super) running: u64,
}

impl Footprint {
    pub(super) const HEAD: &str = "|  | REST | MCP | failed | KiB read slowly | left | RSS MiB | files | threads | tasks | running |\n\
                                   |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

    pub(super) async fn of(server: &Process) -> Result<Self> {
        let [tasks, running] = metrics(server.address()).await?;
        Ok(Self { memory: server.memory(), files: server.files(), threads: server.threads(), tasks, running })
    }

    pub(super) fn is_as_idle_as(&self, idle: &Self) -> bool {
        self.files <= idle.files
            && self.threads <= idle.threads
            && self.tasks <= idle.tasks
            && self.running <= idle.running
    }

    pub(super) fn row(&self, name: &str, tally: &Tally) -> String {
        let number = |number: Option<usize>| number.map_or("-".to_owned(), |number| number.to_string());
        let memory = self.memory.map_or("-".to_owned(), |memory| format!("{:.1}", memory as f64 / 1024.0));
        let [rest, mcp, failed, trickled, left] =
            [&tally.rest, &tally.mcp, &tally.failed, &tally.trickled, &tally.left]
                .map(|counter| counter.load(Ordering::Relaxed));
        format!(
            "| {name} | {rest} | {mcp} | {failed} | {} | {left} | {memory} | {} | {} | {} | {} |",
            trickled >> 10,
            number(self.files),
            number(self.threads),
            self.tasks,
            self.running,
        )
    }
}

/// Tasks and running requests, by the server's own metrics.
async fn metrics(address: SocketAddr) -> Result<[u64; 2]> {
    // A connection that stayed open would count as a file.
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
    let text = http.get(format!("http://{address}/metrics")).send().await?.error_for_status()?.text().await?;
    let value = |name: &str| -> Result<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.with_context(|| format!("the server does not report {name}"))?.trim().parse()?)
    };
    Ok([value("naftiko_runtime_tasks ")?, value("http_server_active_requests ")?])
}

/// Whether a server that ran some rounds uses what it used before.
pub(super) fn compare(idle: &Footprint, rounds: &[Footprint]) -> Result<()> {
    for round in rounds {
        ensure!(
            round.is_as_idle_as(idle),
            "files, threads, tasks or requests are left over: {round:?} instead of {idle:?}"
        );
    }
    // Of the rounds before and after, each side counts with the one that says less about a leak.
    let middle = rounds.len().div_ceil(2);
    let memory = |rounds: &[Footprint]| rounds.iter().filter_map(|round| round.memory).collect::<Vec<_>>();
    let (before, after) = rounds.split_at(middle);
    let (Some(before), Some(after)) = (memory(before).into_iter().max(), memory(after).into_iter().min()) else {
        return Ok(());
    };
    ensure!(after as f64 <= before as f64 * TOLERANCE, "memory grows: {after} KiB after {before} KiB");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Footprint = Footprint { memory: Some(20_000), files: Some(30), threads: Some(4), tasks: 9, running: 1 };

    fn rounds(memory: [u64; 4]) -> Vec<Footprint> {
        memory.into_iter().map(|memory| Footprint { memory: Some(memory), ..IDLE }).collect()
    }

    #[test]
    fn memory_that_grows_from_round_to_round_is_an_error() {
        assert!(compare(&IDLE, &rounds([60_000, 63_000, 61_000, 64_000])).is_ok());
        assert!(compare(&IDLE, &rounds([60_000, 64_000, 70_500, 77_000])).is_err());
    }

    #[test]
    fn files_threads_tasks_and_requests_that_stay_are_errors() {
        for left in [
            Footprint { files: Some(31), ..IDLE },
            Footprint { threads: Some(5), ..IDLE },
            Footprint { tasks: 10, ..IDLE },
            Footprint { running: 2, ..IDLE },
        ] {
            assert!(compare(&IDLE, &[IDLE, left.clone(), IDLE]).is_err(), "{left:?}");
        }
        assert!(compare(&IDLE, &[IDLE, IDLE]).is_ok());
    }

    #[test]
    fn a_system_without_figures_still_counts_requests() {
        let unknown = Footprint { running: 1, ..Footprint::default() };
        assert!(compare(&unknown, &[unknown.clone(), unknown.clone()]).is_ok());
        assert!(compare(&unknown, &[Footprint { running: 9, ..unknown.clone() }]).is_err());
    }
}
