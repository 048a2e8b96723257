//! The policy file: what callers may do depends on who they are, over REST and MCP.

mod counted;
mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use naftiko_serve::{echo, load, options};
use naftiko_server::__private::{Mounted, stdio};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::mcp::{message, modern_at, post};
use shop::{Caller, World, example, shop};

const ALL: [&str; 6] =
    ["create-order", "delete-orders", "delete-parcels", "list-orders", "list-parcels", "track-parcels"];

#[tokio::test]
async fn example_of_the_documentation_decides_by_principal_over_rest_and_mcp() {
    let world = World::new(&example(), &["--confirm", "off"]).await;
    let operator = world.caller(json!({"groups": ["platform", "x"]}));
    let robot = world.caller(json!({"client_id": "ci-7", "scope": "shop:write"}));
    let person = world.caller(json!({}));
    let suspended = world.caller(json!({"sub": "mallory", "groups": ["platform"]}));

    assert_eq!(operator.list("", "tools").await, ALL);
    assert_eq!(robot.list("", "tools").await, ["create-order", "list-orders"]);
    assert_eq!(robot.list("/orders", "tools").await, ["create-order", "list-orders"]);
    assert_eq!(robot.list("/parcels", "tools").await, [] as [&str; 0]);
    assert_eq!(person.list("", "tools").await, ["list-orders", "list-parcels"]);
    assert_eq!(person.list("/parcels", "tools").await, ["list-parcels"]);
    for (caller, method, path, status) in [
        (&operator, "GET", "/parcels/track", 200),
        (&robot, "GET", "/orders", 200),
        (&robot, "POST", "/orders", 200),
        (&robot, "DELETE", "/orders", 403),
        (&robot, "GET", "/parcels", 403),
        (&robot, "GET", "/nothing", 404),
        (&person, "GET", "/parcels", 200),
        (&person, "GET", "/parcels/track", 403),
        (&person, "DELETE", "/parcels", 403),
        (&person, "DELETE", "/nothing", 403),
        (&suspended, "GET", "/orders", 403),
        (&suspended, "GET", "/nothing", 403),
        (&suspended, "GET", "/openapi.json", 403),
        (&suspended, "GET", "/metrics", 403),
        (&suspended, "GET", "/healthz", 200),
    ] {
        assert_eq!(caller.rest(method, path).await.0, status, "{method} {path}");
    }
    assert!(robot.rest("DELETE", "/orders").await.1.contains("the rule `robots` of this server's policy"));

    // A tool that is hidden from a caller is one that does not exist.
    let curious = world.caller(json!({"client_id": "ci-9", "sub": "curious", "scope": "shop:write"}));
    let hidden = curious.call("", "list-parcels").await;
    assert_eq!(
        hidden.replace("list-parcels", "X"),
        curious.call("", "no-such-tool").await.replace("no-such-tool", "X")
    );
    assert!(hidden.starts_with("unknown tool: list-parcels; the rule `robots`"), "{hidden}");
    assert_eq!(person.call("/parcels", "track-parcels").await, person.call("/parcels", "track-parcels").await);
    assert_eq!(person.call("/parcels", "list-parcels").await, "ok");
    let refused = post(&suspended.http, &world.mcp, &message("list-orders", &json!({}))).await;
    assert_eq!(refused.status(), 403);
    let refused: Value = refused.json().await.expect("JSON");
    assert!(refused["error"]["message"].as_str().is_some_and(|text| text.contains("`suspended`")), "{refused}");

    // Rates are by principal and by tool, and REST and MCP count together. The robot has called three times.
    let (status, detail) = robot.rest("GET", "/orders").await;
    assert_eq!((status, &*detail), (200, ""));
    let response = robot.send("GET", "/orders").await;
    let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!(response.status() == 429 && (1..=3600).contains(&wait), "{wait}");
    let limited = robot.call("", "list-orders").await;
    assert!(limited.contains("nothing was sent, this caller made too many calls; retry in "), "{limited}");
    let other = world.caller(json!({"client_id": "ci-8", "sub": "another", "scope": "shop:write"}));
    assert_eq!(other.call("", "list-orders").await, "ok");

    // Confirmations are the stricter of both.
    let unconfirmed = operator.call("", "delete-orders").await;
    assert!(unconfirmed.contains("the user must confirm it"), "{unconfirmed}");
    for _ in 0..2 {
        assert_eq!(operator.rest("DELETE", "/orders").await.0, 200, "what was not sent left the rate");
    }
    assert_eq!(
        operator.rest("DELETE", "/parcels").await,
        (429, "this caller made too many calls of `delete-*`".to_owned())
    );
    assert_eq!(operator.rest("GET", "/parcels").await.0, 200);

    let lines: Vec<_> = world.audit().into_iter().filter(|line| line["outcome"] == "refused-by-policy").collect();
    let short = lines.iter().map(|line| {
        let what = line["tool"].as_str().or(line["route"].as_str()).unwrap_or_default();
        format!("{} {what} {}", line["kind"].as_str().unwrap_or_default(), line["rule"].as_str().unwrap_or_default())
    });
    let short: std::collections::BTreeSet<_> = short.collect();
    for line in [
        "request /orders robots",
        "request /parcels/track default",
        "request  default",
        "request  suspended",
        "tool list-parcels robots",
        "tool track-parcels default",
    ] {
        assert!(short.contains(line), "{line}: {short:?}");
    }
    assert!(lines.iter().all(|line| line["principal"].as_str().is_some_and(|principal| principal.contains('\n'))));
}

