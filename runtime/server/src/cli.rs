//! The command line. Every flag can also be set in the environment.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use http::HeaderName;
use naftiko_client::__private::Environment;
use naftiko_client::ScriptRunners;
use naftiko_rest::__private::ApiErrors;
use naftiko_schema::Parameter;
use secrecy::SecretString;

use super::count::{count, seconds};
use super::environment::lenient;
use super::list::{self, List, members};
use super::patience;
use super::policy::{Limits, Tools};
use super::program::Program;
use super::proxies::{Proxies, network};
use super::replacing;
use super::secret::secret;

/// So many permits are not divided between addresses.
const FEW: usize = 16;

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
    Mcp(Box<Stdio>),
    /// List the MCP tools
    Tools,
    /// List the REST routes
    Routes,
}

/// The options of `serve`.
#[derive(Args)]
#[command(mut_args = lenient)]
pub struct Serve {
    /// The address to listen on
    #[arg(long, env = "NAFTIKO_ADDRESS", default_value = "127.0.0.1")]
    pub(super) address: IpAddr,
    /// The port for REST; the capability's unless set, 0 for any free port; NAMESPACE=PORT for a further REST adapter (repeatable)
    #[arg(long, env = "NAFTIKO_REST_PORT", value_name = "PORT", value_parser = list::ports)]
    pub(super) rest_port: Vec<List>,
    /// The port for MCP; the capability's unless set, 0 for any free port; NAMESPACE=PORT for a further MCP adapter (repeatable)
    #[arg(long, env = "NAFTIKO_MCP_PORT", value_name = "PORT", value_parser = list::ports)]
    pub(super) mcp_port: Vec<List>,
    /// The port for skills; the capability's unless set, 0 for any free port; NAMESPACE=PORT for a further skill adapter (repeatable)
    #[arg(long, env = "NAFTIKO_SKILL_PORT", value_name = "PORT", value_parser = list::ports)]
    pub(super) skill_port: Vec<List>,
    /// The port for the control adapter; the capability's unless set, 0 for any free port
    #[arg(long, env = "NAFTIKO_CONTROL_PORT", value_name = "PORT", value_parser = list::ports)]
    pub(super) control_port: Vec<List>,
    /// Listen beyond this machine without authentication
    #[arg(long, env = "NAFTIKO_ALLOW_UNAUTHENTICATED")]
    pub(super) allow_unauthenticated: bool,
    /// The bearer token that callers must send
    #[arg(long, env = "NAFTIKO_BEARER_TOKEN", hide_env_values = true, value_parser = secret)]
    pub(super) bearer_token: Option<SecretString>,
    /// The API key that callers must send
    #[arg(long, env = "NAFTIKO_API_KEY", hide_env_values = true, value_parser = secret)]
    pub(super) api_key: Option<SecretString>,
    /// A file with a bearer token of each caller, as `name: token` on each line
    #[arg(long, env = "NAFTIKO_BEARER_TOKENS", value_name = "FILE")]
    pub(super) bearer_tokens: Option<PathBuf>,
    /// A file with an API key of each caller, as `name: key` on each line
    #[arg(long, env = "NAFTIKO_API_KEYS", value_name = "FILE")]
    pub(super) api_keys: Option<PathBuf>,
    /// The header that carries the API key
    #[arg(long, env = "NAFTIKO_API_KEY_HEADER", default_value = "x-api-key", value_parser = trimmed, value_name = "NAME")]
    pub(super) api_key_header: String,
    /// How many requests may run at once; further ones get 503 with Retry-After
    #[arg(long, env = "NAFTIKO_MAX_IN_FLIGHT", default_value_t = 256, value_name = "COUNT", value_parser = count)]
    pub(super) max_in_flight: usize,
    /// How many connections may be open at once, all ports together; fewer if the process may open too few files
    #[arg(long, env = "NAFTIKO_MAX_CONNECTIONS", default_value_t = 16_384, value_name = "COUNT", value_parser = count)]
    pub(super) max_connections: usize,
    /// How much of all permits and memory one address may have, in percent; 100 behind a proxy
    #[arg(long, env = "NAFTIKO_ADDRESS_SHARE", default_value_t = 50, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(super) address_share: u8,
    /// How much memory bodies of slow callers may take, in MiB
    #[arg(long, env = "NAFTIKO_BODY_MEMORY", default_value_t = 32, value_name = "MIB", value_parser = count)]
    pub(super) body_memory: usize,
    /// How many requests per second each caller may send, by address; unlimited unless set
    #[arg(long, env = "NAFTIKO_RATE_LIMIT", value_name = "COUNT")]
    pub(super) rate_limit: Option<NonZeroU32>,
    /// A proxy, as an address or a network, whose word about the address of a caller counts (repeatable)
    #[arg(long, env = "NAFTIKO_TRUSTED_PROXIES", value_name = "CIDR", value_parser = list::networks)]
    pub(super) trusted_proxies: Vec<List>,
    /// The only header field in which these proxies say the address of a caller; X-Forwarded-For or Forwarded unless set
    #[arg(long, env = "NAFTIKO_FORWARDED_FIELD", value_name = "NAME", value_parser = field, requires = "trusted_proxies")]
    pub(super) forwarded_field: Option<HeaderName>,
    /// How long the head of a request may take, in seconds
    #[arg(long, env = "NAFTIKO_HEAD_TIMEOUT", default_value_t = 10, value_name = "SECONDS", value_parser = seconds)]
    pub(super) head_timeout: u64,
    /// How long a connection is kept for the next request, in seconds
    #[arg(long, env = "NAFTIKO_KEEP_ALIVE_TIMEOUT", default_value_t = 75, value_name = "SECONDS")]
    pub(super) keep_alive_timeout: u64,
    /// How long a caller may take no byte of a response, in seconds
    #[arg(long, env = "NAFTIKO_WRITE_TIMEOUT", default_value_t = 30, value_name = "SECONDS", value_parser = seconds)]
    pub(super) write_timeout: u64,
    /// The certificate chain for https, as a PEM file; plain http unless set
    #[arg(long, env = "NAFTIKO_TLS_CERTIFICATE", value_name = "FILE", requires = "tls_key")]
    pub(super) tls_certificate: Option<PathBuf>,
    /// The private key of the certificate, as a PEM file
    #[arg(long, env = "NAFTIKO_TLS_KEY", value_name = "FILE", requires = "tls_certificate")]
    pub(super) tls_key: Option<PathBuf>,
    /// Another host name under which clients may reach this server (repeatable)
    #[arg(long, env = "NAFTIKO_ALLOWED_HOSTS", value_name = "HOST", value_parser = list::hosts)]
    pub(super) allowed_host: Vec<List>,
    /// Another origin from which web pages may call this server, as scheme://host:port (repeatable)
    #[arg(long, env = "NAFTIKO_ALLOWED_ORIGINS", value_name = "ORIGIN", value_parser = list::origins)]
    pub(super) allowed_origin: Vec<List>,
    /// Log each request: method, route, status, duration and id
    #[arg(long, env = "NAFTIKO_ACCESS_LOG")]
    pub(super) access_log: bool,
    /// Print the configuration in effect, without secrets, and exit
    #[arg(long)]
    pub(super) print_config: bool,
    /// A header of callers to forward upstream (repeatable); credentials are never forwarded
    #[arg(long, env = "NAFTIKO_FORWARD_HEADERS", value_name = "NAME", value_parser = list::fields)]
    pub(super) forward_header: Vec<List>,
    /// How REST callers get API errors
    #[arg(long, env = "NAFTIKO_ERRORS", default_value = "pass-through", value_name = "FORM")]
    pub(super) errors: Errors,
    #[command(flatten)]
    pub(super) log: Log,
    #[command(flatten)]
    pub(super) upstream: Upstream,
    #[command(flatten)]
    pub(super) on_behalf: replacing::Flags,
    #[command(flatten)]
    pub(super) tools: Tools,
    /// What the variables of the capability are read from
    #[arg(skip)]
    pub(super) environment: Environment,
    /// Listen on any free ports, whatever the capability names
    #[arg(skip)]
    pub(super) any_port: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Errors {
    /// As the upstream sent them
    #[default]
    PassThrough,
    /// As problem documents (RFC 9457), with the upstream's response as a member
    Problem,
}

impl From<Errors> for ApiErrors {
    fn from(errors: Errors) -> Self {
        match errors {
            Errors::PassThrough => Self::PassThrough,
            Errors::Problem => Self::Problem,
        }
    }
}

#[derive(Args)]
#[command(mut_args = lenient)]
pub(super) struct Stdio {
    /// Who the client is, for the rules of the policy file
    #[arg(long, env = "NAFTIKO_PRINCIPAL", value_name = "NAME")]
    pub(super) principal: Option<String>,
    /// The namespace of the MCP adapter to serve, if the capability has several
    #[arg(long, env = "NAFTIKO_ADAPTER", value_name = "NAMESPACE")]
    pub(super) adapter: Option<String>,
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
    /// The format of logs on standard error
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
    /// The base URI of the upstream; NAMESPACE=URI if the capability consumes several APIs (repeatable)
    #[arg(long, env = "NAFTIKO_BASE_URI", value_name = "URI", value_parser = list::texts)]
    pub(super) base_uri: Vec<List>,
    /// How long an upstream call may take, with all its attempts, in seconds
    #[arg(long, env = "NAFTIKO_CALL_TIMEOUT", default_value_t = 30, value_name = "SECONDS", value_parser = seconds)]
    pub(super) call_timeout: u64,
    /// Allow credentials over plain http to other machines
    #[arg(long, env = "NAFTIKO_ALLOW_PLAIN_HTTP")]
    pub(super) allow_plain_http: bool,
    /// Allow path arguments that hold . or .. between slashes; they stay encoded within one segment
    #[arg(long, env = "NAFTIKO_ALLOW_DOT_SEGMENTS")]
    pub(super) allow_dot_segments: bool,
    /// How much memory responses of operations that change nothing may take, in MiB, as long as they may be used again; none unless set
    #[arg(long, env = "NAFTIKO_CACHE", value_name = "MIB")]
    pub(super) cache: Option<NonZeroU32>,
    /// The folder of the files that the capability binds variables to; the current folder unless set
    #[arg(long, env = "NAFTIKO_BIND_FILES", value_name = "DIR")]
    pub(super) bind_files: Option<PathBuf>,
    /// What runs the scripts of flows
    #[arg(skip)]
    pub(super) scripts: ScriptRunners,
}

/// The name of a header field.
fn field(text: &str) -> Result<HeaderName, &'static str> {
    text.trim().parse().map_err(|_| "it is no name of a header")
}

