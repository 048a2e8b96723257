//! Standard input and output: one message in a line.

use std::io;
use std::sync::Arc;

use naftiko_adapter::numbers;
use rmcp::RoleServer;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::message::{MESSAGE_LIMIT, Malformed, Message, unreadable};

/// A transport that reads messages as the HTTP endpoint does. Those that rmcp cannot read get the same error responses.
pub(super) struct Lines<R, W> {
    input: BufReader<R>,
    /// The line that is being read. It is kept here, because reading may be cancelled.
    line: Vec<u8>,
    /// Whether the rest of the line is skipped, because it is too long.
    skipping: bool,
    output: Arc<Mutex<W>>,
    /// The error response that is being written.
    refusing: JoinSet<io::Result<()>>,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin + Send + 'static> Lines<R, W> {
    pub(super) fn new(input: R, output: W) -> Self {
        let (input, output) = (BufReader::new(input), Arc::new(Mutex::new(output)));
        Self { input, line: Vec::new(), skipping: false, output, refusing: JoinSet::new() }
    }

    /// The next message, or the response to what is not one. `None` at the end of the input.
    async fn next(&mut self) -> Option<Result<ClientJsonRpcMessage, String>> {
        loop {
            let room = (MESSAGE_LIMIT + 1).saturating_sub(self.line.len()) as u64;
            let read = (&mut self.input).take(room).read_until(b'\n', &mut self.line).await.ok()?;
            let is_whole = self.line.ends_with(b"\n");
            if !is_whole && self.line.len() > MESSAGE_LIMIT {
                self.line.clear();
                if !std::mem::replace(&mut self.skipping, true) {
                    return Some(Err(Malformed::too_long().into_response()));
                }
                continue;
            }
            // The last line may end without a line break.
            if read == 0 && self.line.is_empty() {
                return None;
            }
            let line = std::mem::take(&mut self.line);
            if std::mem::take(&mut self.skipping) || line.trim_ascii().is_empty() {
                continue;
            }
            if let Some(message) = message(&line) {
                return Some(message);
            }
        }
    }
}

/// The message in a line, or the response to what rmcp cannot read. `None` if it gets no response.
fn message(line: &[u8]) -> Option<Result<ClientJsonRpcMessage, String>> {
    let message = match Message::read(line) {
        Ok(message) => message,
        Err(malformed) => return malformed.gets_response().then(|| Err(malformed.into_response())),
    };
    match serde_json::from_slice(&message.to_json()) {
        Ok(message) => Some(Ok(message)),
        Err(_) => message.is_request().then(|| Err(unreadable(&message))),
    }
}

async fn write(output: Arc<Mutex<impl AsyncWrite + Unpin>>, mut message: String) -> io::Result<()> {
    message.push('\n');
    let mut output = output.lock().await;
    output.write_all(message.as_bytes()).await?;
    output.flush().await
}

impl<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send + 'static> Transport<RoleServer> for Lines<R, W> {
    type Error = io::Error;

    fn send(&mut self, message: TxJsonRpcMessage<RoleServer>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let output = Arc::clone(&self.output);
        async move {
            let message = serde_json::to_string(&message)?;
            write(output, numbers::unmarked(&message).unwrap_or(message)).await
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            // A task writes the response, so that it is written whole even if receiving is cancelled. While a client reads no
            // responses, no more of its messages are read.
            while let Some(written) = self.refusing.join_next().await {
                written.ok()?.ok()?;
            }
            match self.next().await? {
                Ok(message) => return Some(message),
                Err(response) => {
                    self.refusing.spawn(write(Arc::clone(&self.output), response));
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        Ok(())
    }
}
