//! The handler of MCP requests, over the tables of a capability.

use std::borrow::Cow;
use std::sync::Arc;

use naftiko_adapter::short;
use naftiko_client::__private::{Connection, TARGET, on_heap};
use naftiko_schema::{Capability, Mcp};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
    GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams, GetSkillResult, Implementation,
    InitializeRequestParams, InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListSkillsResult, ListToolsResult, MetaObject, PaginatedRequestParams, PromptsCapability, ProtocolVersion,
    ReadResourceRequestParams, ReadResourceResponse, ResourcesCapability, ServerCapabilities, ServerConfig,
    SubscriptionFilter, ToolsCapability,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::audit::AuditOutcome;
use super::call::{call, principal, refused};
use super::changes::Changes;
use super::failure::cancelled;
use super::forwarded::forwarded;
use super::member::{Indexed, Member};
use super::members::{Declared, Members, SharedCatalog};
use super::page::page;
use super::resources::Resources;
use super::revision::{VERSIONS, is_stateless};
use super::structure::as_declared;
use super::trail::Trail;
use super::{Policy, prompts};

/// The methods whose parameters can be invalid.
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

/// The same, of servers with skills.
const SKILL_METHODS: [&str; 2] = ["skills/list", "skills/get"];

/// The MCP server of one or more capabilities. Cloning is cheap.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    /// What the server calls itself.
    about: &'static Capability,
    members: Members,
    policy: Policy,
    config: ServerConfig,
    /// Server info for `_meta` of each result.
    server_info_meta: MetaObject,
    resources: Resources,
    /// Who says that lists have changed, if they can.
    changes: Option<Changes>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("capability", &self.0.about.name).finish_non_exhaustive()
    }
}

impl Server {
    #[doc(hidden)]
    pub fn new(adapter: &'static Mcp, connection: &Connection) -> Self {
        Self::joined(
            connection.capability(),
            [("", adapter, connection.clone())],
            Policy::default(),
            &SharedCatalog::default(),
        )
    }

    /// A server with the name, title and version of `about`, which offers what all of these adapters do: each with what callers
    /// call its capability, or nothing on a server of one. No two of them have a tool or a prompt of the same name. Servers that share
    /// a catalog have the same adapters and policy, but for the rule of their callers.
    #[doc(hidden)]
    pub fn joined(
        about: &'static Capability,
        adapters: impl IntoIterator<Item = (&'static str, &'static Mcp, Connection)>,
        policy: Policy,
        shared: &SharedCatalog,
    ) -> Self {
        let members = adapters.into_iter().map(|(name, adapter, connection)| Member { name, adapter, connection });
        Self::with_parts(about, members.collect(), policy, shared)
    }

