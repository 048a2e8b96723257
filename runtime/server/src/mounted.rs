//! A server inside another program: free ports, an environment of its own, and no signals.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use naftiko_client::__private::{Environment, Room};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;

use super::cli::Serve;
use super::failure::Failure;
use super::metrics::Metrics;
use super::program::Program;
use super::serve::Running;
use super::stdio::{Local, connect, exposed};

/// A server that listens on free ports until it is dropped.
pub struct Mounted {
    running: Running,
    ports: Vec<(u16, SocketAddr)>,
}

impl Mounted {
    /// Serves a program on the current runtime. The values of its variables are these, and none of the process.
    ///
    /// # Errors
    /// The reason why the program cannot be served with them.
    pub async fn new(
        program: &'static Program,
        mut options: Serve,
        variables: BTreeMap<String, String>,
    ) -> Result<Self, String> {
        options.environment = Environment::of(variables);
        options.any_port = true;
        Self::start(program, options).await.map_err(|failure| failure.to_string())
    }

    async fn start(program: &'static Program, options: Serve) -> Result<Self, Failure> {
        let workers = vec![Handle::current()];
        let metrics = Metrics::new(program, &workers)?;
        let mut running = Running::new(program.about(), options, workers, metrics)?;
        running.load(program)?;
        let ports = running.listening().map(|listening| (listening.declared, listening.address));
        Ok(Self { ports: ports.collect(), running })
    }

    /// Reads the files of the options and of binds again, as at a SIGHUP.
    ///
    /// # Errors
    /// The reason why they cannot be used; then nothing changes.
    pub fn read_again(&mut self) -> Result<(), String> {
        self.running.read_again().map_err(|failure| failure.to_string())
    }

    /// Stops, and waits for running requests as a process does after a signal.
    pub async fn drain(&mut self) {
        self.running.stop();
        // It does not fail for a server that listens.
        drop(self.running.drain().await);
    }

    /// Where it listens, by the ports that the capability names.
    pub fn ports(&self) -> &[(u16, SocketAddr)] {
        &self.ports
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.running.stop();
    }
}

/// Serves the MCP adapter of a program, or that with this namespace, to one client that writes to `input`, until it ends.
///
/// # Errors
/// The reason why the program cannot be served, or that the client cannot be read.
pub async fn stdio(
    program: &'static Program,
    adapter: Option<&str>,
    mut options: Serve,
    variables: BTreeMap<String, String>,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), String> {
    options.environment = Environment::of(variables).with_folder(options.upstream.bind_files.clone());
    let (program, room) = (program.named(), Room::new(options.body_memory << 20));
    let make = || {
        let exposed = exposed(program, adapter)?;
        let connections = connect(program, &exposed, &options.upstream, Some(&options.environment), &room)?;
        Local::new(program, exposed, connections, options.tools.policy()?, &options.tools, None)
    };
    let local = make().map_err(|failure: Failure| failure.to_string())?;
    local.serve(input, output).await.map_err(|error| error.to_string())
}
