//! What the tests share: a simulator, a server in front of it, and a client of each kind.

pub mod garden;
pub mod process;
pub mod tour;

use std::path::PathBuf;

use scaleway_secret_manager_secrets::{Client, RetryPolicy, mcp, rest};
use scaleway_simulator::{PROJECT_ID, Recorded, Simulator, TOKEN};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// A simulator, and the generated crate's three surfaces in front of it.
pub struct World {
    /// The upstream.
    pub simulator: Simulator,
    /// The typed client.
    pub client: Client,
    /// The base URI of the REST adapter, without trailing slash.
    pub rest: String,
    /// The URI of the MCP endpoint.
    pub mcp: String,
    /// A client for the REST adapter.
    pub http: reqwest::Client,
}

impl World {
    /// Starts everything on free ports of this machine.
    pub async fn start() -> Self {
        Self::with_token(TOKEN).await
    }

    /// Starts everything with this token for the upstream.
    pub async fn with_token(token: &str) -> Self {
        let simulator = Simulator::start().await.expect("the simulator starts");
        // A fault of the simulator strikes once, and a retry would hide it.
        let builder = Client::builder().base_uri(simulator.base_uri()).token(token).retry(RetryPolicy::none());
        let client = builder.build().expect("the client is built");
        Self::around(simulator, client).await
    }

    /// Serves the REST and MCP adapters of this client, as a host application would.
    pub async fn around(simulator: Simulator, client: Client) -> Self {
        Self::under(mcp::Policy::default(), simulator, client).await
    }

    /// Starts everything, with this policy for the tools.
    pub async fn with_policy(policy: mcp::Policy) -> Self {
        let simulator = Simulator::start().await.expect("the simulator starts");
        let builder = Client::builder().base_uri(simulator.base_uri()).token(TOKEN).retry(RetryPolicy::none());
        Self::under(policy, simulator, builder.build().expect("the client is built")).await
    }

    async fn under(policy: mcp::Policy, simulator: Simulator, client: Client) -> Self {
        let tools = mcp::server(&client).with_policy(policy).router(mcp::HttpOptions::default());
        let application = rest::router(&client).merge(tools);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("the listener has an address");
        tokio::spawn(async move { axum::serve(listener, application).await });
        let base = format!("http://{address}");
        Self { simulator, client, mcp: format!("{base}/mcp"), rest: base, http: reqwest::Client::new() }
    }

    /// The URI of the collection of secrets on the REST adapter.
    pub fn secrets(&self, region: &str) -> String {
        format!("{}/v1/secret-manager/v1beta1/regions/{region}/secrets", self.rest)
    }

    /// The only request that the upstream received since the last look.
    pub fn request(&self) -> Recorded {
        let mut requests = self.simulator.take_requests();
        assert_eq!(requests.len(), 1, "one request was expected: {requests:?}");
        requests.remove(0)
    }

    /// Asks the upstream directly; the path follows `/regions`. A missing answer is null.
    pub async fn upstream(&self, method: &str, path: &str, body: Value) -> Value {
        let uri = format!("{}{REGIONS}{path}", self.simulator.base_uri());
        let request = self.http.request(method.parse().expect("a method"), uri).header("x-auth-token", TOKEN);
        let answer = request.json(&body).send().await.expect("the simulator answers");
        assert!(answer.status().is_success(), "{method} {path}: {}", answer.status());
        serde_json::from_slice(&answer.bytes().await.expect("the answer is whole")).unwrap_or_default()
    }

    /// A new secret in `fr-par`; the upstream forgets how it came about.
    pub async fn secret(&self, name: &str) -> String {
        let body = json!({"project_id": PROJECT_ID, "name": name, "tags": ["a"], "description": "b"});
        let secret = self.upstream("POST", "/fr-par/secrets", body).await;
        self.simulator.take_requests();
        secret["id"].as_str().expect("a secret has an id").to_owned()
    }

    /// A new secret that this operation can act on: its version 1 is scheduled for deletion, and so is the secret where
    /// it is to be restored.
    pub async fn secret_for(&self, operation: &Operation) -> String {
        let id = self.secret(operation.tool).await;
        let secret = format!("/fr-par/secrets/{id}");
        self.upstream("POST", &format!("{secret}/versions"), json!({"data": "c2VjcmV0"})).await;
        self.upstream("DELETE", &format!("{secret}/versions/1"), json!({})).await;
        if operation.tool == "restore-secret" {
            self.upstream("DELETE", &secret, json!({})).await;
        }
        self.simulator.take_requests();
        id
    }
}

const REGIONS: &str = "/secret-manager/v1beta1/regions";

/// The error of a tool's result: in its structured content, or in a text where the tool declares what it returns.
pub fn error_of(result: &Value) -> Value {
    let texts = result["content"].as_array().into_iter().flatten().filter_map(|block| block["text"].as_str());
    let documents = texts.filter_map(|text| serde_json::from_str(text).ok());
    let mut all = std::iter::once(result["structuredContent"].clone()).chain(documents);
    all.find(|document: &Value| document["error"].is_object()).map_or(Value::Null, |document| document["error"].clone())
}