/// A text without blanks around it.
fn trimmed(text: &str) -> Result<String, Infallible> {
    Ok(text.trim().to_owned())
}

impl Serve {
    /// The time limits of connections.
    pub(super) fn limits(&self) -> patience::Limits {
        let [head, keep_alive, write] =
            [self.head_timeout, self.keep_alive_timeout, self.write_timeout].map(Duration::from_secs);
        patience::Limits { head, keep_alive, write }
    }

    /// The proxies that are trusted.
    pub(super) fn proxies(&self) -> Proxies {
        Proxies::new(members(&self.trusted_proxies).filter_map(|text| network(text).ok()), self.forwarded_field.clone())
    }

    /// What one address may have of so much. A few are not divided.
    pub(super) fn share(&self, all: usize) -> usize {
        let share = all.saturating_mul(self.address_share.into()).div_ceil(100);
        share.max(all.min(FEW))
    }

    /// Whether callers authenticate as the command line says, whatever the capability says.
    pub(super) fn authenticates(&self) -> bool {
        self.bearer_token.is_some() || self.api_key.is_some() || self.has_named_keys()
    }

    /// Whether there are files that are read again at a signal, besides those of binds.
    pub(super) fn has_files(&self) -> bool {
        self.tls_certificate.is_some() || self.tools.policy_file.is_some() || self.has_named_keys()
    }

