//! Requests that are passed on to an API as they came: any method, the rest of the path, the query, the body, and those
//! header fields that the capability trusts.

use std::borrow::Cow;

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::response::Response;
use http::header::{
    ALLOW, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, PROXY_AUTHORIZATION,
};
use http::{Method, StatusCode};
use naftiko_adapter::{Forwarded, STANDSTILL, pass_on, receive};
use naftiko_client::__private::{Passed, http_method};
use naftiko_client::RawBody;
use naftiko_schema::http::is_framing;
use naftiko_schema::{Forward, Location, Operation, Rest, Text};
use url::form_urlencoded;

use super::failure::{self, ApiErrors};
use super::fields::{self, Content};
use super::passage::Passage;
use super::pattern::Pattern;
use super::problem::Problem;
use super::references::References;
use super::{allowed, response};

/// Fields that authenticate callers to this server. The upstream has a credential of its own, and must not get theirs.
const CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// What an adapter passes on.
pub(super) struct Forwards {
    /// The paths, more specific ones first.
    paths: Vec<(Pattern<'static>, &'static Forward)>,
    /// Header fields with which callers authenticate to this server.
    fields: Vec<HeaderName>,
    /// Query parameters with which they do.
    parameters: Vec<&'static str>,
}

impl Forwards {
    /// What an adapter passes on. Callers authenticate by these fields, besides those that the capability declares.
    pub(super) fn new(adapter: &'static Rest, mut fields: Vec<HeaderName>) -> Self {
        let forwards = adapter.forwards.iter().map(|forward| (Pattern::new(&forward.path), forward));
        let mut paths: Vec<_> = forwards.collect();
        paths.sort_by_cached_key(|(pattern, _)| pattern.rank());
        let mut parameters = Vec::new();
        fields.extend(CREDENTIALS);
        for credential in adapter.auth.credentials() {
            match credential.field() {
                (Location::Header, name) => fields.extend(name.parse()),
                (Location::Query, name) => parameters.push(name),
                _ => {}
            }
        }
        Self { paths, fields, parameters }
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = &Pattern<'static>> {
        self.paths.iter().map(|(pattern, _)| pattern)
    }

    /// A query without what callers authenticate with.
    fn query(&self, query: &str) -> String {
        let is_passed = |pair: &&str| {
            let name = form_urlencoded::parse(pair.as_bytes()).next();
            name.is_none_or(|(name, _)| !self.parameters.contains(&&*name))
        };
        query.split('&').filter(is_passed).collect::<Vec<_>>().join("&")
    }

    /// Adds the caller's fields that are trusted, and those about the content.
    fn add_trusted(&self, trusted: &[Text], fields: &HeaderMap, has_body: bool, forwarded: &mut HeaderMap) {
        let about_content = [CONTENT_ENCODING, CONTENT_LANGUAGE].into_iter().filter(|_| has_body);
        let of_connection = fields::of_connection(fields);
        let trusted = trusted.iter().filter_map(|name| name.parse().ok());
        for name in trusted.chain(about_content) {
            // The media type comes with the body.
            let is_withheld = self.fields.contains(&name) || of_connection.contains(&name);
            let is_kept = !is_framing(name.as_str()) && !is_withheld && name != CONTENT_TYPE;
            if is_kept && !forwarded.contains_key(&name) {
                forwarded.extend(fields.get_all(&name).iter().map(|value| (name.clone(), value.clone())));
            }
        }
    }

