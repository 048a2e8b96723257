//! A generated server as a process of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use scaleway_simulator::TOKEN;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Far more than anything here takes, and less than the server gives running requests after a signal.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A binary with these arguments, the simulator's token, and nothing else in its environment.
pub fn command(binary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary);
    command.args(arguments).env_clear().env("SCALEWAY_API_KEY", TOKEN);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// `serve` in front of an upstream, on free ports.
pub fn serving(binary: &Path, base_uri: &str, more: &[&str]) -> Command {
    let arguments = ["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", base_uri];
    command(binary, &[&arguments, more].concat())
}

/// `serve` in front of an upstream. It is killed when it is dropped.
#[derive(Debug)]
pub struct Server {
    /// The base URI of REST.
    pub rest: String,
    /// The URI of MCP.
    pub mcp: String,
    child: Child,
    log: JoinHandle<String>,
}

impl Server {
    /// Starts it on free ports; `log` is what `RUST_LOG` says.
    ///
    /// # Errors
    /// When it does not start; the error holds what it said.
    pub async fn start(binary: &Path, base_uri: &str, more: &[&str], log: &str) -> Result<Self> {
        let mut command = serving(binary, base_uri, more);
        command.env("RUST_LOG", log);
        Self::launch(command).await
    }

    /// Starts it by a command that says `serve`.
    ///
    /// # Errors
    /// When it does not start; the error holds what it said.
    pub async fn launch(mut command: Command) -> Result<Self> {
        let mut child = command.spawn().context("the server cannot be started")?;
        let mut stderr = BufReader::new(child.stderr.take().context("standard error is piped")?);
        let mut said = String::new();
        let mut address = async |what: &str| -> Result<String> {
            loop {
                let start = said.len();
                if timeout(PATIENCE, stderr.read_line(&mut said)).await.context("the server does not start")?? == 0 {
                    bail!("the server ended:\n{said}");
                }
                if let Some((_, address)) = said[start..].split_once(what) {
                    // In a line of JSON a quote follows.
                    return Ok(address.split('"').next().unwrap_or_default().trim().to_owned());
                }
            }
        };
        let (rest, mcp) = (address("REST on ").await?, address("MCP on ").await?);
        // No other task reads the pipe, and a full one would stop the server.
        let log = tokio::spawn(async move {
            // What cannot be read any more is what a killed server leaves behind.
            let _ = stderr.read_to_string(&mut said).await;
            said
        });
        Ok(Self { rest, mcp, child, log })
    }

    /// Sends it a signal, such as `-TERM`.
    ///
    /// # Panics
    /// When it does not run any more.
    pub fn signal(&self, signal: &str) {
        let id = self.child.id().expect("the server runs").to_string();
        let status = std::process::Command::new("kill").args([signal, &id]).status();
        assert!(status.expect("kill can be started").success(), "the signal is sent");
    }

    /// The memory that it has in use, in bytes, where the system says so.
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))?;
        Some(kilobytes.trim().parse::<u64>().ok()? * 1024)
    }

    /// Whether it ends within this time.
    pub async fn ends_within(&mut self, time: Duration) -> bool {
        timeout(time, self.child.wait()).await.is_ok()
    }

    /// Waits for its end; gives the exit code and the log.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the server ends").expect("it can be awaited");
        (status.code(), self.log.await.expect("the log is read"))
    }

    /// Stops it with a signal; gives the exit code and the log.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop(self, signal: &str) -> (Option<i32>, String) {
        self.signal(signal);
        self.end().await
    }
}