    fn has_named_keys(&self) -> bool {
        self.bearer_tokens.is_some() || self.api_keys.is_some()
    }

    /// Whether the command line names an upstream.
    pub fn has_base_uri(&self) -> bool {
        !self.upstream.base_uri.is_empty()
    }

    /// Reads the files of binds from this folder, unless the command line names another.
    pub fn default_bind_files(&mut self, folder: PathBuf) {
        self.upstream.bind_files.get_or_insert(folder);
    }

    /// Sends all requests of a program to one upstream.
    pub fn use_upstream(&mut self, program: &Program, uri: &str) {
        let apis = program.served().flat_map(|served| served.capability.apis.iter());
        let namespaces: Vec<_> = apis.map(|api| &api.namespace).collect();
        self.upstream.base_uri = match namespaces.as_slice() {
            [_] => vec![uri.to_owned().into()],
            several => several.iter().map(|namespace| format!("{namespace}={uri}").into()).collect(),
        };
    }
}

impl Command {
    /// Takes what runs the scripts of flows.
    pub(super) fn set_scripts(&mut self, runners: ScriptRunners) {
        match self {
            Self::Serve(options) => options.upstream.scripts = runners,
            Self::Mcp(options) => options.upstream.scripts = runners,
            Self::Tools | Self::Routes => {}
        }
    }