/// An exposed operation, as its callers and the upstream see it.
#[derive(Debug)]
pub struct Operation {
    /// The name of the MCP tool.
    pub tool: &'static str,
    /// The title of the MCP tool.
    pub title: &'static str,
    /// Whether the tool is read-only, destructive, idempotent and open to the world.
    pub hints: [bool; 4],
    /// The HTTP method, on the REST adapter and upstream.
    pub method: &'static str,
    /// The path after `/regions`, with the arguments' names in braces.
    pub path: &'static str,
    /// A body that the upstream accepts, as it must arrive there.
    pub body: Option<&'static str>,
    /// The status of the upstream's answer.
    pub status: u16,
}

/// The operations in the order of the capability file.
pub static OPERATIONS: [Operation; 10] = [
    operation("list-secrets", "List secrets", READ, "GET", "/{region}/secrets", None, 200),
    operation("create-secret", "Create a secret", WRITE, "POST", "/{region}/secrets", Some(NEW_SECRET), 200),
    operation(
        "get-metadata-using-secret-s-id",
        "Get metadata using the secret's ID",
        READ,
        "GET",
        "/{region}/secrets/{secret_id}",
        None,
        200,
    ),
    operation(
        "update-metadata-secret",
        "Update metadata of a secret",
        UPDATE,
        "PATCH",
        "/{region}/secrets/{secret_id}",
        Some(r#"{"tags":[]}"#),
        200,
    ),
    operation("delete-secret", "Delete a secret", DELETE, "DELETE", "/{region}/secrets/{secret_id}", None, 204),
    operation(
        "allow-product-use-secret",
        "Allow a product to use the secret",
        WRITE,
        "POST",
        "/{region}/secrets/{secret_id}/add-owner",
        Some(r#"{"product":"s2s_vpn"}"#),
        204,
    ),
    operation(
        "enable-secret-protection",
        "Enable secret protection",
        WRITE,
        "POST",
        "/{region}/secrets/{secret_id}/protect",
        Some("{}"),
        200,
    ),
    operation(
        "restore-secret",
        "Restore a secret",
        WRITE,
        "POST",
        "/{region}/secrets/{secret_id}/restore",
        Some("{}"),
        200,
    ),
    operation(
        "disable-secret-protection",
        "Disable secret protection",
        WRITE,
        "POST",
        "/{region}/secrets/{secret_id}/unprotect",
        Some("{}"),
        200,
    ),
    operation(
        "restore-version",
        "Restore a version",
        WRITE,
        "POST",
        "/{region}/secrets/{secret_id}/versions/{revision}/restore",
        Some("{}"),
        200,
    ),
];

const NEW_SECRET: &str = r#"{"project_id":"7e57ab1e-0000-4000-8000-0000000000bb","name":"new"}"#;
const READ: [bool; 4] = [true, false, true, true];
const WRITE: [bool; 4] = [false, false, false, true];
const UPDATE: [bool; 4] = [false, false, true, true];
const DELETE: [bool; 4] = [false, true, true, true];

const fn operation(
    tool: &'static str,
    title: &'static str,
    hints: [bool; 4],
    method: &'static str,
    path: &'static str,
    body: Option<&'static str>,
    status: u16,
) -> Operation {
    Operation { tool, title, hints, method, path, body, status }
}

impl Operation {
    /// The operation of this tool.
    pub fn of(tool: &str) -> &'static Self {
        OPERATIONS.iter().find(|operation| operation.tool == tool).expect("there is such a tool")
    }

    /// The names of the arguments in the path.
    pub fn placeholders(&self) -> Vec<&'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect()
    }

    /// Arguments that work for this secret.
    pub fn arguments(&self, secret: &str) -> Map<String, Value> {
        let path = [("region", "fr-par"), ("secret_id", secret), ("revision", "1")];
        let path = path.into_iter().filter(|(name, _)| self.placeholders().contains(name));
        let mut arguments: Map<_, _> = path.map(|(name, value)| (name.to_owned(), value.into())).collect();
        if let Some(body) = self.body {
            arguments.insert("body".to_owned(), serde_json::from_str(body).expect("the body is JSON"));
        }
        if self.tool == "list-secrets" {
            arguments.insert("project_id".to_owned(), PROJECT_ID.into());
            arguments.insert("scheduled_for_deletion".to_owned(), false.into());
        }
        arguments
    }

    /// Path and query that these arguments must give. The REST adapter has the same, after `/v1`.
    pub fn target(&self, arguments: &Map<String, Value>) -> String {
        let mut path = format!("{REGIONS}{}", self.path);
        let mut query = Vec::new();
        for (name, value) in arguments.iter().filter(|(name, _)| *name != "body") {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let texts = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            if self.placeholders().contains(&name.as_str()) {
                path = texts.fold(path, |path, text| path.replace(&format!("{{{name}}}"), &encode(&text)));
            } else {
                query.extend(texts.map(|text| format!("{name}={}", encode(&text))));
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The built binary of the generated crate. It is built on first use, with the features of the whole workspace.
pub fn server_binary() -> PathBuf {
    static BINARY: std::sync::LazyLock<PathBuf> = std::sync::LazyLock::new(|| {
        xtask::trial::build(&xtask::root(), "scaleway-secret-manager-secrets").expect("the binary is built")
    });
    BINARY.clone()
}