#[tokio::test]
async fn resources_prompts_and_search_have_what_the_rule_allows_and_are_private() {
    let policy = "[[rules]]\nname = \"p\"\nfor = {groups = [\"p\"]}\ntoolsets = [\"parcels\"]\n\
                  [[rules]]\nname = \"o\"\nfor = {groups = [\"o\"]}\nverbs = [\"create\"]\n[default]\n";
    let world = World::new(policy, &["--search=on"]).await;
    let (all, parcels) = (world.caller(json!({})), world.caller(json!({"groups": ["p"]})));
    let creators = world.caller(json!({"groups": "o"}));
    assert_eq!(
        (all.list("", "resources").await, all.list("", "prompts").await),
        (vec!["all".into()], vec!["ask".into()])
    );
    assert_eq!(parcels.list("", "resources").await, [] as [&str; 0]);
    assert_eq!(parcels.list("", "prompts").await, [] as [&str; 0]);
    assert_eq!(creators.list("", "resources").await, [] as [&str; 0], "it reads");
    let read = |uri: &str| json!({"jsonrpc": "2.0", "id": 1, "method": "resources/read", "params": {"uri": uri}});
    assert!(all.post("", &read("orders://all")).await["result"].is_object());
    let hidden = creators.post("", &read("orders://all")).await["error"]["message"].to_string();
    assert_eq!(hidden, creators.post("", &read("orders://none")).await["error"]["message"].to_string());

    let found = async |caller: &Caller<'_>, arguments: Value| {
        caller.post("", &message("search_tools", &arguments)).await["result"]["content"][0]["text"].to_string()
    };
    assert!(found(&all, json!({"query": "list orders"})).await.contains("list-orders"));
    let of_parcels = found(&parcels, json!({"query": "list orders", "limit": 20})).await;
    assert!(of_parcels.contains("list-parcels") && !of_parcels.contains("orders"), "{of_parcels}");
    let through = async |caller: &Caller<'_>, tool: &str, name: &str| {
        let result = &caller.post("", &message(tool, &json!({"name": name}))).await["result"];
        (result["isError"] == true, result["content"][0]["text"].as_str().unwrap_or_default().replace(name, "X"))
    };
    for tool in ["call_tool", "describe_tool"] {
        let (is_error, text) = through(&parcels, tool, "list-orders").await;
        assert!(is_error && text.contains("no tool has the name `X`") && text.contains("the rule `p`"), "{text}");
        assert!(!text.contains("order"), "{text}");
        assert!(through(&parcels, tool, "lost-orders").await.0);
    }
    assert!(!through(&parcels, "call_tool", "list-parcels").await.0);

    let response = modern_at(&parcels.http, &world.mcp, "tools/list", json!({})).await;
    let list: Value = response.json().await.expect("JSON");
    assert_eq!(list["result"]["cacheScope"], "private", "{list}");
}