    /// Whether the command runs until it is stopped.
    #[cfg(feature = "otlp")]
    pub(super) fn is_long_running(&self) -> bool {
        match self {
            Self::Serve(options) => !options.print_config,
            Self::Mcp(_) => true,
            Self::Tools | Self::Routes => false,
        }
    }

    /// The log format, and whether each request is logged.
    pub(super) fn log(&self) -> (LogFormat, bool) {
        match self {
            Self::Serve(options) => (options.log.format, options.access_log),
            Self::Mcp(options) => (options.log.format, false),
            Self::Tools | Self::Routes => (LogFormat::default(), false),
        }
    }
}

fn joined(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut joined = String::new();
    for name in names {
        joined.push_str(if joined.is_empty() { "" } else { ", " });
        joined.push_str(name.as_ref());
    }
    joined
}

/// Parses the command line. If it is invalid, prints a message and exits.
pub(super) fn parse(program: &'static Program) -> Command {
    let mut command = Arguments::command();
    if let Some(capability) = program.about() {
        command = command.name(&*capability.name).version(&*capability.version).about(&*capability.title);
    }
    let variables = program.variables().filter(|variable| variable.file.is_none());
    let names: BTreeSet<_> = variables.map(|variable| &*variable.name).collect();
    let required = (!names.is_empty()).then(|| format!("Required environment variables: {}", joined(names)));
    let default = |default: &Parameter| Some(format!("{} ({})", default.configured.as_deref()?, default.name));
    let defaults: BTreeSet<_> = program.defaults().filter_map(default).collect();
    let optional = (!defaults.is_empty()).then(|| {
        format!("Optional environment variables, with the value of an input that is left out: {}", joined(defaults))
    });
    let help: Vec<_> = required.into_iter().chain(optional).collect();
    if !help.is_empty() {
        command = command.after_help(help.join("\n"));
    }
    let parsed = Arguments::from_arg_matches(&command.clone().get_matches());
    match parsed {
        Ok(arguments) => arguments.command,
        Err(error) => error.format(&mut command).exit(),
    }
}
