//! Credentials that depend on the request, on what the upstream asks for, or on the caller.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use naftiko_client::__private::{Algorithm, Connection, Exchange, Parameters};
use naftiko_client::schema::*;
use naftiko_client::{ClientBuilder, Error};
use naftiko_serve::{load, options};
use naftiko_server::__private::Mounted;
use naftiko_server::Program;

use crate::tables::serve;

/// An API whose credential can be replaced, and one whose credential cannot.
fn program(authentication: &str) -> &'static Program {
    let text = format!(
        "naftiko: 1.0.0-beta5\nbinds:\n- {{namespace: env, keys: {{ID: CASE_ID, KEY: CASE_KEY, TOKEN: CASE_TOKEN}}}}\ncapability:\n  consumes:\n  \
         - {{namespace: plain, baseUri: 'https://api.test', authentication: {{type: bearer, token: '{{{{TOKEN}}}}'}}, resources: [{{path: \
         /a, operations: [{{name: a}}]}}]}}\n  - {{namespace: other, baseUri: 'https://api.test', authentication: {authentication}, \
         resources: [{{path: /b, operations: [{{name: b}}]}}]}}\n  exposes:\n  - {{type: mcp, namespace: m, tools: [{{name: a, \
         description: Gets, call: plain.a}}, {{name: b, description: Gets, call: other.b}}]}}\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("who.yaml");
    std::fs::write(&file, text).expect("the file is written");
    load::leak(load::file(&file).unwrap_or_else(|error| panic!("{error:#}")).program)
}

#[tokio::test]
async fn server_whose_credential_no_caller_can_replace_says_what_to_do() {
    naftiko_client::install_crypto_provider();
    let variables = ["CASE_ID", "CASE_KEY", "CASE_TOKEN"].map(|name| (name.to_owned(), "of-the-server".to_owned()));
    for (authentication, why) in [
        ("{type: digest, username: '{{ID}}', password: '{{KEY}}'}", "computed for each request"),
        (
            "{type: sigv4, accessKeyId: '{{ID}}', secretAccessKey: '{{KEY}}', region: eu-west-3, service: s3}",
            "computed for each request",
        ),
        ("{type: basic, username: '{{ID}}', password: '{{KEY}}'}", "more than one variable"),
    ] {
        let program = program(authentication);
        let start = async |flags: &[&str]| {
            let flags = options::parse(flags).expect("flags");
            Mounted::new(program, flags, variables.clone().into()).await.map(drop)
        };
        for flags in [
            &["--caller-credential", "x-key"][..],
            &["--caller-credential", "other=x-key"],
            &["--client-credentials", "https://login.test/t", "--token-client-id", "a", "--token-client-secret", "b"],
        ] {
            let refused = start(flags).await.expect_err(authentication);
            assert!(
                refused.contains("the credential of `other` cannot be replaced") && refused.contains(why),
                "{refused}"
            );
            assert!(refused.contains("NAMESPACE=…") && !refused.contains("of-the-server"), "{refused}");
        }
        assert_eq!(start(&["--caller-credential", "plain=x-key"]).await, Ok(()), "what the message says works");
    }
}

const PASSWORD: &str = "Circle of Life";

const USER: Template = Template::new(const { &[TemplatePart::Literal(text("Mufasa"))] });
const SECRET: Template = Template::new(const { &[TemplatePart::Variable(VariableId(0))] });
const PART: Template = Template::new(
    const {
        &[
            TemplatePart::Parameter(ParameterId(1)),
            TemplatePart::Literal(text("-")),
            TemplatePart::Variable(VariableId(0)),
        ]
    },
);
/// What callers send alone.
const SENT: Template = Template::new(const { &[TemplatePart::Parameter(ParameterId(1))] });
const NOTHING: Template = Template::new(&[]);
const REGION: Template = Template::new(const { &[TemplatePart::Literal(text("eu-west-3"))] });
const SERVICE: Template = Template::new(const { &[TemplatePart::Literal(text("execute-api"))] });

