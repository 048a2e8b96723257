//! Standard input and output: one message in a line.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError};

use naftiko_adapter::numbers;
use rmcp::model::{ClientJsonRpcMessage, ClientNotification, JsonRpcMessage, JsonRpcNotification, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use rmcp::{ErrorData, RoleServer, ServiceExt as _};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinSet;

use super::handler::Server;
use super::message::{MESSAGE_LIMIT, Malformed, Message, unreadable};
use super::observed::{Observed, Source};

/// How many requests may be without a written response. There are fewer calls at once, and the others fail at once.
const OPEN_LIMIT: usize = 64;

/// A transport that reads messages as the HTTP endpoint does. Those that rmcp cannot read get the same error responses.
struct Lines<R, W> {
    input: BufReader<R>,
    /// The line that is being read. It is kept here, because reading may be cancelled.
    line: Vec<u8>,
    /// Whether the rest of the line is skipped, because it is too long.
    skipping: bool,
    output: Arc<Mutex<W>>,
    /// The error response that is being written.
    refusing: JoinSet<io::Result<()>>,
    open: Arc<Open>,
    /// Whether a request was read.
    opened: bool,
}

/// The requests whose responses are not written yet.
#[derive(Default)]
struct Open {
    ids: std::sync::Mutex<HashMap<RequestId, usize>>,
    closed: Notify,
    /// The requests of the server that its client has not answered.
    asked: std::sync::Mutex<Vec<RequestId>>,
}

impl Server {
    /// Serves one client over standard input and output, until the client closes them.
    ///
    /// # Errors
    /// If reading or writing fails.
    pub async fn serve_stdio(self) -> io::Result<()> {
        let (input, output) = rmcp::transport::stdio_pipes();
        self.serve_lines(input, output).await
    }

    /// Serves one client that writes messages to `input`, one in a line, and reads those of `output`.
    #[doc(hidden)]
    pub async fn serve_lines(
        self,
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> io::Result<()> {
        self.warn_of_policy();
        serve(self, input, output).await
    }
}

/// Serves one client as [`Server::serve_lines`] does, each request by the last of several servers. All of them have the same
/// tools, and the same [`Changes`](crate::Changes) if they have any.
///
/// # Errors
/// If reading or writing fails.
#[doc(hidden)]
pub async fn serve_last(
    servers: watch::Receiver<Server>,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    servers.borrow().warn_of_policy();
    serve(servers, input, output).await
}

async fn serve(
    source: impl Source,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> io::Result<()> {
    match Observed(source).serve(Lines::new(input, output)).await {
        Ok(running) => running.waiting().await.map(drop).map_err(io::Error::other),
        // It is not an error if the client disconnects before its first request.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin + Send + 'static> Lines<R, W> {
    fn new(input: R, output: W) -> Self {
        let (input, output) = (BufReader::new(input), Arc::new(Mutex::new(output)));
        let (line, refusing, open) = (Vec::new(), JoinSet::new(), Arc::default());
        Self { input, line, skipping: false, output, refusing, open, opened: false }
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

impl Open {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<RequestId, usize>) -> T) -> T {
        change(&mut self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until another request may be read.
    async fn room(&self) {
        while self.change(|ids| ids.values().sum::<usize>()) >= OPEN_LIMIT {
            self.closed.notified().await;
        }
    }

    /// Counts a request, and no longer one that is cancelled, which gets no response.
    fn read(&self, message: &ClientJsonRpcMessage) {
        match message {
            JsonRpcMessage::Request(request) => self.change(|ids| *ids.entry(request.id.clone()).or_default() += 1),
            JsonRpcMessage::Notification(JsonRpcNotification {
                notification: ClientNotification::CancelledNotification(cancelled),
                ..
            }) => {
                if let Some(id) = &cancelled.params.request_id {
                    self.change(|ids| ids.remove(id));
                }
            }
            JsonRpcMessage::Response(response) => self.answered(&response.id),
            JsonRpcMessage::Error(error) => error.id.iter().for_each(|id| self.answered(id)),
            JsonRpcMessage::Notification(_) => {}
        }
    }

    fn asked<T>(&self, change: impl FnOnce(&mut Vec<RequestId>) -> T) -> T {
        change(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The client has answered a request of the server.
    fn answered(&self, id: &RequestId) {
        self.asked(|asked| asked.retain(|known| known != id));
    }

    /// Counts a request no longer, because its response is written.
    fn written(&self, id: &RequestId) {
        self.change(|ids| {
            if let Some(count) = ids.get_mut(id) {
                *count -= 1;
                if *count == 0 {
                    ids.remove(id);
                }
            }
        });
        self.closed.notify_one();
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
        let (output, open) = (Arc::clone(&self.output), Arc::clone(&self.open));
        async move {
            let id = match &message {
                JsonRpcMessage::Response(response) => Some(response.id.clone()),
                JsonRpcMessage::Error(error) => error.id.clone(),
                JsonRpcMessage::Request(request) => {
                    open.asked(|asked| asked.push(request.id.clone()));
                    None
                }
                JsonRpcMessage::Notification(_) => None,
            };
            let message = serde_json::to_string(&message)?;
            let written = write(output, numbers::unmarked(&message).unwrap_or(message)).await;
            id.iter().for_each(|id| open.written(id));
            written
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleServer>> {
        loop {
            // A task writes the response, so that it is written whole even if receiving is cancelled. While a client reads no
            // responses, no more of its messages are read.
            while let Some(written) = self.refusing.join_next().await {
                written.ok()?.ok()?;
            }
            // The same holds for responses to requests: further ones wait in the pipe, and not here.
            self.open.room().await;
            let Some(next) = self.next().await else {
                // No answer can come any more. Without one, rmcp would wait for the calls that asked.
                let unanswered = self.open.asked(Vec::pop)?;
                let left = ErrorData::internal_error("the client left", None);
                return Some(JsonRpcMessage::error(left, Some(unanswered)));
            };
            match next {
                // rmcp ends if a client begins with anything but a request, although it asks for nothing.
                Ok(message) if !self.opened && !matches!(message, JsonRpcMessage::Request(_)) => {}
                Ok(message) => {
                    self.opened = true;
                    self.open.read(&message);
                    return Some(message);
                }
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
