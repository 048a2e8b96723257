//! A capability that is served from its tables, as by `cargo xtask serve`, responds as its generated crate does: over all
//! cases of `tests/cases/ok`, every route and every tool, with the same requests upstream.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use naftiko_client::__private::Connection;
use naftiko_client::ClientBuilder;
use naftiko_client::schema::{
    Adapter, Api, Capability, Credential, Kind, Location, Mcp, Parameter, ResourceSource, Rest, Route,
};
use naftiko_codegen::compile_tables;
use naftiko_mcp::{HttpOptions, Server};
use naftiko_serve::{echo, load};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::built;
use crate::cases::{self, Case};
use crate::tables::serve;

/// The crate that mounts the adapters of all others.
pub(crate) const CRATE: &str = "all-cases";

type Log = Arc<Mutex<Vec<String>>>;

/// An upstream that echoes requests, and keeps them.
async fn upstream() -> (String, Log) {
    async fn respond(State(log): State<Log>, request: Request) -> axum::response::Response {
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .filter(|(name, _)| *name != "host")
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort();
        let line = format!("{} {} {headers:?}", request.method(), request.uri());
        log.lock().expect("a log").push(line);
        let mut response = echo::respond(request).await;
        // The two upstreams differ in their port only.
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
        let mut echoed: Value = serde_json::from_slice(&body).expect("JSON");
        if let Some(headers) = echoed["headers"].as_array_mut() {
            headers.retain(|header| header[0] != "host");
        }
        response = axum::response::Response::from_parts(parts, echoed.to_string().into());
        response
    }
    let log = Log::default();
    (serve(Router::new().fallback(respond).with_state(log.clone())).await, log)
}

/// The tables of a case, for the rest of the process.
struct Served {
    name: String,
    capability: &'static Capability,
    rest: Option<&'static Rest>,
    mcp: Option<&'static Mcp>,
}

/// The tables of a case; `None` if it is about a file that is no capability.
fn served(case: &Case) -> Option<Served> {
    let name = naftiko_codegen::crate_name(&case.path).expect("the path of a case gives a name");
    let tables = match compile_tables(&case.sources, &case.path, &name) {
        Ok((tables, _)) => tables,
        Err(found) => {
            assert!(!found.has_errors(), "{}: {}", case.name, found.render(&case.sources, false));
            return None;
        }
    };
    // Both sides would need the same files; the cases of conformance have them.
    if tables.capability.variables.iter().any(|variable| variable.file.is_some()) {
        return None;
    }
    let is_signed = |api: &Api| api.credentials.iter().any(|it| matches!(it, Credential::Signed(_)));
    // Neither side has the signer of an application.
    if tables.capability.apis.iter().any(is_signed) {
        return None;
    }
    let adapters: &'static [Adapter] = tables.adapters.leak();
    let rest = adapters.iter().find_map(|adapter| if let Adapter::Rest(rest) = adapter { Some(&**rest) } else { None });
    let mcp = adapters.iter().find_map(|adapter| if let Adapter::Mcp(mcp) = adapter { Some(&**mcp) } else { None });
    Some(Served { name, capability: Box::leak(Box::new(tables.capability)), rest, mcp })
}

/// The program that mounts all crates, as source code.
pub(crate) fn program() -> (String, String) {
    let mut manifest = format!(
        "[package]\nname = {CRATE:?}\nedition = \"2024\"\n\n[dependencies]\naxum = {{ workspace = true, features = \
         [\"http1\", \"tokio\"] }}\ntokio = {{ workspace = true, features = [\"macros\", \"net\", \"rt\", \"time\"] }}\n"
    );
    let mut mounts = String::new();
    for Served { name, capability, rest, mcp } in cases::cases("ok").iter().filter_map(served) {
        let module = name.replace('-', "_");
        let features: Vec<_> = [("rest", rest.is_some()), ("mcp", mcp.is_some())]
            .into_iter()
            .filter_map(|(feature, has)| has.then_some(format!("{feature:?}")))
            .collect();
        if features.is_empty() {
            continue;
        }
        writeln!(manifest, "{name} = {{ path = \"../{name}\", features = [{}] }}", features.join(", ")).expect("text");
        let uris = capability.apis.iter().map(|api| format!(".base_uri_of({:?}, &upstream)", api.namespace));
        let uris: String = uris.collect();
        writeln!(
            mounts,
            "    let client = {module}::Client::builder().from_env(){uris}.build().expect({name:?});\n    let mut \
             application = axum::Router::new();"
        )
        .expect("text");
        if rest.is_some() {
            writeln!(mounts, "    application = application.merge({module}::rest::router(&client));").expect("text");
        }
        if mcp.is_some() {
            writeln!(
                mounts,
                "    application = application.nest_service(\"/mcp-of-the-case\", \
                 {module}::mcp::server(&client).router({module}::mcp::HttpOptions::default()));"
            )
            .expect("text");
        }
        writeln!(mounts, "    serve({name:?}, application).await;").expect("text");
    }
    let source = format!(
        "//! Mounts the adapters of all cases, each on a port of its own.\n\nasync fn serve(name: &str, application: \
         axum::Router) {{\n    let listener = tokio::net::TcpListener::bind(\"127.0.0.1:0\").await.expect(\"a port\");\n    \
         println!(\"{{name}} {{}}\", listener.local_addr().expect(\"an address\"));\n    tokio::spawn(async move {{ \
         axum::serve(listener, application).await }});\n}}\n\n#[tokio::main(flavor = \"current_thread\")]\nasync fn main() \
         {{\n    let upstream = std::env::args().nth(1).expect(\"the upstream\");\n{mounts}    println!(\"ready \
         now\");\n    std::future::pending::<()>().await;\n}}\n"
    );
    (manifest, source)
}