static CAPABILITY: Capability = Capability::new("credentials", "Credentials", "1.2.3")
    .apis(
        const {
            &[
                Api::new("digest").credentials(const { &[Credential::Digest(Digest::new(USER, SECRET))] }),
                Api::new("aws")
                    .credentials(const { &[Credential::SigV4(SigV4::new(USER, SECRET, NOTHING, REGION, SERVICE))] }),
                Api::new("bearer").credentials(const { &[Credential::Bearer(Bearer::new(SECRET))] }),
            ]
        },
    )
    .variables(const { &[Variable::new("CREDENTIALS_SECRET")] });

const fn operation(method: Method, api: u32) -> Operation {
    Operation::new(OperationId(0), "call", method, RetrySafety::Never)
        .api(ApiId(api))
        .path(const { &[PathPart::Literal(text("/things"))] })
        .parameters(
            const {
                &[
                    Parameter::new("q", Location::Query, Kind::String),
                    Parameter::new("part", Location::Credential, Kind::String),
                    Parameter::new("body", Location::Body, Kind::Object),
                ]
            },
        )
}

static GET: Operation = operation(Method::Get, 0);
static POST: Operation = operation(Method::Post, 0);
static SIGNED: Operation = operation(Method::Post, 1);
static SIGNED_GET: Operation = operation(Method::Get, 1);
static BEARER: Operation = operation(Method::Get, 2).credentials(const { &[Credential::Bearer(Bearer::new(PART))] });
static ALONE: Operation = operation(Method::Get, 2).credentials(const { &[Credential::Bearer(Bearer::new(SENT))] });
static BASIC: Operation =
    operation(Method::Get, 2).credentials(const { &[Credential::Basic(Basic::new(SENT, SECRET))] });
static DIGEST: Operation =
    operation(Method::Get, 0).credentials(const { &[Credential::Digest(Digest::new(SENT, SECRET))] });

/// A request: its first line, its fields and its body.
type Received = (String, HeaderMap, String);

/// What arrives upstream, and the nonce that it accepts.
#[derive(Clone, Default)]
struct Upstream(Arc<Mutex<(Vec<Received>, u32)>>);

impl Upstream {
    fn taken(&self) -> Vec<Received> {
        std::mem::take(&mut self.0.lock().expect("no panic").0)
    }

    fn nonce(&self) -> String {
        format!("nonce {}", self.0.lock().expect("no panic").1)
    }
}

/// Accepts one user by digest, and everything else at `/base/things` without one.
async fn respond(State(upstream): State<Upstream>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let body = String::from_utf8(body.to_vec()).expect("text");
    let target = parts.uri.to_string();
    let line = format!("{} {target}", parts.method);
    let field = parts.headers.get("authorization").map(|value| value.to_str().expect("text").to_owned());
    upstream.0.lock().expect("no panic").0.push((line, parts.headers, body));
    let field = field.unwrap_or_default();
    if target.ends_with("?q=moved") && field.starts_with("AWS4") {
        return (StatusCode::FOUND, [("location", "other?a=1")]).into_response();
    }
    if field.starts_with("Bearer") || field.starts_with("Basic") {
        return (StatusCode::FORBIDDEN, format!("{{\"message\":\"{field}\"}}")).into_response();
    }
    let nonce = upstream.nonce();
    let sent = Parameters::all(&field).next();
    let right = sent.as_ref().is_some_and(|sent| {
        let get = |name| sent.get(name).expect("it is sent");
        let exchange = Exchange {
            username: "Mufasa",
            password: PASSWORD,
            realm: "the realm",
            nonce: get("nonce"),
            cnonce: get("cnonce"),
            count: Some(get("nc")),
            method: parts.method.as_str(),
            uri: &target,
        };
        get("uri") == target && exchange.response(Algorithm::SHA256) == get("response")
    });
    if right && sent.is_some_and(|sent| sent.get("nonce") == Some(&nonce)) {
        if target.ends_with("?q=moved") {
            return (StatusCode::FOUND, [("location", "other?a=1")]).into_response();
        }
        return "{}".into_response();
    }
    let stale = if right { ", stale=true" } else { "" };
    let challenge = format!("Digest realm=\"the realm\", nonce=\"{nonce}\", qop=\"auth\", algorithm=SHA-256{stale}");
    (StatusCode::UNAUTHORIZED, [("www-authenticate", challenge)], "refused").into_response()
}

