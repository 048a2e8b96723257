//! `cargo xtask gen --watch`: generates again whenever a specification changes.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use notify::{Event, RecursiveMode, Watcher as _};

use crate::generation;

/// How long it has to be quiet: an editor writes a file in several steps.
const QUIET: Duration = Duration::from_millis(200);
/// How long a change waits at most where it never gets quiet.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the command until Ctrl-C. What is wrong with a specification is printed, and the next change gets its turn.
///
/// # Errors
/// When the folder cannot be watched.
pub fn run(root: &Path, names: &[String], diff: bool) -> Result<bool> {
    let (sender, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(sender).context("this system cannot watch files")?;
    // The watch begins before the first run, so that no change falls between them.
    watcher.watch(&root.join("spec"), RecursiveMode::Recursive).context("spec/ cannot be watched")?;
    loop {
        if let Err(error) = generation::run(root, names, false, diff) {
            anstream::eprintln!("error: {error:#}");
        }
        anstream::eprintln!("watching spec/, Ctrl-C ends\n");
        if !wait(&events) {
            return Ok(true);
        }
    }
}

/// Waits for a change and then for quiet. `false` means that nobody watches any more.
fn wait(events: &Receiver<notify::Result<Event>>) -> bool {
    loop {
        match events.recv() {
            Ok(event) if is_change(&event) => break,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    let start = Instant::now();
    let mut changed = start;
    // Events that change nothing do not put off the run.
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

/// Our own reading is an event too, and no reason to read again. After an error nobody knows what changed.
fn is_change(event: &notify::Result<Event>) -> bool {
    event.as_ref().map_or(true, |event| !event.kind.is_access())
}
