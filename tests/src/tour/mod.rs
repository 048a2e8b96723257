//! Short tours over REST and over MCP, step by step on standard output: one for each generated server.

mod secrets;
mod versions;

use anyhow::{Result, ensure};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The collection of secrets on the REST adapters.
const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";

/// A generated server that has a tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tour {
    /// The life of a secret.
    Secrets,
    /// The life of a version of a secret, which is where its value is.
    Versions,
}

impl Tour {
    /// All of them, by the names of the crates.
    pub const ALL: [(&'static str, Self); 2] = [
        ("scaleway-secret-manager-secrets", Self::Secrets),
        ("scaleway-secret-manager-secret-versions", Self::Versions),
    ];

    /// The tour of this crate.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, tour)| *tour)
    }

    /// Takes the tour. `upstream` is the base URI of the simulator, `rest` and `mcp` are those of the server.
    ///
    /// # Errors
    /// When a step does not end as it should.
    pub async fn take(self, upstream: &str, rest: &str, mcp: &str) -> Result<()> {
        let http = client();
        let rest = Rest { http: http.clone(), secrets: format!("{rest}{SECRETS}") };
        let mcp = Mcp { http, uri: mcp.to_owned() };
        match self {
            Self::Secrets => secrets::take(&rest, &mcp).await,
            Self::Versions => versions::take(upstream, &rest, &mcp).await,
        }
    }

    /// Lines to paste into a terminal, for a server at these addresses.
    ///
    /// # Errors
    /// When the simulator does not have what the lines are about.
    pub async fn examples(self, upstream: &str, rest: &str, mcp: &str) -> Result<String> {
        let secrets = format!("{rest}{SECRETS}");
        let (requests, (tool, arguments)) = match self {
            Self::Secrets => (secrets::requests(&secrets), secrets::call()),
            Self::Versions => {
                let id = versions::created(upstream, &client(), "first").await?;
                (versions::requests(&secrets, &id), versions::call(&id))
            }
        };
        let call = message(tool, &arguments);
        Ok(format!(
            "{requests}
# The same list as a tool.
curl -s {mcp} -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' -d '{call}'

# MCP clients.
claude mcp add --transport http secrets {mcp}
npx @modelcontextprotocol/inspector --cli {mcp} --transport http --method tools/list
"
        ))
    }
}

fn client() -> Client {
    // This process speaks plain HTTP only, but reqwest makes no client without a crypto provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// The REST adapter.
struct Rest {
    http: Client,
    /// The URI of the collection of secrets.
    secrets: String,
}

impl Rest {
    /// One step: what it does, a request to a path below the secrets, and the status that it must have.
    async fn step(&self, what: &str, method: Method, path: &str, body: Option<Value>, expected: u16) -> Result<Value> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.secrets));
        let response = if let Some(body) = body { request.json(&body) } else { request }.send().await?;
        let status = response.status().as_u16();
        println!("  {what:<28} {:<6} {status}", method.as_str());
        ensure!(status == expected, "{what}: {status} instead of {expected}");
        Ok(serde_json::from_slice(&response.bytes().await?).unwrap_or_default())
    }
}

/// The MCP server.
struct Mcp {
    http: Client,
    uri: String,
}

impl Mcp {
    /// One step: what it does, the call of a tool, and whether it must fail.
    async fn step(&self, what: &str, tool: &str, arguments: Value, fails: bool) -> Result<Value> {
        let request = self.http.post(&self.uri).header("accept", "application/json, text/event-stream");
        let response: Value = request.json(&message(tool, &arguments)).send().await?.json().await?;
        let result = &response["result"];
        ensure!(result["isError"] == json!(fails), "{what}: {response}");
        println!("  {what:<28} {tool:<30} {}", if fails { "refused" } else { "done" });
        Ok(if fails { crate::error_of(result) } else { result["structuredContent"].clone() })
    }
}

/// The call of a tool, as a message.
fn message(tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}
