//! A shop with a policy file, over orders and parcels, and callers with access tokens.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use naftiko_serve::{echo, load, options};
use naftiko_server::__private::Mounted;
use naftiko_server::Program;
use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::mcp::{message, post};
use crate::oauth::authority::{Authority, Signer};

const METADATA: &str = "/.well-known/oauth-authorization-server/realms/test";
const SHOP: &str = "https://shop.test";

/// A capability about orders or parcels, whose callers have access tokens.
fn capability(namespace: &str, operations: &[(&str, &str, &str)], more: &str) -> String {
    let each = |write: &dyn Fn(&(&str, &str, &str)) -> String| operations.iter().map(write).collect::<String>();
    let consumed = each(&|(name, method, path)| {
        format!("    - {{path: '{path}', operations: [{{name: {name}, method: {method}}}]}}\n")
    });
    let routes = each(&|(name, method, path)| {
        format!("    - {{path: '{path}', operations: [{{method: {method}, call: {namespace}.{name}}}]}}\n")
    });
    let forward =
        format!("    - {{path: '/raw-{namespace}/{{{{path}}}}', forward: {{targetNamespace: {namespace}}}}}\n");
    let tools = each(&|(name, ..)| format!("    - {{name: {name}, description: A tool, call: {namespace}.{name}}}\n"));
    let callers =
        "    authentication: {type: oauth2, authorizationServerUri: '{{ISSUER}}', resource: 'https://shop.test'}\n";
    format!(
        "naftiko: 1.0.0-beta5\nbinds: [{{namespace: env, keys: {{ISSUER: CASE_ISSUER}}}}]\ncapability:\n  consumes:\n  - namespace: \
         {namespace}\n    baseUri: https://{namespace}.test\n    resources:\n{consumed}  exposes:\n  - type: rest\n    namespace: \
         {namespace}-rest\n{callers}    resources:\n{routes}{forward}  - type: mcp\n    namespace: {namespace}-mcp\n{callers}    tools:\n{tools}{more}"
    )
}

/// Both capabilities of a shop, joined.
pub(super) fn shop() -> &'static Program {
    static SHOP: OnceLock<&'static Program> = OnceLock::new();
    SHOP.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let orders = [
            ("list-orders", "GET", "/orders"),
            ("create-order", "POST", "/orders"),
            ("delete-orders", "DELETE", "/orders"),
        ];
        let parcels = [
            ("list-parcels", "GET", "/parcels"),
            ("track-parcels", "GET", "/parcels/track"),
            ("delete-parcels", "DELETE", "/parcels"),
        ];
        let more = "    resources:\n    - {name: all, label: All, uri: 'orders://all', description: All, call: orders.list-orders}\n    \
                    prompts:\n    - {name: ask, label: Ask, description: Ask, template: [{role: user, content: 'Which orders?'}]}\n";
        let texts = [capability("orders", &orders, more), capability("parcels", &parcels, "")];
        let files = ["shop-orders.yaml", "shop-parcels.yaml"].map(|name| folder.path().join(name));
        files.iter().zip(texts).for_each(|(file, text)| fs::write(file, text).expect("a file"));
        load::leak(load::files(&files, true).expect("they are a group").program)
    })
}

/// The example of the documentation.
pub(super) fn example() -> String {
    let page = fs::read_to_string(xtask::root().join("docs/server.md")).expect("the page is read");
    let section = page.split("## Who may do what").nth(1).expect("the section is there");
    section.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example").to_owned()
}

/// A shop with a policy file, and its authorization server.
pub(super) struct World {
    folder: TempDir,
    signer: Signer,
    authority: Authority,
    pub(super) rest: String,
    pub(super) mcp: String,
    _mounted: Mounted,
}

/// A caller with a token.
pub(super) struct Caller<'w> {
    world: &'w World,
    pub(super) http: reqwest::Client,
}

impl World {
    pub(super) async fn new(policy: &str, flags: &[&str]) -> Self {
        let signer = Signer::new("a", "ES256");
        let authority = Authority::start(METADATA, &[&signer]).await;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("policy.toml");
        fs::write(&file, policy).expect("the file is written");
        let upstream = format!("http://{}", echo::start().await.expect("a port"));
        let uris = ["orders", "parcels"].map(|namespace| format!("{namespace}={upstream}"));
        let audit = folder.path().join("audit").to_string_lossy().into_owned();
        let file = file.to_string_lossy().into_owned();
        let own =
            ["--policy", &file, "--audit", "--audit-file", &audit, "--base-uri", &uris[0], "--base-uri", &uris[1]];
        let variables = BTreeMap::from([("CASE_ISSUER".to_owned(), authority.issuer.clone())]);
        let parsed = options::parse(&[&own, flags].concat()).expect("flags");
        let mounted = Mounted::new(shop(), parsed, variables).await.expect("it is served");
        let [(_, rest), (_, mcp)] = mounted.ports() else { panic!("two ports: {:?}", mounted.ports()) };
        let (rest, mcp) = (format!("http://{rest}"), format!("http://{mcp}/mcp"));
        Self { folder, signer, authority, rest, mcp, _mounted: mounted }
    }

    /// A caller whose token has these claims.
    pub(super) fn caller(&self, more: Value) -> Caller<'_> {
        let mut claims = self.authority.claims(SHOP, "shop:read");
        claims.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let token = format!("Bearer {}", self.signer.sign(&claims));
        let headers = [(reqwest::header::AUTHORIZATION, token.parse().expect("a header"))].into_iter().collect();
        Caller { world: self, http: reqwest::Client::builder().default_headers(headers).build().expect("a client") }
    }

    pub(super) fn audit(&self) -> Vec<Value> {
        let files =
            fs::read_dir(self.folder.path()).expect("the folder is read").map(|file| file.expect("a file").path());
        let is_audit =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("audit"));
        let text = fs::read_to_string(files.into_iter().find(is_audit).expect("an audit")).expect("it is text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }
}

impl Caller<'_> {
    pub(super) async fn send(&self, method: &str, path: &str) -> Response {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.world.rest));
        request.send().await.expect("a response")
    }

    /// The status of a request, and what its problem says.
    pub(super) async fn rest(&self, method: &str, path: &str) -> (u16, String) {
        let response = self.send(method, path).await;
        let status = response.status().as_u16();
        let problem: Value = response.json().await.unwrap_or_default();
        (status, problem["detail"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) async fn post(&self, below: &str, message: &Value) -> Value {
        let uri = format!("{}{below}", self.world.mcp);
        post(&self.http, &uri, message).await.json().await.expect("JSON")
    }

    /// The names of what a list has, sorted.
    pub(super) async fn list(&self, below: &str, list: &str) -> Vec<String> {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": format!("{list}/list")});
        let response = self.post(below, &message).await;
        let items = response["result"][list].as_array().cloned().unwrap_or_default();
        let mut names: Vec<_> = items.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    /// `ok`, or the text of the error.
    pub(super) async fn call(&self, below: &str, tool: &str) -> String {
        let response = self.post(below, &message(tool, &json!({}))).await;
        if let Some(error) = response["error"]["message"].as_str() {
            return error.to_owned();
        }
        let result = &response["result"];
        if result["isError"] == true {
            result["content"][0]["text"].as_str().expect("text").to_owned()
        } else {
            "ok".to_owned()
        }
    }
}
