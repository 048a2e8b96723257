//! Defaults: what callers leave out is what the environment or the application says, on all three surfaces.

use axum::Router;
use naftiko_client::__private::Connection;
use naftiko_client::schema::*;
use naftiko_client::{Choice, ClientBuilder, ConfigError, Configured};
use naftiko_mcp::{HttpOptions, Server};
use naftiko_serve::echo;
use naftiko_tests::process::{Server as Process, serving};
use naftiko_tests::{World, server_binary};
use scaleway_secret_manager_secret_versions::{Client as Versions, mcp as versions_mcp, rest as versions_rest};
use scaleway_secret_manager_secrets::{Client, RetryPolicy};
use scaleway_simulator::{PROJECT_ID, Simulator, TOKEN};
use serde_json::{Value, json};

use crate::mcp::{call_at, post};
use crate::server::command;
use crate::tables::{call, serve};

const SECRETS: &str = "/secret-manager/v1beta1/regions/fr-par/secrets";
const REGION: &str = "SCW_DEFAULT_REGION";

/// The target of a list of secrets.
fn list_in(region: &str) -> String {
    let path = SECRETS.replace("fr-par", region);
    format!("{path}?project_id={PROJECT_ID}&scheduled_for_deletion=false")
}

/// The arguments of a list of secrets, without the region.
fn list() -> Value {
    json!({"project_id": PROJECT_ID, "scheduled_for_deletion": false})
}

/// The tools at an endpoint, by name.
async fn tool(http: &reqwest::Client, uri: &str, name: &str) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let listed: Value = post(http, uri, &message).await.json().await.expect("JSON");
    let tools = listed["result"]["tools"].as_array().expect("a list").clone();
    tools.into_iter().find(|tool| tool["name"] == name).expect("the tool")
}

/// The surfaces of the secrets, whose region has a default.
async fn world() -> World {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).retry(RetryPolicy::none());
    let client = builder.default_value("region", "fr-par").build().expect("the client is built");
    World::around(simulator, client).await
}

#[tokio::test]
async fn client_call_with_configured_region_goes_to_the_default() {
    let world = world().await;
    world
        .client
        .list_secrets(Configured)
        .project_id(PROJECT_ID)
        .scheduled_for_deletion(false)
        .send()
        .await
        .expect("a list");
    assert_eq!(world.request().target(), list_in("fr-par"));
    world
        .client
        .list_secrets("nl-ams")
        .project_id(PROJECT_ID)
        .scheduled_for_deletion(false)
        .send()
        .await
        .expect("a list");
    assert_eq!(world.request().target(), list_in("nl-ams"));
    let regions = [Some("pl-waw"), None].map(|region| region.map_or(Choice::Configured, Choice::from));
    for (region, expected) in regions.into_iter().zip(["pl-waw", "fr-par"]) {
        world
            .client
            .list_secrets(region)
            .project_id(PROJECT_ID)
            .scheduled_for_deletion(false)
            .send()
            .await
            .expect("a list");
        assert_eq!(world.request().target(), list_in(expected));
    }
}

#[tokio::test]
async fn client_call_without_a_default_names_the_variable_to_set() {
    let world = World::start().await;
    let error = world
        .client
        .list_secrets(Configured)
        .scheduled_for_deletion(false)
        .send()
        .await
        .expect_err("nothing is configured");
    let expected = format!("`region` is required where the environment variable `{REGION}` is not set");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(world.simulator.take_requests().is_empty(), "nothing is sent");
}

#[test]
fn default_that_is_wrong_or_unknown_is_an_error_of_the_builder() {
    let versions = || Versions::builder().token(TOKEN);
    let error = versions().default_value("region", "fr-pra").build().expect_err("no such region");
    let expected = format!(
        "the default of `region` (environment variable `{REGION}`) must be one of `fr-par`, `nl-ams`, `pl-waw`"
    );
    assert_eq!(error.to_string(), expected);
    assert!(matches!(error, ConfigError::Default { name: "region", variable: REGION, .. }), "{error:?}");
    let error = versions().default_value("page", "1").build().expect_err("it has no default");
    assert_eq!(error.to_string(), "the capability has no default for `page`");
    versions().default_value("region", "fr-pra").default_value("region", "nl-ams").build().expect("the last counts");
}

