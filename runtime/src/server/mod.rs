//! The program around a capability: command line, listeners, signals.

mod access;
mod cli;
mod config;
mod control;
mod docs;
mod forwarding;
mod front;
mod guard;
mod health;
mod id;
mod inbound;
mod listener;
mod log;
mod metrics;
mod oauth;
#[cfg(feature = "otlp")]
mod otlp;
mod policy;
mod rate;
mod serve;
mod signals;
mod tls;
mod upstream;
mod workers;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use rustls::ClientConfig;

use crate::client::{ClientBuilder, ConfigError, Connection};
use crate::exposure::Callers;
use crate::mcp::{McpAdapter, Server};
use crate::operation::Capability;
use crate::rest::RestAdapter;
use cli::{Command, Upstream};
pub use control::Control;
use metrics::Metrics;
use upstream::Direct;

/// What the program serves.
#[derive(Debug)]
pub struct Program {
    /// The capability.
    pub capability: &'static Capability,
    /// Its routes.
    pub rest: Option<&'static RestAdapter>,
    /// Its tools.
    pub mcp: Option<&'static McpAdapter>,
    /// Where it is watched, if not beside them.
    pub control: Option<&'static Control>,
}

impl Program {
    /// What callers of its adapters have to send, as the capability says.
    fn callers(&self) -> impl Iterator<Item = Callers> {
        let (rest, mcp) = (self.rest.map(|adapter| adapter.callers), self.mcp.map(|adapter| adapter.callers));
        [rest, mcp, self.control.map(|adapter| adapter.callers)].into_iter().flatten()
    }
}

/// Why the program ends early.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{what} cannot listen on {address}: {source}")]
    Listen { what: &'static str, address: std::net::SocketAddr, source: std::io::Error },
}

/// Runs the command line. A configuration that cannot work ends it with code 2, other failures with code 1.
pub fn run(program: &'static Program) -> ExitCode {
    let command = cli::parse(program);
    // What begins here ends when all is done.
    match begin(program, &command).and_then(|_begun| execute(program, command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            match failure {
                Failure::Configuration(_) | Failure::Refused(_) => ExitCode::from(2),
                Failure::Metrics(_) | Failure::Io(_) | Failure::Listen { .. } => ExitCode::FAILURE,
            }
        }
    }
}

#[cfg(feature = "otlp")]
fn begin(program: &Program, command: &Command) -> Result<Option<otlp::Export>, Failure> {
    let export = if command.runs() { otlp::Export::from_env(program.capability)? } else { None };
    let (format, access) = command.log();
    log::start(format, access, export.iter().map(otlp::Export::layer).collect());
    Ok(export)
}

#[cfg(not(feature = "otlp"))]
fn begin(_: &Program, command: &Command) -> Result<(), Failure> {
    let (format, access) = command.log();
    log::start(format, access, Vec::new());
    Ok(())
}

fn execute(program: &'static Program, command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(options) if options.print_config => {
            list(std::iter::once(format!("{:#}", config::describe(program, &options))))
        }
        Command::Serve(options) => {
            let metrics = Metrics::new(program.capability)?;
            let (calls, upstream) = (metrics.clone(), options.upstream.clone());
            let trust = upstream::trust();
            let workers = workers::start(move || {
                let calls = calls.clone();
                client(program, &upstream, trust.clone())
                    .after(move |attempt, outcome| calls.called(attempt, outcome))
                    .build()
            })?;
            runtime()?.block_on(serve::serve(program, &workers, metrics, *options))
        }
        Command::Mcp(options) => {
            let adapter =
                program.mcp.ok_or_else(|| Failure::Refused("the capability exposes no MCP tools".to_owned()))?;
            let policy = options.limits.limit(options.tools.policy()?);
            let connection = client(program, &options.upstream, upstream::trust()).build()?;
            let runtime = runtime()?;
            let served = runtime.block_on(serve::stdio(Server::new(adapter, &connection).with_policy(policy)));
            // A read of standard input may still be blocked; nobody waits for it.
            runtime.shutdown_background();
            Ok(served?)
        }
        Command::Tools => {
            let tools = program.mcp.map_or(&[][..], |adapter| adapter.tools);
            list(tools.iter().map(|tool| format!("{:<40} {}", tool.name, tool.description)))
        }
        Command::Routes => {
            let routes = program.rest.map_or(&[][..], |adapter| adapter.routes);
            list(routes.iter().map(|route| format!("{:<7} {}", route.method.as_str(), route.path)))
        }
    }
}

/// Prints lines. A reader that has seen enough and leaves is no failure.
fn list(mut lines: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match lines.try_for_each(|line| writeln!(output, "{line}")) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn client(program: &Program, upstream: &Upstream, trust: Option<ClientConfig>) -> ClientBuilder<Connection> {
    let mut builder = ClientBuilder::<Connection>::new(program.capability).from_env();
    if let Some(trust) = trust {
        builder = builder.transport(Direct::new(trust));
    }
    builder = builder.timeout(Duration::from_secs(upstream.call_timeout));
    for uri in &upstream.base_uri {
        builder = match uri.split_once('=') {
            Some((namespace, uri)) if !namespace.contains("://") => builder.base_uri_of(namespace, uri),
            _ => builder.base_uri(uri),
        };
    }
    #[cfg(feature = "otlp")]
    if otlp::is_wanted() {
        builder = builder.before(|_, headers| otlp::continue_upstream(headers));
    }
    if upstream.allow_plain_http { builder.allow_plain_http() } else { builder }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
