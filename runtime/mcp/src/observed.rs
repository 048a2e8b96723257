//! A server whose requests are observed.

use std::borrow::Cow;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CustomRequest, CustomResult, DiscoverResult, GetPromptRequestParams,
    GetPromptResponse, GetSkillRequestParams, GetSkillResult, InitializeRequestParams, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
    PaginatedRequestParams, ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, ServerConfig,
    SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio::sync::watch;

use super::handler::Server;
use super::observe::{OTHER, Observing, Subject};

/// Does what a server does, and observes its requests.
#[derive(Clone)]
pub(super) struct Observed<S>(pub(super) S);

/// What says which server serves a request: one, or the last of several.
pub(super) trait Source: Clone + Send + Sync + 'static {
    fn server(&self) -> Server;
}

impl Source for Server {
    fn server(&self) -> Server {
        self.clone()
    }
}

impl Source for watch::Receiver<Server> {
    fn server(&self) -> Server {
        self.borrow().clone()
    }
}

/// Methods of which only the name is of interest.
macro_rules! methods {
    ($($name:ident($method:literal, $request:ty) -> $result:ty;)*) => { $(
        async fn $name(
            &self,
            request: $request,
            context: RequestContext<RoleServer>,
        ) -> Result<$result, ErrorData> {
            let server = self.0.server();
            let observing = observing(&server, Subject::of($method), &context);
            observing.serve(server.$name(request, context), |_| false).await
        }
    )* };
}

fn observing(server: &Server, subject: Subject, context: &RequestContext<RoleServer>) -> Observing {
    Observing::new(server.policy().observer.as_ref(), subject, context)
}

impl<S: Source> ServerHandler for Observed<S> {
    methods! {
        initialize("initialize", InitializeRequestParams) -> InitializeResult;
        list_tools("tools/list", Option<PaginatedRequestParams>) -> ListToolsResult;
        list_resources("resources/list", Option<PaginatedRequestParams>) -> ListResourcesResult;
        list_resource_templates("resources/templates/list", Option<PaginatedRequestParams>) -> ListResourceTemplatesResult;
        read_resource("resources/read", ReadResourceRequestParams) -> ReadResourceResponse;
        list_prompts("prompts/list", Option<PaginatedRequestParams>) -> ListPromptsResult;
        list_skills("skills/list", Option<PaginatedRequestParams>) -> ListSkillsResult;
        get_skill("skills/get", GetSkillRequestParams) -> GetSkillResult;
        // What rmcp cannot read, whatever its method is.
        on_custom_request("_OTHER", CustomRequest) -> CustomResult;
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        let server = self.0.server();
        let observing = observing(&server, Subject::of("server/discover"), &context);
        observing.serve(server.discover(context), |_| false).await
    }

    async fn ping(&self, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let server = self.0.server();
        let observing = observing(&server, Subject::of("ping"), &context);
        observing.serve(server.ping(context), |()| false).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let server = self.0.server();
        let (prompt, capability) = server.members().prompt(&request.name).unwrap_or((OTHER, ""));
        let subject = Subject { prompt, capability, ..Subject::of("prompts/get") };
        let observing = observing(&server, subject, &context);
        observing.serve(server.get_prompt(request, context), |_| false).await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let server = self.0.server();
        let (tool, capability) = server.members().called(&request).unwrap_or((OTHER, ""));
        let subject = Subject { tool, capability, ..Subject::of("tools/call") };
        let observing = observing(&server, subject, &context);
        let is_error = |response: &CallToolResponse| matches!(response, CallToolResponse::Complete(result) if result.is_error == Some(true));
        observing.serve(server.call_tool(request, context), is_error).await
    }

    fn get_info(&self) -> ServerConfig {
        self.0.server().get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.server().supported_protocol_versions()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.server().get_tool(name)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.0.server().on_initialized(context).await;
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.0.server().accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.0.server().listen(context).await
    }
}
