//! The MCP server of a program for one client on standard input and output.

use std::io;

use naftiko_client::__private::{Connection, Environment, Room};
use naftiko_mcp::__private::{SharedCatalog, serve_last};
use naftiko_mcp::{Changes, Grant, Policy, Server};
use naftiko_schema::{Capability, Mcp};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use super::cli::Upstream;
use super::failure::Failure;
use super::policy::Tools;
use super::program::{Exposed, Program};
use super::upstream;

const NO_TOOLS: &str = "the capability exposes no MCP tools";

/// The MCP adapter of a program, or all of them if it is joined; that with this namespace, if there is one.
///
/// # Errors
/// If the program has no such adapter, or several apart.
pub(super) fn exposed(program: &'static Program, namespace: Option<&str>) -> Result<Vec<Exposed>, Failure> {
    let mut all = program.exposed();
    all.retain(|exposed| exposed.first().is_some_and(|first| first.adapter.mcp().is_some()));
    let known: Vec<_> = all.iter().flatten().map(|exposed| format!("`{}`", exposed.adapter.namespace())).collect();
    if let Some(namespace) = namespace {
        all.iter_mut().for_each(|exposed| exposed.retain(|one| one.adapter.namespace() == namespace));
        all.retain(|exposed| !exposed.is_empty());
    }
    let refused = match (all.len(), namespace) {
        (1, _) => return Ok(all.remove(0)),
        (0, Some(namespace)) if !known.is_empty() => {
            format!("--adapter {namespace}: the MCP adapters are {}", known.join(", "))
        }
        (0, _) => NO_TOOLS.to_owned(),
        _ => format!("several MCP adapters cannot share stdio; choose one with --adapter: {}", known.join(", ")),
    };
    Err(Failure::Refused(refused))
}

/// The server of some adapters for one client on standard input and output. Another one takes its place when the policy file is
/// read again.
pub(super) struct Local<'o> {
    program: &'static Program,
    exposed: Vec<Exposed>,
    about: &'static Capability,
    members: Vec<(&'static str, &'static Mcp, Connection)>,
    /// What is allowed, whatever the file says.
    policy: Policy,
    tools: &'o Tools,
    /// The name of the client.
    principal: Option<&'o str>,
    /// Who tells the client that the rules were replaced, if that can happen.
    changes: Option<Changes>,
    servers: watch::Sender<Server>,
}

impl<'o> Local<'o> {
    /// The server of adapters over these connections.
    ///
    /// # Errors
    /// If the policy cannot be used, or allows the client nothing.
    pub(super) fn new(
        program: &'static Program,
        exposed: Vec<Exposed>,
        connections: Vec<Connection>,
        policy: Policy,
        tools: &'o Tools,
        principal: Option<&'o str>,
    ) -> Result<Self, Failure> {
        policy
            .check(exposed.iter().filter_map(|exposed| Some((exposed.toolset(), exposed.adapter.mcp()?))))
            .map_err(|error| Failure::Refused(error.to_string()))?;
        let grant = tools.grant_on_stdio(program, &exposed, principal)?;
        if let Some(grant) = grant.as_ref().filter(|grant| grant.denies()) {
            return Err(Failure::Refused(format!(
                "the rule `{}` of the policy file does not allow this client anything; --principal says who it is",
                grant.name()
            )));
        }
        let about = exposed.first().map(|first| program.about_of(first));
        let about = about.ok_or_else(|| Failure::Refused(NO_TOOLS.to_owned()))?;
        let members = exposed.iter().zip(connections);
        let members: Vec<_> =
            members.filter_map(|(exposed, client)| Some((exposed.member, exposed.adapter.mcp()?, client))).collect();
        let changes = tools.policy_file.is_some().then(Changes::default);
        let server = server(about, &members, &policy, grant, changes.as_ref());
        let servers = watch::Sender::new(server);
        Ok(Self { program, exposed, about, members, policy, tools, principal, changes, servers })
    }

    /// Whether there is a file that can be read again.
    pub(super) fn has_file(&self) -> bool {
        self.changes.is_some()
    }

    /// Reads the policy file again. What is running goes on. If the file cannot be used, nothing changes.
    pub(super) fn read_again(&self) -> Result<(), Failure> {
        let grant = self.tools.grant_on_stdio(self.program, &self.exposed, self.principal)?;
        self.servers.send_replace(server(self.about, &self.members, &self.policy, grant, self.changes.as_ref()));
        self.changes.iter().for_each(Changes::announce);
        Ok(())
    }

    /// Serves the client until it closes its side.
    pub(super) async fn serve(
        &self,
        input: impl AsyncRead + Send + Unpin + 'static,
        output: impl AsyncWrite + Send + Unpin + 'static,
    ) -> io::Result<()> {
        serve_last(self.servers.subscribe(), input, output).await
    }
}

fn server(
    about: &'static Capability,
    members: &[(&'static str, &'static Mcp, Connection)],
    policy: &Policy,
    grant: Option<Grant>,
    changes: Option<&Changes>,
) -> Server {
    let policy = grant.into_iter().fold(policy.clone(), Policy::granted);
    let server = Server::joined(about, members.iter().cloned(), policy, &SharedCatalog::default());
    changes.into_iter().cloned().fold(server, Server::announcing)
}

/// The connections of these adapters.
///
/// # Errors
/// If they cannot be set up in this environment.
pub(super) fn connect(
    program: &'static Program,
    exposed: &[Exposed],
    options: &Upstream,
    environment: Option<&Environment>,
    room: &Room,
) -> Result<Vec<Connection>, Failure> {
    program.check_scripts(&options.scripts)?;
    upstream::check_base_uris(program, options)?;
    let cache = upstream::cache(options);
    let transport = upstream::transport(upstream::native_root_tls().as_ref(), None);
    let connect = |exposed: &Exposed| {
        let served = exposed.served;
        let client = upstream::client(program, &served.capability, options, transport.clone(), room.clone());
        let client = upstream::cached(client, cache.as_ref(), served);
        let client = match environment {
            Some(environment) => client.from_environment(environment.clone()),
            None => client,
        };
        client.build()
    };
    Ok(upstream::all(exposed.iter().map(connect))?)
}
