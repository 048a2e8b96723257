//! The command line. Every flag can also be set in the environment.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use secrecy::SecretString;

use super::Program;
use super::policy::{Limits, Tools};

#[derive(Parser)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Serve REST and MCP over HTTP until Ctrl-C or SIGTERM
    Serve(Box<Serve>),
    /// Serve MCP to one client over standard input and output
    Mcp(Stdio),
    /// List the MCP tools
    Tools,
    /// List the REST routes
    Routes,
}

#[derive(Args)]
pub(super) struct Serve {
    /// The address to listen on
    #[arg(long, env = "NAFTIKO_ADDRESS", default_value = "127.0.0.1")]
    pub(super) address: IpAddr,
    /// The port for REST; the capability's unless set, 0 for any
    #[arg(long, env = "NAFTIKO_REST_PORT")]
    pub(super) rest_port: Option<u16>,
    /// The port for MCP; the capability's unless set, 0 for any
    #[arg(long, env = "NAFTIKO_MCP_PORT")]
    pub(super) mcp_port: Option<u16>,
    /// The port on which the server is watched, where the capability has one; its own unless set, 0 for any
    #[arg(long, env = "NAFTIKO_CONTROL_PORT")]
    pub(super) control_port: Option<u16>,
    /// Listen beyond this machine although nobody has to authenticate
    #[arg(long, env = "NAFTIKO_ALLOW_UNAUTHENTICATED")]
    pub(super) allow_unauthenticated: bool,
    /// The bearer token that callers must send
    #[arg(long, env = "NAFTIKO_BEARER_TOKEN", hide_env_values = true, value_parser = secret)]
    pub(super) bearer_token: Option<SecretString>,
    /// The API key that callers must send
    #[arg(long, env = "NAFTIKO_API_KEY", hide_env_values = true, value_parser = secret)]
    pub(super) api_key: Option<SecretString>,
    /// The header that has the API key
    #[arg(long, env = "NAFTIKO_API_KEY_HEADER", default_value = "x-api-key", value_name = "NAME")]
    pub(super) api_key_header: String,
    /// How many requests may run at once; others are told to come back
    #[arg(long, env = "NAFTIKO_MAX_IN_FLIGHT", default_value_t = 256, value_name = "COUNT")]
    pub(super) max_in_flight: usize,
    /// How many requests each caller, by its address, may send in a second; any number unless set
    #[arg(long, env = "NAFTIKO_RATE_LIMIT", value_name = "COUNT")]
    pub(super) rate_limit: Option<NonZeroU32>,
    /// How long the head of a request may take, and how long a connection may lie idle, in seconds
    #[arg(long, env = "NAFTIKO_HEAD_TIMEOUT", default_value_t = 10, value_name = "SECONDS")]
    pub(super) head_timeout: u64,
    /// The file with the certificate for https and those that it depends on, in PEM; plain http unless set
    #[arg(long, env = "NAFTIKO_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    pub(super) tls_certificate: Option<PathBuf>,
    /// The file with the private key of the certificate, in PEM
    #[arg(long, env = "NAFTIKO_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    pub(super) tls_key: Option<PathBuf>,
    /// Another host name under which clients may reach this server (repeatable)
    #[arg(long, env = "NAFTIKO_ALLOWED_HOSTS", value_name = "HOST", value_delimiter = ',')]
    pub(super) allowed_host: Vec<String>,
    /// Another origin from which web pages may call this server, as scheme://host:port (repeatable)
    #[arg(long, env = "NAFTIKO_ALLOWED_ORIGINS", value_name = "ORIGIN", value_delimiter = ',')]
    pub(super) allowed_origin: Vec<String>,
    /// Log each request that was answered: method, route, status, duration and id
    #[arg(long, env = "NAFTIKO_ACCESS_LOG")]
    pub(super) access_log: bool,
    /// Print what would be served with these flags and this environment, without secrets, and stop
    #[arg(long)]
    pub(super) print_config: bool,
    /// A header of callers that goes upstream with their requests (repeatable); credentials never do
    #[arg(long, env = "NAFTIKO_FORWARD_HEADERS", value_name = "NAME", value_delimiter = ',')]
    pub(super) forward_header: Vec<String>,
    #[command(flatten)]
    pub(super) log: Log,
    #[command(flatten)]
    pub(super) upstream: Upstream,
    #[command(flatten)]
    pub(super) tools: Tools,
}

#[derive(Args)]
pub(super) struct Stdio {
    #[command(flatten)]
    pub(super) limits: Limits,
    #[command(flatten)]
    pub(super) log: Log,
    #[command(flatten)]
    pub(super) upstream: Upstream,
    #[command(flatten)]
    pub(super) tools: Tools,
}

#[derive(Args)]
pub(super) struct Log {
    /// How to log on standard error
    #[arg(long = "log-format", env = "NAFTIKO_LOG_FORMAT", default_value = "human", value_name = "FORMAT")]
    pub(super) format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people
    #[default]
    Human,
    /// One JSON object on each line
    Json,
}

#[derive(Args, Clone)]
pub(super) struct Upstream {
    /// The base URI of the upstream; NAMESPACE=URI where the capability consumes several (repeatable)
    #[arg(long, env = "NAFTIKO_BASE_URI", value_name = "URI", value_delimiter = ',')]
    pub(super) base_uri: Vec<String>,
    /// How long a call of the upstream may take, with all its attempts, in seconds
    #[arg(long, env = "NAFTIKO_CALL_TIMEOUT", default_value_t = 30, value_name = "SECONDS")]
    pub(super) call_timeout: u64,
    /// Send credentials over plain http to another machine
    #[arg(long, env = "NAFTIKO_ALLOW_PLAIN_HTTP")]
    pub(super) allow_plain_http: bool,
}

pub(super) fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(text.into())
}

impl Command {
    /// Whether it goes on until somebody stops it.
    #[cfg(feature = "otlp")]
    pub(super) fn runs(&self) -> bool {
        match self {
            Self::Serve(options) => !options.print_config,
            Self::Mcp(_) => true,
            Self::Tools | Self::Routes => false,
        }
    }

    /// How to log, and whether each request is.
    pub(super) fn log(&self) -> (LogFormat, bool) {
        match self {
            Self::Serve(options) => (options.log.format, options.access_log),
            Self::Mcp(options) => (options.log.format, false),
            Self::Tools | Self::Routes => (LogFormat::default(), false),
        }
    }
}

/// Parses the command line of the process; ends it with a message when that is not possible.
pub(super) fn parse(program: &Program) -> Command {
    let capability = program.capability;
    let mut command = Arguments::command().name(capability.name).version(capability.version).about(capability.title);
    let callers = program.callers().flat_map(|callers| callers.variables);
    let names: BTreeSet<_> = capability.variables.iter().chain(callers).map(|variable| variable.name).collect();
    if !names.is_empty() {
        let names: Vec<_> = names.into_iter().collect();
        command = command.after_help(format!("Needs in the environment: {}", names.join(", ")));
    }
    let parsed = Arguments::from_arg_matches(&command.clone().get_matches());
    match parsed {
        Ok(arguments) => arguments.command,
        Err(error) => error.format(&mut command).exit(),
    }
}
