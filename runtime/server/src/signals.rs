//! The signals that ask the program to stop, or to read its files again.

use naftiko_client::__private::TARGET;
use tokio_util::sync::CancellationToken;

/// The signals, registered.
pub(super) struct Signals {
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(unix)]
    hangup: Hangup,
}

/// SIGHUP, which systems other than Unix do not have.
pub(super) struct Hangup(Option<Signal>);

#[cfg(unix)]
type Signal = tokio::signal::unix::Signal;
#[cfg(windows)]
type Signal = tokio::signal::windows::CtrlC;

impl Signals {
    /// Starts listening. From here on a signal no longer ends the process by itself. SIGHUP does not stop a process that ignored
    /// it at the start, as `nohup` does it, nor one that reads files again.
    pub(super) fn listen(reads_again: bool) -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let hangup = Hangup::listen(!reads_again && !ignores_hangup())?;
            let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            Ok(Self { interrupt, terminate, hangup })
        }
        #[cfg(windows)]
        {
            let _ = reads_again;
            Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
        }
    }

    pub(super) async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = self.hangup.next() => {}
        }
        #[cfg(windows)]
        let _ = self.interrupt.recv().await;
    }
}

impl Hangup {
    /// Starts listening, if it is wanted.
    pub(super) fn listen(is_wanted: bool) -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self(if is_wanted { Some(signal(SignalKind::hangup())?) } else { None }))
        }
        #[cfg(not(unix))]
        {
            let _ = is_wanted;
            Ok(Self(None))
        }
    }

    /// Waits for the signal; forever, if it is not wanted.
    pub(super) async fn next(&mut self) {
        if let Some(signal) = &mut self.0
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}

/// Whether the process ignores SIGHUP, as far as the system says.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // The first bit is that of signal 1, which is SIGHUP.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// The first signal drains the server, the second exits at once.
pub(super) async fn stop_on_signal(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    tracing::info!(target: TARGET, "stopping");
    stop.cancel();
    signals.next().await;
    std::process::exit(130);
}
