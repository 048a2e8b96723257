//! Hostile arguments, redirects and leaks, over all three surfaces.

use std::error::Error as _;
use std::time::Duration;

use naftiko_tests::{OPERATIONS, Operation, World, encode, error_of};
use scaleway_secret_manager_secrets::{Client, ErrorKind};
use scaleway_simulator::{EXPIRED_TOKEN, Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::server::{command, serve};

const GET: &str = "get-metadata-using-secret-s-id";

/// A way to call an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Surface {
    Client,
    Rest,
    Mcp,
}

pub(crate) const SURFACES: [Surface; 3] = [Surface::Client, Surface::Rest, Surface::Mcp];

/// What a caller got, on any surface.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The upstream's status, where it answered.
    pub(crate) status: Option<u16>,
    /// The upstream's document.
    pub(crate) body: Value,
    /// Whether arguments were refused.
    pub(crate) refused: bool,
    /// All that the caller can see.
    pub(crate) seen: String,
}

impl Surface {
    pub(crate) async fn call(self, world: &World, tool: &str, arguments: &Map<String, Value>) -> Outcome {
        match self {
            Self::Client => match crate::client::call(&world.client, tool, arguments).await {
                Ok(response) => Outcome {
                    status: Some(response.status().as_u16()),
                    body: response.body().clone(),
                    refused: false,
                    seen: format!("{response:?} {:?} {}", response.headers(), response.body()),
                },
                Err(error) => {
                    let mut seen = format!("{error} {error:?} {error:#?} {:?}", error.headers());
                    let mut source = error.source();
                    while let Some(cause) = source {
                        seen.push_str(&format!(" {cause} {cause:?}"));
                        source = cause.source();
                    }
                    Outcome {
                        status: error.status().map(|status| status.as_u16()),
                        body: serde_json::from_slice(error.body()).unwrap_or_default(),
                        refused: matches!(error.kind(), ErrorKind::Arguments(_)),
                        seen,
                    }
                }
            },
            Self::Rest => {
                let answer = crate::rest::call(world, tool, arguments).await;
                let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
                let text = answer.text().await.expect("the answer is whole");
                let problem = headers.get("content-type").is_some_and(|value| value == "application/problem+json");
                let document: Value = serde_json::from_str(&text).unwrap_or_default();
                let seen = format!("{status} {headers:?} {text}");
                if problem {
                    let upstream = &document["upstream"];
                    let status = upstream["status"].as_u64().and_then(|status| u16::try_from(status).ok());
                    let refused = document["errors"].is_array();
                    return Outcome { status, body: upstream["body"].clone(), refused, seen };
                }
                Outcome { status: Some(status), body: document, refused: false, seen }
            }
            Self::Mcp => {
                let message = crate::mcp::message(tool, &Value::Object(arguments.clone()));
                let answer = crate::mcp::post(&world.http, &world.mcp, &message).await;
                let headers = answer.headers().clone();
                let text = answer.text().await.expect("the answer is whole");
                let answer: Value = serde_json::from_str(&text).expect("the answer is JSON");
                let (result, seen) = (&answer["result"], format!("{headers:?} {text}"));
                let error = error_of(result);
                if result["isError"] == true {
                    let status = error["status"].as_u64().and_then(|status| u16::try_from(status).ok());
                    return Outcome {
                        status,
                        body: error["body"].clone(),
                        refused: error["arguments"].is_array(),
                        seen,
                    };
                }
                let empty = result["content"] == json!([]);
                let body = result["structuredContent"].clone();
                Outcome { status: Some(if empty { 204 } else { 200 }), body, refused: false, seen }
            }
        }
    }
}

/// Sends a request whose target stands as it is: HTTP clients would resolve its dots. Gives the answer's head and body.
async fn raw(world: &World, method: &str, target: &str) -> String {
    let address = world.rest.strip_prefix("http://").expect("the address of the adapter");
    let mut stream = TcpStream::connect(address).await.expect("the adapter listens");
    let head =
        format!("{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the adapter reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the adapter answers");
    answer
}

fn following_no_redirects() -> reqwest::Client {
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("the client is built")
}

