//! Deployment files: for every capability, they are valid and agree with each other and with the server.

use std::collections::BTreeSet;
use std::fs;

use naftiko_codegen::{Files, Sources, generate};
use serde::Deserialize as _;
use serde_yaml::Value;
use xtask::root;

use crate::cases;

const KINDS: [&str; 6] =
    ["ServiceAccount", "Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"];
/// The longest time that running requests get after the signal to stop, in seconds.
const GRACE: u64 = 30;

/// A file of the only crate.
fn file<'f>(files: &'f Files, name: &str) -> Option<&'f str> {
    files.iter().find(|(path, _)| path.ends_with(&format!("/{name}"))).map(|(_, text)| text.as_str())
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// The numbers that a file has after a word.
fn numbers(text: &str, word: &str) -> BTreeSet<u64> {
    let after = text.split(word).skip(1);
    after.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()).collect()
}

/// Numbers at a key of each entry of a list.
fn each(list: &Value, key: &str) -> BTreeSet<u64> {
    list.as_sequence().expect("a list").iter().map(|entry| entry[key].as_u64().expect("a number")).collect()
}

/// Checks what must hold of any crate that serves, and gives its pod and the whole text.
fn check<'f>(name: &str, files: &'f Files) -> (Value, &'f str) {
    let text = file(files, "deploy/kubernetes.yaml").expect(name);
    let containerfile = file(files, "deploy/Containerfile").expect(name);
    let documents = documents(text);
    let kinds: Vec<_> = documents.iter().map(|document| document["kind"].as_str().expect(name)).collect();
    assert_eq!(kinds, KINDS, "{name}");
    let label = documents[0]["metadata"]["name"].as_str().expect(name);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!((1..=63).contains(&label.len()) && label.chars().all(plain) && !label.ends_with('-'), "{name}: {label}");
    assert!(label.starts_with(|c: char| c.is_ascii_lowercase()), "{name}: {label}");
    for document in &documents {
        assert!(document["apiVersion"].is_string(), "{name}");
        assert_eq!(document["metadata"]["name"], label, "{name}");
        assert_eq!(document["metadata"]["labels"]["app.kubernetes.io/name"], label, "{name}");
        assert!(document["metadata"].get("namespace").is_none(), "{name}: the operator chooses it");
    }
    let [_, deployment, service, autoscaler, budget, policy] = documents.as_slice() else {
        panic!("{name}: {kinds:?}")
    };
    let (template, pod) = (&deployment["spec"]["template"], &deployment["spec"]["template"]["spec"]);
    let labels = &template["metadata"]["labels"];
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &pod["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        &service["spec"]["selector"],
        &budget["spec"]["selector"]["matchLabels"],
        &policy["spec"]["podSelector"]["matchLabels"],
    ] {
        assert_eq!(selector, labels, "{name}");
    }
    assert_eq!(autoscaler["spec"]["scaleTargetRef"]["name"], label, "{name}");
    assert_eq!(pod["serviceAccountName"], label, "{name}");
    let notice = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().expect(name);
    assert!(pod["terminationGracePeriodSeconds"].as_u64() > Some(GRACE + notice), "{name}");

    let ports = each(&pod["containers"][0]["ports"], "containerPort");
    assert_eq!(ports, each(&service["spec"]["ports"], "port"), "{name}");
    assert_eq!(ports, each(&policy["spec"]["ingress"][0]["ports"], "port"), "{name}");
    assert_eq!(ports, numbers(containerfile, "EXPOSE "), "{name}");
    // The first adapters of their types have ports that are set, and further ones those that they name.
    let set: BTreeSet<u64> = ["_PORT=", "="].iter().flat_map(|mark| numbers(containerfile, mark)).collect();
    let is_adapter = |path: &str| ["/src/rest", "/src/mcp", "/src/skill"].iter().any(|module| path.contains(module));
    let tables = files.iter().filter(|(path, _)| is_adapter(path)).map(|(_, text)| text);
    let own: BTreeSet<u64> = tables
        .flat_map(|text| ["Rest::new(", "Mcp::new(", "Skills::new("].map(|new| numbers(text, new)))
        .flatten()
        .collect();
    assert!(own.iter().all(|port| *port == 0 || ports.contains(port)), "{name}: {own:?} {ports:?}");
    assert!(ports.iter().all(|port| set.contains(port) || own.contains(port)), "{name}: {set:?} {own:?} {ports:?}");
    check_containerfile(name, containerfile);
    let (kustomization, image) =
        (file(files, "deploy/kustomization.yaml").expect(name), &pod["containers"][0]["image"]);
    assert_eq!(self::documents(kustomization)[0]["resources"][0], "kubernetes.yaml", "{name}");
    let readme = file(files, "README.md").expect(name);
    assert!(readme.contains(&format!("--tag {} ", image.as_str().expect(name))), "{name}: {readme}");
    (pod.clone(), text)
}

/// Every line is an instruction, a comment, or goes on with an instruction.
fn check_containerfile(name: &str, text: &str) {
    assert!(!text.lines().skip(1).any(|line| line.contains(['\t', '\r', '@'])), "{name}");
    let mut instructions = Vec::new();
    let mut goes_on = false;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert_eq!(line, line.trim_end(), "{name}");
        assert_eq!(goes_on, line.starts_with(' '), "{name}: {line}");
        if !goes_on {
            instructions.push(line.split(' ').next().expect("a word"));
        }
        goes_on = line.ends_with('\\');
    }
    instructions.retain(|instruction| !["ENV", "EXPOSE"].contains(instruction));
    let expected = ["FROM", "WORKDIR", "COPY", "RUN", "FROM", "ARG", "LABEL", "COPY", "USER", "ENTRYPOINT", "CMD"];
    assert_eq!(instructions, expected, "{name}");
    let pinned = |image: &str| image.split_once(':').is_some_and(|(_, tag)| !tag.is_empty() && tag != "latest");
    let mut images = text.lines().filter_map(|line| line.strip_prefix("FROM ")?.split(' ').next());
    assert!(images.all(pinned), "{name}");
    assert!(!text.contains("ENV NAFTIKO_ALLOW_UNAUTHENTICATED") && text.contains("\nUSER 65532"), "{name}");
}

