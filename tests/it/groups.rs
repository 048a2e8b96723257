//! Groups: capabilities that one server serves on shared ports, and the crate that has the clients of all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use naftiko_codegen::{Code, Sources, generate};
use naftiko_serve::{load, options};
use naftiko_server::__private::{Mounted, stdio};
use naftiko_server::Program;
use naftiko_tests::process::{PATIENCE, Server};
use scaleway::Scaleway;
use scaleway_simulator::{Simulator, TOKEN};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::mcp::{call_at, post};

const SECRETS: &str = "/v1/secret-manager/v1beta1/regions/fr-par/secrets";

/// A program that is served on free ports.
pub(crate) struct Joined {
    pub(crate) rest: String,
    pub(crate) mcp: String,
    pub(crate) http: reqwest::Client,
    pub(crate) mounted: Mounted,
}

impl Joined {
    pub(crate) async fn start(program: &'static Program, flags: &[&str]) -> Result<Self, String> {
        let variables = BTreeMap::from([("SCALEWAY_API_KEY".to_owned(), TOKEN.to_owned())]);
        let mounted = Mounted::new(program, options::parse(flags).expect("flags"), variables).await?;
        let [(_, rest), (_, mcp)] = mounted.ports() else { panic!("two ports: {:?}", mounted.ports()) };
        let (rest, mcp) = (format!("http://{rest}"), format!("http://{mcp}/mcp"));
        Ok(Self { rest, mcp, http: reqwest::Client::new(), mounted })
    }

    /// The names of the tools at an endpoint.
    pub(crate) async fn tools(&self, below: &str) -> Vec<String> {
        names(&self.list(below).await)
    }

    pub(crate) async fn list(&self, below: &str) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        let uri = format!("{}{below}", self.mcp);
        post(&self.http, &uri, &message).await.json().await.expect("JSON")
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.http.get(format!("{}{path}", self.rest)).send().await.expect("a response");
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }
}

fn names(list: &Value) -> Vec<String> {
    let tools = list["result"]["tools"].as_array().unwrap_or_else(|| panic!("no tools: {list}"));
    tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
}

/// Both capabilities of Secret Manager.
pub(crate) fn scaleway() -> &'static Program {
    let files = ["secret-manager-secrets", "secret-manager-secret-versions"];
    let files = files.map(|file| xtask::root().join(format!("spec/scaleway/{file}.yaml")));
    load::leak(load::files(&files, true).expect("they are a group").program)
}

/// A capability with one tool for each path, and a route for it.
pub(crate) fn capability(namespace: &str, tools: &[(&str, &str)], more: &str) -> String {
    let each =
        |write: &dyn Fn(&str, &str) -> String| tools.iter().map(|(tool, path)| write(tool, path)).collect::<String>();
    let operations =
        each(&|tool, path| format!("    - {{path: '{path}', operations: [{{name: {tool}, method: GET}}]}}\n"));
    let routes = each(&|tool, path| {
        format!("    - {{path: '{path}', operations: [{{method: GET, call: {namespace}.{tool}}}]}}\n")
    });
    let exposed = each(&|tool, _| format!("    - {{name: {tool}, description: A tool, call: {namespace}.{tool}}}\n"));
    format!(
        "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - type: http\n    namespace: {namespace}\n    baseUri: https://{namespace}.test\n    \
         resources:\n{operations}  exposes:\n  - type: rest\n    namespace: {namespace}-rest\n{more}    resources:\n{routes}  - type: mcp\n    \
         namespace: {namespace}-mcp\n    tools:\n{exposed}"
    )
}