/// An entry of the list of hostile arguments, which is the same for all surfaces.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Hostile {
    /// The line of `docs/quality.md`.
    promise: String,
    tool: String,
    arguments: Map<String, Value>,
    /// Surfaces whose types let it through, where these are not all of them.
    #[serde(default)]
    surfaces: Vec<String>,
    /// The argument that is refused, or else what arrives upstream.
    refused: Option<String>,
    target: Option<String>,
    body: Option<Value>,
}

impl Hostile {
    async fn try_on(&self, surface: Surface, world: &World) {
        let context = format!("{surface:?} {self:?}");
        let operation = Operation::of(&self.tool);
        let in_path = self.refused.as_deref().is_some_and(|name| operation.placeholders().contains(&name));
        if surface == Surface::Rest && in_path {
            // HTTP clients would resolve the dots. What is not there is an empty segment.
            let target = operation.target(&self.arguments).replace("{region}", "").replace("{secret_id}", "");
            let answer = raw(world, operation.method, &format!("/v1{target}")).await;
            let problem = answer.starts_with("HTTP/1.1 400 ") && answer.contains("application/problem+json");
            assert!(problem || answer.starts_with("HTTP/1.1 404 "), "{context}: {answer}");
        } else {
            let outcome = surface.call(world, &self.tool, &self.arguments).await;
            assert_eq!(outcome.refused, self.refused.is_some(), "{context}: {outcome:?}");
            if let Some(name) = &self.refused {
                assert!(outcome.seen.contains(name), "{context}: {outcome:?}");
            }
        }
        let Some(target) = &self.target else {
            assert!(world.simulator.requests().is_empty(), "{context}: nothing is sent");
            return;
        };
        let request = world.request();
        assert_eq!(request.target(), *target, "{context}");
        assert_eq!(request.method, operation.method, "{context}");
        assert_eq!(request.header("x-injected"), None, "{context}");
        if let Some(body) = &self.body {
            assert_eq!(serde_json::from_slice::<Value>(&request.body).expect("JSON"), *body, "{context}");
        }
    }
}

#[tokio::test]
async fn hostile_arguments_have_one_verdict_on_all_surfaces() {
    let list: Vec<Hostile> = serde_json::from_str(include_str!("../hostile.json")).expect("the list is one");
    let world = World::start().await;
    for entry in &list {
        for (surface, name) in SURFACES.into_iter().zip(["client", "rest", "mcp"]) {
            if entry.surfaces.is_empty() || entry.surfaces.iter().any(|own| own == name) {
                entry.try_on(surface, &world).await;
            }
        }
    }
    for promise in ["A1", "A2", "A3", "A4", "A5", "A6", "A8", "A9"] {
        assert!(list.iter().any(|entry| entry.promise == promise), "{promise} has no entry");
    }
}