    /// What is passed on of a path, if it is.
    pub(super) fn find<'p>(&self, path: &'p str, decoded: &[Cow<'_, str>]) -> Option<Passage<'p>> {
        let (_, forward) = self.paths.iter().find(|(pattern, _)| pattern.captures(decoded).is_some())?;
        Some(Passage::new(forward, path))
    }
}

/// The operation with a method; without one, a problem that names the others.
pub(super) fn operation(forward: &'static Forward, method: &Method) -> Result<&'static Operation, Problem> {
    let operations = &forward.operations;
    operations.iter().find(|operation| http_method(operation.method) == method).ok_or_else(|| {
        let methods: Vec<_> = operations.iter().map(|operation| operation.method.as_str()).collect();
        let detail = "the path does not support this method; see the Allow header";
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).header(ALLOW, allowed(&methods))
    })
}

/// Passes a request on, and makes the response for the caller.
pub(super) async fn respond(
    forwards: &Forwards,
    passage: Passage<'_>,
    operation: &'static Operation,
    request: Request,
    forwarded: Forwarded,
    references: &References<'_>,
    api_errors: ApiErrors,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = if body.is_end_stream() { None } else { Some(receive(body, STANDSTILL, |_| true).await?) };
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(response::BYTES);
    let body = bytes.filter(|bytes| !bytes.is_empty()).map(|bytes| RawBody::bytes(media_type, bytes));
    let Forwarded(mut headers, on_behalf) = forwarded;
    forwards.add_trusted(&passage.forward.trusted, &parts.headers, body.is_some(), &mut headers);
    let passed = Passed { path: passage.rest.to_owned(), query: parts.uri.query().map(|query| forwards.query(query)) };
    let response = pass_on(operation, references.connection, body, Forwarded(headers, on_behalf), passed).await;
    match response {
        Ok(response) => Ok(response::whole(response, references, references.connection.response_limit())),
        // The caller has the content, and asked whether it is still the same.
        Err(error) if error.status() == Some(StatusCode::NOT_MODIFIED) && is_conditional(&parts.headers) => {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            let headers = error.headers().cloned().unwrap_or_default();
            *response.headers_mut() = fields::passed(headers, references, Content::Same);
            Ok(response)
        }
        Err(error) => failure::of_passed(&error, references, api_errors),
    }
}

/// Whether a request is one for content that has changed (RFC 9110 §13.1).
fn is_conditional(headers: &HeaderMap) -> bool {
    [IF_NONE_MATCH, IF_MODIFIED_SINCE].iter().any(|name| headers.contains_key(name))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use naftiko_schema::{ApiKey, Credential, InboundAuth, InboundScheme, Template, list, text};

    use super::super::pattern::decode;
    use super::*;

    #[test]
    fn the_rest_of_a_path_is_passed_on_as_it_is_written() {
        static REST: Rest = Rest::new(0).forwards(
            const {
                &[
                    Forward::new("/proxy/{path+}", const { &[] }),
                    Forward::new("/s/{rest}", const { &[] }),
                    Forward::new("/x/{tenant}/{path+}", const { &[] }),
                    Forward::new("/fixed", const { &[] }),
                    Forward::new("/v{n}", const { &[] }),
                ]
            },
        );
        let forwards = Forwards::new(&REST, Vec::new());
        for (path, found) in [
            ("/proxy/a/b", Some(("/proxy/", "a/b"))),
            ("/proxy/a%2Fb//c/", Some(("/proxy/", "a%2Fb//c/"))),
            ("/proxy/", None),
            ("/proxy", None),
            ("/s/x", Some(("/s/", "x"))),
            ("/s/a/b", None),
            ("/x/t%2F1/a/b", Some(("/x/t%2F1/", "a/b"))),
            ("/fixed", Some(("/fixed", ""))),
            ("/v1", Some(("/v1", ""))),
            ("/%FF", None),
        ] {
            let passage = decode(path).and_then(|decoded| forwards.find(path, &decoded));
            assert_eq!(passage.as_ref().map(|passage| (passage.before, passage.rest)), found, "{path}");
        }
    }

    #[test]
    fn only_trusted_fields_are_passed_on_and_credentials_never_are() {
        const KEYS: &[Credential] = const {
            &[
                Credential::ApiKey(ApiKey::new(Location::Header, "X-Gate", Template::new(&[]))),
                Credential::ApiKey(ApiKey::new(Location::Query, "gate", Template::new(&[]))),
            ]
        };
        static REST: Rest = Rest::new(0).auth(InboundAuth::new(InboundScheme::Credentials(list(KEYS))));
        let forwards = Forwards::new(&REST, vec![HeaderName::from_static("x-key")]);
        let fields = [
            "authorization",
            "cookie",
            "x-gate",
            "x-key",
            "x-trace",
            "x-other",
            "content-language",
            "host",
            "x-id",
            "x-hop",
        ];
        let value = |text: &'static str| HeaderValue::from_static(text);
        let mut fields: HeaderMap =
            fields.iter().map(|name| (HeaderName::from_static(name), value("of-the-caller"))).collect();
        fields.insert(http::header::CONNECTION, value("close, X-Hop"));
        let mut forwarded = HeaderMap::from_iter([(HeaderName::from_static("x-id"), value("own"))]);
        let trusted = ["x-trace", "authorization", "host", "x-id", "cookie", "x-gate", "x-key", "x-hop"].map(text);
        forwards.add_trusted(&trusted, &fields, true, &mut forwarded);
        let mut names: Vec<_> = forwarded.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-language", "x-id", "x-trace"]);
        assert_eq!(forwarded["x-id"], "own");
        assert_eq!(forwards.query("a=1&gate=k&g%61te=k&b=%20&gates"), "a=1&b=%20&gates");
    }
}
