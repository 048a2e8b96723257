//! The protocol's requests, answered from the tables of a capability.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, ConstString, CustomRequest, CustomResult, ErrorCode,
    GetPromptRequestMethod, GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsRequestMethod,
    ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult, ListResourcesRequestMethod,
    ListResourcesResult, ListToolsRequestMethod, ListToolsResult, MetaObject, PaginatedRequestParams,
    PromptsCapability, ProtocolVersion, ReadResourceRequestMethod, ReadResourceRequestParams, ReadResourceResponse,
    ResourcesCapability, ServerCapabilities, ServerConfig, ToolAnnotations, ToolsCapability,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt as _};

use super::call::{call, cancelled, forwarded};
use super::page::page;
use super::resources::Resources;
use super::schema::input_schema;
use super::{Caching, McpAdapter, Policy, Tool, prompts};
use crate::client::Connection;
use crate::exposure::NAME_LIMIT;

/// The revisions that are served: those with `initialize` that are still in use, and the stateless one.
pub(super) const VERSIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V_2025_06_18, ProtocolVersion::V_2025_11_25, ProtocolVersion::V_2026_07_28];

/// How long a client may keep a list, in milliseconds. It changes only with the binary.
const LIST_TTL_MS: u64 = 300_000;

/// The methods that have parameters which can be wrong.
const METHODS: [&str; 8] = [
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

impl Caching {
    fn of_lists(self) -> (u64, CacheScope) {
        (self.ttl_ms.unwrap_or(LIST_TTL_MS), scope(self.public.unwrap_or(true)))
    }

    fn of_reads(self) -> (u64, CacheScope) {
        (self.ttl_ms.unwrap_or(0), scope(self.public.unwrap_or(false)))
    }
}

fn scope(public: bool) -> CacheScope {
    if public { CacheScope::Public } else { CacheScope::Private }
}

/// An MCP server over what a capability exposes. Cloning is cheap.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    adapter: &'static McpAdapter,
    connection: Connection,
    policy: Policy,
    config: ServerConfig,
    /// Who answers, for the `_meta` of each result.
    signature: MetaObject,
    tools: Vec<rmcp::model::Tool>,
    index: HashMap<&'static str, (&'static Tool, rmcp::model::Tool)>,
    resources: Resources,
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
        let mut config = ServerConfig::new(capabilities(adapter)).with_server_info(implementation);
        if !adapter.instructions.is_empty() {
            config = config.with_instructions(adapter.instructions);
        }
        let resources = Resources::new(adapter.resources, &policy);
        let signature = server_info(&config);
        Self(Arc::new(Inner { adapter, connection, policy, config, signature, tools, index, resources }))
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

    /// Whether the list of resources may change while the server runs.
    pub(super) fn has_folders(&self) -> bool {
        self.0.resources.has_folders()
    }

    fn tool(&self, name: &str) -> Option<&'static Tool> {
        self.0.index.get(name).map(|(tool, _)| *tool)
    }
}

/// Whether a request is of MCP 2026-07-28, or later.
pub(super) fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}

/// What there is of, and nothing else.
fn capabilities(adapter: &McpAdapter) -> ServerCapabilities {
    let mut capabilities = ServerCapabilities::default();
    capabilities.tools = (!adapter.tools.is_empty()).then(ToolsCapability::default);
    capabilities.resources = (!adapter.resources.is_empty()).then(ResourcesCapability::default);
    capabilities.prompts = (!adapter.prompts.is_empty()).then(PromptsCapability::default);
    capabilities
}

/// A server knows the methods of what it has, and no others.
fn offered<M: ConstString, T>(table: &[T]) -> Result<(), ErrorData> {
    if table.is_empty() { Err(ErrorData::method_not_found::<M>()) } else { Ok(()) }
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
        offered::<ListToolsRequestMethod, _>(self.0.adapter.tools)?;
        let (tools, next) = page(&self.0.tools, request)?;
        let (ttl, scope) = self.0.adapter.caching.of_lists();
        let mut list = ListToolsResult::with_all_items(tools).with_ttl_ms(ttl).with_cache_scope(scope);
        list.next_cursor = next;
        list.meta = Some(self.0.signature.clone());
        Ok(list)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        offered::<ListResourcesRequestMethod, _>(self.0.adapter.resources)?;
        let (all, next) = page(&self.0.resources.list().await, request)?;
        let (ttl, scope) = self.0.adapter.caching.of_lists();
        let mut list = ListResourcesResult::with_all_items(all).with_ttl_ms(ttl).with_cache_scope(scope);
        list.next_cursor = next;
        list.meta = Some(self.0.signature.clone());
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        offered::<ListResourceTemplatesRequestMethod, _>(self.0.adapter.resources)?;
        let (all, next) = page(&self.0.resources.templates(), request)?;
        let (ttl, scope) = self.0.adapter.caching.of_lists();
        let mut list = ListResourceTemplatesResult::with_all_items(all).with_ttl_ms(ttl).with_cache_scope(scope);
        list.next_cursor = next;
        list.meta = Some(self.0.signature.clone());
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        offered::<ReadResourceRequestMethod, _>(self.0.adapter.resources)?;
        let (ttl, scope) = self.0.adapter.caching.of_reads();
        let read = tokio::select! {
            read = self.0.resources.read(&request.uri, &self.0.connection, &self.0.policy, forwarded(&context)) => read?,
            () = context.ct.cancelled() => return Err(cancelled()),
        };
        let mut read = read.with_ttl_ms(ttl).with_cache_scope(scope);
        read.meta = Some(self.0.signature.clone());
        Ok(read.into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        offered::<ListPromptsRequestMethod, _>(self.0.adapter.prompts)?;
        let all: Vec<_> = self.0.adapter.prompts.iter().map(prompts::describe).collect();
        let (all, next) = page(&all, request)?;
        let (ttl, scope) = self.0.adapter.caching.of_lists();
        let mut list = ListPromptsResult::with_all_items(all).with_ttl_ms(ttl).with_cache_scope(scope);
        list.next_cursor = next;
        list.meta = Some(self.0.signature.clone());
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        offered::<GetPromptRequestMethod, _>(self.0.adapter.prompts)?;
        let mut result = prompts::get(self.0.adapter.prompts, &request.name, request.arguments).await?;
        result.meta = Some(self.0.signature.clone());
        Ok(result.into())
    }

    /// What is no request that the library knows: of an unknown method, or with other parameters than its method has.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method: String = request.method.chars().take(NAME_LIMIT).collect();
        // The stateless revision has no handshake any more.
        if METHODS.contains(&method.as_str()) || (method == "initialize" && !is_stateless(&context)) {
            return Err(ErrorData::invalid_params(format!("the parameters are not those of {method}"), None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("there is no method {method}"), None))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.tool(&request.name) else {
            let name: String = request.name.chars().take(NAME_LIMIT).collect();
            return Err(ErrorData::invalid_params(format!("unknown tool: {name}"), None));
        };
        let mut response = call(tool, &self.0.connection, &self.0.policy, request, &context).await?;
        if let CallToolResponse::Complete(result) = &mut response {
            result.meta = Some(self.0.signature.clone());
        }
        Ok(response)
    }
}
