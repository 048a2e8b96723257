//! Header fields of the upstream's responses over REST: which pass, and what takes the place of the upstream's address.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use naftiko_client::__private::Connection;
use naftiko_client::ClientBuilder;
use naftiko_client::schema::*;
use reqwest::header::HeaderMap;

use crate::tables::serve;

static CAPABILITY: Capability = Capability::new("fields", "Fields", "1.0.0")
    .apis(
        const {
            &[Api::new("api").credentials(const { &[Credential::ApiKey(ApiKey::new(Location::Query, "key", SECRET))] })]
        },
    )
    .variables(const { &[Variable::new("FIELDS_SECRET")] });

const SECRET: Template = Template::new(const { &[TemplatePart::Variable(VariableId(0))] });
const THINGS: &[PathPart] = &[PathPart::Literal(text("/things"))];
const ID: &[Option<InputId>] = &[Some(InputId(0))];

const fn operation(id: u32, method: Method, path: &'static [PathPart]) -> Operation {
    Operation::new(OperationId(id), "operation", method, RetrySafety::Idempotent).path(path)
}

static LIST: Operation = operation(0, Method::Get, THINGS)
    .parameters(
        const {
            &[
                Parameter::new("page", Location::Query, Kind::Integer),
                Parameter::new("tag[]", Location::Query, Kind::Array),
            ]
        },
    )
    .fixed(
        const {
            &[FixedParameter::new(
                "fixed",
                Location::Query,
                Template::new(const { &[TemplatePart::Literal(text("1"))] }),
            )]
        },
    )
    .response_fields(const { &[text("x-page-count")] });

static CREATE: Operation = operation(1, Method::Post, THINGS);

static GET: Operation =
    operation(2, Method::Get, const { &[PathPart::Literal(text("/things/")), PathPart::Parameter(ParameterId(0))] })
        .parameters(const { &[Parameter::new("id", Location::Path, Kind::String).required()] });

static NUMBER: Operation =
    operation(3, Method::Get, const { &[PathPart::Literal(text("/numbers/")), PathPart::Parameter(ParameterId(0))] })
        .parameters(const { &[Parameter::new("n", Location::Path, Kind::Integer).required()] });

static REST: Rest = Rest::new(0).routes(
    const {
        &[
            Route::new(Method::Get, "/own", Binding::new(calls(&LIST))),
            Route::new(Method::Post, "/own", Binding::new(calls(&CREATE))),
            Route::new(Method::Get, "/own/{id}", Binding::new(calls(&GET))).captures(ID),
            Route::new(Method::Get, "/own/n/{n}", Binding::new(calls(&NUMBER))).captures(ID),
            Route::new(
                Method::Get,
                "/projected/{id}",
                Binding::new(calls(&GET))
                    .output(Output::Projected(Projection::Path(list(const { &[PathStep::Key(text("a"))] })))),
            )
            .captures(ID),
        ]
    },
);

/// What the upstream responds.
type Script = Arc<Mutex<(u16, Vec<(String, String)>)>>;

struct World {
    rest: String,
    /// The base URI of the upstream, with a slash at its end.
    upstream: String,
    script: Script,
}