#[tokio::test]
async fn tool_with_a_default_can_be_called_without_it() {
    let world = world().await;
    let listed = tool(&world.http, &world.mcp, "list-secrets").await;
    let schema = &listed["inputSchema"];
    assert_eq!(schema["properties"]["region"]["default"], "fr-par");
    let description = schema["properties"]["region"]["description"].as_str().expect("a text");
    assert!(description.ends_with("(default: fr-par)"), "{description}");
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    assert!(!required.contains(&json!("region")), "{schema}");
    for (given, region) in [(None, "fr-par"), (Some(Value::Null), "fr-par"), (Some(json!("nl-ams")), "nl-ams")] {
        let mut arguments = list();
        if let Some(given) = given {
            arguments["region"] = given;
        }
        let result = call_at(&world.http, &world.mcp, "list-secrets", &arguments).await;
        assert_ne!(result["isError"], true, "{result}");
        assert_eq!(world.request().target(), list_in(region), "{arguments}");
    }
}

#[tokio::test]
async fn tool_without_a_default_requires_its_input_as_before() {
    let world = World::start().await;
    let listed = tool(&world.http, &world.mcp, "list-secrets").await;
    assert_eq!(listed["inputSchema"]["required"], json!(["region", "scheduled_for_deletion"]));
    assert_eq!(listed["inputSchema"]["properties"]["region"].get("default"), None);
    let result = call_at(&world.http, &world.mcp, "list-secrets", &list()).await;
    let text = result["content"][0]["text"].as_str().expect("a text");
    assert!(result["isError"] == true && text.contains(REGION), "{result}");
}

#[tokio::test]
async fn route_with_a_default_can_be_called_without_a_query_parameter() {
    let world = World::start().await;
    let secret = world.secret("held").await;
    world.upstream("POST", &format!("/fr-par/secrets/{secret}/versions"), json!({"data": "YQ=="})).await;
    world.simulator.take_requests();
    let path = "-by-path/versions/latest/access?secret_path=%2F&secret_name=held";
    for configured in [true, false] {
        let builder = Versions::builder().base_uri(world.simulator.base_uri()).token(TOKEN);
        let builder = if configured { builder.default_value("project_id", PROJECT_ID) } else { builder };
        let client = builder.build().expect("the client is built");
        let tools = versions_mcp::server(&client).router(HttpOptions::default());
        let base = serve(versions_rest::router(&client).merge(tools)).await;
        let response = world.http.get(format!("{base}/v1{SECRETS}{path}")).send().await.expect("a response");
        let (status, document) = (response.status().as_u16(), response.json::<Value>().await.expect("JSON"));
        if configured {
            assert_eq!((status, &document["data"]), (200, &json!("YQ==")), "{document}");
            assert_eq!(world.request().target(), format!("{SECRETS}{path}&project_id={PROJECT_ID}"));
            let arguments =
                json!({"region": "fr-par", "revision": "latest", "secret_path": "/", "secret_name": "held"});
            let result =
                call_at(&world.http, &format!("{base}/mcp"), "access-secret-version-by-path", &arguments).await;
            assert_ne!(result["isError"], true, "{result}");
            assert_eq!(world.request().target(), format!("{SECRETS}{path}&project_id={PROJECT_ID}"));
        } else {
            let detail = "is required where the environment variable `SCW_DEFAULT_PROJECT_ID` is not set";
            assert_eq!((status, &document["errors"][0]["detail"]), (400, &json!(detail)), "{document}");
        }
    }
}

#[tokio::test]
async fn server_reads_its_defaults_from_the_environment() {
    let world = World::start().await;
    let mut command = serving(&server_binary(), &world.simulator.base_uri(), &[]);
    command.env(REGION, " nl-ams\n");
    let server = Process::launch(command).await.expect("the server starts");
    let result = call_at(&world.http, &server.mcp, "list-secrets", &list()).await;
    assert_ne!(result["isError"], true, "{result}");
    assert_eq!(world.request().target(), list_in("nl-ams"));
}

