//! Arguments that are wrong many times over, or in a clever way.

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use super::wire::{MCP_FIELDS, call, list, path};
use super::{Attack, Site, attack};

pub(super) const ATTACKS: &[Attack] = &[
    attack!("a megabyte of unknown arguments of a tool", unknown_arguments),
    attack!("a megabyte of wrong values of a tool", wrong_values),
    attack!("thousands of unknown query parameters", unknown_parameters),
    attack!("names of a megabyte: tool, method, resource, id", long_names),
    attack!("nesting without end", nesting),
    attack!("members that occur twice", duplicates),
    attack!("path segments that lead out after decoding", ways_out),
];

async fn unknown_arguments(site: &Site) -> Result<()> {
    let mut params = call("x");
    if let Some(arguments) = params.pointer_mut("/arguments").and_then(Value::as_object_mut) {
        arguments.extend((0..60_000).map(|number| (format!("a{number}"), json!(1))));
    }
    site.without_upstream(site.mcp.message("tools/call", params)).await?.is_rejected()
}

async fn wrong_values(site: &Site) -> Result<()> {
    let long = "x".repeat(400_000);
    let arguments = json!({"region": [long], "secret_id": {"a": long}});
    let params = json!({"name": "get-metadata-using-secret-s-id", "arguments": arguments});
    site.without_upstream(site.mcp.message("tools/call", params)).await?.is_rejected()
}

async fn unknown_parameters(site: &Site) -> Result<()> {
    let query: Vec<_> = (0..9000).map(|number| format!("a{number}=")).collect();
    for query in [query.join("&"), "page=x&".repeat(8000)] {
        let path = format!("{}?{query}", path("x"));
        site.without_upstream(site.rest.get(&path, "")).await?.is_rejected()?;
    }
    Ok(())
}

async fn long_names(site: &Site) -> Result<()> {
    let long = "x".repeat(900_000);
    for (method, params) in [
        ("tools/call", json!({"name": long, "arguments": {}})),
        (long.as_str(), json!({})),
        ("resources/read", json!({"uri": format!("file:///{long}")})),
        ("prompts/get", json!({"name": long})),
        ("tools/list", json!({"cursor": long})),
    ] {
        site.without_upstream(site.mcp.message(method, params)).await?.is_rejected()?;
    }
    let message = json!({"jsonrpc": "2.0", "id": long, "method": "nothing", "params": {}}).to_string();
    site.mcp.post(MCP_FIELDS, message.as_bytes()).await?.is_short()
}

async fn nesting(site: &Site) -> Result<()> {
    let deep = ["[".repeat(400_000), "]".repeat(400_000)].concat();
    let message = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"create-secret","arguments":{{"region":"fr-par","body":{deep}}}}}}}"#
    );
    site.mcp.post(MCP_FIELDS, message.as_bytes()).await?.is_rejected()?;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        list(),
        deep.len()
    );
    site.rest.send(&[head.as_bytes(), deep.as_bytes()].concat()).await?.is_explained()
}

async fn duplicates(site: &Site) -> Result<()> {
    let arguments = r#""region":"fr-par","secret_id":"harmless","secret_id":"other""#;
    for message in [
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"get-metadata-using-secret-s-id","arguments":{{{arguments}}}}}}}"#
        ),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}"#.to_owned(),
    ] {
        site.without_upstream(site.mcp.post(MCP_FIELDS, message.as_bytes())).await?.is_rejected()?;
    }
    Ok(())
}

async fn ways_out(site: &Site) -> Result<()> {
    for out in ["..", "%2e%2e", "..%2f..", "a%2f..%2fb", "..%5cx", "%252e%252e%252fx", "..%252fx", "x%2f%2e%2e"] {
        for path in [path(out), format!("{}/versions", path(out))] {
            let refused = site.without_upstream(site.rest.get(&path, "")).await?;
            ensure!((400..500).contains(&refused.status), "{path}: {}", refused.status);
        }
    }
    for out in ["..", "../../x", "a/../b", "..\\x", "%2e%2e/x", "..%2fx", "%252e%252e%252fx"] {
        let response = site.without_upstream(site.mcp.message("tools/call", call(out))).await?;
        response.is_rejected()?;
    }
    let region = json!({"name": "list-secrets", "arguments": Map::from_iter([("region".to_owned(), json!("../x"))])});
    site.without_upstream(site.mcp.message("tools/call", region)).await?.is_rejected()
}