#[tokio::test]
async fn dot_segments_are_rejected_by_client_and_mcp() {
    let world = World::start().await;
    for operation in &OPERATIONS {
        for name in operation.placeholders() {
            for value in ["", ".", "..", "%2e", "%2e%2e", "%2E.", ".%2e", "%2E%2E"] {
                let mut arguments = operation.arguments("some");
                arguments.insert(name.to_owned(), value.into());
                for surface in [Surface::Client, Surface::Mcp] {
                    let outcome = surface.call(&world, operation.tool, &arguments).await;
                    assert!(outcome.refused, "{surface:?} {} {name}={value:?}: {outcome:?}", operation.tool);
                }
            }
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn dot_segments_are_rejected_by_rest() {
    let world = World::start().await;
    for operation in &OPERATIONS {
        for name in operation.placeholders() {
            let mut arguments = operation.arguments("some");
            arguments.insert(name.to_owned(), "HOSTILE".into());
            let target = format!("/v1{}", operation.target(&arguments));
            for segment in [".", "..", "%2e", "%2e%2e", "%2E.", ".%2e", "%252e", "%252e%252e", "%252E."] {
                let answer = raw(&world, operation.method, &target.replace("HOSTILE", segment)).await;
                let context = format!("{} {name}={segment}: {answer}", operation.tool);
                assert!(answer.starts_with("HTTP/1.1 400 "), "{context}");
                let says = if name == "region" { "must be one of `fr-par`" } else { "`.` or `..`" };
                assert!(answer.contains("application/problem+json") && answer.contains(says), "{context}");
            }
            let answer = raw(&world, operation.method, &target.replace("HOSTILE", "")).await;
            // An empty segment at the end fits no route; one in the middle is an empty argument.
            let refused = ["HTTP/1.1 400 ", "HTTP/1.1 404 "].iter().any(|start| answer.starts_with(start));
            assert!(refused, "{} without {name}: {answer}", operation.tool);
        }
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn hostile_path_arguments_arrive_as_one_segment() {
    let world = World::start().await;
    let values = ["a/b", "/", "a\\b", "é", "日本", "?", "a?b=c", "#", "%", "%2F", "a..b/c", "..a;b"];
    let more = [" ", "a b", "a+b", "a;b", "a&b=c", "@", ":", "...", "\t", "a\r\nX-Injected: 1", "\0", "{region}"];
    for value in values.into_iter().chain(more).chain(["{{SCALEWAY_API_KEY}}", "$(id)", "fr-par-1", "x.y_z~1"]) {
        for tool in [GET, "delete-secret", "restore-version"] {
            let operation = Operation::of(tool);
            let name = operation.placeholders().pop().expect("there is a placeholder");
            let mut arguments = operation.arguments("some");
            arguments.insert(name.to_owned(), value.into());
            for surface in SURFACES {
                let outcome = surface.call(&world, tool, &arguments).await;
                let request = world.request();
                let expected = operation.path.replace("{region}", "fr-par").replace(&format!("{{{name}}}"), "HOSTILE");
                let expected = expected.replace("{secret_id}", "some").replace("HOSTILE", &encode(value));
                let expected = format!("/secret-manager/v1beta1/regions{expected}");
                assert_eq!(request.target(), expected, "{surface:?} {tool} {value:?}");
                assert_eq!(request.header("x-injected"), None, "{surface:?} {tool} {value:?}");
                let refused = outcome.status.is_some_and(|status| status >= 400);
                assert!(refused, "{surface:?} {tool} {value:?}: there is no such secret: {outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn dots_between_slashes_are_one_segment_where_they_are_allowed() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).allow_dot_segments();
    let mut world = World::around(simulator, builder.build().expect("the client is built")).await;
    let server = serve(&world, &["--allow-dot-segments"]).await;
    let mounted = (world.rest.clone(), world.mcp.clone());
    for (rest, mcp) in [mounted, (server.rest.clone(), server.mcp.clone())] {
        (world.rest, world.mcp) = (rest, mcp);
        for value in ["../../admin", "..\\..", "%2e%2e%2f", "..;/x"] {
            for surface in SURFACES {
                let arguments = json!({"region": "fr-par", "secret_id": value});
                surface.call(&world, GET, arguments.as_object().expect("an object")).await;
                let expected = format!("/secret-manager/v1beta1/regions/fr-par/secrets/{}", encode(value));
                assert_eq!(world.request().target(), expected, "{surface:?} {value:?}");
            }
        }
        for surface in [Surface::Client, Surface::Mcp] {
            let arguments = json!({"region": "fr-par", "secret_id": "%2e."});
            let outcome = surface.call(&world, GET, arguments.as_object().expect("an object")).await;
            assert!(outcome.refused, "a whole segment is never dots: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn unreserved_characters_are_not_encoded() {
    let world = World::start().await;
    let arguments = json!({"region": "fr-par", "secret_id": "x.y_z~1"});
    for surface in SURFACES {
        surface.call(&world, GET, arguments.as_object().expect("an object")).await;
        assert_eq!(world.request().path, "/secret-manager/v1beta1/regions/fr-par/secrets/x.y_z~1", "{surface:?}");
    }
}

#[tokio::test]
async fn hostile_tags_arrive_as_repeated_keys_on_all_surfaces() {
    let world = World::start().await;
    let tags = json!(["a&b=c d", "é+%", "", "x\r\ny", "a,b", "[]"]);
    let mut arguments = Operation::of("list-secrets").arguments("none");
    arguments.insert("tags".to_owned(), tags);
    let expected = format!(
        "project_id={PROJECT_ID}&tags=a%26b%3Dc%20d&tags=%C3%A9%2B%25&tags=&tags=x%0D%0Ay&tags=a%2Cb&tags=%5B%5D\
         &scheduled_for_deletion=false"
    );
    for surface in SURFACES {
        let outcome = surface.call(&world, "list-secrets", &arguments).await;
        assert_eq!(outcome.status, Some(200), "{surface:?}: {outcome:?}");
        assert_eq!(world.request().query.as_deref(), Some(&*expected), "{surface:?}");
    }
}

#[tokio::test]
async fn plus_in_rest_query_is_a_space() {
    let world = World::start().await;
    let uri = format!("{}?tags=a+b&tags=a%2Bb&scheduled_for_deletion=false", world.secrets("fr-par"));
    world.http.get(uri).send().await.expect("the adapter answers");
    assert_eq!(world.request().query.as_deref(), Some("tags=a%20b&tags=a%2Bb&scheduled_for_deletion=false"));
}

#[tokio::test]
async fn redirects_to_another_origin_are_never_followed() {
    let mut world = World::start().await;
    world.http = following_no_redirects();
    let other = Simulator::start().await.expect("the simulator starts");
    for status in [301, 302, 303, 307, 308] {
        for tool in [GET, "create-secret"] {
            for surface in SURFACES {
                world.simulator.fault(Fault::status(status).header("location", &other.base_uri()));
                let outcome = surface.call(&world, tool, &Operation::of(tool).arguments("some")).await;
                assert_eq!(outcome.status, Some(status), "{surface:?} {tool}: {outcome:?}");
                // A caller of REST would follow it around the adapter, so the adapter answers itself.
                let answered = outcome.seen.starts_with("502 ");
                assert_eq!(answered, matches!(surface, Surface::Rest), "{surface:?} {tool}: {outcome:?}");
                assert_eq!(world.simulator.take_requests().len(), 1, "{surface:?} {tool} {status}");
            }
        }
    }
    assert!(other.requests().is_empty(), "the token must not travel: {:?}", other.requests());
}

#[tokio::test]
async fn redirects_within_the_origin_are_followed_if_they_read() {
    let mut world = World::start().await;
    world.http = following_no_redirects();
    let id = world.secret("moved").await;
    let there = Surface::Client.call(&world, GET, &Operation::of(GET).arguments(&id)).await;
    assert_eq!(there.status, Some(200), "{there:?}");
    let path = world.request().path;
    for location in [path.clone(), format!("{}{path}", world.simulator.base_uri())] {
        for surface in SURFACES {
            world.simulator.fault(Fault::redirect(&location));
            let outcome = surface.call(&world, GET, &Operation::of(GET).arguments("elsewhere")).await;
            assert_eq!(outcome.status, Some(200), "{surface:?}: {outcome:?}");
            assert!(outcome.seen.contains(&id), "{surface:?}: {outcome:?}");
            let requests = world.simulator.take_requests();
            assert_eq!(requests.len(), 2, "{surface:?}: {requests:?}");
            assert!(requests.iter().all(|request| request.header("x-auth-token") == Some(TOKEN)), "{requests:?}");
            world.simulator.fault(Fault::redirect(&location));
            let outcome =
                surface.call(&world, "create-secret", &Operation::of("create-secret").arguments("some")).await;
            assert_eq!(outcome.status, Some(307), "{surface:?}: {outcome:?}");
            assert_eq!(world.simulator.take_requests().len(), 1, "{surface:?}");
        }
    }
}

#[tokio::test]
async fn no_outcome_shows_the_token_or_the_upstream_address() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN);
    let builder = builder.timeout(Duration::from_millis(150)).response_limit(1000);
    let mut world = World::around(simulator, builder.build().expect("the client is built")).await;
    world.http = following_no_redirects();
    let upstream = world.simulator.base_uri().replace("http://", "");
    let faults = [
        Fault::slow(Duration::ZERO),
        Fault::slow(Duration::from_secs(60)),
        Fault::status(500),
        Fault::rate_limited(),
        Fault::reset(),
        Fault::truncated(),
        Fault::malformed_json(),
        Fault::html(502),
        Fault::status(200).json(json!("x".repeat(1000))),
        Fault::redirect("/elsewhere"),
    ];
    for fault in faults {
        for surface in SURFACES {
            world.simulator.fault(fault.clone());
            let outcome = surface.call(&world, GET, &Operation::of(GET).arguments("some")).await;
            assert!(!outcome.seen.contains(TOKEN), "{surface:?}: {}", outcome.seen);
            assert!(!outcome.seen.contains(&upstream), "{surface:?}: {}", outcome.seen);
        }
    }
    let call = world.client.get_secret("fr-par", "some");
    assert!(!format!("{:?} {call:?}", world.client).contains(TOKEN), "debugging shows the token");
}

#[tokio::test]
async fn token_echoed_in_api_error_is_redacted() {
    let world = World::start().await;
    for surface in SURFACES {
        let echo = json!({"message": format!("bad token {TOKEN}"), "headers": {"x-auth-token": TOKEN}});
        world.simulator.fault(Fault::status(403).json(echo));
        let outcome = surface.call(&world, GET, &Operation::of(GET).arguments("some")).await;
        assert!(!outcome.seen.contains(TOKEN), "{surface:?}: {outcome:?}");
        assert!(outcome.seen.contains("bad token [redacted]"), "{surface:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn rejected_token_is_not_shown() {
    for token in [EXPIRED_TOKEN, "7e57ab1e-0000-4000-8000-0000000000ff", "no-uuid-at-all"] {
        let world = World::with_token(token).await;
        for surface in SURFACES {
            let outcome = surface.call(&world, GET, &Operation::of(GET).arguments("some")).await;
            assert_eq!(outcome.status, Some(401), "{surface:?}: {outcome:?}");
            assert!(!outcome.seen.contains(token), "{surface:?}: {}", outcome.seen);
        }
    }
}

#[test]
fn builder_errors_do_not_show_secrets() {
    let base_uri = |uri: &str| Client::builder().token(TOKEN).base_uri(uri);
    for builder in [
        base_uri(&format!("https://user:{TOKEN}@host")),
        base_uri(&format!("https://host?token={TOKEN}")),
        base_uri("http://host"),
        Client::builder().variable("OTHER", TOKEN),
        Client::builder().token(format!("{TOKEN}\n")),
    ] {
        let error = builder.build().expect_err("the builder refuses");
        let source = error.source().map(|source| format!("{source} {source:?}"));
        assert!(!format!("{error} {error:?} {source:?}").contains(TOKEN), "{error:?}");
    }
}

#[tokio::test]
async fn values_of_rejected_arguments_are_not_shown() {
    let world = World::start().await;
    let uri = format!("{}?page_size={TOKEN}&scheduled_for_deletion={TOKEN}", world.secrets("fr-par"));
    let problem = crate::rest::problem(world.http.get(uri).send().await.expect("an answer"), 400).await;
    assert!(!problem.to_string().contains(TOKEN), "{problem}");
    let arguments = json!({"region": [TOKEN], "page_size": TOKEN, "tags": [[TOKEN]], "scheduled_for_deletion": TOKEN});
    let outcome = Surface::Mcp.call(&world, "list-secrets", arguments.as_object().expect("an object")).await;
    assert!(outcome.refused && !outcome.seen.contains(TOKEN), "{outcome:?}");
}

#[tokio::test]
async fn server_log_does_not_show_the_token() {
    let mut world = World::start().await;
    let server = serve(&world, &[]).await;
    (world.rest, world.mcp) = (server.rest.clone(), server.mcp.clone());
    for fault in [Fault::status(404), Fault::reset(), Fault::truncated(), Fault::malformed_json()] {
        for surface in [Surface::Rest, Surface::Mcp] {
            world.simulator.fault(fault.clone());
            surface.call(&world, GET, &Operation::of(GET).arguments("some")).await;
        }
    }
    let (code, log) = server.stop("-TERM").await;
    assert_eq!(code, Some(0));
    assert!(log.contains("retrying the call"), "the log says what it can");
    assert!(!log.contains(TOKEN), "the token is in the log");
}

#[tokio::test]
async fn startup_errors_do_not_show_the_token() {
    let base_uri = format!("https://user:{TOKEN}@host");
    let mut broken = command(&["serve"]);
    broken.env("SCALEWAY_API_KEY", format!("{TOKEN}\nx"));
    for mut command in [broken, command(&["serve", "--base-uri", &base_uri])] {
        let output = command.output().await.expect("the binary starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(!text.contains(TOKEN), "{text}");
    }
}