#[tokio::test]
async fn server_with_a_wrong_default_does_not_start() {
    let mut command = command(&["serve", "--rest-port", "0", "--mcp-port", "0"]);
    let output = command.env(REGION, "..").output().await.expect("the server starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("the default of `region` (environment variable `SCW_DEFAULT_REGION`) must"), "{text}");
}

#[tokio::test]
async fn help_and_configuration_show_the_variables_of_defaults() {
    let output = command(&["--help"]).output().await.expect("the help");
    let text = String::from_utf8_lossy(&output.stdout);
    let expected = "Optional environment variables, with the value of an input that is left out: ";
    assert!(text.contains(expected) && text.contains("SCW_DEFAULT_REGION (region)"), "{text}");
    let mut command = command(&["serve", "--print-config"]);
    let output = command.env(REGION, "nl-ams").output().await.expect("the configuration");
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(printed["defaults"][REGION], "nl-ams");
}

/// What creates a thing, in a project that may be configured.
static CREATE: Operation = Operation::new(OperationId(0), "create", Method::Post, RetrySafety::OnlyIfNotProcessed)
    .path(const { &[PathPart::Literal(text("/things"))] })
    .parameters(
        const { &[Parameter::new("body", Location::Body, Kind::Object).required().default("{}").description("A thing")] },
    )
    .request_schema(
        r#"{"type": "object", "required": ["project_id", "name"], "properties": {
            "name": {"type": "string"},
            "project_id": {"type": "string", "description": "Who pays.", "x-naftiko-default": {"env": "THINGS_PROJECT"}}
        }, "additionalProperties": false}"#,
    );

static CAPABILITY: Capability = Capability::new("defaults", "Defaults", "1.0.0")
    .apis(const { &[Api::new("things")] })
    .defaults(const { &[Parameter::new("project_id", Location::Field, Kind::String).configured("THINGS_PROJECT")] });

static REST: Rest = Rest::new(0).routes(const { &[Route::new(Method::Post, "/things", Binding::new(calls(&CREATE)))] });

static MCP: Mcp = Mcp::new(0)
    .tools(const { &[Tool::new("create", "Create", "Create", ToolHints::new(), Binding::new(calls(&CREATE)))] });

/// The document that an upstream got, which echoes it.
fn sent(echoed: &Value) -> Value {
    serde_json::from_str(echoed["body"].as_str().expect("a text")).expect("JSON")
}

#[tokio::test]
async fn member_of_a_body_that_is_left_out_has_its_default_on_all_surfaces() {
    naftiko_client::install_crypto_provider();
    let upstream = serve(Router::new().fallback(echo::respond)).await;
    let builder = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri(&upstream);
    let connection = builder.default_value("project_id", "p").build().expect("a connection");
    let mcp = Server::new(&MCP, &connection).router(HttpOptions::default());
    let base = serve(naftiko_rest::router(&REST, &connection).merge(mcp)).await;
    let http = reqwest::Client::new();
    for (body, project) in [
        (json!({"name": "a"}), Some("p")),
        (json!({"name": "a", "project_id": "q"}), Some("q")),
        (json!({"name": "a", "project_id": null}), None),
        (json!({"project_id": "q"}), None),
    ] {
        let request = connection.request(&CREATE).body(naftiko_client::__private::ParameterId(0), body.clone());
        let by_client = request.send().await.map(|response| sent(response.body()));
        let response = http.post(format!("{base}/things")).json(&body).send().await.expect("a response");
        let by_rest = (response.status().as_u16(), response.json::<Value>().await.expect("JSON"));
        let by_mcp = call(&http, &base, "create", json!({"body": body})).await;
        let Some(project) = project else {
            assert!(by_client.is_err() && by_rest.0 == 422 && by_mcp["isError"] == true, "{body}: {by_mcp}");
            continue;
        };
        let expected = json!({"name": "a", "project_id": project});
        assert_eq!(by_client.expect("it is sent"), expected, "client: {body}");
        assert_eq!((by_rest.0, sent(&by_rest.1)), (200, expected.clone()), "REST: {body}");
        let echoed: Value = serde_json::from_str(by_mcp["content"][0]["text"].as_str().expect("text")).expect("JSON");
        assert_eq!(sent(&echoed), expected, "MCP: {body}");
    }
    let created = tool(&http, &format!("{base}/mcp"), "create").await;
    let schema = &created["inputSchema"]["properties"]["body"];
    assert_eq!(schema["required"], json!(["name"]));
    let member = json!({"type": "string", "description": "Who pays. (default: p)", "default": "p"});
    assert_eq!(schema["properties"]["project_id"], member);
}
