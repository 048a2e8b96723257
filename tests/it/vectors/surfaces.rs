//! Both capabilities in front of an upstream that responds with any document and keeps what it receives.

use std::pin::Pin;
use std::sync::Arc;

use axum::http::StatusCode;
use naftiko_client::{Error, ErrorKind};
use naftiko_interop::documents::sample;
use naftiko_interop::drift::{self, Upstream};
use naftiko_mcp::{HttpOptions, Policy};
use scaleway_secret_manager_secret_versions as versions;
use scaleway_secret_manager_secrets as secrets;
use scaleway_simulator::TOKEN;
use serde_json::{Map, Value, json};

use crate::mcp::call_at;
use crate::tables::serve;

type Calling = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A call of a typed method with this body, which methods without a body ignore.
type Call = fn(&Clients, Value) -> Calling;

/// An operation: its method, its tool, and a call.
pub(super) type Named = (&'static str, &'static str, Call);

/// The typed clients of both capabilities.
pub(super) struct Clients {
    secrets: secrets::Client,
    versions: versions::Client,
}

macro_rules! call {
    ($client:ident, $tool:literal, $method:ident, |$call:ident, $body:ident| $made:expr) => {
        (stringify!($method), $tool, |clients, $body| {
            let $call = &clients.$client;
            let _ = &$body;
            let call = $made;
            Box::pin(async move { call.send().await.map(drop) })
        })
    };
}

const ID: &str = "6b9f7a2c-0d1e-4f3a-9b8c-7d6e5f4a3b2c";

const SECRETS: &[Named] = &[
    call!(secrets, "list-secrets", list_secrets, |c, b| c.list_secrets("fr-par").scheduled_for_deletion(false)),
    call!(secrets, "create-secret", create_secret, |c, b| c.create_secret("fr-par", b)),
    call!(secrets, "get-metadata-using-secret-s-id", get_secret, |c, b| c.get_secret("fr-par", ID)),
    call!(secrets, "update-metadata-secret", update_secret, |c, b| c.update_secret("fr-par", ID, b)),
    call!(secrets, "allow-product-use-secret", add_secret_owner, |c, b| c.add_secret_owner("fr-par", ID, b)),
];

const VERSIONS: &[Named] = &[
    call!(versions, "list-secret-versions", list_secret_versions, |c, b| c.list_secret_versions("fr-par", ID)),
    call!(versions, "create-secret-version", create_secret_version, |c, b| c.create_secret_version("fr-par", ID, b)),
    call!(versions, "get-secret-version", get_secret_version, |c, b| c.get_secret_version("fr-par", ID, "1")),
    call!(versions, "update-secret-version", update_secret_version, |c, b| c
        .update_secret_version("fr-par", ID, "1", b)),
    call!(versions, "access-secret-version", access_secret_version, |c, b| c.access_secret_version("fr-par", ID, "1")),
    call!(versions, "disable-secret-version", disable_secret_version, |c, b| c
        .disable_secret_version("fr-par", ID, "1", b)),
    call!(versions, "enable-secret-version", enable_secret_version, |c, b| c
        .enable_secret_version("fr-par", ID, "1", b)),
    call!(versions, "access-secret-version-by-path", access_secret_version_by_path, |c, b| c
        .access_secret_version_by_path("fr-par", "1", "/", "name", ID)),
];

/// An operation and what is known of it from outside.
pub(super) struct Operation {
    pub(super) method: &'static str,
    /// The schemas of bodies, as `openapi.json` has them.
    pub(super) request: Option<Value>,
    pub(super) response: Option<Value>,
    /// The schema of results, as the list of tools has it.
    pub(super) output: Option<Value>,
    tool: &'static str,
    arguments: Map<String, Value>,
    verb: reqwest::Method,
    target: String,
    call: Call,
}

impl Operation {
    /// A body that fits.
    pub(super) fn body(&self) -> Value {
        self.request.as_ref().map(sample).unwrap_or_default()
    }
}

/// What came of a call.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    /// The document that came back, if the surface gives one.
    Fine(Value),
    /// The places in the body that are wrong, in order.
    Wrong(Vec<String>),
    /// A tool's error.
    Text(String),
    Failed(String),
}

/// The surfaces of one capability.
pub(super) struct Surfaces {
    clients: Clients,
    base: String,
    http: reqwest::Client,
    upstream: Arc<Upstream>,
    openapi: Value,
    tools: Value,
    named: &'static [Named],
}

impl Surfaces {
    /// Those of both capabilities.
    pub(super) async fn all() -> [Self; 2] {
        naftiko_client::install_crypto_provider();
        [Self::start(true).await, Self::start(false).await]
    }

