//! A server on standard input and output, looked at without a client: how soon it lists its tools, whether it prints
//! anything but messages, and how it ends.

use std::fmt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdout, Command};
use tokio::time::timeout;

/// How often a server is started. One figure says little on a machine that does other things too.
const STARTS: usize = 9;
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was seen.
#[derive(Debug)]
pub struct Report {
    /// From the start of the process to the whole list of tools, in the order of time.
    pub listed: Vec<Duration>,
    /// From the end of its input to its exit with code 0: the longest.
    pub ended: Duration,
    /// How many lines it printed, each of them a message.
    pub lines: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let median = self.listed.get(self.listed.len() / 2).copied().unwrap_or_default();
        let (median, ended) = (milliseconds(median), milliseconds(self.ended));
        write!(f, "tools are listed {median:.1} ms after the start (median of {}), ", self.listed.len())?;
        write!(f, "{} lines are JSON-RPC, exit 0 within {ended:.1} ms of the end of input", self.lines)
    }
}

/// Starts a server several times, each time by a new command.
///
/// # Errors
/// When it does not answer, prints anything but messages, or does not end with code 0.
pub async fn measure(command: impl Fn() -> Command) -> Result<Report> {
    let mut report = Report { listed: Vec::new(), ended: Duration::ZERO, lines: 0 };
    for _ in 0..STARTS {
        timeout(PATIENCE, once(command(), &mut report)).await.context("the server does not answer")??;
    }
    report.listed.sort_unstable();
    Ok(report)
}

/// One start, in the revision without `initialize`, and one line that is no message in between.
async fn once(mut command: Command, report: &mut Report) -> Result<()> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let start = Instant::now();
    let mut child = command.spawn().context("the server cannot be started")?;
    let mut input = child.stdin.take().context("standard input is piped")?;
    let mut lines = BufReader::new(child.stdout.take().context("standard output is piped")?).lines();

    input.write_all(list(1).as_bytes()).await?;
    let listed = answer(&mut lines, 1, report).await?;
    report.listed.push(start.elapsed());
    let tools = listed.pointer("/result/tools").and_then(Value::as_array);
    ensure!(tools.is_some_and(|tools| !tools.is_empty()), "no tools: {listed}");

    input.write_all(format!("this is no message\n{}", list(2)).as_bytes()).await?;
    answer(&mut lines, 2, report).await?;

    let end = Instant::now();
    drop(input);
    while let Some(line) = lines.next_line().await? {
        message(&line, report)?;
    }
    let status = child.wait().await?;
    ensure!(status.success(), "it ends with {status}");
    report.ended = report.ended.max(end.elapsed());
    Ok(())
}

fn list(id: u32) -> String {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "probe", "version": "1"},
    });
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/list", "params": {"_meta": meta}}).to_string() + "\n"
}

/// Reads messages up to the answer with this id.
async fn answer(lines: &mut Lines<BufReader<ChildStdout>>, id: u32, report: &mut Report) -> Result<Value> {
    loop {
        let line = lines.next_line().await?.context("it ends before it answers")?;
        let message = message(&line, report)?;
        if message.get("id").is_some_and(|given| *given == id) {
            return Ok(message);
        }
    }
}

fn message(line: &str, report: &mut Report) -> Result<Value> {
    let message: Option<Value> = serde_json::from_str(line).ok();
    let message = message.filter(|message| message.get("jsonrpc").is_some_and(|version| version == "2.0"));
    report.lines += 1;
    message.with_context(|| format!("this line is no message: {line:?}"))
}
