//! The OpenAPI document of the routes, and a page that shows it without loading anything from another host.

mod allowed;
mod defaults;
mod members;

use std::borrow::Cow;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use naftiko_client::__private::{Connection, on_heap};
use naftiko_rest::__private::Tables;
use naftiko_schema::{Group, Rest};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};
use tower::ServiceExt as _;

use allowed::Documents;

const DOCUMENT: &str = "/openapi.json";
const PAGE: &str = "/docs";
/// The files that the page loads. It uses its own path for the document, because a capability may define the usual path.
const LOADED: [&str; 4] = ["/docs/openapi.json", "/docs/start.js", SCRIPT, STYLES];
const SCRIPT: &str = "/docs/swagger-ui-bundle.js";
const STYLES: &str = "/docs/swagger-ui.css";
/// The document contains texts of a specification, so the page must not run or load anything from them.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves the document and the page, unless the capability defines their paths itself.
pub(super) struct Docs {
    document: Bytes,
    /// What callers see of it if that is not all.
    parts: Documents,
    has_document: bool,
    has_page: bool,
    assets: Router,
}

impl Docs {
    /// The documentation of an adapter, or of these members of a group, which have these paths. Of the document, callers of so many
    /// rules may see different parts.
    pub(super) fn new(
        adapters: &[(&'static Rest, Connection)],
        tables: &Tables,
        group: Option<(&'static Group, &[&str])>,
        rules: usize,
    ) -> Self {
        let api_definition = OpenApiSource::Uri(DOCUMENT);
        let document: Cow<'static, str> = match group {
            Some((group, members)) => members::only(&group.openapi, &group.members, members),
            None => adapters.first().map_or("", |(adapter, _)| &*adapter.openapi).into(),
        };
        let in_effect: Vec<_> = adapters.iter().map(|(_, connection)| connection.defaults()).collect();
        let is_free = |path: &str| !tables.has_path(path);
        Self {
            document: defaults::configured(document, &in_effect),
            parts: Documents::new(rules.max(1)),
            has_document: is_free(DOCUMENT),
            has_page: LOADED.iter().chain([&PAGE]).all(|path| is_free(path)),
            assets: generate_routes(ApiDefinition { uri_prefix: PAGE, api_definition, title: None }),
        }
    }

    /// Whether this is a request for the page or the document.
    pub(super) fn is_page(&self, method: &Method, path: &str) -> bool {
        let is_one = (path == PAGE && self.has_page) || (path == DOCUMENT && self.has_document);
        matches!(*method, Method::GET | Method::HEAD) && is_one
    }

    /// The response, if the request is for one of these paths. The document has the routes that are allowed to callers of the rule
    /// with this number, unless all are.
    pub(super) async fn respond(
        &self,
        method: &Method,
        path: &str,
        only: Option<(usize, impl Fn(&Method, &str) -> bool)>,
    ) -> Option<Response> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let document = || match only {
            Some((number, is_allowed)) => self.parts.of(number, || allowed::only(&self.document, is_allowed)),
            None => self.document.clone(),
        };
        let response = match path {
            DOCUMENT if self.has_document => text("application/json", document()),
            _ if !self.has_page => return None,
            PAGE => text("text/html; charset=utf-8", include_str!("page.html")),
            "/docs/start.js" => text("text/javascript; charset=utf-8", include_str!("start.js")),
            "/docs/openapi.json" => text("application/json", document()),
            // On the heap, to keep the future of all other requests small.
            SCRIPT | STYLES => on_heap(|| self.asset(path)).await,
            _ => return None,
        };
        Some(([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")], response).into_response())
    }

    async fn asset(&self, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty());
        match request {
            Ok(request) => self.assets.clone().oneshot(request).await.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

fn text(media_type: &'static str, text: impl Into<Bytes>) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], text.into()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use naftiko_client::ClientBuilder;
    use naftiko_schema::{Binding, Capability, Operation, OperationId, RetrySafety, Route, calls};

    static CAPABILITY: Capability = Capability::new("t", "", "");
    static OPERATION: Operation =
        Operation::new(OperationId(0), "any", naftiko_schema::Method::Post, RetrySafety::OnlyIfNotProcessed);

    fn docs(path: &'static str) -> Docs {
        let route = Route::new(OPERATION.method, path, Binding::new(calls(&OPERATION))).captures(&[None]);
        let connection = ClientBuilder::<Connection>::new(&CAPABILITY).build().expect("a connection");
        let rest: &'static Rest = Box::leak(Box::new(Rest::new(0).routes(vec![route].leak()).openapi("{}")));
        Docs::new(&[(rest, connection)], &Tables::new([rest], &[]), None, 0)
    }

    #[test]
    fn paths_of_the_capability_take_precedence() {
        let cases = [
            ("/things", true, true),
            ("/{any}/openapi.json/x", true, true),
            ("/openapi.json", false, true),
            ("/docs", true, false),
            ("/docs/{page}", true, false),
            ("/{any}", false, false),
            ("/{any+}", false, false),
        ];
        for (path, has_document, has_page) in cases {
            let docs = docs(path);
            assert_eq!((docs.has_document, docs.has_page), (has_document, has_page), "{path}");
        }
    }
}
