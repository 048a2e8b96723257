//! The REST adapter: the OpenAPI document and its page, and the routes.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use naftiko_adapter::Forwarded;
use naftiko_client::__private::Connection;
use naftiko_rest::__private::{Problem, Routes};
use naftiko_schema::Rest;

use super::Parts;
use crate::docs::Docs;

pub(crate) struct Handler {
    routes: Routes,
    docs: Docs,
    /// Whether only safe methods are allowed.
    read_only: bool,
}

impl Handler {
    pub(super) fn new(rest: &'static Rest, parts: &Parts<'_>, connection: &Connection) -> Self {
        let read_only = parts.options.tools.read_only;
        let docs = Docs::new(rest, connection.defaults());
        let (errors, credentials) = (parts.options.errors.into(), parts.inbound.fields());
        Self { routes: Routes::new([(rest, connection.clone())], errors, &credentials), docs, read_only }
    }

    /// Whether the request is for the page of the documentation, or its document.
    pub(super) fn is_page(&self, request: &Request) -> bool {
        self.docs.is_page(request.method(), request.uri().path())
    }

    pub(super) async fn respond(&self, request: Request, forwarded: Forwarded) -> Response {
        let path = request.uri().path();
        if let Some(response) = self.docs.respond(request.method(), path).await {
            return response;
        }
        if self.read_only && !request.method().is_safe() {
            let detail = "this server is read-only; see --read-only";
            return Problem::new(StatusCode::FORBIDDEN, detail).at(path).into_response();
        }
        self.routes.respond(request, forwarded).await
    }
}

/// The paths of the capability's routes.
pub(super) fn paths(rest: &'static Rest) -> Vec<&'static str> {
    rest.routes.iter().map(|route| &*route.path).collect()
}
