//! The REST adapter: the OpenAPI document and its page, and the routes.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use naftiko_adapter::Forwarded;
use naftiko_rest::__private::{Problem, Routes};

use super::{Member, Parts};
use crate::docs::Docs;

pub(crate) struct Handler {
    routes: Routes,
    docs: Docs,
    /// Whether only safe methods are allowed.
    read_only: bool,
}

impl Handler {
    pub(super) fn new(members: &[Member], parts: &Parts<'_>) -> Self {
        let read_only = parts.options.tools.read_only;
        let adapters: Vec<_> = members.iter().filter_map(Member::rest).collect();
        let names: Vec<_> = members.iter().map(|member| member.exposed.member).collect();
        let docs = Docs::new(&adapters, parts.group.map(|group| (group, &*names)));
        let (errors, credentials) = (parts.options.errors.into(), parts.inbound.fields());
        Self { routes: Routes::new(adapters, errors, &credentials), docs, read_only }
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
