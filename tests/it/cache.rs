//! Responses that a server keeps: for whom, how long, and which never.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use naftiko_client::testing::{Script, ScriptedResponse};
use naftiko_client::{Call as _, ResponseCache, RetryPolicy};
use naftiko_serve::load;
use naftiko_server::Program;
use scaleway_secret_manager_secrets::Client;
use serde_json::{Value, json};
use tokio::time::advance;

use crate::on_behalf::World;
use crate::tables::serve;

/// The paths, and what the upstream says of each.
const PATHS: [(&str, &[(&str, &str)]); 13] = [
    ("/fresh", &[("cache-control", "max-age=60")]),
    ("/varying", &[("cache-control", "max-age=60"), ("vary", "accept, x-tenant")]),
    ("/tagged", &[("cache-control", "no-cache"), ("etag", "\"v1\"")]),
    ("/dated", &[("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")]),
    ("/private", &[("cache-control", "private, max-age=60"), ("etag", "\"v1\"")]),
    ("/no-store", &[("cache-control", "no-store"), ("etag", "\"v1\"")]),
    ("/no-age", &[]),
    ("/cookie", &[("cache-control", "max-age=60"), ("set-cookie", "a=b")]),
    ("/any", &[("cache-control", "max-age=60"), ("vary", "*")]),
    ("/secrets/1/access", &[("cache-control", "max-age=60")]),
    ("/counting", &[("cache-control", "max-age=60")]),
    ("/failing", &[("cache-control", "max-age=60")]),
    ("/moved", &[("cache-control", "max-age=60"), ("location", "/fresh")]),
];

/// An upstream that counts the requests for each path.
#[derive(Clone, Default)]
struct Upstream(Arc<Mutex<BTreeMap<String, usize>>>);

impl Upstream {
    async fn start(&self) -> String {
        let own = self.clone();
        serve(Router::new().fallback(async move |request: Request| own.respond(&request))).await
    }

