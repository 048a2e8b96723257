//! The REST adapter: exposed routes, what passes through it, and what it refuses itself.

use naftiko_tests::{OPERATIONS, Operation, World};
use reqwest::Response;
use scaleway_secret_manager_secrets::Client;
use scaleway_simulator::{Fault, PROJECT_ID, Rendering, Simulator, TOKEN};
use serde_json::{Map, Value, json};

use crate::server::serve;

/// Calls the route behind a tool with the tool's arguments.
pub(crate) async fn call(world: &World, tool: &str, arguments: &Map<String, Value>) -> Response {
    let operation = Operation::of(tool);
    let method = operation.method.parse().expect("a method");
    let request = world.http.request(method, format!("{}/v1{}", world.rest, operation.target(arguments)));
    let request = match arguments.get("body") {
        Some(body) => request.json(body),
        None => request,
    };
    request.send().await.expect("the adapter answers")
}

/// Reads a problem document (RFC 9457) and checks its fixed part.
pub(crate) async fn problem(answer: Response, status: u16) -> Value {
    let context = format!("{} {}", answer.status(), answer.url());
    assert_eq!(answer.status(), status, "{context}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{context}");
    let document: Value = answer.json().await.expect("a problem document is JSON");
    assert_eq!(document["status"], status, "{context}: {document}");
    for member in ["type", "title", "detail", "instance"] {
        assert!(document[member].is_string(), "{context}: {member} is missing in {document}");
    }
    document
}

/// The parameters that a problem document complains about.
fn blamed(problem: &Value) -> Vec<&str> {
    let errors = problem["errors"].as_array().expect("the problem names its errors");
    errors.iter().filter_map(|error| error["parameter"].as_str()).collect()
}

async fn get(world: &World, uri: &str) -> Response {
    world.http.get(uri).send().await.expect("the adapter answers")
}

#[tokio::test]
async fn every_route_forwards_request_and_response() {
    let world = World::start().await;
    for operation in &OPERATIONS {
        let tool = operation.tool;
        let arguments = operation.arguments(&world.secret_for(operation).await);
        let answer = call(&world, tool, &arguments).await;
        let request = world.request();
        assert_eq!(request.method, operation.method, "{tool}");
        assert_eq!(request.target(), operation.target(&arguments), "{tool}");
        assert_eq!(String::from_utf8_lossy(&request.body), operation.body.unwrap_or_default(), "{tool}");
        assert_eq!(request.header("content-type"), operation.body.map(|_| "application/json"), "{tool}");
        assert_eq!(request.header("x-auth-token"), Some(TOKEN), "{tool}");
        assert_eq!(answer.status(), operation.status, "{tool}");
        assert!(answer.headers().contains_key("x-request-id"), "{tool}: the upstream's request id passes through");
        let body = answer.bytes().await.expect("the answer is whole");
        assert_eq!(body.is_empty(), operation.status == 204, "{tool}: {body:?}");
    }
}

#[tokio::test]
async fn responses_pass_through_byte_for_byte() {
    let world = World::start().await;
    let id = world.secret("exact").await;
    world.simulator.set_rendering(Rendering::SpacedAlphabetical);
    world.simulator.add_unknown_field(true);
    let path = format!("/secret-manager/v1beta1/regions/fr-par/secrets/{id}");
    let direct = world.http.get(format!("{}{path}", world.simulator.base_uri())).header("x-auth-token", TOKEN);
    let direct = direct.send().await.expect("the simulator answers").bytes().await.expect("the answer is whole");
    let passed = get(&world, &format!("{}/v1{path}", world.rest)).await.bytes().await.expect("the answer is whole");
    assert!(direct.starts_with(b"{\"created_at\": "), "{direct:?}");
    assert_eq!(passed, direct);

    let odd = br#" {"n":1.0e2, "n":12345678901234567890123, "s":"\u0061" } "#;
    world.simulator.fault(Fault::status(200).body("application/json", odd.to_vec()));
    let passed = get(&world, &format!("{}/v1{path}", world.rest)).await;
    assert_eq!(passed.headers()["content-type"], "application/json");
    assert_eq!(passed.bytes().await.expect("the answer is whole"), &odd[..]);
}

