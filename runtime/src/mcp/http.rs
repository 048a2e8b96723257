//! Streamable HTTP, without sessions: any replica can answer any request.

use std::sync::Arc;

use axum::Router;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::Server;

/// The largest request body, in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// Who may talk to the HTTP endpoint.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Values of `Host` that are accepted, with or without port. Others are a sign of DNS rebinding.
    pub allowed_hosts: Vec<String>,
    /// Values of `Origin` that are accepted, as `scheme://host:port` with `*` for any port. Requests without are fine.
    pub allowed_origins: Vec<String>,
    /// Ends running requests when it is cancelled.
    pub cancellation: CancellationToken,
}

impl Default for HttpOptions {
    /// Clients on this machine only.
    fn default() -> Self {
        let local = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Self {
            allowed_hosts: local(&["localhost", "127.0.0.1", "::1"]),
            allowed_origins: local(&["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"]),
            cancellation: CancellationToken::new(),
        }
    }
}

impl Server {
    /// The endpoint `/mcp` as an axum router.
    pub fn router(self, options: HttpOptions) -> Router {
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_allowed_hosts(options.allowed_hosts)
            .with_allowed_origins(options.allowed_origins)
            .enforce_origin_validation()
            .with_max_request_body_bytes(BODY_LIMIT)
            .with_cancellation_token(options.cancellation);
        let sessions = Arc::new(NeverSessionManager::default());
        let service = StreamableHttpService::new(move || Ok(self.clone()), sessions, config);
        Router::new().nest_service("/mcp", service)
    }
}