    /// The same server with a policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        let Inner { about, members, changes, .. } = &*self.0;
        let server = Self::with_parts(about, members.all().to_vec(), policy, &SharedCatalog::default());
        match changes {
            Some(changes) => server.announcing(changes.clone()),
            None => server,
        }
    }

    fn with_parts(about: &'static Capability, members: Vec<Member>, policy: Policy, shared: &SharedCatalog) -> Self {
        let members = Members::new(members, &policy, shared);
        let implementation = Implementation::new(&*about.name, &*about.version).with_title(&*about.title);
        let resources = Resources::new(members.all(), members.cut(), &policy);
        let mut config = ServerConfig::new(capabilities(members.declared())).with_server_info(implementation);
        let instructions = members.instructions();
        if !instructions.is_empty() {
            config = config.with_instructions(instructions);
        }
        let server_info_meta = server_info(&config);
        Self(Arc::new(Inner { about, members, policy, config, server_info_meta, resources, changes: None }))
    }

    /// The same server, whose clients hear of these changes if they ask for it. Clones that exist already do not.
    #[must_use]
    pub fn announcing(mut self, changes: Changes) -> Self {
        match Arc::get_mut(&mut self.0) {
            Some(inner) => {
                Changes::declare(true, &mut inner.config.capabilities);
                inner.changes = Some(changes);
                self
            }
            // What others share stays as it is.
            None => {
                let Inner { about, members, policy, .. } = &*self.0;
                Self::with_parts(about, members.all().to_vec(), policy.clone(), &SharedCatalog::default())
                    .announcing(changes)
            }
        }
    }

    pub(super) fn members(&self) -> &Members {
        &self.0.members
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// A typing error in a pattern must not pass without a word, nor files that are not offered.
    pub(super) fn warn_of_policy(&self) {
        let members = self.0.members.all();
        if let Err(error) = self.0.policy.check(members.iter().map(|member| (member.toolset(), member.adapter))) {
            tracing::warn!(target: TARGET, %error, "a pattern of the policy has no effect");
        }
        members.iter().for_each(|member| self.0.policy.warn_of_withheld_files(member.adapter));
    }

    /// How long a list may be cached, for whom, and which server made it, for clients that know of these (MCP 2026-07-28).
    fn list_hints(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> (Option<u64>, Option<CacheScope>, Option<MetaObject>) {
        let (ttl, scope) = self.list_cache_hints();
        let is_known = is_stateless(context);
        let server_info = is_known.then(|| self.0.server_info_meta.clone());
        (is_known.then_some(ttl), is_known.then_some(scope), server_info)
    }

    fn list_cache_hints(&self) -> (u64, CacheScope) {
        let (ttl, is_public) = self.0.members.list_cache_hints();
        (ttl, self.scope(is_public))
    }

    /// For whom something may be cached. What depends on the rule of a caller is not for others.
    fn scope(&self, is_public: bool) -> CacheScope {
        if is_public && self.0.policy.rule().is_none() { CacheScope::Public } else { CacheScope::Private }
    }

    /// Whether the list of resources may change while the server runs.
    pub(super) fn has_folders(&self) -> bool {
        self.0.resources.has_folders()
    }
}

/// Advertises only the capabilities that this server has.
fn capabilities(declared: Declared) -> ServerCapabilities {
    let mut capabilities = if declared.skills {
        ServerCapabilities::builder().enable_skills().build()
    } else {
        ServerCapabilities::default()
    };
    capabilities.tools = declared.tools.then(ToolsCapability::default);
    capabilities.resources = declared.resources.then(ResourcesCapability::default);
    capabilities.prompts = declared.prompts.then(PromptsCapability::default);
    capabilities
}

/// Server info for `_meta` of a result (MCP 2026-07-28).
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

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut initialized = self.negotiate_initialize(&request)?;
        // Over HTTP there are no sessions, and so nothing comes unless it was asked for.
        if context.extensions.get::<http::request::Parts>().is_some() {
            Changes::declare(false, &mut initialized.capabilities);
        }
        Ok(initialized)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        if let Some(changes) = self.0.changes.clone() {
            tokio::spawn(changes.serve_session(context.peer, self.0.config.capabilities.clone()));
        }
    }

    /// The lists that are asked for; the SDK leaves of them what the capabilities declare. Single resources are never accepted, and
    /// the SDK would compare each that is asked for with each that is accepted.
    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.0.changes.as_ref()?;
        let mut accepted = SubscriptionFilter::default();
        accepted.tools_list_changed = requested.tools_list_changed;
        accepted.prompts_list_changed = requested.prompts_list_changed;
        accepted.resources_list_changed = requested.resources_list_changed;
        Some(accepted)
    }

    async fn listen(&self, subscription: SubscriptionContext) -> Result<(), ErrorData> {
        if let Some(changes) = &self.0.changes {
            changes.serve(&subscription).await;
        }
        Ok(())
    }

    async fn discover(&self, _: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let mut discovered = DiscoverResult::from_server_info(VERSIONS.to_vec(), self.get_info());
        (discovered.ttl_ms, discovered.cache_scope) = self.list_cache_hints();
        Ok(discovered)
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        self.0.members.description(name).map(Cow::into_owned)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let (tools, next) = page(self.0.members.listed(is_stateless(&context)), request)?;
        let mut list = ListToolsResult::with_all_items(tools);
        list.next_cursor = next;
        (list.ttl_ms, list.cache_scope, list.meta) = self.list_hints(&context);
        Ok(list)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let (all, next) = page(&self.0.resources.list().await, request)?;
        let mut list = ListResourcesResult::with_all_items(all);
        list.next_cursor = next;
        (list.ttl_ms, list.cache_scope, list.meta) = self.list_hints(&context);
        Ok(list)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let (all, next) = page(&self.0.resources.templates(), request)?;
        let mut list = ListResourceTemplatesResult::with_all_items(all);
        list.next_cursor = next;
        (list.ttl_ms, list.cache_scope, list.meta) = self.list_hints(&context);
        Ok(list)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let Inner { members, resources, policy, .. } = &*self.0;
        let (ttl, is_public) = members.read_cache_hints();
        // On the heap, because rmcp moves the future of a request dozens of times.
        let read = on_heap(|| resources.read(&request.uri, policy, principal(&context), forwarded(&context)));
        let read = tokio::select! {
            read = read => read?,
            () = context.ct.cancelled() => return Err(cancelled()),
        };
        let mut read = read.with_ttl_ms(ttl).with_cache_scope(self.scope(is_public));
        read.meta = Some(self.0.server_info_meta.clone());
        Ok(read.into())
    }

    async fn list_skills(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListSkillsResult, ErrorData> {
        let (all, next) = page(self.0.resources.skills().all(), request)?;
        let mut list = ListSkillsResult::with_all_items(all);
        list.next_cursor = next;
        (list.ttl_ms, list.cache_scope, list.meta) = self.list_hints(&context);
        Ok(list)
    }

    async fn get_skill(
        &self,
        request: GetSkillRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetSkillResult, ErrorData> {
        let mut result = self.0.resources.skills().get(&request.uri)?;
        (result.ttl_ms, result.cache_scope, result.meta) = self.list_hints(&context);
        Ok(result)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let shown = self.0.members.prompts().filter(|prompt| self.0.policy.shows_prompt(prompt));
        let all: Vec<_> = shown.map(prompts::describe).collect();
        let (all, next) = page(&all, request)?;
        let mut list = ListPromptsResult::with_all_items(all);
        list.next_cursor = next;
        (list.ttl_ms, list.cache_scope, list.meta) = self.list_hints(&context);
        Ok(list)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let Inner { members, policy, .. } = &*self.0;
        let mut result = prompts::get(members.prompts(), policy, &request.name, request.arguments).await?;
        result.meta = Some(self.0.server_info_meta.clone());
        Ok(result.into())
    }

    /// A request that rmcp cannot parse: an unknown method, or invalid parameters of a known one.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = short(&request.method);
        // The stateless revision has no handshake.
        let has_skills = self.0.members.declared().skills;
        let is_known = METHODS.contains(&&*method) || (has_skills && SKILL_METHODS.contains(&&*method));
        if is_known || (method == "initialize" && !is_stateless(&context)) {
            return Err(ErrorData::invalid_params(format!("invalid parameters for {method}"), None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, format!("unknown method: {method}"), None))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let policy = &self.0.policy;
        if let Some((hidden, request)) = self.0.members.hidden(&request) {
            Trail::new(policy, hidden, &request, &context, self.0.members.all()).ended.outcome =
                AuditOutcome::Forbidden;
        }
        // Searches take time, and a hidden tool is one that does not exist.
        if !self.0.members.has(&request)
            && let Err(limited) = policy.admit(principal(&context), &[])
        {
            return Ok(refused(&short(&request.name), &limited).into());
        }
        let request = match self.0.members.meant(request) {
            Ok(request) => request,
            Err(mut found) => {
                found.meta = Some(self.0.server_info_meta.clone());
                return Ok((*found).into());
            }
        };
        let Some((indexed, connection)) = self.0.members.callable(&request.name) else {
            let text = format!("unknown tool: {}{}", short(&request.name), policy.rule_note());
            return Err(ErrorData::invalid_params(text, None));
        };
        let Indexed { tool, has_output, .. } = indexed;
        let mut trail = Trail::new(policy, indexed, &request, &context, self.0.members.all());
        // On the heap, because rmcp moves the future of a request dozens of times.
        let mut response = on_heap(|| call(tool, connection, policy, request, &context, &mut trail.ended)).await?;
        drop(trail);
        if let CallToolResponse::Complete(result) = &mut response {
            result.meta = Some(self.0.server_info_meta.clone());
            if *has_output {
                as_declared(result, self.0.policy.response_budget);
            }
            // Clients before MCP 2026-07-28 get other values as text only.
            result.structured_content.take_if(|content| !is_stateless(&context) && !content.is_object());
        }
        Ok(response)
    }
}
