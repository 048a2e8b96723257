//! Load: connections that are kept alive, each asking again as soon as it has its answer.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::process::Process;
use crate::question::Question;

/// How long an answer may take; nothing here takes that long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one server did in one stretch of load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Answers that came whole.
    pub requests: usize,
    /// Answers per second.
    pub rate: f64,
    /// The median of how long answers took.
    pub p50: Duration,
    /// How long 99 of 100 answers took at most.
    pub p99: Duration,
    /// The server's time on processors per answer; none where the system does not say.
    pub cpu: Option<Duration>,
}

/// Loads a server with this many connections. What happens in the first tenth of the time is not counted.
///
/// # Errors
/// When a connection breaks, or an answer is not the one that was asked for.
pub async fn run(server: &Process, question: &Question, connections: usize, time: Duration) -> Result<Load> {
    let begin = Instant::now() + time / 10;
    let end = begin + time;
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        clients.spawn(ask(server.address(), question.clone(), begin, end));
    }
    sleep_until(begin).await;
    let before = server.cpu();
    sleep_until(end).await;
    let after = server.cpu();
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    while let Some(client) = clients.join_next().await {
        match client? {
            Ok(own) => times.extend(own),
            Err(error) => errors.push(error),
        }
    }
    if let Some(error) = errors.first() {
        bail!("{} of {connections} connections met an error, the first of them: {error:#}", errors.len());
    }
    times.sort_unstable();
    let requests = times.len();
    let at = |percent: usize| times.get(requests * percent / 100).copied().context("there was no answer in time");
    let cpu = after.zip(before).map(|(after, before)| after.saturating_sub(before));
    Ok(Load {
        requests,
        rate: requests as f64 / time.as_secs_f64(),
        p50: at(50)?,
        p99: at(99)?,
        cpu: cpu.map(|cpu| cpu.div_f64(requests as f64)),
    })
}

/// Asks until the end; gives how long each answer took that came between the two moments.
async fn ask(address: SocketAddr, question: Question, begin: Instant, end: Instant) -> Result<Vec<Duration>> {
    let mut client = Client::connect(address, question).await?;
    let mut times = Vec::new();
    loop {
        let start = Instant::now();
        timeout(PATIENCE, client.ask()).await.context("no answer in time")??;
        let now = Instant::now();
        if now >= end {
            return Ok(times);
        }
        if now >= begin {
            times.push(now - start);
        }
    }
}

/// One connection, which asks for one thing. It reads no more of HTTP than it must, so that it costs little beside a server.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    request: String,
    question: Question,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to a server, for answers to this question.
    ///
    /// # Errors
    /// When no server listens there.
    pub async fn connect(address: SocketAddr, question: Question) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: question.to(address), question, buffer: Vec::with_capacity(128 << 10) })
    }

    /// Asks once, and reads the whole answer.
    ///
    /// # Errors
    /// When the answer is no success, or not the one to the question: the first is read, later ones are as long.
    pub async fn ask(&mut self) -> Result<()> {
        self.stream.write_all(self.request.as_bytes()).await?;
        self.buffer.clear();
        let (head, length) = loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
            if let Some(lengths) = lengths(&self.buffer)? {
                break lengths;
            }
        };
        let first = !self.question.holds.is_empty();
        let expected = *self.question.length.get_or_insert(length);
        ensure!(length == expected, "the answer has {length} bytes instead of {expected}");
        while self.buffer.len() < head + length {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the answer broke off");
        }
        if first {
            let text = String::from_utf8_lossy(&self.buffer);
            ensure!(text.contains(self.question.holds), "the answer is another one: {text}");
            self.question.holds = "";
        }
        Ok(())
    }
}

/// How long the head of an answer is, and how long its body; nothing while the head has not come whole.
fn lengths(answer: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = response.parse(answer)? else { return Ok(None) };
    ensure!(response.code == Some(200), "the answer is no success: {}", String::from_utf8_lossy(answer));
    let length = response.headers.iter().find(|field| field.name.eq_ignore_ascii_case("content-length"));
    let length = length.context("the answer does not say how long it is")?.value;
    Ok(Some((head, std::str::from_utf8(length)?.parse()?)))
}
