//! The MCP adapter over HTTP: one endpoint.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use naftiko_adapter::{Forwarded, Principal};
use naftiko_client::__private::Connection;
use naftiko_mcp::__private::{Endpoint, PATH};
use naftiko_mcp::Server;
use naftiko_rest::__private::Problem;
use naftiko_schema::Mcp;

use super::Parts;

pub(crate) struct Handler(Endpoint);

/// Whether the path is the endpoint's: its own, or the root, where the reference engine has it.
pub(super) fn is_endpoint(path: &str) -> bool {
    matches!(path, PATH | "/")
}

impl Handler {
    pub(super) fn new(mcp: &'static Mcp, parts: &Parts<'_>, connection: &Connection) -> Self {
        let server = Server::new(mcp, connection).with_policy(parts.policy.clone());
        Self(server.endpoint(parts.access.mcp(parts.abort.clone()), parts.access.checks_hosts()))
    }

    pub(super) async fn respond(&self, mut request: Request, forwarded: Forwarded, principal: Principal) -> Response {
        let path = request.uri().path();
        if !is_endpoint(path) {
            return Problem::not_found(path).at(path).into_response();
        }
        request.extensions_mut().insert(forwarded);
        request.extensions_mut().insert(principal);
        self.0.respond(request).await
    }
}
