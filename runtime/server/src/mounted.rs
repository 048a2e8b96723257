//! A server inside another program: free ports, an environment of its own, and no signals.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use naftiko_client::__private::{Environment, Room};
use naftiko_mcp::Server;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;

use super::cli::Serve;
use super::failure::Failure;
use super::metrics::Metrics;
use super::program::Program;
use super::serve::Running;
use super::upstream;

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
        let mut running = Running::new(options, workers, metrics)?;
        running.load(program).await?;
        let ports = running.listening().filter_map(|listening| {
            let adapter = program.adapters().find(|adapter| adapter.name() == listening.name)?;
            Some((adapter.port(), listening.address))
        });
        Ok(Self { ports: ports.collect(), running })
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

/// Serves the MCP adapter of a program to one client that writes to `input`, until it ends.
///
/// # Errors
/// The reason why the program cannot be served, or that the client cannot be read.
pub async fn stdio(
    program: &'static Program,
    mut options: Serve,
    variables: BTreeMap<String, String>,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), String> {
    options.environment = Environment::of(variables).with_folder(options.upstream.bind_files.clone());
    let served = program.served().iter().find_map(|served| {
        let mcp = served.adapters.iter().find_map(naftiko_schema::Adapter::mcp)?;
        Some((served, mcp))
    });
    let (served, mcp) = served.ok_or("the capability exposes no MCP tools")?;
    let (tls, room) = (upstream::native_root_tls(), Room::new(options.body_memory << 20));
    let client = upstream::client(program, &served.capability, &options.upstream, tls, None, room);
    let connection = client.from_environment(options.environment.clone()).build().map_err(|error| error.to_string())?;
    program.check_scripts(&options.upstream.scripts).map_err(|failure| failure.to_string())?;
    let policy = options.tools.policy().map_err(|failure| failure.to_string())?;
    let server = Server::new(mcp, &connection).with_policy(policy);
    server.serve_lines(input, output).await.map_err(|error| error.to_string())
}
