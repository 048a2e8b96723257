//! The typed client against the simulator, and the errors of its builder.

mod answers;
mod doubles;
mod errors;
mod lists;
mod redirects;
mod retries;
mod seams;
mod spans;
mod tokens;

use std::time::Duration;

use naftiko_client::testing::Script;
use naftiko_tests::{OPERATIONS, World};
use scaleway_secret_manager_secrets::{Call as _, Client, ClientBuilder, ConfigError, Error, ErrorKind, Response};
use scaleway_simulator::{Fault, PROJECT_ID, Simulator, TOKEN};
use serde_json::{Map, Value, json};
use tokio::net::TcpSocket;

/// Calls the method behind a tool with the tool's arguments.
pub(crate) async fn call(
    client: &Client,
    tool: &str,
    arguments: &Map<String, Value>,
) -> Result<Response<Value>, Error> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (region, id) = (text("region"), text("secret_id"));
    let body = arguments.get("body").cloned().unwrap_or(json!({}));
    match tool {
        "list-secrets" => {
            let scheduled = arguments.get("scheduled_for_deletion") == Some(&json!(true));
            let mut call = client.list_secrets(region).scheduled_for_deletion(scheduled);
            for (name, value) in arguments {
                call = match (name.as_str(), value) {
                    ("project_id", _) => call.project_id(text(name)),
                    ("page", value) => call.page(value.as_i64().expect("a whole number")),
                    ("name", _) => call.name(text(name)),
                    ("path", _) => call.path(text(name)),
                    ("page_size", value) => call.page_size(value.as_i64().expect("a whole number")),
                    ("tags", Value::Array(tags)) => call.tags(tags.iter().filter_map(Value::as_str)),
                    _ => call,
                };
            }
            call.send_as().await
        }
        "create-secret" => client.create_secret(region, body).send_as().await,
        "get-metadata-using-secret-s-id" => client.get_secret(region, id).send_as().await,
        "update-metadata-secret" => client.update_secret(region, id, body).send_as().await,
        "delete-secret" => client.delete_secret(region, id).send_as().await,
        "allow-product-use-secret" => client.add_secret_owner(region, id, body).send_as().await,
        "enable-secret-protection" => client.protect_secret(region, id, body).send_as().await,
        "restore-secret" => client.restore_secret(region, id, body).send_as().await,
        "disable-secret-protection" => client.unprotect_secret(region, id, body).send_as().await,
        "restore-version" => client.restore_secret_version(region, id, text("revision"), body).send_as().await,
        _ => panic!("there is no tool {tool}"),
    }
}

/// A world whose client is built by this function.
async fn world(configure: impl FnOnce(ClientBuilder<Client>) -> ClientBuilder<Client>) -> World {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN);
    let client = configure(builder).build().expect("the client is built");
    World::around(simulator, client).await
}

/// The body of a request that creates a secret.
fn new_secret() -> Value {
    json!({"project_id": PROJECT_ID, "name": "new"})
}

/// A client that a script answers.
fn scripted(script: &Script) -> ClientBuilder<Client> {
    Client::builder().token(TOKEN).transport(script.clone())
}

async fn failure(world: &World, fault: Fault) -> Error {
    world.simulator.fault(fault);
    world.client.get_secret("fr-par", "some").send().await.expect_err("the fault strikes")
}

#[tokio::test]
async fn every_client_method_sends_its_exact_request() {
    let world = World::start().await;
    for operation in &OPERATIONS {
        let tool = operation.tool;
        let arguments = operation.arguments(&world.secret_for(operation).await);
        let response = call(&world.client, tool, &arguments).await.expect(tool);
        let request = world.request();
        assert_eq!(request.method, operation.method, "{tool}");
        assert_eq!(request.target(), operation.target(&arguments), "{tool}");
        assert_eq!(String::from_utf8_lossy(&request.body), operation.body.unwrap_or_default(), "{tool}");
        assert_eq!(request.header("content-type"), operation.body.map(|_| "application/json"), "{tool}");
        assert_eq!(request.header("accept"), Some("application/json"), "{tool}");
        assert_eq!(request.header("x-auth-token"), Some(TOKEN), "{tool}");
        let agent = request.header("user-agent").unwrap_or_default();
        assert!(agent.starts_with("scaleway-secret-manager-secrets/"), "{tool}: {agent}");
        assert_eq!(response.status(), operation.status, "{tool}");
        assert_eq!(response.headers()["content-type"], "application/json", "{tool}");
        assert_eq!(response.request_id().map(str::len), Some(36), "{tool}: the request id is a UUID");
        assert_eq!(response.body().is_null(), operation.status == 204, "{tool}: {}", response.body());
    }
}