/// Files of two capabilities of one folder.
fn pair(one: &str, other: &str) -> (tempfile::TempDir, [PathBuf; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [("shop-orders.yaml", one), ("shop-parcels.yaml", other)].map(|(name, text)| {
        let file = folder.path().join(name);
        fs::write(&file, text).expect("a file");
        file
    });
    (folder, files)
}

#[tokio::test]
async fn joined_server_has_all_tools_at_one_endpoint_and_those_of_a_capability_below_it() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let joined = Joined::start(scaleway(), &["--base-uri", &simulator.base_uri()]).await.expect("it is served");
    let (secrets, versions) = (joined.tools("/secrets").await, joined.tools("/secret-versions").await);
    assert_eq!((secrets.len(), versions.len()), (10, 9));
    assert_eq!(joined.tools("").await, [secrets, versions].concat());
    let missing = joined.http.post(format!("{}/none", joined.mcp)).send().await.expect("a response");
    assert_eq!(missing.status(), 404);
    let create = json!({"region": "fr-par", "body": {"project_id": scaleway_simulator::PROJECT_ID, "name": "joined"}});
    let created = call_at(&joined.http, &joined.mcp, "create-secret", &create).await;
    let id = created["structuredContent"]["id"].as_str().expect("an id").to_owned();
    let version = json!({"region": "fr-par", "secret_id": id, "body": {"data": "c2VjcmV0"}});
    let below = format!("{}/secret-versions", joined.mcp);
    let added = call_at(&joined.http, &below, "create-secret-version", &version).await;
    assert_eq!(added["structuredContent"]["revision"], 1, "{added}");
    let unknown = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list-secrets"}});
    let unknown: Value = post(&joined.http, &below, &unknown).await.json().await.expect("JSON");
    assert_eq!(unknown["error"]["message"], "unknown tool: list-secrets");
    for (path, member) in [("", "name"), ("/versions/1", "revision")] {
        let (status, body) = joined.get(&format!("{SECRETS}/{id}{path}")).await;
        assert_eq!((status, body[member].is_null()), (200, false), "{path}: {body}");
    }
}

#[tokio::test]
async fn joined_server_has_one_document_of_all_routes() {
    let joined = Joined::start(scaleway(), &[]).await.expect("it is served");
    let (status, document) = joined.get("/openapi.json").await;
    assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")));
    let operations: Vec<_> =
        document["paths"].as_object().expect("paths").values().filter_map(Value::as_object).flatten().collect();
    assert_eq!(operations.len(), 19);
    let of = |tag: &str| operations.iter().filter(|(_, operation)| operation["tags"] == json!([tag])).count();
    assert_eq!((of("secrets"), of("secret-versions")), (10, 9));
    let file = xtask::root().join("generated/scaleway/openapi.json");
    let generated: Value = serde_json::from_str(&fs::read_to_string(file).expect("a file")).expect("JSON");
    assert_eq!(document["components"], generated["components"], "the document of the generated crate");
}

#[tokio::test]
async fn document_of_a_read_only_server_has_the_routes_that_it_serves() {
    // The other flags about tools leave REST as it is.
    for (flags, served) in
        [(&["--read-only"][..], &["get"][..]), (&["--verbs", "read"], &["delete", "get", "patch", "post", "put"])]
    {
        let joined = Joined::start(scaleway(), flags).await.expect("it is served");
        for path in ["/openapi.json", "/docs/openapi.json"] {
            let (_, document) = joined.get(path).await;
            let items = document["paths"].as_object().expect("paths").values().filter_map(Value::as_object);
            let methods: BTreeSet<_> = items.flat_map(|item| item.keys().map(String::as_str)).collect();
            assert!(methods.contains("get") && methods.iter().all(|method| served.contains(method)), "{methods:?}");
            assert_eq!(methods.contains("delete"), served.contains(&"delete"), "{methods:?}");
        }
    }
}

