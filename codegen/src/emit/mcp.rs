//! `src/mcp.rs`: the tools, resources and prompts of the MCP server.

use naftiko_schema::Mcp;

use super::rust::Item;
use super::{flows, rust, tables};
use crate::model::Model;

const IMPORTS: &str = "use naftiko_client::schema::*;
pub use naftiko_mcp::{Confirmation, HttpOptions, OutputSchemas, Policy, Server, ShortKey};
";

const SERVER: &str = "pub fn server(client: &Client) -> Server {
    Server::new(&ADAPTER, client.connection())
}
";

pub(super) fn emit(model: &Model, mcp: &Mcp) -> String {
    let mounted = rust::mounted("The server with all of it, to be served over Streamable HTTP or stdio.", &mcp.auth);
    let mut modules: Vec<&str> = flows::modules(&mcp.bindings().collect::<Vec<_>>());
    modules.extend(mcp.skills.iter().filter_map(|skills| model.module_of_skills(&skills.namespace)));
    let items = [
        Item::from(IMPORTS),
        Item::from(flows::imports(modules)),
        Item::adapter("Mcp", tables::expression(mcp, model)),
        Item::from(format!("{mounted}{SERVER}")),
    ];
    rust::file(model, "The MCP server: the tools, resources and prompts that the capability exposes.", items)
}
