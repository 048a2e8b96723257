//! The protocol's requests, answered from the table of tools.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, Implementation, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};
use serde_json::Value;

use super::result::result;
use super::schema::input_schema;
use super::{McpAdapter, Tool};
use crate::arguments::Argument;
use crate::client::Connection;
use crate::error::Error;
use crate::exposure::{Forwarded, unknown_input};
use crate::operation::Kind;

/// The revisions that are served: those with `initialize` that are still in use, and the stateless one.
const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// How long a client may keep the list of tools, in milliseconds. It changes only with the binary.
const LIST_TTL_MS: u64 = 300_000;

/// An MCP server over the tools of a capability. Cloning is cheap.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    adapter: &'static McpAdapter,
    connection: Connection,
    config: ServerConfig,
    list: ListToolsResult,
    index: HashMap<&'static str, (usize, rmcp::model::Tool)>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("capability", &self.0.adapter.capability.name).finish_non_exhaustive()
    }
}

impl Server {
    #[doc(hidden)]
    pub fn new(adapter: &'static McpAdapter, connection: &Connection) -> Self {
        let tools: Vec<_> = adapter.tools.iter().map(describe).collect();
        let index = adapter.tools.iter().zip(&tools).enumerate();
        let index = index.map(|(index, (tool, description))| (tool.name, (index, description.clone()))).collect();
        let capability = adapter.capability;
        let implementation = Implementation::new(capability.name, capability.version).with_title(capability.title);
        let mut config =
            ServerConfig::new(ServerCapabilities::builder().enable_tools().build()).with_server_info(implementation);
        if !adapter.instructions.is_empty() {
            config = config.with_instructions(adapter.instructions);
        }
        let mut list =
            ListToolsResult::with_all_items(tools).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public);
        list.meta = Some(server_info(&config));
        Self(Arc::new(Inner { adapter, connection: connection.clone(), config, list, index }))
    }

    /// Serves one client over standard input and output until it closes them.
    ///
    /// # Errors
    /// When the streams break.
    pub async fn serve_stdio(self) -> std::io::Result<()> {
        match self.serve(rmcp::transport::stdio_pipes()).await {
            Ok(running) => running.waiting().await.map(drop).map_err(std::io::Error::other),
            // A client that leaves before its first request has done nothing wrong.
            Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(std::io::Error::other(error)),
        }
    }

    fn tool(&self, name: &str) -> Option<&'static Tool> {
        self.0.index.get(name).and_then(|(index, _)| self.0.adapter.tools.get(*index))
    }
}

fn describe(tool: &Tool) -> rmcp::model::Tool {
    let hints = tool.hints;
    let annotations = ToolAnnotations::from_raw(
        Some(tool.title.to_owned()),
        Some(hints.read_only),
        Some(hints.destructive),
        Some(hints.idempotent),
        Some(hints.open_world),
    );
    rmcp::model::Tool::new(tool.name, tool.description, Arc::new(input_schema(tool.call.inputs())))
        .with_title(tool.title)
        .with_annotations(annotations)
}

/// Who answers, for the `_meta` of a result (MCP 2026-07-28).
fn server_info(config: &ServerConfig) -> MetaObject {
    let mut meta = MetaObject::default();
    if let Ok(info) = serde_json::to_value(&config.server_info) {
        meta.0.insert("io.modelcontextprotocol/serverInfo".to_owned(), info);
    }
    meta
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        self.0.config.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(&VERSIONS)
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        self.0.index.get(name).map(|(_, description)| description.clone())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        // Everything is on the first page, so no cursor is ever valid.
        if request.is_some_and(|request| request.cursor.is_some()) {
            return Err(ErrorData::invalid_params("invalid cursor", None));
        }
        Ok(self.0.list.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.tool(&request.name) else {
            let name: String = request.name.chars().take(64).collect();
            return Err(ErrorData::invalid_params(format!("unknown tool: {name}"), None));
        };
        let mut values = tool.call.values();
        let mut violations = Vec::new();
        for (name, value) in request.arguments.unwrap_or_default() {
            let mut inputs = tool.call.inputs().iter().enumerate();
            match inputs.find(|(_, input)| input.name == name) {
                // Null stands for "left out" where it could not be meant as a value; models like to write it.
                Some((_, input)) if value == Value::Null && input.kind != Kind::Any => {}
                Some((index, _)) => {
                    if let Some(slot) = values.get_mut(index) {
                        *slot = Some(Argument::Value(value));
                    }
                }
                None => violations.push(unknown_input(&name, tool.call.inputs())),
            }
        }
        let forwarded = context.extensions.get::<http::request::Parts>();
        let forwarded = forwarded.and_then(|parts| parts.extensions.get::<Forwarded>()).cloned().unwrap_or_default();
        let outcome = if violations.is_empty() {
            tokio::select! {
                outcome = tool.call.execute(&self.0.connection, values, forwarded) => outcome,
                // Dropping the call closes the upstream request; nobody waits for this answer any more.
                () = context.ct.cancelled() => return Err(ErrorData::internal_error("the call was cancelled", None)),
            }
        } else {
            Err(Error::arguments(tool.call.operation.name, violations))
        };
        let mut result = result(&tool.call, outcome);
        result.meta = Some(server_info(&self.0.config));
        Ok(result.into())
    }
}