    async fn start(is_of_secrets: bool) -> Self {
        let upstream = Arc::default();
        let uri = serve(drift::router(&upstream)).await;
        let clients = Clients {
            secrets: secrets::Client::builder().base_uri(&uri).token(TOKEN).build().expect("a client"),
            versions: versions::Client::builder().base_uri(&uri).token(TOKEN).build().expect("a client"),
        };
        let (router, openapi, named) = if is_of_secrets {
            let tools = secrets::mcp::server(&clients.secrets).with_policy(policy()).router(HttpOptions::default());
            (secrets::rest::router(&clients.secrets).merge(tools), secrets::rest::OPENAPI, SECRETS)
        } else {
            let tools = versions::mcp::server(&clients.versions).with_policy(policy()).router(HttpOptions::default());
            (versions::rest::router(&clients.versions).merge(tools), versions::rest::OPENAPI, VERSIONS)
        };
        let base = serve(router).await;
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let request = http.post(format!("{base}/mcp")).header("accept", "application/json, text/event-stream");
        let list: Value = request.json(&list).send().await.expect("a response").json().await.expect("JSON");
        let openapi = serde_json::from_str(openapi).expect("a document");
        Self { clients, base, http, upstream, openapi, tools: list["result"]["tools"].clone(), named }
    }

    /// What the upstream responds with from now on.
    pub(super) fn respond_with(&self, document: &Value) {
        self.upstream.respond_with(StatusCode::OK, document);
        self.upstream.received();
    }

    /// The bodies that the upstream has received since the last look.
    pub(super) fn received(&self) -> Vec<Value> {
        self.upstream.received()
    }

    pub(super) fn operations(&self) -> Vec<Operation> {
        self.named.iter().map(|(method, tool, call)| self.operation(method, tool, *call)).collect()
    }

    fn operation(&self, method: &'static str, tool: &'static str, call: Call) -> Operation {
        let paths = self.openapi["paths"].as_object().into_iter().flatten();
        let mut all = paths.flat_map(|(path, item)| item.as_object().into_iter().flatten().map(move |it| (path, it)));
        let found = all.find(|(_, (_, operation))| operation["operationId"] == method);
        let (path, (verb, operation)) = found.unwrap_or_else(|| panic!("{method} has a route"));
        let tools = self.tools.as_array().into_iter().flatten();
        let tool_ = tools.clone().find(|known| known["name"] == tool).unwrap_or_else(|| panic!("{tool} is a tool"));
        let required = tool_["inputSchema"]["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let inputs = &tool_["inputSchema"]["properties"];
        let arguments = required.filter(|name| *name != "body");
        Operation {
            method,
            request: self.schema(&operation["requestBody"]),
            response: self.schema(&operation["responses"]["2XX"]),
            output: tool_.get("outputSchema").cloned(),
            tool,
            arguments: arguments.map(|name| (name.to_owned(), sample(&inputs[name]))).collect(),
            verb: verb.to_uppercase().parse().expect("a method"),
            target: target(path, &operation["parameters"]),
            call,
        }
    }

    /// The schema of a JSON body, with what its references lead to.
    fn schema(&self, body: &Value) -> Option<Value> {
        let mut schema = body["content"]["application/json"].get("schema")?.clone();
        schema["components"] = self.openapi["components"].clone();
        Some(schema)
    }

    pub(super) async fn call_client(&self, operation: &Operation, body: &Value) -> Outcome {
        match (operation.call)(&self.clients, body.clone()).await {
            Ok(()) => Outcome::Fine(Value::Null),
            Err(error) => match error.kind() {
                ErrorKind::Arguments(violations) => {
                    sorted(violations.iter().map(|it| it.pointer.as_deref().unwrap_or_default().to_owned()))
                }
                _ => Outcome::Failed(error.to_string()),
            },
        }
    }

    pub(super) async fn call_rest(&self, operation: &Operation, body: &Value) -> Outcome {
        let request = self.http.request(operation.verb.clone(), format!("{}{}", self.base, operation.target));
        let request = if operation.request.is_some() { request.json(body) } else { request };
        let response = request.send().await.expect("a response");
        let status = response.status();
        let document: Value = response.json().await.expect("JSON");
        let errors = document["errors"].as_array().into_iter().flatten();
        match status.as_u16() {
            200 => Outcome::Fine(document),
            422 => {
                sorted(errors.map(|it| it["pointer"].as_str().unwrap_or_default().trim_start_matches('#').to_owned()))
            }
            _ => Outcome::Failed(format!("{status} {document}")),
        }
    }

    pub(super) async fn call_mcp(&self, operation: &Operation, body: &Value) -> Outcome {
        let mut arguments = operation.arguments.clone();
        if operation.request.is_some() {
            arguments.insert("body".to_owned(), body.clone());
        }
        let result = call_at(&self.http, &format!("{}/mcp", self.base), operation.tool, &arguments.into()).await;
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        if result["isError"] == true { Outcome::Text(text) } else { Outcome::Fine(result) }
    }
}

fn policy() -> Policy {
    Policy::default()
}

fn sorted(pointers: impl Iterator<Item = String>) -> Outcome {
    let mut pointers: Vec<String> = pointers.collect();
    pointers.sort();
    Outcome::Wrong(pointers)
}

/// The path of a route with what it needs.
fn target(path: &str, parameters: &Value) -> String {
    let mut target = path.to_owned();
    let mut query = Vec::new();
    for parameter in parameters.as_array().into_iter().flatten().filter(|parameter| parameter["required"] == true) {
        let name = parameter["name"].as_str().unwrap_or_default();
        let value = sample(&parameter["schema"]);
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match parameter["in"].as_str() {
            Some("path") => target = target.replace(&format!("{{{name}}}"), &value),
            _ => query.push(format!("{name}={value}")),
        }
    }
    if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
}
