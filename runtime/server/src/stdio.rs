//! The MCP server of a program for one client on standard input and output.

use naftiko_client::__private::{Environment, Room};
use naftiko_mcp::__private::SharedCatalog;
use naftiko_mcp::{Policy, Server};

use super::cli::Upstream;
use super::failure::Failure;
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

/// The server of these adapters.
///
/// # Errors
/// If it cannot be set up in this environment.
pub(super) fn server(
    program: &'static Program,
    exposed: &[Exposed],
    options: &Upstream,
    environment: Option<&Environment>,
    room: &Room,
    policy: Policy,
) -> Result<Server, Failure> {
    policy
        .check(exposed.iter().filter_map(|exposed| Some((exposed.toolset(), exposed.adapter.mcp()?))))
        .map_err(|error| Failure::Refused(error.to_string()))?;
    program.check_scripts(&options.scripts)?;
    upstream::check_base_uris(program, options)?;
    let (tls, cache) = (upstream::native_root_tls(), upstream::cache(options));
    let connect = |Exposed { served, adapter, member, .. }: &Exposed| {
        let client = upstream::client(program, &served.capability, options, tls.clone(), None, room.clone());
        let client = upstream::cached(client, cache.as_ref(), served);
        let client = match environment {
            Some(environment) => client.from_environment(environment.clone()),
            None => client,
        };
        let connection = client.build()?;
        Ok(adapter.mcp().map(|mcp| (*member, mcp, connection)))
    };
    let members = exposed.iter().map(connect).collect::<Result<Vec<_>, Failure>>()?;
    let about = exposed.first().map(|first| program.about_of(first));
    let about = about.ok_or_else(|| Failure::Refused(NO_TOOLS.to_owned()))?;
    Ok(Server::joined(about, members.into_iter().flatten(), policy, &SharedCatalog::default()))
}
