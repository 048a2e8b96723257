//! `deploy/`: how an image of the server is built, and how it is run in a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use naftiko_schema::{AccessToken, Adapter, Api, Capability, InboundAuth, Tool, distinguished};

use super::readme::has_server_files;
use super::template::{Template, Value};
use super::{MARKER, quoted};
use crate::model::Model;
use crate::names::hash;

static CONTAINERFILE: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/Containerfile")));
static KUBERNETES: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/kubernetes.yaml")));
static KUSTOMIZATION: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/kustomization.yaml")));
/// The toolchain that builds the image: the one that runs the tests.
const RUST: &str = "1.95.0";
/// The longest label (RFC 1123 §2.1), and with it the longest name of a service.
const LONGEST: usize = 63;
/// The first port for adapters that leave theirs to chance, beside the first ones of their types.
const USUAL: u16 = 9300;
/// The variables for what callers must send.
const INBOUND: [&str; 2] = ["NAFTIKO_BEARER_TOKEN", "NAFTIKO_API_KEY"];

/// What is deployed: a capability, or a group of them on shared ports.
pub(super) struct Deployed<'m> {
    /// The name of the crate.
    pub(super) name: &'m str,
    pub(super) title: &'m str,
    pub(super) description: &'m str,
    /// The specification, or what makes the group.
    pub(super) origin: &'m str,
    /// Those that expose something.
    pub(super) models: Vec<&'m Model>,
}

impl<'m> Deployed<'m> {
    pub(super) fn of(model: &'m Model) -> Self {
        let Capability { title, description, .. } = &model.capability;
        Self { name: model.crate_name(), title, description, origin: &model.spec, models: vec![model] }
    }

    /// What the first one says.
    fn first<T>(&self, said: impl Fn(&Model) -> Option<T>) -> Option<T> {
        self.models.iter().find_map(|model| said(model))
    }

    fn apis(&self) -> impl Iterator<Item = (&Capability, &Api)> {
        let capabilities = self.models.iter().map(|model| &model.capability);
        capabilities.flat_map(|capability| capability.apis.iter().map(move |api| (capability, api)))
    }

    pub(super) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.models.iter().flat_map(|model| model.mcp()).flat_map(|mcp| mcp.tools.iter())
    }

    fn inbound(&self) -> impl Iterator<Item = &InboundAuth> {
        self.models.iter().flat_map(|model| model.inbound())
    }

    fn about(&self) -> &str {
        if self.description.is_empty() { self.title } else { self.description }
    }
}

pub(super) fn emit(deployed: &Deployed<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("deploy/Containerfile", containerfile(deployed)),
        ("deploy/kubernetes.yaml", kubernetes(deployed)),
        ("deploy/kustomization.yaml", kustomization(deployed)),
    ]
}

fn containerfile(deployed: &Deployed<'_>) -> String {
    let mut values = port_values(deployed);
    values.extend([
        ("rust", vec![RUST.to_owned()]),
        ("crate", vec![deployed.name.to_owned()]),
        ("title", vec![quoted::dockerfile(deployed.title)]),
        ("description", vec![quoted::dockerfile(deployed.about())]),
    ]);
    head(deployed) + &CONTAINERFILE.fill(&values)
}

fn kubernetes(deployed: &Deployed<'_>) -> String {
    let mut variables: Vec<String> = Vec::new();
    for name in deployed.models.iter().flat_map(|model| model.environment_variables().chain(model.inbound_variables()))
    {
        if variables.iter().all(|known| known != name) {
            variables.push(name.to_owned());
        }
    }
    let own = |name: &str| variables.iter().any(|variable| variable == name);
    let inbound = INBOUND.iter().filter(|name| !own(name)).map(|name| (*name).to_owned());
    let open = deployed.inbound().any(InboundAuth::is_public);
    let destructive = deployed.tools().any(|tool| tool.hints.destructive);
    let state = Some("NAFTIKO_STATE_KEY").filter(|name| destructive && !own(name));
    let issuers = deployed.inbound().flat_map(|auth| {
        let endpoint = |token: &'_ AccessToken| token.introspection.as_ref()?.endpoint.clone();
        let tokens = auth.access_token().into_iter();
        let uris = tokens.flat_map(move |token| std::iter::once(token.issuer.clone()).chain(endpoint(token)));
        uris.map(|uri| upstream_port(Some(&uri.source(&auth.variables))))
    });
    let upstream = deployed.apis().map(|(_, api)| upstream_port(api.base_uri.as_deref()));
    let upstream: BTreeSet<u16> = upstream.chain(issuers).collect();
    let listened = ports(deployed).into_iter().flatten().chain(further(deployed).into_iter().map(|it| it.port));
    let privileged = listened.into_iter().any(|port| port < 1024);
    let mut values = port_values(deployed);
    values.extend([
        ("name", vec![quoted::yaml(&label(deployed.name))]),
        ("description", vec![quoted::yaml(deployed.about())]),
        ("variable", variables.clone()),
        ("value", variables.iter().map(|name| value_in_shell(name)).collect()),
        ("inbound", inbound.collect()),
        ("open", open.then(|| "NAFTIKO_BEARER_TOKEN".to_owned()).into_iter().collect()),
        ("state", state.map(str::to_owned).into_iter().collect()),
        ("files", files(deployed).collect()),
        ("settings", settings(deployed).into_iter().collect()),
        ("upstream", upstream.iter().map(u16::to_string).collect()),
        ("ready", vec![probe(deployed, "/readyz")]),
        ("alive", vec![probe(deployed, "/healthz")]),
        ("low", privileged.then(|| "0".to_owned()).into_iter().collect()),
    ]);
    head(deployed) + &KUBERNETES.fill(&values)
}