async fn connect(password: &str) -> (Connection, Upstream) {
    let upstream = Upstream::default();
    let base = serve(Router::new().fallback(respond).with_state(upstream.clone())).await;
    let mut builder = ClientBuilder::<Connection>::new(&CAPABILITY).variable("CREDENTIALS_SECRET", password);
    for api in CAPABILITY.apis.iter() {
        builder = builder.base_uri_of(&*api.namespace, format!("{base}/base"));
    }
    (builder.build().expect("the client is built"), upstream)
}

/// Whether each request has an answer, and its count.
fn counts(requests: &[(String, HeaderMap, String)]) -> Vec<Option<String>> {
    let count = |headers: &HeaderMap| {
        let field = headers.get("authorization")?.to_str().expect("text");
        Parameters::all(field).next()?.get("nc").map(str::to_owned)
    };
    requests.iter().map(|(_, headers, _)| count(headers)).collect()
}

fn texts(error: &Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(|error| format!("{error} {error:?}")).collect()
}

#[tokio::test]
async fn challenge_is_answered_once_and_later_requests_answer_at_once() {
    let (connection, upstream) = connect(PASSWORD).await;
    connection.request(&GET).text(ParameterId(0), "a b&\"c").send().await.expect("the second request is right");
    let requests = upstream.taken();
    assert!(requests.iter().all(|(line, ..)| line == "GET /base/things?q=a%20b%26%22c"), "{requests:?}");
    assert_eq!(counts(&requests), [None, Some("00000001".to_owned())]);
    connection.request(&GET).send().await.expect("it is right at once");
    assert_eq!(counts(&upstream.taken()), [Some("00000002".to_owned())]);
}