#[tokio::test]
async fn openapi_document_has_the_routes_that_the_rule_of_the_caller_allows() {
    let world = World::new(&example(), &[]).await;
    let operator = world.caller(json!({"groups": ["platform"]}));
    let robot = world.caller(json!({"client_id": "ci-7", "scope": "shop:write"}));
    let person = world.caller(json!({}));
    let shown = async |caller: &Caller<'_>, path: &str| {
        let document: Value = caller.send("GET", path).await.json().await.expect("JSON");
        let paths = document["paths"].as_object().expect("paths").iter();
        let operations = paths.flat_map(|(path, item)| {
            item.as_object().expect("an item").keys().map(move |method| format!("{method} {path}"))
        });
        let mut operations: Vec<_> = operations.filter(|operation| !operation.contains("/raw-")).collect();
        operations.sort();
        (operations, document["tags"].as_array().map_or(0, Vec::len))
    };
    for path in ["/openapi.json", "/docs/openapi.json"] {
        let all =
            ["delete /orders", "delete /parcels", "get /orders", "get /parcels", "get /parcels/track", "post /orders"];
        assert_eq!(shown(&operator, path).await, (all.map(str::to_owned).to_vec(), 2));
        assert_eq!(shown(&robot, path).await, (vec!["get /orders".to_owned(), "post /orders".to_owned()], 1));
        assert_eq!(shown(&person, path).await, (vec!["get /orders".to_owned(), "get /parcels".to_owned()], 2));
    }
    // What is passed on is shown as it is allowed.
    let document: Value = person.send("GET", "/openapi.json").await.json().await.expect("JSON");
    assert!(!document["paths"].to_string().contains("/raw-"), "{document}");
}

#[tokio::test]
async fn forwards_are_refused_by_rules_that_choose_tools() {
    let rule =
        |name: &str, what: &str| format!("[[rules]]\nname = \"{name}\"\nfor = {{groups = [\"{name}\"]}}\n{what}\n");
    let policy = rule("excluded", "exclude-tools = [\"delete-*\"]")
        + &rule("limited", "tool-rates = {\"delete-*\" = \"1/h\"}")
        + &rule("action", "verbs = [\"read\", \"action\"]")
        + &rule("maker", "verbs = [\"create\", \"action\"]")
        + "[default]\n";
    let world = World::new(&policy, &[]).await;
    let path = "/raw-orders/orders";
    for (group, reads, makes, deletes) in [
        ("excluded", 403, 403, 403),
        ("limited", 403, 403, 403),
        ("action", 200, 403, 403),
        ("maker", 403, 200, 403),
        ("none", 200, 200, 200),
    ] {
        let caller = world.caller(json!({"groups": group}));
        for (method, status) in [("GET", reads), ("POST", makes), ("DELETE", deletes)] {
            assert_eq!(caller.rest(method, path).await.0, status, "{group}: {method}");
        }
        assert_eq!(caller.rest("GET", "/orders").await.0, if group == "maker" { 403 } else { 200 });
    }
}