fn kustomization(deployed: &Deployed<'_>) -> String {
    let values = [("crate", vec![deployed.name.to_owned()]), ("name", vec![label(deployed.name)])];
    head(deployed) + &KUSTOMIZATION.fill(&values)
}

/// The value of an environment variable on a command line. Shells cannot expand every name.
fn value_in_shell(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_identifier = name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_identifier { format!("${name}") } else { format!("$(printenv {name})") }
}

/// The name of the image and of all that runs it: that of the crate. One that is too long for a label is cut, and ends in a
/// hash, so that no two become one.
pub(super) fn label(crate_name: &str) -> String {
    if crate_name.len() <= LONGEST {
        return crate_name.to_owned();
    }
    let hash = format!("-{}", hash(crate_name));
    let start: String = crate_name.chars().take(LONGEST - hash.len()).collect();
    format!("{}{hash}", start.trim_end_matches('-'))
}

/// The ports of REST, MCP, skills and control: those of the first capability that has them. One that it leaves to chance has to be
/// known here.
fn ports(deployed: &Deployed<'_>) -> [Option<u16>; 4] {
    let rest = deployed.first(|model| model.rest().next().map(|rest| rest.port));
    let mcp = deployed.first(|model| model.mcp().next().map(|mcp| mcp.port));
    let known = |port: u16, usual: u16, other: Option<u16>| match port {
        0 if other == Some(usual) => usual + 1,
        0 => usual,
        port => port,
    };
    let rest = rest.map(|port| known(port, 8080, mcp));
    let skill = deployed.first(|model| model.skills().next().map(|skills| known(skills.port, 9200, None)));
    let control = deployed.first(|model| model.control().map(|control| known(control.port, 9100, None)));
    [rest, mcp.map(|port| known(port, 9090, rest)), skill, control]
}

/// An adapter that is not the first of its type, with its port, which has to be known here.
struct Further<'m> {
    adapter: &'m Adapter,
    namespace: &'m str,
    port: u16,
    /// What a cluster calls the port.
    name: String,
}

/// The further adapters. Those of a group share the listeners of its types.
fn further<'m>(deployed: &Deployed<'m>) -> Vec<Further<'m>> {
    let [model] = deployed.models.as_slice() else { return Vec::new() };
    let all: Vec<_> = distinguished(&model.adapters).collect();
    let mut taken: BTreeSet<u16> =
        ports(deployed).into_iter().flatten().chain(all.iter().map(|(it, _)| it.port())).collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut further = Vec::new();
    for (adapter, namespace) in all {
        let count = counts.entry(adapter.name()).or_default();
        *count += 1;
        if namespace.is_empty() {
            continue;
        }
        let port = match adapter.port() {
            0 => (USUAL..).find(|port| !taken.contains(port)).unwrap_or(USUAL),
            port => port,
        };
        taken.insert(port);
        further.push(Further { adapter, namespace, port, name: format!("{}-{count}", adapter.name()) });
    }
    further
}

