//! What the tests share: a simulator, a server in front of it, and a client of each kind.

use std::path::PathBuf;

use scaleway_secret_manager_secrets::{Client, mcp, rest};
use scaleway_simulator::{Recorded, Simulator, TOKEN};
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
        let client =
            Client::builder().base_uri(simulator.base_uri()).token(token).build().expect("the client is built");
        Self::around(simulator, client).await
    }

    /// Serves the REST and MCP adapters of this client, as a host application would.
    pub async fn around(simulator: Simulator, client: Client) -> Self {
        let application = rest::router(&client).merge(mcp::server(&client).router(mcp::HttpOptions::default()));
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
}

/// The built binary of the generated crate. It is built on first use, with the features of the whole workspace.
pub fn server_binary() -> PathBuf {
    static BINARY: std::sync::LazyLock<PathBuf> = std::sync::LazyLock::new(|| {
        xtask::trial::build(&xtask::root(), "scaleway-secret-manager-secrets").expect("the binary is built")
    });
    BINARY.clone()
}