#[tokio::test]
async fn body_is_sent_again_with_the_answer() {
    let (connection, upstream) = connect(PASSWORD).await;
    let call = connection.request(&POST).body(ParameterId(2), serde_json::json!({"a": 1}));
    call.send().await.expect("the second request is right");
    let bodies: Vec<_> = upstream.taken().into_iter().map(|(.., body)| body).collect();
    assert_eq!(bodies, [r#"{"a":1}"#; 2]);
}

#[tokio::test]
async fn old_nonce_is_replaced() {
    let (connection, upstream) = connect(PASSWORD).await;
    connection.request(&GET).send().await.expect("it is right");
    upstream.0.lock().expect("no panic").1 += 1;
    upstream.taken();
    connection.request(&GET).send().await.expect("the second nonce is right");
    assert_eq!(counts(&upstream.taken()), [Some("00000002".to_owned()), Some("00000001".to_owned())]);
}

#[tokio::test]
async fn wrong_password_is_sent_once_and_never_shown() {
    let (connection, upstream) = connect("a wrong password").await;
    let error = connection.request(&GET).send().await.expect_err("it is wrong");
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    let requests = upstream.taken();
    assert_eq!(counts(&requests), [None, Some("00000001".to_owned())]);
    assert!(!format!("{requests:?} {}", texts(&error)).contains("a wrong password"));
}

#[tokio::test]
async fn request_is_signed_with_its_body() {
    let (connection, upstream) = connect(PASSWORD).await;
    let call = connection.request(&SIGNED).body(ParameterId(2), serde_json::json!({"a": 1}));
    call.send().await.expect_err("this upstream knows no signatures");
    let requests = upstream.taken();
    let [(_, headers, _)] = requests.as_slice() else { panic!("one request: {requests:?}") };
    // The hash of `{"a":1}`.
    assert_eq!(headers["x-amz-content-sha256"], "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
    let field = headers["authorization"].to_str().expect("text");
    assert!(field.starts_with("AWS4-HMAC-SHA256 Credential=Mufasa/20"), "{field}");
    assert!(
        field.contains(
            "/eu-west-3/execute-api/aws4_request, \
             SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature="
        ),
        "{field}"
    );
}

#[tokio::test]
async fn redirected_requests_have_answers_and_signatures_of_their_own() {
    let (connection, upstream) = connect(PASSWORD).await;
    let call = connection.request(&GET).text(ParameterId(0), "moved");
    call.send().await.expect("each answer is for the target of its request");
    let requests = upstream.taken();
    let lines: Vec<_> = requests.iter().map(|(line, ..)| &**line).collect();
    assert_eq!(lines, ["GET /base/things?q=moved", "GET /base/things?q=moved", "GET /base/other?a=1"]);
    assert_eq!(counts(&requests), [None, Some("00000001".to_owned()), Some("00000002".to_owned())]);

    let call = connection.request(&SIGNED_GET).text(ParameterId(0), "moved");
    call.send().await.expect_err("this upstream knows no signatures");
    let requests = upstream.taken();
    let [(_, first, _), (line, second, _)] = requests.as_slice() else { panic!("two requests: {requests:?}") };
    assert_eq!(line, "GET /base/other?a=1");
    assert_ne!(first["authorization"], second["authorization"]);
}

/// What is sent, and the error of the upstream, which repeats it.
async fn sent(operation: &'static Operation, part: Option<&str>) -> (Option<String>, Error) {
    let (connection, upstream) = connect(PASSWORD).await;
    let call = connection.request(operation);
    let call = part.into_iter().fold(call, |call, part| call.text(ParameterId(1), part));
    let error = call.send().await.expect_err("the upstream refuses all");
    let field = upstream.taken().first().and_then(|(_, headers, _)| headers.get("authorization").cloned());
    (field.map(|field| field.to_str().expect("text").to_owned()), error)
}

#[tokio::test]
async fn caller_sends_a_part_of_a_credential() {
    let (field, error) = sent(&BASIC, Some("caller-name")).await;
    // `caller-name:Circle of Life`
    assert_eq!(field.as_deref(), Some("Basic Y2FsbGVyLW5hbWU6Q2lyY2xlIG9mIExpZmU="));
    let shown = format!("{} {}", texts(&error), String::from_utf8_lossy(error.body()));
    assert!(!shown.contains("caller-name") && !shown.contains("Y2FsbGVy"), "{shown}");
    let (field, _) = sent(&ALONE, Some("of-the-caller")).await;
    assert_eq!(field.as_deref(), Some("Bearer of-the-caller"));
    let (field, _) = sent(&ALONE, None).await;
    assert_eq!(field, None, "nothing is left of the credential");
    let (connection, _) = connect(PASSWORD).await;
    connection.request(&DIGEST).text(ParameterId(1), "Mufasa").send().await.expect("the challenge is answered");
}

#[tokio::test]
async fn parts_of_callers_are_not_shown_in_errors() {
    let (connection, _) = connect("of-the-program").await;
    let error = connection.request(&BEARER).text(ParameterId(1), "of-the-caller").send().await.expect_err("refused");
    let shown = format!("{} {}", texts(&error), String::from_utf8_lossy(error.body()));
    assert!(!shown.contains("of-the-caller") && !shown.contains("of-the-program"), "{shown}");
}

#[tokio::test]
async fn part_that_would_change_the_rest_of_a_credential_is_refused() {
    for (operation, part) in [
        (&BEARER, "a, Basic b"),
        (&BEARER, "a b"),
        (&BEARER, "a\r\nX-Admin: 1"),
        (&BEARER, "ä"),
        (&BASIC, "ada:mine"),
        (&BASIC, "a\nb"),
        (&DIGEST, "a\tb"),
    ] {
        let (field, error) = sent(operation, Some(part)).await;
        assert_eq!(field, None, "{part:?}");
        assert!(texts(&error).contains("`part` has characters that a credential cannot have"), "{}", texts(&error));
        assert!(!texts(&error).contains(part), "{error:?}");
    }
}