/// A value that a parameter accepts, most of the time.
fn value(parameter: &Parameter) -> Value {
    if let Some(allowed) = parameter.rules.allowed.first() {
        return serde_json::from_str(allowed).expect("JSON");
    }
    match parameter.kind {
        Kind::String => json!("a b/c"),
        Kind::Integer => json!(7),
        Kind::Number => json!(1.5),
        Kind::Boolean => json!(true),
        Kind::Array => json!(["x", "y z"]),
        Kind::Object => json!({"k": [1, null]}),
        Kind::Any => json!({"any": 1.10}),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A request to a route, as method, target, headers and body.
type Sent = (String, String, Vec<(String, String)>, String);

fn requests(route: &Route) -> Vec<Sent> {
    let mut path = String::new();
    let mut rest = &*route.path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').expect("a placeholder ends");
        path.push_str(before);
        path.push_str(if name.ends_with('+') { "p%20q/r" } else { "7" });
        rest = tail;
    }
    path.push_str(rest);
    let path = path.replace(' ', "%20").replace('"', "%22").replace('?', "%3F").replace('#', "%23");
    let inputs = route.binding.inputs();
    let of = |location: Location| inputs.iter().filter(move |input| input.location == location);
    let query: Vec<_> = of(Location::Query)
        .map(|input| format!("{}={}", naftiko_tests::encode(&input.name), naftiko_tests::encode(&text(&value(input)))))
        .collect();
    let mut headers: Vec<_> = of(Location::Header).map(|input| (input.name.to_string(), "h".to_owned())).collect();
    headers.extend(of(Location::Cookie).map(|input| ("cookie".to_owned(), format!("{}=c", input.name))));
    let members: Map<_, _> = of(Location::Field).map(|input| (input.name.to_string(), value(input))).collect();
    let body = match of(Location::Body).next() {
        Some(whole) if members.is_empty() => value(whole).to_string(),
        None if members.is_empty() => String::new(),
        _ => Value::Object(members).to_string(),
    };
    let method = route.method.as_str().to_owned();
    let target = |query: &str| if query.is_empty() { path.clone() } else { format!("{path}?{query}") };
    vec![
        (method.clone(), target(&query.join("&")), headers, body),
        // Nothing that is required, and something that does not exist.
        (method.clone(), target("unknown=1"), Vec::new(), String::new()),
        ("PURGE".to_owned(), path.clone(), Vec::new(), String::new()),
    ]
}

fn messages(mcp: &Mcp) -> Vec<Value> {
    let mut messages: Vec<_> = ["tools/list", "resources/list", "resources/templates/list", "prompts/list"]
        .into_iter()
        .map(|method| json!({"jsonrpc": "2.0", "id": method, "method": method, "params": {}}))
        .collect();
    let mut call = |method: &str, params: Value| {
        messages.push(json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
    };
    for tool in mcp.tools.iter() {
        let inputs = tool.binding.inputs().iter();
        let arguments: Map<_, _> = inputs.map(|input| (input.name.to_string(), value(input))).collect();
        call("tools/call", json!({"name": tool.name, "arguments": arguments}));
        call("tools/call", json!({"name": tool.name, "arguments": {"unknown": 1}}));
    }
    for resource in mcp.resources.iter().filter(|it| !matches!(it.source, ResourceSource::ServerFile(_))) {
        let uri = resource.uri.replace(['{', '}'], "");
        call("resources/read", json!({"uri": uri}));
    }
    for prompt in mcp.prompts.iter() {
        let arguments: Map<_, _> = prompt.arguments.iter().map(|it| (it.name.to_string(), json!("v"))).collect();
        call("prompts/get", json!({"name": prompt.name, "arguments": arguments}));
    }
    messages
}

/// What one side responds: status, header fields and body.
async fn response(request: reqwest::RequestBuilder) -> String {
    let response = request.send().await.expect("a response");
    let status = response.status();
    let mut headers: Vec<_> = response
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    format!("{status} {headers:?} {}", response.text().await.expect("a body"))
}

#[tokio::test(flavor = "multi_thread")]
async fn served_capabilities_respond_as_compiled_ones() {
    let cases: Vec<_> = cases::cases("ok").iter().filter_map(served).collect();
    let variables: BTreeMap<&str, String> = cases
        .iter()
        .flat_map(|case| case.capability.variables.iter())
        .map(|variable| (&*variable.name, format!("value-of-{}", variable.name)))
        .collect();
    let ((compiled_upstream, compiled_log), (served_upstream, served_log)) = (upstream().await, upstream().await);
    let binary = built::binary(CRATE);
    let mut compiled = Command::new(binary);
    compiled.arg(&compiled_upstream).envs(&variables).stdout(Stdio::piped()).kill_on_drop(true);
    let mut compiled = compiled.spawn().expect("the program starts");
    let mut lines = BufReader::new(compiled.stdout.take().expect("its output")).lines();
    let mut addresses = BTreeMap::new();
    while let Some((name, address)) = lines.next_line().await.expect("a line").and_then(|line| {
        line.split_once(' ').filter(|(name, _)| *name != "ready").map(|(n, a)| (n.to_owned(), a.to_owned()))
    }) {
        addresses.insert(name, address);
    }
    naftiko_client::install_crypto_provider();
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let (mut compared, mut reached) = (0, 0);
    for case in &cases {
        let Some(compiled) = addresses.get(&case.name) else {
            assert!(case.rest.is_none() && case.mcp.is_none(), "{} is not mounted", case.name);
            continue;
        };
        let mut builder = ClientBuilder::<Connection>::new(case.capability);
        for api in case.capability.apis.iter() {
            builder = builder.base_uri_of(&*api.namespace, &served_upstream);
        }
        for variable in case.capability.variables.iter() {
            builder = builder.variable(&*variable.name, variables[&*variable.name].clone());
        }
        let connection = builder.build().expect(&case.name);
        let mut application = Router::new();
        if let Some(rest) = case.rest {
            application = application.merge(naftiko_rest::router(rest, &connection));
        }
        if let Some(mcp) = case.mcp {
            let router = Server::new(mcp, &connection).router(HttpOptions::default());
            application = application.nest_service("/mcp-of-the-case", router);
        }
        let sides = [format!("http://{compiled}"), serve(application).await];
        let mut compare = async |what: &str, request: &dyn Fn(&str) -> reqwest::RequestBuilder| {
            let [one, other] = &sides;
            let (one, other) = (response(request(one)).await, response(request(other)).await);
            assert_eq!(one, other, "{}: {what}", case.name);
            // Steps of a flow may send requests at the same time.
            let [one, other] = [&compiled_log, &served_log].map(|log| {
                let mut sent = std::mem::take(&mut *log.lock().expect("a log"));
                sent.sort();
                sent
            });
            assert_eq!(one, other, "{}: {what}", case.name);
            compared += 1;
            reached += one.len();
        };
        for route in case.rest.iter().flat_map(|rest| rest.routes.iter()) {
            for (method, target, headers, body) in requests(route) {
                let request = |base: &str| {
                    let method = method.parse().expect("a method");
                    let mut request = http.request(method, format!("{base}{target}")).body(body.clone());
                    request = request.header("content-type", "application/json");
                    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
                };
                compare(&format!("{method} {target}"), &request).await;
            }
        }
        for message in case.mcp.iter().flat_map(|mcp| messages(mcp)) {
            let request = |base: &str| {
                let request = http.post(format!("{base}/mcp-of-the-case/mcp")).json(&message);
                request.header("accept", "application/json, text/event-stream")
            };
            compare(&message.to_string(), &request).await;
        }
    }
    assert!(compared > 400 && reached > 100, "{compared} responses compared, {reached} requests upstream");
}

/// The program that `cargo xtask serve` runs loads a file and what it imports.
#[test]
fn specification_file_is_loaded_with_its_imports() {
    let loaded = load::file(&xtask::root().join("tests/cases/ok/wire/wire.yaml")).expect("the case compiles");
    let [(_, sources)] = &*loaded.found else { panic!("one file is compiled") };
    assert!(sources.len() > 1, "{:?}", sources.keys());
    let missing = load::file(&xtask::root().join("tests/cases/ok/none.yaml")).err().expect("there is no such file");
    assert!(missing.to_string().contains("none.yaml"), "{missing}");
    let broken =
        load::file(&xtask::root().join("tests/cases/err/flows-that-cannot-run.yaml")).err().expect("it has errors");
    assert!(broken.to_string().contains("error[NK0"), "{broken}");
}
