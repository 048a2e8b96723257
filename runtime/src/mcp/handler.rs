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

use super::call::call;
use super::schema::input_schema;
use super::{McpAdapter, Policy, Tool};
use crate::client::Connection;

/// The revisions that are served: those with `initialize` that are still in use, and the stateless one.
pub(super) const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// How long a client may keep the list of tools, in milliseconds. It changes only with the binary.
const LIST_TTL_MS: u64 = 300_000;

/// An MCP server over the tools of a capability. Cloning is cheap.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    adapter: &'static McpAdapter,
    connection: Connection,
    policy: Policy,
    config: ServerConfig,
    list: ListToolsResult,
    index: HashMap<&'static str, (&'static Tool, rmcp::model::Tool)>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("capability", &self.0.adapter.capability.name).finish_non_exhaustive()
    }
}

impl Server {
    #[doc(hidden)]
    pub fn new(adapter: &'static McpAdapter, connection: &Connection) -> Self {
        Self::under(adapter, connection.clone(), Policy::default())
    }

    /// The same server under a policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self::under(self.0.adapter, self.0.connection.clone(), policy)
    }

    fn under(adapter: &'static McpAdapter, connection: Connection, policy: Policy) -> Self {
        let shown: Vec<_> = adapter.tools.iter().filter(|tool| policy.shows(tool)).collect();
        let tools: Vec<_> = shown.iter().map(|tool| describe(tool)).collect();
        let index = shown.iter().zip(&tools).map(|(tool, description)| (tool.name, (*tool, description.clone())));
        let index = index.collect();
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
        Self(Arc::new(Inner { adapter, connection, policy, config, list, index }))
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
        self.0.index.get(name).map(|(tool, _)| *tool)
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
        let mut response = call(tool, &self.0.connection, &self.0.policy, request, &context).await?;
        if let CallToolResponse::Complete(result) = &mut response {
            result.meta = Some(server_info(&self.0.config));
        }
        Ok(response)
    }
}