impl World {
    async fn start() -> Self {
        let script = Script::default();
        let scripted = Arc::clone(&script);
        let respond = async move || {
            let (status, fields) = scripted.lock().expect("a script").clone();
            let mut response = axum::response::Response::builder().status(status);
            for (name, value) in fields {
                response = response.header(name, value);
            }
            response.body(Body::from(r#"{"a":1}"#)).expect("a response")
        };
        let upstream = serve(Router::new().fallback(respond)).await + "/base/";
        let builder = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri_of("api", &upstream);
        let connection = builder.variable("FIELDS_SECRET", "a-secret").build().expect("the client is built");
        Self { rest: serve(naftiko_rest::router(&REST, &connection)).await, upstream, script }
    }

    /// The fields that a caller gets when the upstream responds with these. `UP/` is the base URI of the upstream.
    async fn get(&self, request: &str, status: u16, fields: &[(&str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&str, &str)| ((*name).to_owned(), value.replace("UP/", &self.upstream));
        *self.script.lock().expect("a script") = (status, fields.iter().map(field).collect());
        let (method, path) = request.split_once(' ').expect("a method and a path");
        let request = reqwest::Client::new().request(method.parse().expect("a method"), format!("{}{path}", self.rest));
        let response = request.send().await.expect("the adapter responds");
        assert_eq!(response.status(), status);
        let seen = format!("{:?}", response.headers());
        let authority = self.upstream.trim_start_matches("http://").trim_end_matches("/base/");
        assert!(!seen.contains(authority) && !seen.contains("a-secret"), "{seen}");
        response.headers().clone()
    }
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
}

#[tokio::test]
async fn references_to_the_upstream_become_paths_of_routes_or_are_left_out() {
    let world = World::start().await;
    let cases = [
        ("GET /own/a%20b", "UP/things/x", Some("/own/x")),
        ("GET /own/a%20b", "/base/things/x%2Fy#part", Some("/own/x%2Fy#part")),
        ("GET /own/a%20b", "/base/things", Some("/own")),
        ("GET /own/a%20b", "/base/things?page=2&tag%5B%5D=a%20b&tag[]=c", Some("/own?page=2&tag%5B%5D=a%20b&tag[]=c")),
        ("GET /own/a%20b", "UP/things?key=a-secret&page=2&fixed=1", Some("/own?page=2")),
        ("GET /own/a%20b", "/base/things?unknown=1", None),
        ("GET /own/a%20b", "/base/numbers/-5", Some("/own/n/-5")),
        ("GET /own/a%20b", "/base/numbers/five", None),
        // Relative to the request of the upstream, not of the caller.
        ("GET /own/a%20b", "c", Some("/own/c")),
        ("GET /own/a%20b", "", Some("/own/a%20b")),
        ("GET /own/a%20b", "../numbers/7", Some("/own/n/7")),
        ("GET /own/a%20b", "?page=2", None),
        ("GET /own", "?page=2", Some("/own?page=2")),
        ("GET /own", "things/c", Some("/own/c")),
        ("POST /own", "things/c", Some("/own/c")),
        ("POST /own", "c", None),
        ("GET /own", "https://evil.test/base/things/x", None),
        ("GET /own", "//evil.test/base/things/x", None),
        ("GET /own", "/other/things/x", None),
        ("GET /own", "/basethings/x", None),
        ("GET /own", "/base/things/../elsewhere", None),
        ("GET /own", "UP/", None),
        ("GET /own", "http://[", None),
        ("GET /own", "mailto:someone", None),
        ("GET /projected/a", "/base/things/x", Some("/own/x")),
    ];
    for (request, reference, expected) in cases {
        for name in ["location", "content-location"] {
            // A projection is not what the upstream has there.
            let expected = expected.filter(|_| name == "location" || !request.contains("projected"));
            for status in [200, 404] {
                // In an API error, every value with a secret is redacted.
                let is_redacted = status == 404 && reference.contains("a-secret");
                let expected = expected.filter(|_| (name == "location" || status == 200) && !is_redacted);
                let fields = world.get(request, status, &[(name, reference)]).await;
                assert_eq!(values(&fields, name), Vec::from_iter(expected), "{request} {status} {name}: {reference}");
            }
        }
    }
}

#[tokio::test]
async fn links_to_the_upstream_become_paths_of_routes_or_are_left_out() {
    let world = World::start().await;
    let links = [
        ("link", "<UP/things?page=2&key=a-secret>; rel=\"next\", <?page=9>; rel=last; title=\"a, <b>; c\""),
        ("link", "</base/things/1> ; rel=item, </base/nothing>; rel=item, <https://docs.test/>; rel=help"),
        ("link", "<?page=3>; rel=prev; anchor=\"UP/things/1\", <?page=4>; rel=\"UP/relations/x\", <?page=5"),
        ("link", "nonsense, </base/things?page=1>;rel=first;"),
    ];
    let expected = [
        "</own?page=2>; rel=\"next\"",
        "</own?page=9>; rel=last; title=\"a, <b>; c\"",
        "</own/1>; rel=item",
        "</own?page=1>;rel=first;",
    ];
    // In an API error, the value with a secret is redacted.
    for (status, expected) in [(200, &expected[..]), (404, &expected[2..])] {
        let fields = world.get("GET /own", status, &links).await;
        assert_eq!(values(&fields, "link"), expected, "{status}");
    }
}

#[tokio::test]
async fn fields_of_the_upstream_site_and_connection_do_not_pass() {
    let world = World::start().await;
    let dropped = [
        "accept-ch",
        "access-control-allow-origin",
        "allow",
        "alt-svc",
        "authentication-info",
        "clear-site-data",
        "content-security-policy",
        "content-security-policy-report-only",
        "cross-origin-opener-policy",
        "cross-origin-resource-policy",
        "expect-ct",
        "keep-alive",
        "nel",
        "origin-agent-cluster",
        "p3p",
        "permissions-policy",
        "proxy-authenticate",
        "proxy-status",
        "public-key-pins",
        "referrer-policy",
        "refresh",
        "report-to",
        "reporting-endpoints",
        "server",
        "server-timing",
        "service-worker-allowed",
        "set-cookie",
        "sourcemap",
        "speculation-rules",
        "strict-transport-security",
        "timing-allow-origin",
        "via",
        "warning",
        "www-authenticate",
        "x-accel-redirect",
        "x-amz-request-id",
        "x-envoy-ratelimited",
        "x-frame-options",
        "x-hop",
        "x-powered-by",
        "x-robots-tag",
        "x-unknown",
        "x-xss-protection",
    ];
    let mut fields: Vec<_> = dropped.iter().map(|name| (*name, "0; UP/")).collect();
    fields.extend([("connection", "X-Hop, Vary"), ("vary", "accept"), ("x-page-count", "7"), ("x-total-count", "9")]);
    fields.extend([("etag", "\"e\""), ("content-type", "application/json"), ("content-language", "en")]);
    fields.extend([("cache-control", "max-age=1"), ("x-request-id", "r"), ("retry-after", "3"), ("age", "1")]);
    for (request, status) in [("GET /own", 200), ("GET /own", 404), ("GET /own/a", 200), ("GET /projected/a", 200)] {
        let passed = world.get(request, status, &fields).await;
        for name in dropped.into_iter().chain(["connection", "vary"]) {
            // The router has a policy and an option of its own.
            let own = match name {
                "content-security-policy" => vec!["sandbox; default-src 'none'"],
                "cross-origin-resource-policy" => vec!["same-origin"],
                "x-content-type-options" => vec!["nosniff"],
                _ => Vec::new(),
            };
            assert_eq!(values(&passed, name), own, "{request} {status}: {name}");
        }
        let kept = [("etag", "\"e\""), ("content-language", "en"), ("cache-control", "max-age=1"), ("age", "1")];
        for (name, value) in
            kept.into_iter().chain([("x-request-id", "r"), ("retry-after", "3"), ("x-total-count", "9")])
        {
            assert_eq!(values(&passed, name), [value], "{request} {status}: {name}");
        }
        // The operation of this route names it.
        let named = if request == "GET /own" { vec!["7"] } else { Vec::new() };
        assert_eq!(values(&passed, "x-page-count"), named, "{request} {status}");
    }
}

#[tokio::test]
async fn fields_about_bytes_pass_only_with_these_bytes() {
    let world = World::start().await;
    let fields =
        ["accept-ranges", "content-digest", "content-md5", "digest", "repr-digest"].map(|name| (name, "value"));
    for (request, status, passes) in
        [("GET /own", 200, true), ("GET /projected/a", 200, false), ("GET /own", 404, false)]
    {
        let passed = world.get(request, status, &fields).await;
        for (name, _) in fields {
            assert_eq!(passed.contains_key(name), passes, "{request} {status}: {name}");
        }
    }
}
