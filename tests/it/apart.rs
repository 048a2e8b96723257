//! Several adapters of one type: each has its own port, its own callers, and its own tools or routes.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;

use naftiko_serve::{echo, load, options};
use naftiko_server::__private::Mounted;
use naftiko_server::Program;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::groups::listed_on_stdio;
use crate::mcp::{ACCEPT, message};

const ADAPTERS: &str = "  - type: mcp
    namespace: crew
    port: 9310
    authentication: {type: bearer, token: '{{CREW}}'}
    tools: [{name: list, description: All boats, call: pier.boats}, {name: sail, description: Sails, call: pier.sail}]
  - type: mcp
    namespace: desk
    port: 9311
    authentication: {type: apikey, key: X-Desk, value: '{{DESK}}', placement: header}
    tools: [{name: list, description: All fares, call: pier.fares}]
  - type: rest
    namespace: open
    port: 9312
    resources: [{path: /list, operations: [{method: GET, call: pier.boats}]}]
  - type: rest
    namespace: closed
    port: 9313
    authentication: {type: bearer, token: '{{CREW}}'}
    resources: [{path: /list, operations: [{method: GET, call: pier.fares}]}]
  - {type: control, port: 9314, management: {info: true}}
";

fn capability(adapters: &str) -> String {
    format!(
        "naftiko: 1.0.0-alpha2
info: {{label: Ferries, description: Ferries.}}
binds: [{{namespace: keys, keys: {{CREW: FERRY_CREW, DESK: FERRY_DESK}}}}]
capability:
  consumes:
  - namespace: pier
    baseUri: https://pier.test
    resources:
    - {{path: /boats, operations: [{{name: boats, method: GET}}, {{name: sail, method: POST}}]}}
    - {{path: /fares, operations: [{{name: fares, method: GET}}]}}
  exposes:
{adapters}"
    )
}

/// The program of these capabilities.
fn program(texts: &[&str], joined: bool) -> Result<&'static Program, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let files = texts.iter().zip(["here", "there"]).map(|(text, name)| {
        let file = folder.path().join(format!("ferries-{name}.yaml"));
        fs::write(&file, text).expect("a file");
        file
    });
    let loaded = load::files(&files.collect::<Vec<_>>(), joined).map_err(|error| error.to_string())?;
    Ok(load::leak(loaded.program))
}