#[test]
fn deployment_files_of_ok_cases_are_valid_and_consistent() {
    let mut served = 0;
    for (_, files) in cases::good() {
        for (path, _) in files.iter().filter(|(path, _)| path.ends_with("/Cargo.toml")) {
            let folder = path.trim_end_matches("Cargo.toml");
            let own = files.iter().filter(|(path, _)| path.starts_with(folder));
            let own: Files = own.map(|(path, text)| (path.clone(), text.clone())).collect();
            if file(&own, "src/main.rs").is_some() {
                check(folder, &own);
                served += 1;
            } else {
                assert!(!own.keys().any(|path| path.contains("/deploy/")), "{folder} has nothing to serve");
            }
        }
    }
    assert!(served > 20, "{served}");
}

/// A capability under a path, with what it exposes and where its upstream is.
fn made(path: &str, base_uri: &str, exposes: &str) -> Files {
    let text = format!(
        "naftiko: 1.0.0-alpha2
info: {{label: 'it''s # \"$HOME\" \\'}}
binds: [{{namespace: env, keys: {{A: NO, B: NAFTIKO_API_KEY}}}}]
capability:
  consumes:
  - type: http
    namespace: api
    {base_uri}
    authentication: {{type: basic, username: '{{{{A}}}}', password: '{{{{B}}}}'}}
    resources: [{{name: things, path: /things, operations: [{{name: list, method: GET}}]}}]
  exposes:
{exposes}"
    );
    let sources = Sources::from([(path.to_owned(), text)]);
    generate(&sources).unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render(&sources, false))).files
}

#[test]
fn deployment_files_handle_unusual_names_and_ports() {
    let rest = |port: &str, path: &str| {
        format!(
            "  - {{type: rest, namespace: r, {port} resources: [{{path: {path}, operations: [{{method: GET, call: api.list}}]}}]}}\n"
        )
    };
    let mcp = |port: u16| {
        format!(
            "  - {{type: mcp, namespace: m, port: {port}, tools: [{{name: list, description: List, call: api.list}}]}}\n"
        )
    };

    // A word that YAML reads, a free port beside its usual number, a route in the place of a probe, secrets of one's own.
    let files = made("spec/null.yaml", "", &(rest("port: 9090,", "/healthz") + &mcp(0)));
    let (pod, text) = check("null", &files);
    let container = &pod["containers"][0];
    assert_eq!(container["readinessProbe"]["httpGet"]["port"], "rest");
    assert_eq!(container["livenessProbe"]["httpGet"]["port"], "mcp");
    let names: Vec<_> = container["env"].as_sequence().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["NO", "NAFTIKO_API_KEY", "NAFTIKO_BEARER_TOKEN"]);
    assert!(text.contains("configmap \"null\" --from-literal=NULL_BASE_URI=https://"), "{text}");
    assert!(pod["securityContext"].get("sysctls").is_none());

    // A name that is too long, a port that would need root, another port upstream, and nothing to ask for probes.
    let long = format!("spec/{}.yaml", "very-long-names/".repeat(6) + "end");
    let files = made(&long, "baseUri: https://api.test:8443/v1", &rest("port: 80,", "/healthz"));
    let (pod, text) = check("long", &files);
    assert_eq!(pod["containers"][0]["livenessProbe"]["tcpSocket"]["port"], "rest");
    assert_eq!(pod["securityContext"]["sysctls"][0]["value"], "0");
    assert_eq!(documents(text)[5]["spec"]["egress"][1]["ports"][0]["port"], 8443);
    assert!(!text.contains("configmap "), "nothing has to be configured");
}

#[test]
fn deployment_files_of_a_group_are_those_of_all_its_capabilities() {
    let root = root().join("generated/scaleway");
    let paths =
        ["deploy/Containerfile", "deploy/kubernetes.yaml", "deploy/kustomization.yaml", "README.md", "Cargo.toml"];
    let files: Files = paths
        .iter()
        .map(|path| (format!("generated/scaleway/{path}"), fs::read_to_string(root.join(path)).expect("a file")))
        .collect();
    let (pod, text) = check("scaleway", &files);
    let names = pod["containers"][0]["env"].as_sequence().expect("a list").iter().map(|one| one["name"].as_str());
    let names: Vec<_> = names.map(|name| name.expect("a name")).collect();
    assert_eq!(names, ["SCALEWAY_API_KEY", "NAFTIKO_BEARER_TOKEN", "NAFTIKO_API_KEY", "NAFTIKO_STATE_KEY"]);
    assert!(text.contains("# Do not edit: change the specifications instead."), "{text}");
    let containerfile = file(&files, "deploy/Containerfile").expect("it is there");
    assert!(containerfile.contains("--package scaleway --features server"), "{containerfile}");
}

#[test]
fn image_uses_the_toolchain_of_the_tests() {
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).expect("it is there");
    let toolchain: toml::Table = toolchain.parse().expect("it is TOML");
    let version = toolchain["toolchain"]["channel"].as_str().expect("a version");
    let path = "generated/scaleway-secret-manager-secrets/deploy/Containerfile";
    let text = fs::read_to_string(root().join(path)).expect("it is there");
    assert!(text.contains(&format!("FROM rust:{version}-")) && text.contains(&format!("RUSTUP_TOOLCHAIN={version}\n")));
}