#[tokio::test]
async fn optional_arguments_become_query_parameters() {
    let world = World::start().await;
    let organization = scaleway_simulator::ORGANIZATION_ID;
    let list = world
        .client
        .list_secrets("fr-par")
        .scheduled_for_deletion(true)
        .organization_id(organization)
        .project_id(PROJECT_ID);
    let list = list.order_by("name_desc").page(2).page_size(10).tags(["one", "two"]).name("n").path("/a/b");
    let response = list.ephemeral(false).type_("opaque").send_as::<Value>().await.expect("the list is answered");
    assert_eq!(response.body(), &json!({"secrets": [], "total_count": 0}));
    let expected = format!(
        "organization_id={organization}&project_id={PROJECT_ID}&order_by=name_desc&page=2&page_size=10&tags=one&tags=two\
         &name=n&path=%2Fa%2Fb&ephemeral=false&type=opaque&scheduled_for_deletion=true"
    );
    assert_eq!(world.request().query, Some(expected));
}

#[tokio::test]
async fn empty_array_argument_is_not_sent() {
    let world = World::start().await;
    let list = world
        .client
        .list_secrets("fr-par")
        .scheduled_for_deletion(false)
        .project_id(PROJECT_ID)
        .tags(Vec::<String>::new());
    list.send().await.expect("the list is answered");
    let expected = format!("project_id={PROJECT_ID}&scheduled_for_deletion=false");
    assert_eq!(world.request().query, Some(expected));
}

#[test]
fn missing_variables_are_named() {
    for builder in [Client::builder(), Client::builder().token(""), Client::builder().token(" ")] {
        let error = builder.build().expect_err("there is no token");
        assert!(matches!(&error, ConfigError::MissingVariables { names } if names == &["SCALEWAY_API_KEY"]), "{error}");
        assert!(error.to_string().contains("SCALEWAY_API_KEY"), "{error}");
    }
}

#[test]
fn variable_can_be_set_by_name() {
    Client::builder().variable("SCALEWAY_API_KEY", TOKEN).build().expect("the variable is the token");
    let error = Client::builder().token(TOKEN).variable("SCW_SECRET_KEY", TOKEN).build().expect_err("it is unknown");
    assert!(matches!(&error, ConfigError::UnknownVariable { name } if name == "SCW_SECRET_KEY"), "{error}");
}

