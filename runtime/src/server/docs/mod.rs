//! What people and tools read about the routes: the OpenAPI document, and a page that shows it without any other host.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use swagger_ui_dist::{ApiDefinition, OpenApiSource, generate_routes};
use tower::ServiceExt as _;

use crate::rest::RestAdapter;

const DOCUMENT: &str = "/openapi.json";
const PAGE: &str = "/docs";
/// What the page loads. It has the document at a path of its own, because a capability may have the usual one itself.
const LOADED: [&str; 4] = ["/docs/openapi.json", "/docs/start.js", SCRIPT, STYLES];
const SCRIPT: &str = "/docs/swagger-ui-bundle.js";
const STYLES: &str = "/docs/swagger-ui.css";
/// Texts of the document come from a specification, so that nothing in them may run or load anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers for the document and the page, unless the capability has their paths itself, which it keeps.
#[derive(Clone)]
pub(super) struct Docs {
    document: &'static str,
    has_document: bool,
    has_page: bool,
    assets: Router,
}

impl Docs {
    pub(super) fn new(adapter: &'static RestAdapter) -> Self {
        let api_definition = OpenApiSource::Uri(DOCUMENT);
        Self {
            document: adapter.openapi,
            has_document: !adapter.has(DOCUMENT),
            has_page: !LOADED.iter().chain([&PAGE]).any(|path| adapter.has(path)),
            assets: generate_routes(ApiDefinition { uri_prefix: PAGE, api_definition, title: None }),
        }
    }

    /// The answer to whoever asks for one of them.
    pub(super) async fn answer(&self, method: &Method, path: &str) -> Option<Response> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let answer = match path {
            DOCUMENT if self.has_document => text("application/json", self.document),
            _ if !self.has_page => return None,
            PAGE => text("text/html; charset=utf-8", include_str!("page.html")),
            "/docs/start.js" => text("text/javascript; charset=utf-8", include_str!("start.js")),
            "/docs/openapi.json" => text("application/json", self.document),
            SCRIPT | STYLES => self.asset(path).await,
            _ => return None,
        };
        Some(([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")], answer).into_response())
    }

    async fn asset(&self, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty());
        match request {
            Ok(request) => self.assets.clone().oneshot(request).await.into_response(),
            Err(_) => StatusCode::NOT_FOUND.into_response(),
        }
    }
}

fn text(media_type: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static(media_type))], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposure::{Callers, Exposure, Wiring};
    use crate::operation::{Operation, Repeat};
    use crate::output::Output;
    use crate::rest::Route;

    static OPERATION: Operation = Operation {
        name: "any",
        api: 0,
        method: crate::operation::Method::Post,
        path: &[],
        parameters: &[],
        constants: &[],
        body: None,
        json_output: true,
        repeat: Repeat::Unacted,
    };

    fn docs(path: &'static str) -> Docs {
        let call = Exposure { operation: &OPERATION, wiring: Wiring::Direct, output: Output::Whole };
        let route = Route { method: OPERATION.method, path, captures: &[None], summary: "", call };
        Docs::new(Box::leak(Box::new(RestAdapter {
            port: 0,
            callers: Callers::ANYBODY,
            routes: vec![route].leak(),
            openapi: "{}",
        })))
    }

    #[test]
    fn a_capability_keeps_its_own_paths() {
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