#[tokio::test]
async fn confirmed_call_counts_once_against_the_rate_of_its_tool() {
    let world = World::new("[default]\nconfirm = \"require\"\ntool-rates = {\"delete-*\" = \"1/h\"}\n", &[]).await;
    let caller = world.caller(json!({}));
    let delete = async |more: Value| {
        let mut params = json!({"name": "delete-orders", "arguments": {}, "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        }});
        params.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let request = caller.http.post(&world.mcp).header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let response = request.header("mcp-name", "delete-orders").json(&message).send().await.expect("a response");
        response.json::<Value>().await.expect("JSON")["result"].clone()
    };
    let question = delete(json!({})).await;
    assert_eq!(question["resultType"], "input_required", "{question}");
    let yes = json!({"confirm": {"action": "accept", "content": {"ok": true}}});
    let confirmed = json!({"requestState": question["requestState"], "inputResponses": yes});
    let done = delete(confirmed.clone()).await;
    assert!(done["isError"] != true && done["content"].is_array(), "{done}");
    // It serves once, and another question is another call.
    for more in [confirmed, json!({})] {
        let refused = delete(more).await;
        let text = refused["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains("this caller made too many calls of `delete-*`"), "{refused}");
    }
}

#[tokio::test]
async fn calls_with_invalid_arguments_leave_the_rate_of_their_tool_and_count_as_calls() {
    let world = World::new("[default]\nrate = \"5/h\"\ntool-rates = {\"list-*\" = \"1/h\"}\n", &[]).await;
    let caller = world.caller(json!({}));
    let invalid = async || {
        let result = caller.post("", &message("list-orders", &json!({"nothing": 1}))).await["result"].clone();
        result["content"][0]["text"].as_str().unwrap_or_default().to_owned()
    };
    for _ in 0..2 {
        let text = invalid().await;
        assert!(text.contains("nothing") && !text.contains("too many"), "{text}");
    }
    assert_eq!(caller.rest("GET", "/orders?nothing=1").await.0, 400);
    assert_eq!(caller.rest("GET", "/orders").await.0, 200);
    let of_tool = (429, "this caller made too many calls of `list-*`".to_owned());
    assert_eq!(caller.rest("GET", "/parcels").await, of_tool);
    assert!(!invalid().await.contains("too many"));
    let text = invalid().await;
    assert!(text.contains("nothing was sent, this caller made too many calls; retry in"), "{text}");
    assert_eq!(caller.rest("GET", "/orders?nothing=1").await, (429, "this caller made too many calls".to_owned()));
}

#[tokio::test]
async fn searches_and_calls_of_hidden_tools_count() {
    let world = World::new("[default]\nrate = \"2/h\"\nexclude-tools = [\"delete-*\"]\n", &["--search=on"]).await;
    for (user, tool, arguments) in [
        ("a", "search_tools", json!({"query": "orders"})),
        ("b", "describe_tool", json!({"name": "list-orders"})),
        ("c", "call_tool", json!({"name": "delete-orders"})),
        ("d", "call_tool", json!({"name": "none"})),
        ("e", "delete-orders", json!({})),
        ("f", "none", json!({})),
        ("g", "list-orders", json!({})),
    ] {
        let caller = world.caller(json!({"sub": user}));
        let call = async || caller.post("", &message(tool, &arguments)).await.to_string();
        for _ in 0..2 {
            let response = call().await;
            assert!(!response.contains("too many calls"), "{tool}: {response}");
        }
        let refused = call().await;
        assert!(refused.contains("nothing was sent, this caller made too many calls; retry in"), "{tool}: {refused}");
    }
}

#[tokio::test]
async fn hidden_calls_are_recorded_as_calls_of_the_hidden_tool_without_secrets() {
    let policy = "[default]\ntoolsets = [\"parcels\"]\n";
    let world = World::new(policy, &["--search=on", "--audit-values"]).await;
    let arguments = json!({"name": "list-orders", "arguments": {"password": "hush-hush"}});
    world.caller(json!({})).post("", &message("call_tool", &arguments)).await;
    let lines = world.audit();
    let line = lines.iter().find(|line| line["tool"] == "list-orders").expect("a line");
    assert_eq!((&line["arguments"], &line["values"]), (&json!(["password"]), &json!({"password": "***"})), "{line}");
}

#[tokio::test]
async fn refused_requests_are_recorded_with_the_route_that_they_were_for() {
    for (policy, flags, outcome) in [
        ("[default]\nread-only = true\n", &[][..], json!("refused-by-policy")),
        ("[default]\ndeny = true\n", &[], json!("refused-by-policy")),
        ("[default]\ntoolsets = [\"parcels\"]\n", &[], json!("refused-by-policy")),
        ("[default]\n", &["--read-only"], Value::Null),
    ] {
        let world = World::new(policy, flags).await;
        assert_eq!(world.caller(json!({})).rest("DELETE", "/orders").await.0, 403, "{policy}");
        assert_eq!(world.caller(json!({})).rest("DELETE", "/nowhere").await.0 / 100, 4, "{policy}");
        let lines = world.audit();
        let seen: Vec<_> = lines.iter().map(|line| (&line["route"], &line["outcome"])).collect();
        assert_eq!(seen[0], (&json!("/orders"), &outcome), "{policy}");
        assert_eq!(seen[1].0, "", "{policy}");
    }
}

#[tokio::test]
async fn adapters_of_a_group_have_the_names_of_their_types_in_rules() {
    let policy = "[[rules]]\nname = \"agents\"\nfor = {adapters = [\"mcp\"]}\nread-only = true\n[default]\n";
    let world = World::new(policy, &[]).await;
    let caller = world.caller(json!({}));
    assert_eq!(caller.list("/orders", "tools").await, ["list-orders"]);
    assert!(caller.call("", "delete-orders").await.contains("the rule `agents`"));
    assert_eq!(caller.rest("DELETE", "/orders").await.0, 200);
}

#[tokio::test]
async fn what_the_server_has_is_declared_whatever_the_rule_of_the_caller_shows() {
    let world = World::new("[default]\ntoolsets = [\"parcels\"]\n", &[]).await;
    let caller = world.caller(json!({}));
    let discovered: Value =
        modern_at(&caller.http, &world.mcp, "server/discover", json!({})).await.json().await.expect("JSON");
    let capabilities = &discovered["result"]["capabilities"];
    assert!(capabilities["resources"].is_object() && capabilities["prompts"].is_object(), "{discovered}");
    assert_eq!(caller.list("", "prompts").await, [] as [&str; 0]);
}

#[tokio::test]
async fn rules_are_not_for_the_control_adapter_nor_for_probes() {
    let folder = tempfile::tempdir().expect("a folder");
    let [file, policy] = ["shop.yaml", "policy.toml"].map(|name| folder.path().join(name));
    let text = "naftiko: 1.0.0-beta5\ncapability:\n  consumes:\n  - {namespace: api, baseUri: 'https://api.test', resources: \
                [{path: /x, operations: [{name: list, method: GET}]}]}\n  exposes:\n  - {type: rest, namespace: rest-api, \
                resources: [{path: /x, operations: [{method: GET, call: api.list}]}]}\n  - {type: control, port: 9090, \
                management: {info: true}}\n";
    fs::write(&file, text).expect("a file");
    fs::write(&policy, "[default]\ndeny = true\n").expect("a file");
    let program = load::leak(load::files(&[file], true).expect("it is a capability").program);
    let flags = options::parse(&["--policy", &policy.to_string_lossy()]).expect("flags");
    let mounted = Mounted::new(program, flags, BTreeMap::new()).await.expect("it is served");
    let [(_, rest), (_, control)] = mounted.ports() else { panic!("two ports: {:?}", mounted.ports()) };
    for (address, path, status) in [
        (rest, "/x", 403),
        (rest, "/healthz", 200),
        (control, "/health/live", 200),
        (control, "/health/ready", 200),
        (control, "/metrics", 200),
        (control, "/status", 200),
    ] {
        let response = reqwest::get(format!("http://{address}{path}")).await.expect("a response");
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn the_narrower_of_file_and_flags_wins() {
    let policy = "[[rules]]\nname = \"a\"\nfor = {groups = [\"a\"]}\ntools = [\"delete-*\", \"list-*\"]\nconfirm = \"off\"\n[default]\n";
    let world = World::new(policy, &["--read-only", "--exclude-tools", "list-parcels"]).await;
    let (one, other) = (world.caller(json!({"groups": ["a"]})), world.caller(json!({})));
    assert_eq!(one.list("", "tools").await, ["list-orders"]);
    assert_eq!(other.list("", "tools").await, ["list-orders", "track-parcels"]);
    assert_eq!(one.rest("DELETE", "/orders").await.0, 403);
    let document: Value = one.send("GET", "/openapi.json").await.json().await.expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    assert!(!paths.is_empty() && paths.values().all(|item| item["delete"].is_null()), "{document}");
}

#[tokio::test]
async fn flags_limit_each_principal_and_tool_without_a_file() {
    let world = World::new("[default]\n", &["--principal-rate-limit", "2/h", "--tool-rate-limit", "list-*=1/h"]).await;
    let (ada, bob) = (world.caller(json!({"sub": "ada"})), world.caller(json!({"sub": "bob"})));
    assert_eq!(ada.rest("GET", "/orders").await.0, 200);
    let limited = ada.call("", "list-parcels").await;
    assert!(limited.contains("this caller made too many calls of `list-*`; retry in "), "{limited}");
    assert_eq!(ada.rest("GET", "/parcels/track").await.0, 200);
    assert_eq!(ada.rest("GET", "/parcels/track").await, (429, "this caller made too many calls".to_owned()));
    assert_eq!(bob.call("", "list-parcels").await, "ok");
}

async fn start(policy: &Path, flags: &[&str]) -> Result<Mounted, String> {
    let variables = BTreeMap::from([("CASE_ISSUER".to_owned(), "http://127.0.0.1:9/".to_owned())]);
    let policy = policy.to_string_lossy();
    let flags = [&["--policy", &policy], flags].concat();
    Mounted::new(shop(), options::parse(&flags).expect("flags"), variables).await
}

#[tokio::test]
async fn mistakes_in_the_file_end_the_start_with_line_and_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    for (text, said) in [
        (
            "[default]\ntoolsets = [\"orders\",\n\"parcel\"]",
            ":3: toolsets: nothing has a name that matches `parcel`; there are: orders, parcels",
        ),
        (
            "[default]\ntools = [\"list-order\"]",
            ":2: tools: nothing has a name that matches `list-order`; there are: list-orders, create-order",
        ),
        (
            "[default]\nresources = [\"orders\"]",
            ":2: resources: nothing has a name that matches `orders`; there are: order, parcel",
        ),
        (
            "[default]\nverbs = [\"write\"]",
            ":2: verbs: nothing has a name that matches `write`; there are: action, create, delete, read, update",
        ),
        ("[default]\ntool-rates = {\"drop-*\" = \"1/s\"}", ":2: tool-rates: nothing has a name that matches `drop-*`"),
        (
            "[[rules]]\nname = \"a\"\nfor = {adapters = [\"orders-mcp\"]}",
            ":3: adapters: nothing has a name that matches `orders-mcp`; there are: rest, mcp",
        ),
        ("[[rule]]", ":1: unknown field `rule`, expected one of `group-claim`, `rules`, `default`"),
    ] {
        fs::write(&file, text).expect("the file is written");
        let failure = start(&file, &[]).await.err().unwrap_or_default();
        assert!(failure.contains(&format!("{}{said}", file.display())), "{text}: {failure}");
    }
    let failure = start(&folder.path().join("none.toml"), &[]).await.err().unwrap_or_default();
    assert!(failure.contains("none.toml cannot be read"), "{failure}");
}

#[tokio::test]
async fn client_on_standard_input_has_the_rule_of_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.toml");
    fs::write(&file, "[[rules]]\nname = \"local\"\nfor = {credentials = [\"stdio\"]}\nread-only = true\n")
        .expect("a file");
    let upstream = format!("http://{}", echo::start().await.expect("a port"));
    let uris = ["orders", "parcels"].map(|namespace| format!("{namespace}={upstream}"));
    let file = file.to_string_lossy().into_owned();
    let flags = options::parse(&["--policy", &file, "--base-uri", &uris[0], "--base-uri", &uris[1]]).expect("flags");
    let (mut input, theirs) = tokio::io::duplex(1 << 16);
    let (output, mut ours) = tokio::io::duplex(1 << 20);
    let served = tokio::spawn(stdio(shop(), None, flags, BTreeMap::new(), theirs, output));
    let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    input.write_all(format!("{hello}\n{list}\n").as_bytes()).await.expect("it reads");
    input.shutdown().await.expect("the end");
    let mut text = String::new();
    ours.read_to_string(&mut text).await.expect("it writes");
    assert_eq!(served.await.expect("no panic"), Ok(()));
    assert!(text.contains("\"list-orders\"") && !text.contains("\"delete-orders\""), "{text}");
}
