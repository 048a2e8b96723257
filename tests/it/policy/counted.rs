//! What counts against the limits of tools: what goes upstream. All calls count against those of principals.

use std::collections::BTreeMap;
use std::fs;

use naftiko_serve::{echo, load, options};
use naftiko_server::__private::Mounted;
use serde_json::{Value, json};

use crate::mcp::{message, post};

/// A path argument that holds dots between slashes passes all checks of inputs, and no request can be built from it.
const SHOP: &str = "naftiko: 1.0.0-beta5
capability:
  consumes:
  - namespace: api
    baseUri: https://api.test
    resources:
    - path: '/things/{id}'
      operations:
      - {name: get, method: GET, inputParameters: [{name: id, in: path}]}
      - {name: drop, method: DELETE, inputParameters: [{name: id, in: path}]}
  exposes:
  - type: rest
    namespace: rest-api
    resources:
    - path: '/things/{id}'
      operations: [{method: GET, call: api.get}, {method: DELETE, call: api.drop}]
  - type: mcp
    namespace: tools
    tools:
    - {name: get, description: Get, call: api.get}
    - {name: drop, description: Drop, call: api.drop}
    resources:
    - {name: thing, uri: 'shop://things/{id}', description: One of them, call: api.get}
";

/// The shop, with one call an hour of each tool.
struct Shop {
    http: reqwest::Client,
    rest: Option<String>,
    mcp: String,
    _mounted: Mounted,
}

impl Shop {
    async fn new(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("shop.yaml");
        fs::write(&file, SHOP).expect("the file is written");
        let program = load::leak(load::files(&[file], true).expect("it is a capability").program);
        let upstream = format!("http://{}", echo::start().await.expect("a port"));
        let own = ["--tool-rate-limit", "get=1/h", "--tool-rate-limit", "drop=1/h", "--base-uri", &upstream];
        let flags = options::parse(&[&own, flags].concat()).expect("flags");
        let mounted = Mounted::new(program, flags, BTreeMap::new()).await.expect("it is served");
        let addresses: Vec<_> = mounted.ports().iter().map(|(_, address)| format!("http://{address}")).collect();
        let (mcp, rest) = addresses.split_last().expect("a port");
        let (rest, mcp) = (rest.first().cloned(), format!("{mcp}/mcp"));
        Self { http: reqwest::Client::new(), rest, mcp, _mounted: mounted }
    }

    async fn rest(&self, method: &str, id: &str) -> u16 {
        let address = self.rest.as_ref().expect("there is REST");
        let request = self.http.request(method.parse().expect("a method"), format!("{address}/things/{id}"));
        request.send().await.expect("a response").status().as_u16()
    }

    async fn post(&self, message: Value) -> String {
        post(&self.http, &self.mcp, &message).await.text().await.expect("a body")
    }

    async fn call(&self, tool: &str, id: &str) -> String {
        self.post(message(tool, &json!({ "id": id }))).await
    }

    async fn read(&self, id: &str) -> String {
        let params = json!({"uri": format!("shop://things/{id}")});
        self.post(json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": params})).await
    }
}

const LIMITED: &str = "this caller made too many calls of";

#[tokio::test]
async fn requests_that_cannot_be_built_leave_the_rate_of_their_tool() {
    let shop = Shop::new(&["--confirm", "off"]).await;
    for _ in 0..3 {
        assert_eq!(shop.rest("GET", "a%2F..%2Fb").await, 400);
        assert_eq!(shop.rest("DELETE", "a%2F..%2Fb").await, 400);
        for refused in
            [shop.call("get", "a/../b").await, shop.call("drop", "a/../b").await, shop.read("a%2F..%2Fb").await]
        {
            assert!(!refused.contains(LIMITED) && refused.contains("between slashes"), "{refused}");
        }
    }
    assert_eq!(shop.rest("GET", "a").await, 200);
    assert_eq!(shop.rest("GET", "a").await, 429);
    let limited = shop.read("a").await;
    assert!(limited.contains(LIMITED), "{limited}");
    let dropped = shop.call("drop", "a").await;
    assert!(!dropped.contains(LIMITED), "{dropped}");
    assert!(shop.call("drop", "a").await.contains(LIMITED));
    // What cannot be sent says what is wrong with it, also beyond the rate.
    assert_eq!(shop.rest("GET", "a%2F..%2Fb").await, 400);
}

#[tokio::test]
async fn dry_runs_leave_the_rate_of_their_tool() {
    let shop = Shop::new(&["--dry-run"]).await;
    for _ in 0..3 {
        for shown in [shop.call("get", "a").await, shop.call("drop", "a").await] {
            assert!(shown.contains("/things/a"), "{shown}");
        }
        let read = shop.read("a").await;
        assert!(read.contains("dry-run"), "{read}");
    }
}
