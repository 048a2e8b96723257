//! From a file to the wire: a capability that uses what the format can say, compiled, built and run in front of an
//! upstream that echoes the request.

use axum::Router;
use naftiko_serve::echo;
use naftiko_tests::process::Server;
use serde_json::{Value, json};

use crate::built::binary;
use crate::tables::{call, get, header, serve};

async fn start() -> (Server, reqwest::Client) {
    let upstream = serve(Router::new().fallback(echo::respond)).await + "/base/";
    let server = Server::start(&binary("cases-wire-wire"), &upstream, &[], "warn,naftiko_runtime=info")
        .await
        .expect("the server starts");
    naftiko_client::install_crypto_provider();
    (server, reqwest::Client::builder().no_proxy().build().expect("a client"))
}

async fn send(http: &reqwest::Client, method: &str, uri: String, body: &str) -> Value {
    let request = http.request(method.parse().expect("a method"), uri).header("content-type", "application/json");
    request.body(body.to_owned()).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn capability_requests_arrive_at_the_upstream_as_specified() {
    let (server, http) = start().await;
    let rest = server.rest.trim_end_matches('/').to_owned();

    let got = get(&http, format!("{rest}/v1/items(a%2Fb)/x/y%20z/w?q=1%262&$select=a&$select=b")).await;
    let query = "%24select=a&%24select=b&q=1%262&fixed=1";
    assert_eq!(got["target"], format!("/base/items(a%2Fb)/files/x/y%20z/w?{query}"));
    assert_eq!(header(&got, "x-version"), Some("2"));
    assert!(header(&got, "cookie").is_some_and(|cookie| cookie.starts_with("sid=v-")), "{got}");

    let added = send(&http, "POST", format!("{rest}/v1/orders"), r#"{"name":"O\"x","lines":[{"n":1.10}]}"#).await;
    assert_eq!(added["target"], "/base/orders");
    let body = added["body"].as_str().expect("a body");
    let customer = r#"{"customer":{"name":"O\"x","note":"Dear O\"x, \"hi\""},"lines":[{"n":1.10}],"token":""#;
    assert!(body.starts_with(customer) && body.ends_with(r#"","fixed":3}"#), "{body}");

    let form = send(&http, "PUT", format!("{rest}/v1/orders"), r#"{"to":"a&b","tags":["x","y z"]}"#).await;
    assert_eq!((&form["method"], &form["target"]), (&"POST".into(), &"/base/orders/form".into()));
    assert_eq!(form["body"], "To=a%26b&Tags=x&Tags=y+z");

    let count = r#"{"title":"t","count":12345678901234567}"#;
    let fields = send(&http, "POST", format!("{rest}/v1/orders/o-1:activate"), count).await;
    assert_eq!((&fields["method"], &fields["target"]), (&"PUT".into(), &"/base/orders/o-1".into()));
    assert_eq!(fields["body"], count);

    let head = http.head(format!("{rest}/v1/orders/7")).send().await.expect("an answer");
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn invalid_caller_input_is_rejected_before_the_upstream() {
    let (server, http) = start().await;
    let rest = server.rest.trim_end_matches('/').to_owned();
    let unknown = send(&http, "POST", format!("{rest}/v1/orders"), r#"{"name":"n","oops":1}"#).await;
    assert_eq!((&unknown["status"], &unknown["errors"][0]["parameter"]), (&422.into(), &"oops".into()));
    // Another route has this path, and another method.
    let method = send(&http, "POST", format!("{rest}/v1/orders/o-1:nothing"), "{}").await;
    assert_eq!(method["status"], 405);
    let path = send(&http, "POST", format!("{rest}/v1/orders/o/1:activate"), "{}").await;
    assert_eq!(path["status"], 404);
    let dots = get(&http, format!("{rest}/v1/items(k)/a/%2E%2E%2Fb?q=1")).await;
    assert_eq!((&dots["status"], &dots["errors"][0]["parameter"]), (&400.into(), &"path".into()), "{dots}");
}

#[tokio::test]
async fn tools_send_the_same_requests_as_routes() {
    let (server, http) = start().await;
    let base = server.mcp.trim_end_matches("/mcp").to_owned();
    let sent =
        async |tool: &str, arguments: Value| call(&http, &base, tool, arguments).await["structuredContent"].clone();

    let item = sent("get-item", json!({"key": "k", "path": "a/b", "q": "z", "select": ["s"]})).await;
    assert_eq!(item["target"], "/base/items(k)/files/a/b?%24select=s&q=z&fixed=1");
    let fields = sent("put-fields", json!({"id": "7", "title": "T"})).await;
    assert_eq!(
        (&fields["target"], &fields["body"]),
        (&"/base/orders/x-7".into(), &r#"{"title":"T","count":7}"#.into())
    );
    let tagged = sent("tag", json!({"tag": "a"})).await;
    assert_eq!(tagged["body"], r#"{"tags":["fixed","a"]}"#);
}
