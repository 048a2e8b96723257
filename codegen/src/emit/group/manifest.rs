//! `Cargo.toml`: a dependency and a feature for each member.

use super::super::MARKER;
use super::super::manifest::{package, toml_string};
use super::{Part, Parts};

pub(super) fn emit(parts: &Parts<'_>) -> String {
    let name = &*parts.group.about.name;
    let members: Vec<_> = parts.members().collect();
    let has_server = parts.served().next().is_some();
    let defaults: String = members.iter().map(|part| format!(", {:?}", part.feature)).collect();
    let own: String =
        members.iter().map(|part| format!("{} = [\"dep:{}\"]\n", part.feature, part.model.crate_name())).collect();
    // A feature of all members that have it.
    let forwarded = |feature: &str, first: &[&str], has: &dyn Fn(&Part<'_>) -> bool| {
        let first = first.iter().map(|first| format!("{first:?}"));
        let of_members =
            members.iter().filter(|part| has(part)).map(|part| format!("\"{}?/{feature}\"", part.model.crate_name()));
        let all: Vec<_> = first.chain(of_members).collect();
        format!("{feature} = [{}]\n", all.join(", "))
    };
    let has_adapter = |part: &Part<'_>, name: &str| part.model.mounted().any(|facts| facts.feature == name);
    let mut features = String::new();
    for kind in ["ring", "aws-lc-rs", "native-tls"] {
        let (client, server) = (format!("naftiko-client/{kind}"), format!("naftiko-server?/{kind}"));
        let first = if has_server { vec![&*client, &*server] } else { vec![&*client] };
        features.push_str(&forwarded(kind, &first, &|_| true));
    }
    features.push_str(&forwarded("blocking", &["naftiko-client/blocking"], &|_| true));
    features.push_str(&forwarded("test-util", &["naftiko-client/test-util"], &|_| true));
    for adapter in ["rest", "mcp", "skill"] {
        if members.iter().any(|part| has_adapter(part, adapter)) {
            features.push_str(&forwarded(adapter, &[], &|part| has_adapter(part, adapter)));
        }
    }
    let (mut binary, mut server) = (String::new(), String::new());
    if has_server {
        features.push_str(&forwarded("server", &["dep:naftiko-server"], &|part| part.model.has_server()));
        features.push_str("# Traces of the server, exported by OTLP.\notlp = [\"server\", \"naftiko-server/otlp\"]\n");
        server.push_str("naftiko-server = { workspace = true, optional = true } # The binary.\n");
        binary = format!(
            "\n[[bin]]\nname = {name:?}\npath = \"src/main.rs\"\nrequired-features = [\"server\"]\ndoc = false\n"
        );
    }
    let dependencies: String = members.iter().map(dependency).collect();
    let package = package(name, &toml_string(&parts.group.about.title));
    format!(
        "# {MARKER} from {origin}.\n# Do not edit: change the specifications instead.\n\n\
         {package}\
         [features]\n\
         default = [\"client\", \"ring\"{defaults}]\n\
         # The client is always there; the feature lets a dependency name what it uses.\n\
         client = []\n\
         # The capabilities.\n\
         {own}\
         # What the crates of the capabilities have, too.\n\
         {features}{binary}\n\
         [dependencies]\n\
         naftiko-client.workspace = true # What the clients have in common.\n\
         {server}{dependencies}",
        origin = parts.origin,
    )
}

/// The crate of a member, with all of its operations.
fn dependency(part: &Part<'_>) -> String {
    let name = part.model.crate_name();
    let features: Vec<_> = part.model.parts().map(|(_, part)| format!("{:?}", part.feature)).collect();
    let features = if features.is_empty() { String::new() } else { format!(", features = [{}]", features.join(", ")) };
    format!(
        "{name} = {{ path = \"../{name}\", default-features = false{features}, optional = true }} # The feature `{}`.\n",
        part.feature
    )
}