#[test]
fn token_that_is_no_valid_header_value_is_rejected() {
    let error = Client::builder().token("line\nbreak").build().expect_err("the token has a line break");
    assert!(matches!(error, ConfigError::Credential { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("break"), "{error:?}");
}

#[test]
fn base_uri_must_be_absolute_without_query_or_user_info() {
    for uri in ["", "api.scaleway.com", "/v1", "ftp://host", "https://", "https://user:secret@host", "https://host?a=b"]
    {
        let error = Client::builder().token(TOKEN).base_uri(uri).build().expect_err(uri);
        assert!(matches!(error, ConfigError::BaseUri), "{uri}: {error}");
    }
    let error = Client::builder().token(TOKEN).base_uri_of("other", "https://host").build().expect_err("no such API");
    assert!(matches!(&error, ConfigError::UnknownApi { namespace } if namespace == "other"), "{error}");
    let builder = Client::builder().token(TOKEN).base_uri_of("secret-manager-secrets", "https://host");
    builder.build().expect("the namespace is known");
}

#[test]
fn plain_http_is_limited_to_loopback_unless_allowed() {
    let builder = |uri: &str| Client::builder().token(TOKEN).base_uri(uri);
    for uri in ["http://api.scaleway.com", "http://10.0.0.1", "http://localhost.example.org", "http://127.0.0.1.nip.io"]
    {
        let error = builder(uri).build().expect_err(uri);
        assert!(matches!(error, ConfigError::PlainHttp), "{uri}: {error}");
        builder(uri).allow_plain_http().build().expect(uri);
    }
    for uri in ["http://127.0.0.1:1", "http://localhost", "http://[::1]", "https://api.scaleway.com"] {
        builder(uri).build().expect(uri);
    }
}

#[tokio::test]
async fn base_uri_can_have_a_path() {
    for suffix in ["/proxy", "/proxy/"] {
        let simulator = Simulator::start().await.expect("the simulator starts");
        let base_uri = format!("{}{suffix}", simulator.base_uri());
        let client = Client::builder().base_uri(base_uri).token(TOKEN).build().expect("the client is built");
        client.get_secret("fr-par", "some").send().await.expect_err("the simulator has no such route");
        assert_eq!(simulator.requests()[0].path, "/proxy/secret-manager/v1beta1/regions/fr-par/secrets/some");
    }
}

#[tokio::test]
async fn late_response_is_a_timeout() {
    let world = world(|builder| builder.timeout(Duration::from_millis(100))).await;
    let error = failure(&world, Fault::slow(Duration::from_secs(60))).await;
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    assert_eq!((error.status(), error.operation()), (None, "getsecret"));
}

#[tokio::test]
async fn closed_port_is_a_connect_error() {
    // A bound socket that does not listen keeps its port from others.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port is free");
    let base_uri = format!("http://{}", socket.local_addr().expect("the socket has an address"));
    let client = Client::builder().base_uri(base_uri).token(TOKEN).build().expect("the client is built");
    let error = client.get_secret("fr-par", "some").send().await.expect_err("no server listens");
    assert_eq!(error.kind(), &ErrorKind::Connect);
}

#[tokio::test]
async fn response_over_the_limit_is_too_large() {
    let world = world(|builder| builder.response_limit(100)).await;
    let fitting = format!("\"{}\"", "x".repeat(98));
    world.simulator.fault(Fault::status(200).body("application/json", fitting));
    world.client.get_secret("fr-par", "some").send_as::<Value>().await.expect("100 bytes fit");
    for status in [200, 404] {
        let error = failure(&world, Fault::status(status).json(json!("x".repeat(99)))).await;
        match error.kind() {
            ErrorKind::TooLarge { limit } => assert_eq!((*limit, status), (100, 200)),
            // An API error is cut off instead: what it says first is worth more than its length.
            ErrorKind::Status(status) => assert_eq!((status.as_u16(), error.body().len()), (404, 100)),
            kind => panic!("{kind:?}"),
        }
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        assert!(error.request_id().is_some(), "the request id is kept");
    }
}

#[tokio::test]
async fn custom_reqwest_settings_do_not_override_credential_and_redirect_policy() {
    let settings = [("x-extra", "mine"), ("x-auth-token", "mine")].map(|(name, value)| {
        let name: reqwest::header::HeaderName = name.parse().expect("a name");
        (name, reqwest::header::HeaderValue::from_static(value))
    });
    let http = reqwest::Client::builder().default_headers(settings.into_iter().collect());
    let world = world(|builder| builder.http(http.redirect(reqwest::redirect::Policy::limited(5)))).await;
    // This machine, but another port.
    let error = failure(&world, Fault::redirect("http://127.0.0.1:9/elsewhere")).await;
    assert_eq!(error.status().map(|status| status.as_u16()), Some(307));
    let request = world.request();
    assert_eq!(request.header("x-extra"), Some("mine"));
    let tokens: Vec<_> = request.headers.iter().filter(|(name, _)| name == "x-auth-token").collect();
    assert_eq!(tokens.len(), 1, "{tokens:?}");
    assert_eq!(tokens[0].1, TOKEN);
}

#[tokio::test]
async fn api_error_keeps_status_headers_and_body_of_upstream() {
    let world = World::start().await;
    let document = br#"{"message":"no such thing","type":"not_found","precise":12345678901234567890.10}"#;
    let fault = Fault::status(404).body("application/json", document.to_vec()).header("x-request-id", "the-id");
    let error = failure(&world, fault.header("x-more", "kept")).await;
    assert_eq!(error.kind(), &ErrorKind::Status(reqwest::StatusCode::NOT_FOUND));
    assert_eq!(error.status(), Some(reqwest::StatusCode::NOT_FOUND));
    assert_eq!(error.message(), Some("no such thing"));
    assert_eq!(error.request_id(), Some("the-id"));
    assert_eq!(error.headers().expect("there are headers")["x-more"], "kept");
    assert_eq!(error.body(), document);
    let text = error.to_string();
    assert!(["getsecret", "404", "no such thing", "the-id"].iter().all(|part| text.contains(part)), "{text}");
}

#[tokio::test]
async fn success_with_empty_body_decodes_to_null() {
    let world = World::start().await;
    for status in [200, 202, 204] {
        world.simulator.fault(Fault::status(status).header("content-type", "application/json"));
        let response = world.client.get_secret("fr-par", "some").send_as::<Value>().await.expect("a success");
        assert_eq!(response.status(), status);
        assert_eq!(response.into_body(), Value::Null);
    }
}

#[tokio::test]
async fn all_argument_violations_are_reported_together() {
    let world = World::start().await;
    let error = world.client.update_secret("..", "", json!([])).send().await.expect_err("three are wrong");
    let ErrorKind::Arguments(violations) = error.kind() else { panic!("{error}") };
    let names: Vec<_> = violations.iter().map(|violation| violation.parameter.as_str()).collect();
    assert_eq!(names, ["region", "secret_id", "body"]);
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}

#[tokio::test]
async fn body_can_be_any_serializable_type() {
    let world = World::start().await;
    let id = world.secret("typed").await;
    let body = std::collections::BTreeMap::from([("description", "from a map")]);
    let response = world.client.update_secret("fr-par", &id, body).send().await.expect("the secret is updated");
    assert_eq!(response.body().description.as_deref(), Some("from a map"));
    assert_eq!(world.request().body, br#"{"description":"from a map"}"#);
}

#[tokio::test]
async fn body_that_is_not_json_is_rejected() {
    let world = World::start().await;
    let body = std::collections::BTreeMap::from([((1, 2), "a key that is no text")]);
    let error = world.client.create_secret("fr-par", body).send().await.expect_err("the body is no JSON");
    assert!(matches!(error.kind(), ErrorKind::Arguments(violations) if violations[0].parameter == "body"), "{error}");
    assert!(world.simulator.requests().is_empty(), "nothing is sent");
}
