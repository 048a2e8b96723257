//! How long a server runs: until a signal stops it. Others make it read its files again.

use naftiko_client::__private::TARGET;
use naftiko_mcp::__private::stdio_pipes;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Receiver;

use super::cli::Serve;
use super::failure::Failure;
use super::metrics::Metrics;
use super::program::Program;
use super::serve::Running;
use super::signals::{Hangup, Signals, stop_on_signal};
use super::stdio::Local;

/// Serves until a signal arrives. Each program from `reloads` replaces the one before it, without dropping requests.
pub(super) async fn serve(
    program: &'static Program,
    options: Serve,
    workers: Vec<Handle>,
    mut reloads: Receiver<&'static Program>,
) -> Result<(), Failure> {
    let runtimes = [&workers[..], &[Handle::current()]].concat();
    // SIGHUP stops a server that has nothing to read again.
    let reads_again = options.has_files() || program.variables().any(|variable| variable.file.is_some());
    let mut server = Running::new(program.about(), options, workers, Metrics::new(program, &runtimes)?)?;
    if !reloads.is_closed() {
        server.announces();
    }
    // This comes before the first log line that says the server is up: its reader may send a signal at once.
    tokio::spawn(stop_on_signal(Signals::listen(reads_again)?, server.stop.clone()));
    let mut hangup = Hangup::listen(reads_again)?;
    server.load(program)?;
    loop {
        tokio::select! {
            () = server.stop.cancelled() => return server.drain().await,
            () = hangup.next() => match server.read_again() {
                Ok(()) => tracing::info!(target: TARGET, "reloaded certificate, keys of callers, policy and bound files"),
                Err(failure) => {
                    tracing::error!(target: TARGET, %failure, "the files cannot be reloaded, so all of them stay as they were");
                }
            },
            Some(program) = reloads.recv() => {
                match server.load(program) {
                    Ok(()) => tracing::info!(target: TARGET, "reloaded"),
                    Err(failure) => {
                        tracing::error!(target: TARGET, %failure, "the changed program cannot be served");
                    }
                }
            }
        }
    }
}

/// Serves MCP on stdio until the client leaves or a signal arrives.
pub(super) async fn stdio(local: &Local<'_>) -> std::io::Result<()> {
    let mut signals = Signals::listen(local.has_file())?;
    let mut hangup = Hangup::listen(local.has_file())?;
    let (input, output) = stdio_pipes();
    let mut served = std::pin::pin!(local.serve(input, output));
    loop {
        tokio::select! {
            served = &mut served => return served,
            () = signals.next() => return Ok(()),
            () = hangup.next() => match local.read_again() {
                Ok(()) => tracing::info!(target: TARGET, "reloaded policy"),
                Err(failure) => {
                    tracing::error!(target: TARGET, %failure, "the policy cannot be reloaded, so it stays as it was");
                }
            },
        }
    }
}
