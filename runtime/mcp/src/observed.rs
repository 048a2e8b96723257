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

use super::handler::Server;
use super::observe::{OTHER, Observing, Subject};

/// Does what the server does, and observes its requests.
#[derive(Clone)]
pub(super) struct Observed(pub(super) Server);

/// Methods of which only the name is of interest.
macro_rules! methods {
    ($($name:ident($method:literal, $request:ty) -> $result:ty;)*) => { $(
        async fn $name(
            &self,
            request: $request,
            context: RequestContext<RoleServer>,
        ) -> Result<$result, ErrorData> {
            let observing = self.observing(Subject::of($method), &context);
            observing.serve(self.0.$name(request, context), |_| false).await
        }
    )* };
}

impl Observed {
    fn observing(&self, subject: Subject, context: &RequestContext<RoleServer>) -> Observing {
        Observing::new(self.0.policy().observer.as_ref(), subject, context)
    }
}

impl ServerHandler for Observed {
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
        let observing = self.observing(Subject::of("server/discover"), &context);
        observing.serve(self.0.discover(context), |_| false).await
    }

    async fn ping(&self, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        let observing = self.observing(Subject::of("ping"), &context);
        observing.serve(self.0.ping(context), |()| false).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let (prompt, capability) = self.0.members().prompt(&request.name).unwrap_or((OTHER, ""));
        let subject = Subject { prompt, capability, ..Subject::of("prompts/get") };
        let observing = self.observing(subject, &context);
        observing.serve(self.0.get_prompt(request, context), |_| false).await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let (tool, capability) = self.0.members().called(&request).unwrap_or((OTHER, ""));
        let subject = Subject { tool, capability, ..Subject::of("tools/call") };
        let observing = self.observing(subject, &context);
        let is_error = |response: &CallToolResponse| matches!(response, CallToolResponse::Complete(result) if result.is_error == Some(true));
        observing.serve(self.0.call_tool(request, context), is_error).await
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.get_tool(name)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.0.on_initialized(context).await;
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.0.accepted_subscription_filter(requested)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.0.listen(context).await
    }
}
