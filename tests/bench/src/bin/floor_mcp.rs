//! The floor of MCP: what a server by hand would do at least, with the same library. It has one tool, which passes a call on
//! with the credential and gives the answer back as text and as structured content: no checks, no limits, no ids, no metrics.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::serve::ListenerExt as _;
use clap::Parser;
use http::header::{HeaderName, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, JsonObject, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Arguments {
    /// The port to listen on
    port: u16,
    /// The base URI of the upstream
    base_uri: String,
}

struct Upstream {
    client: reqwest::Client,
    base_uri: String,
    token: HeaderValue,
    tool: Tool,
}

#[derive(Clone)]
struct Floor(Arc<Upstream>);

impl ServerHandler for Floor {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("floor", "1"))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        (name == self.0.tool.name).then(|| self.0.tool.clone())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(vec![self.0.tool.clone()]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = |name| request.arguments.as_ref()?.get(name)?.as_str();
        let (Some(region), Some(secret)) = (text("region"), text("secret_id")) else {
            return Err(ErrorData::invalid_params("region and secret_id are texts", None));
        };
        let failed = |error: reqwest::Error| ErrorData::internal_error(error.without_url().to_string(), None);
        let uri = format!("{}/secret-manager/v1beta1/regions/{region}/secrets/{secret}", self.0.base_uri);
        let request = self.0.client.get(uri).header(HeaderName::from_static("x-auth-token"), self.0.token.clone());
        let text = request.send().await.map_err(failed)?.text().await.map_err(failed)?;
        let document: Value =
            serde_json::from_str(&text).map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
        result.structured_content = Some(document);
        Ok(result.into())
    }
}

fn tool() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}, "secret_id": {"type": "string"}},
        "required": ["region", "secret_id"],
    });
    let schema: JsonObject = schema.as_object().cloned().unwrap_or_default();
    Tool::new("get-metadata-using-secret-s-id", "Gets a secret", Arc::new(schema))
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { port, base_uri } = Arguments::parse();
    // It fails only where a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let token = std::env::var("SCALEWAY_API_KEY").context("SCALEWAY_API_KEY is not set")?.try_into()?;
    let floor = Floor(Arc::new(Upstream { client, base_uri, token, tool: tool() }));
    let config = StreamableHttpServerConfig::default().with_legacy_session_mode(false).with_json_response(true);
    let service =
        StreamableHttpService::new(move || Ok(floor.clone()), Arc::new(NeverSessionManager::default()), config);
    let listener = TcpListener::bind(("127.0.0.1", port)).await?.tap_io(|stream| {
        // What cannot be set only costs time.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, Router::new().nest_service("/mcp", service)).await?)
}