/// What a client on standard input gets, which shakes hands and asks for the list of tools.
pub(crate) async fn listed_on_stdio(
    program: &'static Program,
    adapter: Option<&str>,
    flags: &[&str],
    variables: BTreeMap<String, String>,
) -> Result<Vec<Value>, String> {
    let (mut input, server_input) = tokio::io::duplex(1 << 16);
    let (server_output, mut output) = tokio::io::duplex(1 << 20);
    let served = stdio(program, adapter, options::parse(flags).expect("flags"), variables, server_input, server_output);
    let hello =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
    ];
    let lines: String = messages.iter().map(|message| format!("{message}\n")).collect();
    input.write_all(lines.as_bytes()).await.expect("there is room");
    drop(input);
    tokio::time::timeout(PATIENCE, served).await.expect("the server ends")?;
    let mut text = String::new();
    output.read_to_string(&mut text).await.expect("text");
    Ok(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

#[tokio::test]
async fn joined_server_of_one_program_serves_stdio_with_all_tools() {
    let variables = BTreeMap::from([("SCALEWAY_API_KEY".to_owned(), TOKEN.to_owned())]);
    let responses = listed_on_stdio(scaleway(), None, &[], variables).await.expect("it is served");
    let listed = responses.iter().find(|response| response["id"] == 2).expect("the list");
    assert_eq!(names(listed).len(), 19);
    let hello = responses.iter().find(|response| response["id"] == 1).expect("the handshake");
    let name = hello["result"]["serverInfo"]["name"].as_str().expect("a name");
    assert!(name.ends_with("scaleway-secret-manager"), "{name}");
}

#[tokio::test]
async fn toolsets_resources_and_verbs_choose_tools() {
    for (flags, count, one) in [
        (&["--toolsets", "secret-versions"][..], 9, "create-secret-version"),
        (&["--toolsets", "*", "--verbs", "read"], 6, "list-secrets"),
        (&["--verbs", "create,delete"], 4, "delete-secret"),
        (&["--resources", "version", "--verbs", "action"], 3, "restore-version"),
        (&["--resources", "secret", "--exclude-tools", "*-secret"], 4, "list-secrets"),
    ] {
        let joined = Joined::start(scaleway(), flags).await.expect("it is served");
        let tools = joined.tools("").await;
        assert!(tools.len() == count && tools.contains(&one.to_owned()), "{flags:?}: {tools:?}");
    }
    for (flag, value, known) in [
        ("--toolsets", "scaleway-*", "secrets, secret-versions"),
        ("--resources", "secrets", "secret, version"),
        ("--verbs", "reads", "action, create, delete, read, update"),
    ] {
        let refused = Joined::start(scaleway(), &[flag, value]).await.err().expect("it matches nothing");
        assert!(refused.starts_with(flag) && refused.ends_with(known), "{refused}");
    }
    let alone = Joined::start(scaleway(), &["--toolsets", "secrets"]).await.expect("it is served");
    assert_eq!(alone.list("/secret-versions").await["result"]["tools"], json!([]), "nothing is left of it");
}

#[tokio::test]
async fn tools_of_a_group_say_in_20_kilobytes_what_they_do_and_in_few_more_what_they_are() {
    let joined = Joined::start(scaleway(), &[]).await.expect("it is served");
    let mut list = joined.list("").await;
    let whole = list.to_string().len();
    let tools = list["result"]["tools"].as_array_mut().expect("a list");
    let meta: Vec<_> = tools
        .iter_mut()
        .map(|tool| tool.as_object_mut().expect("an object").remove("_meta").expect("it is there"))
        .collect();
    let about = |text: &str| json!({ "naftiko/about": text });
    assert_eq!(meta[0], about("secrets/secret/read"));
    assert!(meta.contains(&about("secrets/secret/action")) && meta.contains(&about("secret-versions/version/update")));
    let bytes = list.to_string().len();
    assert!(bytes < 20_000 && whole < 22_000, "{bytes} bytes, {whole} with what they are");
}

#[tokio::test]
async fn tools_of_the_same_name_get_that_of_their_capability() {
    let one = capability("orders", &[("get", "/orders"), ("list", "/list")], "");
    let other = capability("parcels", &[("get", "/parcels"), ("track", "/track")], "");
    let (_folder, files) = pair(&one, &other);
    let program = load::leak(load::files(&files, true).expect("they are a group").program);
    let joined = Joined::start(program, &["--tools", "*-get", "--tools", "track"]).await.expect("it is served");
    let members: Vec<_> = joined.tools("").await;
    let [first, second, third] = &*members else { panic!("{members:?}") };
    assert!(first.ends_with("orders-get") && second.ends_with("parcels-get") && third == "track", "{members:?}");
    let separate = load::leak(load::files(&files, false).expect("they compile").program);
    let refused = Mounted::new(separate, options::parse(&[]).expect("flags"), BTreeMap::new()).await;
    assert_eq!(refused.err(), None, "each has ports of its own");
}

#[tokio::test]
async fn capabilities_that_cannot_share_a_port_are_refused() {
    let one = capability("orders", &[("get", "/v1/{order}")], "");
    let (_folder, files) = pair(&one, &capability("parcels", &[("find", "/v1/{parcel}")], ""));
    let refused = load::files(&files, true).err().expect("the routes take the same").to_string();
    assert!(refused.contains("`GET /v1/{parcel}`") && refused.contains("`GET /v1/{order}`"), "{refused}");
    let secret = "    authentication: {type: bearer, token: '{{SCALEWAY_API_KEY}}'}\n";
    let binds = "binds:\n- namespace: env\n  keys: {SCALEWAY_API_KEY: SCALEWAY_API_KEY}\ncapability:";
    let other = capability("parcels", &[("find", "/parcels")], secret).replace("capability:", binds);
    let (_folder, files) = pair(&one, &other);
    let program = load::leak(load::files(&files, true).expect("they are a group").program);
    let refused = Joined::start(program, &[]).await.err().expect("callers authenticate differently");
    assert!(refused.contains("different authentication"), "{refused}");
    assert!(Joined::start(program, &["--bearer-token", "t"]).await.is_ok(), "the command line decides for all");
}

#[tokio::test]
async fn one_base_uri_is_for_an_api_that_several_capabilities_have() {
    let one = capability("shop", &[("get", "/a")], "");
    let other = capability("shop", &[("find", "/b")], "");
    let (_folder, files) = pair(&one, &other);
    let program = load::leak(load::files(&files, true).expect("they are a group").program);
    assert!(Joined::start(program, &["--base-uri", "shop=http://127.0.0.1:9"]).await.is_ok());
    let (_folder, files) = pair(&one, &other.replace("https://shop.test", "https://other.test"));
    let program = load::leak(load::files(&files, true).expect("they are a group").program);
    let refused = Joined::start(program, &["--base-uri", "shop=http://127.0.0.1:9"]).await.err().expect("two APIs");
    assert!(refused.contains("--base-uri shop="), "{refused}");
}

#[tokio::test]
async fn base_uris_that_are_none_or_for_nothing_or_there_twice_are_refused_with_their_flag() {
    let (_folder, files) = pair(&capability("one", &[("get", "/a")], ""), &capability("other", &[("find", "/b")], ""));
    let program = load::leak(load::files(&files, true).expect("they are a group").program);
    for (uris, said) in [
        (
            &["ones=http://127.0.0.1:9"][..],
            "--base-uri ones=: no capability consumes an API of this name; there are: one, other",
        ),
        (&["one="], "--base-uri one=: the base URI must be an absolute http or https URI"),
        (&["one=http://me:hush@127.0.0.1:9"], "--base-uri one=http://127.0.0.1:9"),
        (&["one=http://127.0.0.1:8", "one=http://127.0.0.1:9"], "--base-uri one=: it is there twice"),
        (&["http://upstream.example"], "--base-uri http://upstream.example: the base URI uses plain http"),
    ] {
        let flags: Vec<_> = uris.iter().flat_map(|uri| ["--base-uri", uri]).collect();
        let refused = Joined::start(program, &flags).await.err().unwrap_or_else(|| panic!("{uris:?}"));
        assert!(refused.contains(said) && !refused.contains("hush"), "{uris:?}: {refused}");
    }
}

#[tokio::test]
async fn variables_that_several_capabilities_lack_are_named_at_once() {
    let with_key = |namespace: &str, variable: &str| {
        let text = capability(namespace, &[("get", &format!("/{namespace}"))], "");
        let key = format!(
            "    baseUri: https://{namespace}.test\n    authentication: {{type: bearer, token: '{{{{KEY}}}}'}}\n"
        );
        let text = text.replace(&format!("    baseUri: https://{namespace}.test\n"), &key);
        let binds = format!("naftiko: 1.0.0-beta5\nbinds: [{{namespace: env, keys: {{KEY: {variable}}}}}]\n");
        text.replace("naftiko: 1.0.0-alpha2\n", &binds)
    };
    for (other, said) in [("KEY_OF_PARCELS", "KEY_OF_ORDERS, KEY_OF_PARCELS"), ("KEY_OF_ORDERS", "KEY_OF_ORDERS")] {
        let (_folder, files) = pair(&with_key("orders", "KEY_OF_ORDERS"), &with_key("parcels", other));
        let program = load::leak(load::files(&files, true).expect("they are a group").program);
        let refused = Joined::start(program, &[]).await.err().expect("variables are missing");
        assert!(refused.ends_with(&format!(": {said}")), "{refused}");
    }
}

#[test]
fn files_of_one_name_or_one_file_twice_are_refused_with_their_names() {
    let (folder, [one, other]) = pair(&capability("a", &[("a", "/a")], ""), &capability("b", &[("b", "/b")], ""));
    let refused =
        |files: &[&PathBuf]| load::files(files, true).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(refused(&[&one, &other]), "");
    assert!(refused(&[&one, &other, &one]).contains("shop-orders.yaml is there twice"));
    let again = folder.path().join("again");
    fs::create_dir(&again).and_then(|()| fs::copy(&other, again.join("shop-orders.yaml"))).expect("a file");
    let message = refused(&[&one, &again.join("shop-orders.yaml")]);
    assert!(message.contains("are both called `shop-orders`, after their files: rename one"), "{message}");
    // The digits at the end are a part of the name.
    for (file, version) in [(&one, "v1"), (&other, "v2")] {
        fs::copy(file, folder.path().join(format!("orders-{version}.yaml"))).expect("a file");
    }
    let [one, other] = ["orders-v1.yaml", "orders-v2.yaml"].map(|name| folder.path().join(name));
    assert_eq!(refused(&[&one, &other]), "");
}

#[tokio::test]
async fn clients_of_a_group_are_set_up_at_once() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let builder =
        || Scaleway::builder().base_uri(simulator.base_uri()).each(|builder| builder.default_value("region", "fr-par"));
    let client = builder().variable("SCALEWAY_API_KEY", TOKEN).build().expect("all are built");
    let body = json!({"project_id": scaleway_simulator::PROJECT_ID, "name": "group"});
    let secret = client.secrets().create_secret("fr-par", body).send().await.expect("a secret");
    let id = secret.body().id.clone().expect("an id");
    let versions =
        client.secret_versions().list_secret_versions(scaleway::secrets::Configured, id.to_string()).send().await;
    assert_eq!(versions.expect("a list").body().versions.len(), 0);
    let missing = builder().build().expect_err("a variable is missing").to_string();
    assert!(missing.contains("SCALEWAY_API_KEY"), "{missing}");
    let unknown = builder().variable("SCALEWAY_API_KEY", TOKEN).variable("OTHER", "x").build();
    assert!(unknown.expect_err("no capability has it").to_string().contains("OTHER"));
}