#[tokio::test]
async fn long_responses_stream_and_abort_with_the_upstream() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).response_limit(4 << 20);
    let world = World::around(simulator, builder.build().expect("the client is built")).await;
    let uri = format!("{}/none", world.secrets("fr-par"));
    let body: Vec<u8> = (0..3_u32 << 20).map(|index| (index % 251) as u8).collect();
    world.simulator.fault(Fault::status(200).body("application/octet-stream", body.clone()));
    let answer = get(&world, &uri).await;
    assert_eq!(answer.headers()["content-type"], "application/octet-stream");
    assert_eq!(answer.headers()["content-length"], body.len().to_string());
    assert!(answer.bytes().await.expect("all of it") == body);
    // More than the limit is cut off where nothing announced it, and a caller can see that it is incomplete.
    let long = vec![b'x'; 5 << 20];
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &long).expect("memory takes it");
    let packed = packed.finish().expect("memory takes it");
    let fault = Fault::status(200).body("application/octet-stream", packed).header("content-encoding", "gzip");
    world.simulator.fault(fault);
    get(&world, &uri).await.bytes().await.expect_err("it is too long");
    // What is announced is not begun.
    world.simulator.fault(Fault::status(200).body("application/octet-stream", long));
    problem(get(&world, &uri).await, 502).await;
}

#[tokio::test]
async fn request_bodies_pass_through_byte_for_byte() {
    let world = World::start().await;
    let id = world.secret("exact").await;
    let body = "\n{ \"description\" : \"\\u00e9 é\" }\n";
    let request = world.http.patch(format!("{}/{id}", world.secrets("fr-par"))).body(body);
    let answer = request.header("content-type", "application/json; charset=utf-8").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let document: Value = answer.json().await.expect("the answer is JSON");
    assert_eq!(document["description"], "é é");
    assert_eq!(String::from_utf8_lossy(&world.request().body), body);
    // Of this body, no member is known.
    let body = "\n{ \"unknown\":[1.0e2,12345678901234567890123] }\n";
    let request = world.http.post(format!("{}/{id}/protect", world.secrets("fr-par"))).body(body);
    let answer = request.header("content-type", "application/json").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(String::from_utf8_lossy(&world.request().body), body);
}

#[tokio::test]
async fn omitted_body_is_sent_as_empty_object() {
    let world = World::start().await;
    let id = world.secret("default").await;
    for action in ["protect", "unprotect"] {
        let uri = format!("{}/{id}/{action}", world.secrets("fr-par"));
        assert_eq!(world.http.post(uri).send().await.expect("an answer").status(), 200, "{action}");
        let request = world.request();
        assert_eq!(request.body, b"{}", "{action}");
        assert_eq!(request.header("content-type"), Some("application/json"), "{action}");
    }
}

#[tokio::test]
async fn hop_by_hop_response_headers_are_removed() {
    let world = World::start().await;
    let dropped = ["keep-alive", "proxy-authenticate", "upgrade", "trailer", "te", "set-cookie", "x-hop", "server"];
    for status in [200, 404] {
        let fault = Fault::status(status).json(json!({})).header("connection", "X-Hop").header("etag", "\"kept\"");
        world.simulator.fault(dropped.iter().fold(fault, |fault, name| fault.header(name, "upstream")));
        let answer = get(&world, &format!("{}/none", world.secrets("fr-par"))).await;
        assert_eq!(answer.status(), status);
        for name in dropped {
            assert_eq!(answer.headers().get(name), None, "{name} of a {status} must not pass");
        }
        assert_eq!(answer.headers().get("etag").and_then(|etag| etag.to_str().ok()), Some("\"kept\""));
        assert_eq!(answer.headers().get_all("date").iter().count(), 1, "one date");
    }
}