fn port_values(deployed: &Deployed<'_>) -> Vec<Value> {
    let all = ports(deployed);
    let [rest, mcp, skill, control] = all.map(|port| port.iter().map(u16::to_string).collect());
    let further = further(deployed);
    let (names, numbers) = further.iter().map(|it| (it.name.clone(), it.port.to_string())).unzip();
    // The port of the first adapter, and those of further adapters that leave them to chance.
    let setting = |kind: &str, first: Option<u16>| -> Vec<String> {
        let own = further.iter().filter(|it| it.adapter.name() == kind && it.adapter.port() == 0);
        let own = own.filter(|it| it.namespace.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)));
        let own: String = own.map(|it| format!(",{}={}", it.namespace, it.port)).collect();
        first.map(|port| format!("{port}{own}")).into_iter().collect()
    };
    let [of_rest, of_mcp, of_skill, _] = all;
    vec![
        ("rest", rest),
        ("mcp", mcp),
        ("skill", skill),
        ("control", control),
        ("further", names),
        ("further port", numbers),
        ("rest ports", setting("rest", of_rest)),
        ("mcp ports", setting("mcp", of_mcp)),
        ("skill ports", setting("skill", of_skill)),
    ]
}

/// The port of a base URI. Without a base URI it is 443, because the operator then configures any URI.
fn upstream_port(base_uri: Option<&str>) -> u16 {
    let Some((scheme, rest)) = base_uri.and_then(|uri| uri.split_once("://")) else { return 443 };
    let authority = rest.split('/').next().unwrap_or_default();
    // Colons within brackets belong to an address.
    let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    port.filter(|_| !authority.ends_with(']')).unwrap_or(if scheme.eq_ignore_ascii_case("http") { 80 } else { 443 })
}

/// The base URIs that have to be configured, as arguments of `kubectl create configmap`.
fn settings(deployed: &Deployed<'_>) -> Option<String> {
    let open = deployed.apis().filter(|(_, api)| api.base_uri.is_none());
    let arguments: Vec<_> = open
        .map(|(own, api)| format!("--from-literal={}=https://api.example.com", own.base_uri_variable(api)))
        .collect();
    (!arguments.is_empty()).then(|| arguments.join(" "))
}

/// What to do for files of the server, which nothing here mounts.
fn files(deployed: &Deployed<'_>) -> impl Iterator<Item = String> {
    let text = "The capability offers files of the server: mount their folder, and name it with NAFTIKO_FILES in that ConfigMap.";
    let binds = "Values of the capability are in files: mount their folder from a Secret, and name it with NAFTIKO_BIND_FILES in that ConfigMap.";
    let served = deployed.first(|model| model.mcp().any(has_server_files).then_some(text));
    let bound = deployed.first(|model| (!model.bind_files().is_empty()).then_some(binds));
    served.into_iter().chain(bound).map(str::to_owned)
}

/// How a cluster asks the server about itself. A route of the capability takes the place of the server's own, on its port.
fn probe(deployed: &Deployed<'_>, path: &str) -> String {
    let mut routes = deployed.models.iter().filter_map(|model| model.rest().next()).flat_map(|rest| rest.routes.iter());
    let is_taken = routes.any(|route| route.path == path);
    match ports(deployed) {
        [Some(_), ..] if !is_taken => format!("httpGet: {{path: {path}, port: rest}}"),
        [_, Some(_), ..] => format!("httpGet: {{path: {path}, port: mcp}}"),
        [_, _, Some(_), _] => format!("httpGet: {{path: {path}, port: skill}}"),
        [Some(_), ..] => "tcpSocket: {port: rest}".to_owned(),
        _ => "tcpSocket: {port: control}".to_owned(),
    }
}

/// The first lines of a file with comments.
pub(super) fn head(deployed: &Deployed<'_>) -> String {
    let several = if deployed.models.len() > 1 { "s" } else { "" };
    format!("# {MARKER} from {}.\n# Do not edit: change the specification{several} instead.\n\n", deployed.origin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_port_is_that_of_the_base_uri_or_of_its_scheme() {
        for (uri, port) in [
            (Some("https://a.test/x:1/y"), 443),
            (Some("HTTP://a.test"), 80),
            (Some("https://a.test:8443/x"), 8443),
            (Some("http://[::1]/x"), 80),
            (Some("https://[::1]:9443"), 9443),
            (None, 443),
        ] {
            assert_eq!(upstream_port(uri), port, "{uri:?}");
        }
    }

    #[test]
    fn long_names_stay_apart() {
        let [a, b] = ["a", "b"].map(|end| label(&format!("{}-{end}", "long-".repeat(20))));
        assert_ne!(a, b);
        assert_eq!(label("short"), "short");
    }

    proptest! {
        #[test]
        fn every_name_of_a_crate_gives_a_label(name in "[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,20}){0,9}") {
            let label = label(&name);
            prop_assert!((1..=LONGEST).contains(&label.len()) && !label.ends_with('-') && !label.contains("--"), "{}", label);
            prop_assert!(name.len() > LONGEST || label == name);
        }
    }
}
