//! `--watch`: compiles the specifications again when one changes, and hands the program to the server.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result};
use naftiko_server::Program;
use notify::{RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use xtask::watch;

use crate::load;

/// Watches the folders of files. A change that does not compile is reported, and the program before it stays.
///
/// # Errors
/// If a folder cannot be watched.
pub fn programs(files: &[PathBuf], joined: bool) -> Result<Receiver<&'static Program>> {
    let (sender, programs) = channel(1);
    let (events_sender, events) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(events_sender).context("this system cannot watch files")?;
    let mut folders = BTreeSet::new();
    for file in files {
        let folder = file.canonicalize().ok().and_then(|file| file.parent().map(Path::to_owned));
        folders.insert(folder.with_context(|| format!("{} cannot be watched", file.display()))?);
    }
    for folder in folders {
        watcher.watch(&folder, RecursiveMode::Recursive).context("the folder cannot be watched")?;
    }
    let files = files.to_vec();
    thread::spawn(move || {
        // It watches until it is dropped.
        let _watcher = watcher;
        while watch::wait(&events) && send(&files, joined, &sender) {}
    });
    Ok(programs)
}

/// Compiles and sends. `false` means that the server has ended.
fn send(files: &[PathBuf], joined: bool, programs: &Sender<&'static Program>) -> bool {
    match load::files(files, joined) {
        Ok(loaded) => {
            let names: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
            anstream::eprintln!("reloading {}", names.join(", "));
            programs.blocking_send(load::leak(loaded.program)).is_ok()
        }
        Err(error) => {
            anstream::eprintln!("{error:#}\nthe change is not served");
            !programs.is_closed()
        }
    }
}
