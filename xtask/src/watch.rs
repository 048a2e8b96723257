//! `cargo xtask gen --watch`: generates again whenever a specification changes.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use notify::{Event, RecursiveMode, Watcher as _};

use crate::generation;

/// How long no change may follow: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// How long a change waits at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the command until Ctrl-C. Errors are printed, and the next change is waited for.
///
/// # Errors
/// When the folder cannot be watched.
pub fn run(root: &Path, names: &[String], diff: bool) -> Result<bool> {
    let (sender, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(sender).context("watching files is not supported on this system")?;
    // Watching begins before the first run, so that no change is missed.
    watcher.watch(&root.join("spec"), RecursiveMode::Recursive).context("spec/ cannot be watched")?;
    loop {
        if let Err(error) = generation::run(root, names, false, diff) {
            anstream::eprintln!("error: {error:#}");
        }
        anstream::eprintln!("watching spec/; press Ctrl-C to stop\n");
        if !wait(&events) {
            return Ok(true);
        }
    }
}

/// Waits for a change, and then until no more follow. `false` means that the watcher has ended.
pub fn wait(events: &Receiver<notify::Result<Event>>) -> bool {
    loop {
        match events.recv() {
            Ok(event) if is_change(&event) => break,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    let start = Instant::now();
    let mut changed = start;
    // Events without a change do not delay the run.
    while let Some(left) = QUIET.checked_sub(changed.elapsed()).filter(|_| start.elapsed() < PATIENCE) {
        match events.recv_timeout(left) {
            Ok(event) if is_change(&event) => changed = Instant::now(),
            Ok(_) => {}
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

/// Reading a file is an event too, but not a change. After an error, anything may have changed.
fn is_change(event: &notify::Result<Event>) -> bool {
    event.as_ref().map_or(true, |event| !event.kind.is_access())
}
