//! The MCP server of a program for one client on standard input and output.

use naftiko_client::__private::{Environment, Room};
use naftiko_mcp::__private::SharedCatalog;
use naftiko_mcp::{Policy, Server};

use super::cli::Upstream;
use super::failure::Failure;
use super::program::{Exposed, Program};
use super::upstream;

/// The server of the MCP adapter of a program, or of all of them if it is joined.
///
/// # Errors
/// If the program has no MCP adapter, or several apart, or it cannot be set up in this environment.
pub(super) fn server(
    program: &'static Program,
    options: &Upstream,
    environment: Option<&Environment>,
    room: &Room,
    policy: Policy,
) -> Result<Server, Failure> {
    let all = program.exposed().into_iter();
    let mut all = all.filter(|exposed| exposed.first().is_some_and(|first| first.adapter.mcp().is_some()));
    let exposed = match (all.next(), all.next()) {
        (Some(only), None) => only,
        (None, _) => return Err(Failure::Refused("the capability exposes no MCP tools".to_owned())),
        (Some(_), Some(_)) => return Err(Failure::Refused("several MCP adapters cannot share stdio".to_owned())),
    };
    policy
        .check(exposed.iter().filter_map(|exposed| Some((exposed.toolset(), exposed.adapter.mcp()?))))
        .map_err(|error| Failure::Refused(error.to_string()))?;
    program.check_scripts(&options.scripts)?;
    upstream::check_base_uris(program, options)?;
    let (tls, cache) = (upstream::native_root_tls(), upstream::cache(options));
    let connect = |Exposed { served, adapter, member }: &Exposed| {
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
    let about = about.ok_or_else(|| Failure::Refused("the capability exposes no MCP tools".to_owned()))?;
    Ok(Server::joined(about, members.into_iter().flatten(), policy, &SharedCatalog::default()))
}
