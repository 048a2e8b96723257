//! Lines of the audit on standard error. A thread of its own writes them, so that no request waits for their reader.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::logs;

/// How many lines wait for their reader.
pub(super) const WAITING: usize = 1024;
/// How long they may take to be written at the end.
const FLUSH: Duration = Duration::from_secs(1);

/// Lines that wait to be written.
pub(super) struct Queue {
    sender: SyncSender<Message>,
    has_failed: Arc<AtomicBool>,
}

enum Message {
    /// A line, and whether it counts as a record that is lost if it cannot be written.
    Line(Vec<u8>, bool),
    /// Tells when all lines before it are written.
    Flush(SyncSender<()>),
}

impl Queue {
    /// Lines for an output, of which so many may wait.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(super) fn new(output: impl Write + Send + 'static, waiting: usize) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(waiting);
        let has_failed = Arc::new(AtomicBool::new(false));
        let failed = Arc::clone(&has_failed);
        thread::Builder::new().name("audit".to_owned()).spawn(move || write_all(&receiver, output, &failed))?;
        Ok(Self { sender, has_failed })
    }

    /// Adds a line. An empty one is no record.
    ///
    /// # Errors
    /// If too many lines wait, or those before it could not be written. Then it is tried, but must not be relied on.
    pub(super) fn write(&self, line: &[u8]) -> io::Result<()> {
        let has_failed = self.has_failed();
        let message = Message::Line(line.to_owned(), !has_failed && line.len() > 1);
        self.sender.try_send(message).map_err(|_| ErrorKind::WouldBlock)?;
        if has_failed { Err(ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// Whether the last line could not be written.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Waits until all lines are written, unless their reader stands still.
    pub(super) fn flush(&self) {
        let (sender, receiver) = sync_channel(1);
        if self.sender.try_send(Message::Flush(sender)).is_ok() {
            // It fails only if they could not be written in time.
            let _ = receiver.recv_timeout(FLUSH);
        }
    }
}

/// Writes lines until there is no one who adds any.
fn write_all(receiver: &Receiver<Message>, mut output: impl Write, has_failed: &AtomicBool) {
    for message in receiver {
        match message {
            Message::Line(line, is_record) => {
                let is_lost = output.write_all(&line).is_err();
                has_failed.store(is_lost, Ordering::Relaxed);
                logs::count_unrecorded(usize::from(is_lost && is_record));
            }
            // Who waited for it may have stopped waiting.
            Message::Flush(sender) => drop(sender.try_send(())),
        }
    }
}