fn variables() -> BTreeMap<String, String> {
    [("FERRY_CREW", "aboard"), ("FERRY_DESK", "ashore")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

async fn mount(program: &'static Program, flags: &[&str]) -> Result<Mounted, String> {
    let upstream = format!("http://{}", echo::start().await.expect("the upstream starts"));
    let flags = [&["--base-uri", &upstream], flags].concat();
    Mounted::new(program, options::parse(&flags).expect("flags"), variables()).await
}

fn address(mounted: &Mounted, declared: u16) -> SocketAddr {
    let found = mounted.ports().iter().find(|(port, _)| *port == declared);
    found.unwrap_or_else(|| panic!("{declared}: {:?}", mounted.ports())).1
}

fn crew(request: RequestBuilder) -> RequestBuilder {
    request.bearer_auth("aboard")
}

fn desk(request: RequestBuilder) -> RequestBuilder {
    request.header("x-desk", "ashore")
}

fn anonymous(request: RequestBuilder) -> RequestBuilder {
    request
}

type Caller = fn(RequestBuilder) -> RequestBuilder;

/// Posts a message to an MCP server as a caller.
async fn post(uri: &str, caller: Caller, message: &Value) -> Response {
    let request = Client::new().post(uri).header("accept", ACCEPT).header("mcp-protocol-version", "2025-11-25");
    caller(request).json(message).send().await.expect("a response")
}

/// Where a call of a tool went, or the status of the response.
async fn call(uri: &str, caller: Caller, tool: &str) -> Result<String, u16> {
    let response = post(uri, caller, &message(tool, &json!({}))).await;
    if response.status() != 200 {
        return Err(response.status().as_u16());
    }
    let body: Value = response.json().await.expect("JSON");
    let text = body["result"]["content"][0]["text"].as_str().unwrap_or_default().to_owned();
    let echoed: Value = serde_json::from_str(&text).unwrap_or_default();
    Ok(echoed["target"].as_str().map_or_else(|| body["error"]["message"].to_string(), str::to_owned))
}

async fn get(uri: String, caller: Caller) -> (u16, Value) {
    let response = caller(Client::new().get(uri)).send().await.expect("a response");
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn each_adapter_of_a_type_has_its_own_port_callers_and_tools() {
    let mounted =
        mount(program(&[&capability(ADAPTERS)], false).expect("it compiles"), &[]).await.expect("it is served");
    let [of_crew, of_desk] = [9310, 9311].map(|port| format!("http://{}/mcp", address(&mounted, port)));
    for (uri, caller, tool, outcome) in [
        (&of_crew, crew as Caller, "list", Ok("/boats")),
        (&of_crew, crew, "sail", Ok("/boats")),
        (&of_desk, desk, "list", Ok("/fares")),
        (&of_desk, desk, "sail", Ok("\"unknown tool: sail\"")),
        (&of_crew, desk, "list", Err(401)),
        (&of_desk, crew, "list", Err(401)),
        (&of_crew, anonymous, "list", Err(401)),
        (&of_desk, anonymous, "list", Err(401)),
    ] {
        assert_eq!(call(uri, caller, tool).await.as_deref(), outcome.as_ref().map(|text| *text), "{tool} at {uri}");
    }
    let [open, closed] = [9312, 9313].map(|port| format!("http://{}", address(&mounted, port)));
    for (base, caller, status, target) in [
        (&open, anonymous as Caller, 200, "/boats"),
        (&closed, crew, 200, "/fares"),
        (&closed, anonymous, 401, ""),
        (&closed, desk, 401, ""),
    ] {
        let (seen, body) = get(format!("{base}/list"), caller).await;
        assert_eq!((seen, body["target"].as_str().unwrap_or_default()), (status, target), "{base}");
    }
    // Each describes itself only.
    let (_, document) = get(format!("{closed}/openapi.json"), crew).await;
    assert_eq!(document["paths"]["/list"]["get"]["operationId"], "fares", "{document}");
}

#[tokio::test]
async fn middleware_probes_and_status_hold_for_every_adapter() {
    let program = program(&[&capability(ADAPTERS)], false).expect("it compiles");
    let mut mounted = mount(program, &["--rate-limit", "20", "--read-only"]).await.expect("it is served");
    let control = format!("http://{}", address(&mounted, 9314));
    let (_, status) = get(format!("{control}/status"), anonymous).await;
    let listed = status["adapters"].as_array().expect("adapters").iter();
    let listed: Vec<_> = listed.map(|adapter| (adapter["type"].as_str(), adapter["namespace"].as_str())).collect();
    let known = [("mcp", "crew"), ("mcp", "desk"), ("rest", "open"), ("rest", "closed")];
    let known = known.map(|(kind, namespace)| (Some(kind), Some(namespace)));
    assert_eq!(listed, [&known[..], &[(Some("control"), None)]].concat());
    for port in [9310, 9311, 9312, 9313] {
        let base = format!("http://{}", address(&mounted, port));
        assert_eq!(get(format!("{base}/healthz"), anonymous).await.0, 200, "{port}");
        // The control adapter has them.
        assert_ne!(get(format!("{base}/metrics"), crew).await.0, 200, "{port}");
        let both = desk(crew(Client::new().get(format!("{base}/list"))));
        let foreign = both.header("host", "elsewhere.test").send().await.expect("a response");
        assert_eq!(foreign.status(), 403, "{port}: another host");
    }
    // The policy is for all of them.
    let of_crew = format!("http://{}/mcp", address(&mounted, 9310));
    assert_eq!(call(&of_crew, crew, "sail").await.as_deref(), Ok("\"unknown tool: sail\""));
    // So is the rate: what one caller sends to one of them counts at the others.
    let closed = format!("http://{}/list", address(&mounted, 9313));
    let requests = (0..60).map(|_| get(closed.clone(), crew));
    let statuses: Vec<_> =
        futures_util::future::join_all(requests).await.into_iter().map(|(status, _)| status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    mounted.read_again().expect("nothing has changed");
    mounted.drain().await;
    for port in [9310, 9311, 9312, 9313, 9314] {
        let gone = Client::new().get(format!("http://{}/healthz", address(&mounted, port))).send().await;
        assert!(gone.is_err(), "{port} is still open");
    }
}

#[tokio::test]
async fn calls_and_requests_are_recorded_with_the_namespace_of_their_adapter() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("audit").to_string_lossy().into_owned();
    let program = program(&[&capability(ADAPTERS)], false).expect("it compiles");
    let mounted = mount(program, &["--audit", "--audit-file", &file]).await.expect("it is served");
    let at = |port: u16| format!("http://{}", address(&mounted, port));
    for (port, caller) in [(9310, crew as Caller), (9311, desk)] {
        call(&format!("{}/mcp", at(port)), caller, "list").await.expect("a result");
    }
    // Also what has no route, or is of no one who is known.
    for (port, caller) in [(9312, anonymous as Caller), (9313, crew), (9313, anonymous)] {
        caller(Client::new().delete(format!("{}/nothing", at(port)))).send().await.expect("a response");
    }
    let file = fs::read_dir(folder.path()).expect("it is read").next().expect("a file").expect("a file").path();
    let text = fs::read_to_string(file).expect("it is text");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let adapters: Vec<_> = lines.iter().map(|line| line["adapter"].as_str().unwrap_or_default()).collect();
    assert_eq!(adapters, ["crew", "desk", "open", "closed", "closed"], "{text}");
}

#[tokio::test]
async fn rule_of_an_adapter_is_for_its_callers_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    let flags = ["--policy", &file.to_string_lossy()];
    let rule = |adapters: &str| {
        format!("[[rules]]\nname = \"few\"\nfor = {{adapters = [{adapters}]}}\nexclude-tools = [\"*\"]\n[default]\n")
    };
    let program = program(&[&capability(ADAPTERS)], false).expect("it compiles");
    fs::write(&file, rule("\"crew\", \"closed\"")).expect("it is written");
    let mounted = mount(program, &flags).await.expect("it is served");
    let at = |port: u16| format!("http://{}", address(&mounted, port));
    let hidden = call(&format!("{}/mcp", at(9310)), crew, "list").await.expect("a response");
    assert!(hidden.contains("unknown tool") && hidden.contains("the rule `few`"), "{hidden}");
    assert_eq!(call(&format!("{}/mcp", at(9311)), desk, "list").await.as_deref(), Ok("/fares"));
    assert_eq!(get(format!("{}/list", at(9312)), anonymous).await.0, 200);
    assert_eq!(get(format!("{}/list", at(9313)), crew).await.0, 403);
    fs::write(&file, rule("\"dock\"")).expect("it is written");
    let refused = mount(program, &flags).await.err().expect("it names no adapter");
    let said = ":3: adapters: nothing has a name that matches `dock`; there are: crew, desk, open, closed";
    assert!(refused.contains(said), "{refused}");
    // On standard input and output, too.
    fs::write(&file, rule("\"desk\"")).expect("it is written");
    for (adapter, count) in [("crew", 2), ("desk", 0)] {
        let responses = listed_on_stdio(program, Some(adapter), &flags, variables()).await.expect("it is served");
        let list = responses.into_iter().find(|response| response["id"] == 2).expect("the list");
        assert_eq!(list["result"]["tools"].as_array().map(Vec::len), Some(count), "{adapter}: {list}");
    }
}

#[tokio::test]
async fn ports_are_set_by_namespace_and_only_for_adapters_that_are_there() {
    let program = program(&[&capability(ADAPTERS)], false).expect("it compiles");
    for (flags, said) in [
        (&["--mcp-port", "9310,desk=9311", "--rest-port", "open=0"][..], None),
        (&["--mcp-port", "dock=9311"], Some("--mcp-port dock=: no MCP adapter has the namespace `dock`")),
        (&["--mcp-port", "open=0"], Some("no MCP adapter has the namespace `open`")),
    ] {
        let refused = mount(program, flags).await.err();
        assert_eq!(refused.is_some(), said.is_some(), "{flags:?}: {refused:?}");
        assert!(refused.unwrap_or_default().contains(said.unwrap_or_default()), "{flags:?}");
    }
    for wrong in ["desk=", "desk=http", "=9311", "65536", "desk=1=2"] {
        assert!(options::parse(&["--mcp-port", wrong]).is_err(), "{wrong}");
    }
}

/// The descriptions of the tools that a client on standard input gets from the adapter with this namespace.
async fn described_on_stdio(program: &'static Program, adapter: Option<&str>) -> Result<Vec<String>, String> {
    let responses = listed_on_stdio(program, adapter, &[], variables()).await?;
    let list = responses.into_iter().find(|response| response["id"] == 2).expect("the list");
    let tools = list["result"]["tools"].as_array().expect("tools").iter();
    Ok(tools.map(|tool| tool["description"].as_str().unwrap_or_default().to_owned()).collect())
}

#[tokio::test]
async fn one_of_several_mcp_adapters_is_chosen_for_stdio() {
    let program = program(&[&capability(ADAPTERS)], false).expect("it compiles");
    let of_desk = described_on_stdio(program, Some("desk")).await.expect("it is served");
    assert!(matches!(&*of_desk, [only] if only.starts_with("All fares")), "{of_desk:?}");
    assert_eq!(described_on_stdio(program, Some("crew")).await.expect("it is served").len(), 2);
    let refused = described_on_stdio(program, None).await.expect_err("it is not clear which");
    assert!(refused.contains("`crew`, `desk`") && refused.contains("--adapter"), "{refused}");
    let refused = described_on_stdio(program, Some("dock")).await.expect_err("it does not exist");
    assert!(refused.contains("--adapter dock") && refused.contains("`crew`, `desk`"), "{refused}");
}

#[tokio::test]
async fn further_adapters_are_members_of_a_group_with_names_of_their_own() {
    let without_routes = ADAPTERS.split("  - type: rest").next().expect("there are MCP adapters");
    let other = capability(
        "  - {type: mcp, namespace: others, tools: [{name: other, description: Other, call: pier.boats}]}\n",
    );
    let group = program(&[&capability(without_routes), &other], true).expect("they are a group");
    // Its members would let in different callers on one port.
    let refused = mount(group, &[]).await.err().expect("callers authenticate differently");
    assert!(refused.contains("different authentication"), "{refused}");
    let mounted = mount(group, &["--bearer-token", "aboard"]).await.expect("the command line decides for all");
    let [(_, address)] = mounted.ports() else { panic!("one port: {:?}", mounted.ports()) };
    let tools = async |below: &str| {
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let response = post(&format!("http://{address}/mcp{below}"), crew, &list).await;
        let body: Value = response.json().await.expect("JSON");
        let tools = body["result"]["tools"].as_array().cloned().unwrap_or_default();
        tools.iter().map(|tool| tool["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let (of_first, of_further) = (tools("/here").await, tools("/here-desk").await);
    assert_eq!(
        (of_first, of_further),
        (vec!["here-list".to_owned(), "sail".to_owned()], vec!["here-desk-list".to_owned()])
    );
    assert_eq!(tools("").await, ["here-list", "sail", "here-desk-list", "other"]);
    // Equal paths of two adapters cannot be on one port.
    let refused = program(&[&capability(ADAPTERS), &other], true).expect_err("the routes take the same");
    assert!(refused.contains("`GET /list`") && refused.contains("/closed"), "{refused}");
}