#[tokio::test]
async fn location_headers_are_rewritten_to_this_server() {
    let world = World::start().await;
    let collection = "/secret-manager/v1beta1/regions/fr-par/secrets";
    let own = format!("/v1{collection}/a%20b");
    for (place, expected) in [
        (format!("{collection}/a%20b"), Some(own.as_str())),
        (format!("{}{collection}/a%20b", world.simulator.base_uri()), Some(own.as_str())),
        (collection.to_owned(), None),
        (format!("{collection}/a/b/c"), None),
        (format!("{collection}/x?a=b"), None),
        ("/elsewhere".to_owned(), None),
        (format!("https://evil.test{collection}/x"), None),
        ("\u{e9}".to_owned(), None),
    ] {
        world.simulator.fault(Fault::status(201).json(json!({})).header("location", &place));
        let request = world.http.post(world.secrets("fr-par")).json(&json!({"name": "n", "project_id": "p"}));
        let answer = request.send().await.expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["cache-control"]),
            (201, &"no-store".parse().expect("a value"))
        );
        assert_eq!(answer.headers().get("location").and_then(|place| place.to_str().ok()), expected, "{place}");
    }
}

#[tokio::test]
async fn methods_that_a_path_does_not_have_are_405_and_do_not_reach_the_upstream() {
    let world = World::start().await;
    for method in ["OPTIONS", "PUT", "TRACE", "BREW"] {
        let request = world.http.request(method.parse().expect("a method"), world.secrets("fr-par"));
        let answer = request.send().await.expect("the adapter answers");
        assert_eq!(answer.headers()["allow"], "GET, HEAD, POST", "{method}");
        problem(answer, 405).await;
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn unsupported_accept_header_returns_406() {
    let world = World::start().await;
    let id = world.secret("accepted").await;
    let uri = format!("{}/{id}", world.secrets("fr-par"));
    let asked = |accept: &'static str| world.http.get(&uri).header("accept", accept).send();
    for accept in ["*/*", "application/json", "text/html, application/*;q=0.1", "application/vnd.x+json; q=1", "", ","]
    {
        assert_eq!(asked(accept).await.expect("an answer").status(), 200, "{accept}");
    }
    world.simulator.take_requests();
    for accept in ["text/html", "application/json;q=0", "image/*, text/*", "application/json;q=0, */*"] {
        problem(asked(accept).await.expect("an answer"), 406).await;
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn caller_headers_are_not_forwarded() {
    let world = World::start().await;
    let request = world.http.get(format!("{}/none", world.secrets("fr-par"))).header("x-auth-token", "mine");
    let request = request.header("authorization", "Bearer mine").header("cookie", "a=mine").header("x-mine", "mine");
    request.send().await.expect("the adapter answers");
    let request = world.request();
    assert_eq!(request.header("x-auth-token"), Some(TOKEN));
    assert!(request.headers.iter().all(|(_, value)| !value.contains("mine")), "{:?}", request.headers);
}

#[tokio::test]
async fn hyphenated_placeholder_maps_to_secret_id() {
    let world = World::start().await;
    let id = world.secret("hyphen").await;
    let answer = get(&world, &format!("{}/{id}", world.secrets("fr-par"))).await;
    let document: Value = answer.json().await.expect("the answer is JSON");
    assert_eq!(document["id"], id.as_str());
    assert_eq!(world.request().path, format!("/secret-manager/v1beta1/regions/fr-par/secrets/{id}"));
}

#[tokio::test]
async fn query_violations_are_reported_together() {
    let world = World::start().await;
    let cases: [(&str, &[&str]); 10] = [
        ("", &["scheduled_for_deletion"]),
        ("scheduled_for_deletion=", &["scheduled_for_deletion"]),
        ("scheduled_for_deletion=maybe&page_size=ten", &["page_size", "scheduled_for_deletion"]),
        ("scheduled_for_deletion=false&page_size=1.5", &["page_size"]),
        ("scheduled_for_deletion=false&page_size=99999999999999999999", &["page_size"]),
        ("scheduled_for_deletion=false&page_size=9223372036854775808", &["page_size"]),
        ("scheduled_for_deletion=false&page=1&page=2", &["page"]),
        ("scheduled_for_deletion=false&scheduled_for_deletion=true", &["scheduled_for_deletion"]),
        ("scheduled_for_deletion=false&projectid=1&tags[]=a", &["projectid", "tags[]"]),
        ("scheduled_for_deletion=false&region=nl-ams", &["region"]),
    ];
    for (query, expected) in cases {
        let answer = get(&world, &format!("{}?{query}", world.secrets("fr-par"))).await;
        let problem = problem(answer, 400).await;
        let mut blamed = blamed(&problem);
        blamed.sort_unstable();
        assert_eq!(blamed, expected, "{query}");
    }
    problem(get(&world, &format!("{}?name=%FF", world.secrets("fr-par"))).await, 400).await;
    problem(get(&world, &format!("{}/%FF", world.secrets("fr-par"))).await, 400).await;
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn invalid_request_bodies_are_rejected() {
    let world = World::start().await;
    let id = world.secret("body").await;
    let uri = format!("{}/{id}", world.secrets("fr-par"));
    let send = |media_type: &'static str, body: Vec<u8>| {
        let request = world.http.patch(&uri).body(body);
        let request = if media_type.is_empty() { request } else { request.header("content-type", media_type) };
        async { request.send().await.expect("the adapter answers") }
    };
    for body in ["{", "{\"a\":1,}", "{} {}", "'x'", "{\"a\":NaN}"] {
        let problem = problem(send("application/json", body.into()).await, 400).await;
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains("line 1")), "{body}: {problem}");
    }
    for body in ["[]", "\"x\"", "1", "true"] {
        let problem = problem(send("application/json", body.into()).await, 422).await;
        assert_eq!(blamed(&problem), ["body"], "{body}");
        assert_eq!(problem["errors"][0]["pointer"], "#", "{body}");
    }
    let twice = problem(send("application/json", br#"{"a":[{"b":1,"b":2}]}"#.to_vec()).await, 400).await;
    assert!(twice["detail"].as_str().is_some_and(|detail| detail.contains("`b`")), "{twice}");
    for media_type in ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let answer = send(media_type, b"{}".to_vec()).await;
        assert_eq!(answer.headers()["accept"], "application/json", "{media_type}");
        problem(answer, 415).await;
    }
    let mut large = b"{}".to_vec();
    large.resize((1 << 20) + 1, b' ');
    problem(send("application/json", large).await, 413).await;
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn compressed_request_bodies_are_rejected_with_accept_encoding() {
    let world = World::start().await;
    let id = world.secret("coded").await;
    let uri = format!("{}/{id}", world.secrets("fr-par"));
    let send = async |codings: &[&str], media_type: &str| {
        let request = world.http.patch(&uri).header("content-type", media_type).body(r#"{"description":"x"}"#);
        let request = codings.iter().fold(request, |request, coding| request.header("content-encoding", *coding));
        request.send().await.expect("the adapter responds")
    };
    for codings in [&["identity"][..], &[""], &["Identity, identity"], &["identity", ""], &[" , ,"]] {
        assert_eq!(send(codings, "application/json").await.status(), 200, "{codings:?}");
        assert_eq!(world.request().body, br#"{"description":"x"}"#, "{codings:?}");
    }
    for codings in [&["gzip"][..], &["identity, br"], &["identity", "x-gzip"], &["unknown"], &["deflate"]] {
        let response = send(codings, "application/json").await;
        assert_eq!(response.headers()["accept-encoding"], "identity", "{codings:?}");
        assert_eq!(response.headers().get("accept"), None, "{codings:?}");
        problem(response, 415).await;
    }
    let response = send(&["identity"], "text/plain").await;
    assert_eq!(
        (&response.headers()["accept"], response.headers().get("accept-encoding")),
        (&"application/json".parse().expect("a value"), None)
    );
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn empty_json_bodies_are_ignored_where_no_body_is_taken() {
    let world = World::start().await;
    let send = async |method: &str, uri: &str, media_type: &str, body: &'static str| {
        let request = world.http.request(method.parse().expect("a method"), uri).body(body);
        let request = if media_type.is_empty() { request } else { request.header("content-type", media_type) };
        request.send().await.expect("the adapter responds")
    };
    for body in ["{}", "null", " \n", " { }\r\n", "{\n\t}", "\tnull "] {
        // Scaleway's SDK for Python sends `{}` with every request, with and without a media type.
        for media_type in ["application/json; charset=utf-8", "application/json", "text/plain", ""] {
            let id = world.secret("empty").await;
            let uri = format!("{}/{id}", world.secrets("fr-par"));
            for (method, status) in [("GET", 200), ("HEAD", 200), ("DELETE", 204)] {
                let response = send(method, &uri, media_type, body).await;
                assert_eq!(response.status(), status, "{method} {body:?} as {media_type:?}");
                assert_eq!(world.request().body, b"", "{method} {body:?} as {media_type:?}");
            }
        }
    }
    let uri = format!("{}/none", world.secrets("fr-par"));
    for body in ["[]", "{\"a\":1}", "0", "\"\"", "false", "{", "nul", "a=b"] {
        problem(send("GET", &uri, "application/json", body).await, 400).await;
    }
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn unreachable_upstream_is_a_bad_gateway() {
    let world = World::start().await;
    world.simulator.fault(Fault::reset().times(u32::MAX));
    let problem = problem(get(&world, &format!("{}/none", world.secrets("fr-par"))).await, 502).await;
    assert!(!problem.to_string().contains("127.0.0.1"), "the upstream's address stays inside: {problem}");
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let world = World::start().await;
    let server = serve(&world, &[]).await;
    let route = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets", server.rest);
    let elsewhere = ["/", "/v1", "/secret-manager/v1beta1/regions/fr-par/secrets", "/v1/metadata", "/mcp"];
    for path in elsewhere {
        problem(get(&world, &format!("{}{path}", server.rest)).await, 404).await;
    }
    for suffix in ["/", "/a/b", "/a/versions", "/a/versions/1", "/a/versions/1/access", "/a/versions/1/restore/x"] {
        problem(get(&world, &format!("{route}{suffix}")).await, 404).await;
    }
    let cases = [("PUT", "", "GET,POST"), ("POST", "/a", "GET,PATCH,DELETE"), ("GET", "/a/protect", "POST")];
    for (method, suffix, allowed) in cases {
        let request = world.http.request(method.parse().expect("a method"), format!("{route}{suffix}"));
        let answer = request.send().await.expect("the server answers");
        let allow = answer.headers().get("allow").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        for name in allowed.split(',') {
            assert!(allow.split(',').any(|one| one.trim() == name), "{method} {suffix}: {name} is not in `{allow}`");
        }
        problem(answer, 405).await;
    }
    let answer = get(&world, &format!("{route}?project_id={PROJECT_ID}&scheduled_for_deletion=false")).await;
    assert_eq!(answer.status(), 200, "the served binary answers its routes");
    assert_eq!(world.simulator.requests().len(), 1, "nothing else was sent");
}

#[tokio::test]
async fn booleans_in_any_letter_case_are_sent_upstream_as_json_writes_them() {
    let world = World::start().await;
    let secrets = format!("{}/v1/secret-manager/v1beta1/regions/fr-par/secrets", world.rest);
    let query = |ephemeral: &str, scheduled: &str| {
        format!("project_id={PROJECT_ID}&ephemeral={ephemeral}&scheduled_for_deletion={scheduled}")
    };
    let response = get(&world, &format!("{secrets}?{}", query("True", "FALSE"))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(world.request().query, Some(query("true", "false")));
    let response = get(&world, &format!("{secrets}?{}", query("yes", "0"))).await;
    assert_eq!(blamed(&problem(response, 400).await), ["ephemeral", "scheduled_for_deletion"]);
}
