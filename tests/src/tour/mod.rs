//! Short tours over REST and over MCP, step by step on standard output: one for each generated server.

mod garden;
mod secrets;
mod versions;

use std::io;

use anyhow::{Result, ensure};
use reqwest::{Client, Method};
use scaleway_simulator::Simulator;
use serde_json::{Value, json};

use crate::garden::Garden;

/// The collection of secrets on the REST adapters.
const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";

/// A generated server that has a tour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tour {
    /// The life of a secret.
    Secrets,
    /// The life of a version of a secret, which is where its value is.
    Versions,
    /// The language, by an example.
    Garden,
}

/// What a tour has behind its server. It stops when it is dropped.
pub enum Upstream {
    /// Scaleway's Secret Manager.
    Scaleway(Simulator),
    /// The garden of the example.
    Garden(Garden),
}

impl Upstream {
    /// Where it is.
    pub fn base_uri(&self) -> String {
        match self {
            Self::Scaleway(simulator) => simulator.base_uri(),
            Self::Garden(garden) => garden.base_uri(),
        }
    }

    /// How many requests reached it.
    pub fn requests(&self) -> usize {
        match self {
            Self::Scaleway(simulator) => simulator.requests().len(),
            Self::Garden(garden) => garden.requests(),
        }
    }
}

impl Tour {
    /// All of them, by the names of the crates.
    pub const ALL: [(&'static str, Self); 3] = [
        ("scaleway-secret-manager-secrets", Self::Secrets),
        ("scaleway-secret-manager-secret-versions", Self::Versions),
        ("examples-garden", Self::Garden),
    ];

    /// The tour of this crate.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, tour)| *tour)
    }

    /// Starts its upstream.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn upstream(self) -> io::Result<Upstream> {
        match self {
            Self::Secrets | Self::Versions => Simulator::start().await.map(Upstream::Scaleway),
            Self::Garden => Garden::start().await.map(Upstream::Garden),
        }
    }

    /// The base URI of its routes on a server.
    fn base(self, rest: &str) -> String {
        match self {
            Self::Secrets | Self::Versions => format!("{rest}{SECRETS}"),
            Self::Garden => rest.to_owned(),
        }
    }

    /// Takes the tour. `upstream` is the base URI of its upstream, `rest` and `mcp` are those of the server.
    ///
    /// # Errors
    /// When a step does not end as it should.
    pub async fn take(self, upstream: &str, rest: &str, mcp: &str) -> Result<()> {
        let http = client();
        let rest = Rest { http: http.clone(), base: self.base(rest) };
        let mcp = Mcp { http, uri: mcp.to_owned() };
        match self {
            Self::Secrets => secrets::take(&rest, &mcp).await,
            Self::Versions => versions::take(upstream, &rest, &mcp).await,
            Self::Garden => garden::take(&rest, &mcp).await,
        }
    }

    /// Lines to paste into a terminal, for a server at these addresses.
    ///
    /// # Errors
    /// When the upstream does not have what the lines are about.
    pub async fn examples(self, upstream: &str, rest: &str, mcp: &str) -> Result<String> {
        let base = self.base(rest);
        let (requests, (tool, arguments)) = match self {
            Self::Secrets => (secrets::requests(&base), secrets::call()),
            Self::Versions => {
                let id = versions::created(upstream, &client(), "first").await?;
                (versions::requests(&base, &id), versions::call(&id))
            }
            Self::Garden => (garden::requests(&base), garden::call()),
        };
        let call = message(tool, &arguments);
        Ok(format!(
            "{requests}
# The same as a tool.
curl -s {mcp} -H 'content-type: application/json' -H 'accept: application/json, text/event-stream' -d '{call}'

# MCP clients.
claude mcp add --transport http tour {mcp}
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
    /// What the paths of steps follow.
    base: String,
}

impl Rest {
    /// One step: what it does, a request to a path below the base, and the status that it must have.
    async fn step(&self, what: &str, method: Method, path: &str, body: Option<Value>, expected: u16) -> Result<Value> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.base));
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