#[tokio::test]
async fn program_of_a_group_serves_all_of_its_capabilities() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let binary = xtask::trial::build(&xtask::root(), "scaleway").expect("the binary is built");
    let server = Server::start(&binary, &simulator.base_uri(), &[], "info").await.expect("it starts");
    let http = reqwest::Client::new();
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let list: Value = post(&http, &server.mcp, &message).await.json().await.expect("JSON");
    assert_eq!(names(&list).len(), 19);
    let project = scaleway_simulator::PROJECT_ID;
    let list = format!("{}{SECRETS}?scheduled_for_deletion=false&project_id={project}", server.rest);
    let response = http.get(list).send().await;
    assert_eq!(response.expect("a response").status(), 200);
}

#[test]
fn capabilities_of_a_folder_and_those_that_settings_name_get_a_crate() {
    let (one, other) = (capability("orders", &[("get", "/a")], ""), capability("parcels", &[("get", "/b")], ""));
    let mut sources = Sources::from([
        ("spec/shop/orders.yaml".to_owned(), one.clone()),
        ("spec/shop/parcels.yaml".to_owned(), other),
        ("spec/mill/flour.yaml".to_owned(), capability("flour", &[("grind", "/c")], "")),
    ]);
    let crates = |sources: &Sources| generate(sources).map(|generated| generated.crates);
    let own = ["mill-flour", "shop-orders", "shop-parcels"];
    assert_eq!(crates(&sources).expect("they compile"), [&own[..], &["shop"]].concat());
    let mut settings = |text: &str| {
        sources.insert("spec/naftiko.toml".to_owned(), format!("[groups]\n{text}\n"));
        crates(&sources)
    };
    let all = settings("market = [\"shop/orders\", \"mill/flour\"]").expect("they compile");
    assert_eq!(all, [&own[..], &["market", "shop"]].concat());
    assert_eq!(settings("shop = []").expect("they compile"), own);
    for wrong in [
        "shop = \"shop/orders\"",
        "market = [\"shop/order\"]",
        "'a b' = [\"shop/orders\"]",
        "shop-orders = [\"shop/orders\"]",
        "shops = []",
    ] {
        let refused = settings(wrong).expect_err(wrong);
        assert_eq!(refused.iter().filter(|diagnostic| diagnostic.code == Code::GroupSettings).count(), 1, "{wrong}");
    }
    let refused = settings("market = 1\n[other]").expect_err("there is no such section");
    assert_eq!(
        refused.iter().filter(|diagnostic| diagnostic.code == Code::SettingsKey).count(),
        1,
        "each is said once"
    );
    sources.insert("spec/shop/naftiko.toml".to_owned(), "[groups]\nmarket = [\"shop/parcels\"]\n".to_owned());
    sources.insert("spec/naftiko.toml".to_owned(), "[groups]\nmarket = [\"shop/orders\"]\n".to_owned());
    let refused = generate(&sources).expect_err("two groups have one name");
    assert!(
        refused.iter().any(|diagnostic| diagnostic.message.contains("`market` is a group of spec/naftiko.toml, too"))
    );
    sources.remove("spec/shop/naftiko.toml");
    sources.remove("spec/naftiko.toml");
    sources.insert("spec/shop/parcels.yaml".to_owned(), one);
    let generated = generate(&sources).expect("each has a crate of its own");
    assert_eq!(generated.crates, own);
    assert!(generated.warnings.iter().any(|diagnostic| diagnostic.code == Code::FolderConflict));
}

#[test]
fn members_whose_names_mean_something_to_rust_have_modules_of_other_names() {
    let names = ["std", "core", "clone", "new", "naftiko-client", "from-here", "type", "2fa", "orders"];
    let source = |name: &&str| {
        let namespace = format!("n{}", name.replace('-', ""));
        (format!("spec/shop/{name}.yaml"), capability(&namespace, &[("get", &format!("/{name}"))], ""))
    };
    let generated = generate(&names.iter().map(source).collect()).expect("they compile");
    let library = &generated.files["generated/shop/src/lib.rs"];
    for module in [
        "std_api",
        "core_api",
        "clone_api",
        "new_api",
        "naftiko_client_api",
        "from_here_api",
        "api_type",
        "api_2fa",
        "orders",
    ] {
        assert!(library.contains(&format!(" as {module};")), "{module}: {library}");
    }
}
