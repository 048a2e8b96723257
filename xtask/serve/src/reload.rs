//! `--watch`: compiles the specification again when it changes, and hands the program to the server.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result};
use naftiko_server::Program;
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use xtask::watch;

use crate::load;

/// Watches the folder of a file. A change that does not compile is reported, and the program before it stays.
///
/// # Errors
/// If the folder cannot be watched.
pub fn programs(file: &Path) -> Result<Receiver<&'static Program>> {
    let (sender, programs) = channel(1);
    let folder = file.canonicalize().ok().and_then(|file| file.parent().map(Path::to_owned));
    let folder = folder.with_context(|| format!("{} cannot be watched", file.display()))?;
    let (events_sender, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(events_sender).context("this system cannot watch files")?;
    watcher.watch(&folder, RecursiveMode::Recursive).context("the folder cannot be watched")?;
    let file = file.to_owned();
    thread::spawn(move || {
        // It watches until it is dropped.
        let _watcher = watcher;
        while watch::wait(&events) && send(&file, &sender) {}
    });
    Ok(programs)
}

/// Compiles and sends. `false` means that the server has ended.
fn send(file: &Path, programs: &Sender<&'static Program>) -> bool {
    match load::file(file) {
        Ok(loaded) => {
            anstream::eprintln!("reloading {}", file.display());
            programs.blocking_send(load::leak(loaded.program)).is_ok()
        }
        Err(error) => {
            anstream::eprintln!("{error:#}\nthe change is not served");
            !programs.is_closed()
        }
    }
}
