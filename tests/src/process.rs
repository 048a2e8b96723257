//! A generated server as a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, bail};
use scaleway_simulator::TOKEN;

/// A running server. It is killed when it is dropped.
#[derive(Debug)]
pub struct ServerProcess {
    /// The process.
    pub child: Child,
    /// The base URI of the REST adapter.
    pub rest: String,
    /// The URI of the MCP endpoint.
    pub mcp: String,
    log: Arc<Mutex<String>>,
}

impl ServerProcess {
    /// Starts `serve` on free ports in front of an upstream.
    ///
    /// # Errors
    /// When it does not start; the error holds what it said.
    pub fn start(binary: &Path, base_uri: &str) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "--rest-port", "0", "--mcp-port", "0", "--base-uri", base_uri])
            .env("SCALEWAY_API_KEY", TOKEN)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", binary.display()))?;
        let mut lines = BufReader::new(child.stderr.take().context("the server has no standard error")?).lines();
        let log = Arc::new(Mutex::new(String::new()));
        let (mut rest, mut mcp) = (None, None);
        while rest.is_none() || mcp.is_none() {
            let Some(line) = lines.next().transpose()? else {
                let status = child.wait()?;
                bail!("the server ended with {status}:\n{}", log.lock().unwrap_or_else(PoisonError::into_inner));
            };
            append(&log, &line);
            let address = |label: &str| line.split_once(label).map(|(_, address)| address.trim().to_owned());
            rest = rest.or_else(|| address("REST on "));
            mcp = mcp.or_else(|| address("MCP on "));
        }
        let further = log.clone();
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| append(&further, &line)));
        Ok(Self { child, rest: rest.unwrap_or_default(), mcp: mcp.unwrap_or_default(), log })
    }

    /// What it has said on standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append(log: &Mutex<String>, line: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.push_str(line);
    log.push('\n');
}
