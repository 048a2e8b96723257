//! Servers as processes: started, and watched while they run.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::load::Client;
use crate::question::Surface;

/// Far longer than any server needs to start.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the kernel counts processor time in, for programs: always 100 per second on Linux.
const TICK: Duration = Duration::from_millis(10);

/// What is measured.
#[derive(Clone, Debug)]
pub enum Server {
    /// The binary of a generated crate.
    Generated(PathBuf),
    /// The floor, by hand.
    Floor,
}

/// A process that answers requests. It is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// Starts the canned upstream.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn upstream() -> Result<Self> {
        let mut child = spawn(Command::new(sibling("bench-upstream")?).stdout(Stdio::piped()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("standard output is piped")?);
        let mut line = String::new();
        stdout.read_line(&mut line).await?;
        let address = line.trim().parse().context("the upstream does not say where it listens")?;
        Ok(Self { child, address })
    }

    /// Starts a server in front of an upstream; gives it when it has answered the first request, and how long that took.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(server: &Server, surface: Surface, upstream: &Self) -> Result<(Self, Duration)> {
        let base_uri = format!("http://{}", upstream.address);
        let address = free_address()?;
        let port = address.port().to_string();
        let mut command = match server {
            Server::Generated(binary) => {
                let (rest, mcp) = if surface == Surface::Rest { (address.port(), 0) } else { (0, address.port()) };
                serve(binary, rest, mcp, &base_uri)
            }
            Server::Floor => {
                let program = if surface == Surface::Rest { "bench-floor-rest" } else { "bench-floor-mcp" };
                let mut command = Command::new(sibling(program)?);
                command.args([&port, &base_uri]);
                command
            }
        };
        command.env_clear().env("SCALEWAY_API_KEY", "token").stdout(Stdio::null());
        let start = Instant::now();
        let mut process = Self { child: spawn(&mut command)?, address };
        let question = surface.questions().into_iter().next().context("there is a question")?;
        loop {
            if let Ok(mut client) = Client::connect(address, question.clone()).await {
                client.ask().await?;
                return Ok((process, start.elapsed()));
            }
            ensure!(process.child.try_wait()?.is_none(), "the server ended at once");
            ensure!(start.elapsed() < PATIENCE, "the server does not start");
            // The runtime's own timer is no finer than a millisecond, and nothing else waits here.
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Starts a generated server with these flags, for both surfaces; gives it, at the address of REST, and that of MCP.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn both(binary: &Path, base_uri: &str, token: &str, flags: &[&str]) -> Result<(Self, SocketAddr)> {
        let (address, mcp) = (free_address()?, free_address()?);
        let mut command = serve(binary, address.port(), mcp.port(), base_uri);
        command.args(flags).env_clear().env("SCALEWAY_API_KEY", token).stdout(Stdio::null());
        let mut process = Self { child: spawn(&mut command)?, address };
        let start = Instant::now();
        while TcpStream::connect(address).await.is_err() || TcpStream::connect(mcp).await.is_err() {
            ensure!(process.child.try_wait()?.is_none(), "the server ended at once");
            ensure!(start.elapsed() < PATIENCE, "the server does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok((process, mcp))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its time on processors until now, in its own code and in the kernel on its behalf; Linux only.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.proc("stat")?).ok()?;
        // The name of the program may hold anything, so fields are counted from its end. These are the 14th and 15th.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        Some(TICK * (ticks.next()?.ok()? + ticks.next()?.ok()?))
    }

    /// Its memory, in KiB; Linux only.
    pub fn memory(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// The most memory that it had at any moment, in KiB; Linux only.
    pub fn peak_memory(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    /// How many files it has open, sockets among them; Linux only.
    pub fn files(&self) -> Option<usize> {
        self.entries("fd")
    }

    /// How many threads it has; Linux only.
    pub fn threads(&self) -> Option<usize> {
        self.entries("task")
    }

    fn status(&self, name: &str) -> Option<u64> {
        let status = fs::read_to_string(self.proc("status")?).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn entries(&self, folder: &str) -> Option<usize> {
        Some(fs::read_dir(self.proc(folder)?).ok()?.count())
    }

    fn proc(&self, file: &str) -> Option<PathBuf> {
        Some(Path::new("/proc").join(self.child.id()?.to_string()).join(file))
    }
}

/// No other process takes its port in between, as the system gives the same one out again only much later.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// A generated server in front of an upstream.
fn serve(binary: &Path, rest_port: u16, mcp_port: u16, base_uri: &str) -> Command {
    let mut command = Command::new(binary);
    command.args(["serve", "--rest-port", &rest_port.to_string(), "--mcp-port", &mcp_port.to_string()]);
    command.args(["--base-uri", base_uri]);
    command
}

/// Logs are thrown away, but written.
fn spawn(command: &mut Command) -> Result<Child> {
    let program = Path::new(command.as_std().get_program()).to_owned();
    let child = command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn();
    child.with_context(|| format!("{} cannot be started", program.display()))
}

/// Another program of this crate.
fn sibling(name: &str) -> Result<PathBuf> {
    Ok(env::current_exe()?.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX)))
}