    fn respond(&self, request: &Request) -> Response {
        let path = request.uri().path();
        let count = {
            let mut counts = self.0.lock().expect("no thread panics");
            let count = counts.entry(path.to_owned()).or_default();
            *count += 1;
            *count
        };
        if request.method() != Method::GET {
            return StatusCode::NO_CONTENT.into_response();
        }
        if path == "/failing" {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let said = PATHS.iter().find(|(known, _)| *known == path).map_or(&[][..], |(_, said)| said);
        let mut fields: HeaderMap =
            said.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect();
        let sent = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_current =
            |asked: &str, own: &str| !sent(asked).is_empty() && fields.get(own).is_some_and(|own| own == sent(asked));
        if is_current("if-none-match", "etag") || is_current("if-modified-since", "last-modified") {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        if fields.contains_key(header::LOCATION) {
            return (StatusCode::FOUND, fields).into_response();
        }
        fields.insert(header::CONTENT_TYPE, "application/json".parse().expect("a value"));
        let body = json!({"count": count, "key": sent("x-key"), "tenant": sent("x-tenant")});
        (fields, body.to_string()).into_response()
    }

    fn count(&self, path: &str) -> usize {
        self.0.lock().expect("no thread panics").get(path).copied().unwrap_or_default()
    }
}

/// A capability with a route and a tool for each path.
fn program(adapter: &str) -> &'static Program {
    let name = |path: &str| path.trim_matches('/').replace('/', "-");
    let each = |write: &dyn Fn(&str, &str) -> String| {
        PATHS.iter().map(|(path, _)| write(path, &name(path))).collect::<String>()
    };
    let operations = each(&|path, name| format!("    - {{path: {path}, operations: [{{name: {name}}}]}}\n"));
    let routes =
        each(&|path, name| format!("    - {{path: {path}, operations: [{{method: GET, call: api.{name}}}]}}\n"));
    let tools = each(&|_, name| {
        let hints = if name == "counting" { ", hints: {readOnly: false}" } else { "" };
        format!("    - {{name: {name}, description: A tool, call: api.{name}{hints}}}\n")
    });
    let text = format!(
        "naftiko: 1.0.0-beta5\nbinds:\n- {{namespace: env, keys: {{KEY: CASE_KEY}}}}\ncapability:\n  consumes:\n  - namespace: api\n    \
         baseUri: https://api.test\n    authentication: {{type: apikey, key: X-Key, value: '{{{{KEY}}}}', placement: header}}\n    resources:\n\
         {operations}    - {{path: /things, operations: [{{name: change, method: POST}}]}}\n  exposes:\n  - type: rest\n    namespace: a\n    \
         resources:\n{routes}    - {{path: /things, operations: [{{method: POST, call: api.change}}]}}\n  - type: mcp\n    namespace: b\n{adapter}    \
         tools:\n{tools}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kept.yaml");
    std::fs::write(&file, text).expect("the file is written");
    let loaded = load::file(&file).unwrap_or_else(|error| panic!("{error:#}"));
    load::leak(loaded.program)
}

async fn start(adapter: &str, more: &[&str]) -> (World, Upstream) {
    let upstream = Upstream::default();
    let uri = upstream.start().await;
    let flags =
        [&["--base-uri", &uri, "--caller-credential", "x-own-key", "--caller-credential-optional"], more].concat();
    let world = World::start(program(adapter), &flags, &[("CASE_KEY", "of-the-server")]).await;
    (world.expect("it is served"), upstream)
}

async fn body(world: &World, path: &str) -> Value {
    world.get(path, None).await.json().await.expect("JSON")
}

#[tokio::test]
async fn responses_are_kept_as_long_as_the_upstream_says_and_only_if_that_is_asked_for() {
    for (flags, counts) in
        [(&["--cache", "1"][..], [1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3]), (&[], [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3])]
    {
        let (world, upstream) = start("", flags).await;
        for ((path, _), count) in PATHS.iter().zip(counts) {
            let first = body(&world, path).await;
            let tool = path.trim_matches('/').replace('/', "-");
            let second = world.call("", &tool, &json!({}), None).await;
            let third = body(&world, path).await;
            // The last request asked for something that may be kept.
            assert_eq!(upstream.count(path), count, "{path}");
            let is_kept = !flags.is_empty() && matches!(*path, "/fresh" | "/varying" | "/tagged" | "/dated");
            assert_eq!(third["count"], if is_kept { 1 } else { 3 }, "{path}: {third}");
            assert_eq!(first["count"], 1, "{path}");
            assert!(second["isError"] != true, "{path}: {second}");
        }
    }
}

/// The counts of a capability in the metrics, by event.
async fn events(world: &World) -> BTreeMap<String, u64> {
    let text = world.get("/metrics", None).await.text().await.expect("text");
    let of_cache = text.lines().filter_map(|line| line.strip_prefix("naftiko_cache_events_total{event=\""));
    let counts = of_cache.filter_map(|line| line.split_once("\",naftiko_capability=\"kept\"} "));
    counts.map(|(event, count)| (event.to_owned(), count.parse().expect("a number"))).collect()
}

#[tokio::test]
async fn metrics_say_what_the_cache_does() {
    let (world, _) = start("", &["--cache", "1"]).await;
    assert_eq!(events(&world).await, BTreeMap::new());
    for path in ["/fresh", "/fresh", "/fresh", "/tagged", "/tagged", "/no-store", "/failing"] {
        world.get(path, None).await;
    }
    let counts = |counts: &[(&str, u64)]| counts.iter().map(|(event, count)| ((*event).to_owned(), *count)).collect();
    let expected: BTreeMap<_, _> = counts(&[("hit", 2), ("miss", 4), ("revalidated", 1), ("stored", 2)]);
    let mut seen = events(&world).await;
    // A failure is tried again.
    let misses = seen.insert("miss".to_owned(), 4).unwrap_or_default();
    assert!(misses >= 4, "{misses}");
    assert_eq!(seen, expected);
    // Responses for so many callers do not fit.
    for caller in 0..1500 {
        world.get("/fresh", Some(("x-own-key", &format!("key-of-caller-{caller}")))).await;
    }
    let seen = events(&world).await;
    assert!(seen["stored"] == 1502 && seen["evicted"] > 0 && seen["evicted"] < 1502, "{seen:?}");
    let (world, _) = start("", &[]).await;
    world.get("/fresh", None).await;
    assert_eq!(events(&world).await, BTreeMap::new());
}

#[tokio::test]
async fn response_to_which_a_redirect_leads_is_kept_and_the_redirect_is_not() {
    let (world, upstream) = start("", &["--cache", "1"]).await;
    for _ in 0..3 {
        assert_eq!(body(&world, "/moved").await["count"], 1);
    }
    assert_eq!((upstream.count("/moved"), upstream.count("/fresh")), (3, 1));
}

#[tokio::test]
async fn kept_responses_have_their_fields_and_their_age() {
    let (world, _) = start("", &["--cache", "1"]).await;
    let first = world.get("/tagged", None).await;
    let second = world.get("/tagged", None).await;
    assert!(first.headers().get("age").is_none());
    assert_eq!(second.headers()["age"], "0");
    for name in ["etag", "content-type", "cache-control"] {
        assert_eq!(first.headers()[name], second.headers()[name], "{name}");
    }
    assert_eq!(first.bytes().await.expect("a body"), second.bytes().await.expect("a body"));
}

#[tokio::test]
async fn callers_with_other_credentials_or_fields_have_responses_of_their_own() {
    let (world, upstream) = start("", &["--cache", "1", "--forward-header", "x-tenant"]).await;
    for turn in 0..3 {
        for key in ["of-one-caller", "of-another-caller"] {
            let own = world.get("/fresh", Some(("x-own-key", key))).await.json::<Value>().await.expect("JSON");
            assert_eq!(own["key"], key, "{turn}");
        }
        assert_eq!(body(&world, "/fresh").await["key"], "of-the-server");
        for tenant in ["red", "blue"] {
            let own = world.get("/varying", Some(("x-tenant", tenant))).await.json::<Value>().await.expect("JSON");
            assert_eq!(own["tenant"], tenant);
        }
    }
    assert_eq!((upstream.count("/fresh"), upstream.count("/varying")), (3, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_at_once_get_what_is_theirs() {
    let (world, _) = start("", &["--cache", "1"]).await;
    let caller = async |caller: usize| {
        for turn in 0..30 {
            let key = format!("key-of-caller-{caller}");
            if turn % 10 == 9 {
                world.http.post(format!("{}/things", world.rest)).send().await.expect("a response");
            }
            let path = ["/fresh", "/tagged", "/dated"][turn % 3];
            let own = world.get(path, Some(("x-own-key", &key))).await.json::<Value>().await.expect("JSON");
            assert_eq!(own["key"], key, "{path}");
        }
    };
    join_all((0..12).map(caller)).await;
}

#[tokio::test]
async fn changing_call_makes_kept_responses_unusable() {
    let (world, upstream) = start("", &["--cache", "1"]).await;
    assert_eq!(body(&world, "/fresh").await["count"], 1);
    assert_eq!(body(&world, "/fresh").await["count"], 1);
    let changed = world.http.post(format!("{}/things", world.rest)).send().await.expect("a response");
    assert_eq!(changed.status(), 204);
    assert_eq!(body(&world, "/fresh").await["count"], 2);
    assert_eq!(body(&world, "/fresh").await["count"], 2);
    // A GET that its tool says changes something.
    assert_eq!(body(&world, "/counting").await["count"], 1);
    assert_eq!(body(&world, "/counting").await["count"], 2);
    assert_eq!(body(&world, "/fresh").await["count"], 3);
    assert_eq!(upstream.count("/fresh"), 3);
}

#[tokio::test]
async fn response_without_a_lifetime_has_that_of_the_adapter() {
    let (world, upstream) = start("    ttlMs: 60000\n", &["--cache", "1"]).await;
    for path in ["/no-age", "/no-store", "/private", "/secrets/1/access"] {
        body(&world, path).await;
        body(&world, path).await;
        assert_eq!(upstream.count(path), if path == "/no-age" { 1 } else { 2 }, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn time_that_a_response_takes_counts_as_its_age_after_a_304_too() {
    let fresh =
        |response: ScriptedResponse| response.header("cache-control", "max-age=60").delay(Duration::from_secs(20));
    let response = ScriptedResponse::json(200, json!({"name": "a"})).header("etag", "W/\"a\"");
    let strong = ScriptedResponse::status(304).header("etag", "\"a\"");
    // An old one, which is asked for again at once. A 304 without a date is as old as it took to arrive.
    let response = response.header("date", "Sun, 06 Nov 1994 08:49:37 GMT");
    let script = Script::new([fresh(response), fresh(strong.clone()), fresh(strong)]);
    let builder = Client::builder().transport(script.clone()).response_cache(ResponseCache::new(1 << 20));
    let client = builder.token("of-the-application").build().expect("the client is built");
    let get = async || {
        let response = client.get_secret("fr-par", "id").send_bytes().await.expect("a response");
        let of = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        (of("age"), of("etag"), script.requests().len())
    };
    let weak = || Some("W/\"a\"".to_owned());
    assert_eq!(get().await, (None, weak(), 1));
    for count in 2..4 {
        assert_eq!(get().await, (Some("20".to_owned()), weak(), count));
        advance(Duration::from_secs(39)).await;
        assert_eq!(get().await, (Some("59".to_owned()), weak(), count));
        advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn change_whose_caller_left_keeps_the_state_before_it_from_being_kept() {
    let response = || ScriptedResponse::json(200, json!({"name": "a"})).header("cache-control", "max-age=3600");
    let deleted = || ScriptedResponse::status(204).delay(Duration::from_secs(5));
    for (change, is_known) in [
        (deleted(), false),
        (ScriptedResponse::status(202), false),
        (ScriptedResponse::broken(), false),
        (ScriptedResponse::unreachable(), true),
        (ScriptedResponse::status(204), true),
        (ScriptedResponse::status(409), true),
    ] {
        let what = format!("{change:?}");
        let script = Script::new([change, response(), response(), response(), response()]);
        let builder = Client::builder().transport(script.clone()).response_cache(ResponseCache::new(1 << 20));
        let client = builder.token("of-the-application").build().expect("the client is built");
        let delete = client.delete_secret("fr-par", "id").retry(RetryPolicy::none()).send();
        let _ = tokio::time::timeout(Duration::from_secs(1), delete).await;
        let get = async || client.get_secret("fr-par", "id").send_as::<Value>().await.expect("a response");
        get().await;
        get().await;
        assert_eq!(script.requests().len(), if is_known { 2 } else { 3 }, "{what}");
        advance(Duration::from_secs(60)).await;
        get().await;
        get().await;
        assert_eq!(script.requests().len(), if is_known { 2 } else { 4 }, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn clients_share_a_cache_and_forget_what_is_stale() {
    let response = |name: &str| {
        let response = ScriptedResponse::json(200, json!({"name": name}));
        response.header("cache-control", "max-age=60").header("etag", "\"a\"")
    };
    let not_modified = ScriptedResponse::status(304).header("etag", "\"a\"").header("cache-control", "max-age=10");
    let script = Script::new([response("one"), not_modified, response("two")]);
    let cache = ResponseCache::new(1 << 20);
    let client = |token: &str| {
        let builder = Client::builder().transport(script.clone()).response_cache(cache.clone()).token(token);
        builder.build().expect("the client is built")
    };
    let name = async |client: &Client| {
        let secret = client.get_secret("fr-par", "id").send_as::<Value>().await.expect("a response");
        secret.body()["name"].as_str().expect("a name").to_owned()
    };
    let (one, other) = (client("token-of-one-caller"), client("token-of-one-caller"));
    assert_eq!((name(&one).await, name(&other).await, script.requests().len()), ("one".into(), "one".into(), 1));
    advance(Duration::from_secs(60)).await;
    assert_eq!((name(&one).await, script.requests().len()), ("one".into(), 2));
    let asked = ("if-none-match".to_owned(), "\"a\"".to_owned());
    assert!(script.requests()[1].headers.contains(&asked), "{:?}", script.requests());
    advance(Duration::from_secs(9)).await;
    assert_eq!((name(&other).await, script.requests().len()), ("one".into(), 2));
    assert_eq!((name(&client("token-of-another-caller")).await, script.requests().len()), ("two".into(), 3));
    assert!(!format!("{cache:?}").contains("token"));
}
