//! The crates of the good cases, compiled once for all tests that need them.
//!
//! Everything is a `cargo build`, also where a check would do: the dependencies are then those that the tests themselves were
//! built with, and none is compiled again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;
use xtask::{root, workspace};

use crate::{cases, served};

/// The cases whose servers are started by tests.
const SERVERS: [&str; 10] = [
    "cases-callers-that-authenticate",
    "cases-callers-with-digests",
    "cases-callers-with-tokens",
    "cases-control-adapter",
    "cases-mcp-conformance",
    "cases-mcp-resources-prompts-mcp-resources-prompts",
    "cases-rules-of-values",
    "cases-secrets-under-other-names",
    "cases-skills-alone",
    "cases-wire-wire",
];

/// The program that uses the models of a case.
const MODELS: &str = "models-of-a-case";

/// A library that cargo has built.
struct Library {
    /// The name of the crate, as code spells it.
    name: String,
    source: PathBuf,
    features: Vec<String>,
    file: PathBuf,
}

/// What the good cases make, as a workspace of its own.
static WORKSPACE: LazyLock<PathBuf> = LazyLock::new(|| {
    let made: Vec<_> = cases::good().map(|(_, files)| files).collect();
    let folder = root().join("target/cases");
    workspace::write(&root(), &folder, &made).expect("crates can be written");
    workspace::share_features(&root(), &folder).expect("a crate can be written");
    let (manifest, source) = served::program();
    let all = folder.join("generated").join(served::CRATE);
    fs::create_dir_all(all.join("src")).expect("a folder can be made");
    fs::write(all.join("Cargo.toml"), manifest).expect("a file can be written");
    fs::write(all.join("src/main.rs"), source).expect("a file can be written");
    let models = folder.join("generated").join(MODELS);
    fs::create_dir_all(models.join("src")).expect("a folder can be made");
    fs::write(
        models.join("Cargo.toml"),
        format!(
            "[package]\nname = {MODELS:?}\nedition = \"2024\"\n\n[dependencies]\n\
        cases-companions-companions = {{ path = \"../cases-companions-companions\" }}\n\
        cases-shapes-of-bodies-shapes-of-bodies = {{ path = \"../cases-shapes-of-bodies-shapes-of-bodies\" }}\n\
        serde_json.workspace = true\n"
        ),
    )
    .expect("a file can be written");
    fs::write(models.join("src/main.rs"), include_str!("models/program.rs")).expect("a file can be written");
    fs::write(models.join("src/shapes.rs"), include_str!("models/shapes.rs")).expect("a file can be written");
    folder
});

/// All libraries, and the programs that tests start, compiled by clippy, whose warnings are errors.
static LIBRARIES: LazyLock<Vec<Library>> = LazyLock::new(|| {
    let mut cargo = workspace::cargo(&root(), &WORKSPACE);
    // `cargo clippy` does the same to `cargo check`.
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver").args(["build", "--lib", "--bin", served::CRATE]);
    cargo.args(["--bin", MODELS]);
    cargo.args(SERVERS.iter().flat_map(|name| ["--bin", name])).args(workspace::ALL);
    build(cargo)
});

/// Builds, and returns the libraries that are used.
fn build(mut cargo: Command) -> Vec<Library> {
    cargo.args(["--quiet", "--offline", "--message-format", "json-render-diagnostics"]);
    let run = cargo.stderr(Stdio::piped()).output().expect("cargo starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).lines().filter_map(library).collect()
}

/// The library that a message of cargo is about, if it is about one.
fn library(message: &str) -> Option<Library> {
    let message: Value = serde_json::from_str(message).expect("a message of cargo is JSON");
    let target = &message["target"];
    let is_library = message["reason"] == "compiler-artifact" && target["kind"][0] == "lib";
    let text = |value: &Value| value.as_str().map(str::to_owned);
    is_library.then_some(())?;
    Some(Library {
        name: text(&target["name"])?,
        source: text(&target["src_path"])?.into(),
        features: message["features"].as_array()?.iter().filter_map(text).collect(),
        file: text(&message["filenames"][0])?.into(),
    })
}

/// The server of a generated crate of a good case, or the program that mounts all of them.
pub(crate) fn binary(name: &str) -> PathBuf {
    assert!(SERVERS.contains(&name) || name == served::CRATE, "add `{name}` to `SERVERS`");
    LazyLock::force(&LIBRARIES);
    workspace::program(&root(), name)
}

#[test]
fn crates_of_ok_cases_pass_clippy_without_warnings() {
    let built = LIBRARIES.iter().filter(|library| library.name.starts_with("cases_")).count();
    let manifests = cases::good().flat_map(|(_, files)| files.into_keys()).filter(|path| path.ends_with("/Cargo.toml"));
    assert_eq!(built, manifests.count());
}

#[test]
fn models_take_responses_that_drift_and_send_only_what_is_set() {
    LazyLock::force(&LIBRARIES);
    let run = Command::new(workspace::program(&root(), MODELS)).output().expect("it starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn crate_compiles_with_subsets_of_its_features() {
    // What is served calls all APIs.
    for features in ["client,ring,api-shop", "client,ring,api-other", "ring,rest"] {
        let mut cargo = workspace::cargo(&root(), &WORKSPACE);
        cargo.args(["build", "--lib", "--examples", "--no-default-features", "--features", features]);
        // The second package gives the dependencies, and only these, the features that they have already.
        cargo.args(["--package", "cases-calls-that-are-completed", "--package", "same-features"]);
        build(cargo);
    }
}

/// Most of the time of rustdoc goes into the dependencies, so all crates are documented at once, as modules of one.
#[test]
fn documentation_of_ok_cases_builds_without_warnings() {
    let is_made = |library: &&Library| library.name.starts_with("cases_");
    let mut source = "//! The crates of all cases.\n\n".to_owned();
    for library in LIBRARIES.iter().filter(is_made) {
        writeln!(source, "#[path = {:?}]\npub mod {};", library.source, library.name).expect("a string takes all");
    }
    let file = WORKSPACE.join("documentation.rs");
    fs::write(&file, source).expect("a file can be written");
    let features: BTreeSet<_> = LIBRARIES.iter().filter(is_made).flat_map(|library| &library.features).collect();
    let mut rustdoc = Command::new("rustdoc");
    rustdoc.args(["--edition", "2024", "-D", "warnings"]).arg(file).arg("-o").arg(WORKSPACE.join("doc"));
    rustdoc.args(features.iter().map(|feature| format!("--cfg=feature={feature:?}")));
    for name in ["naftiko_client", "naftiko_mcp", "naftiko_rest", "naftiko_server", "naftiko_skill"] {
        let library = LIBRARIES.iter().find(|library| library.name == name).expect("crates depend on the runtime");
        rustdoc.arg("--extern").arg(format!("{name}={}", library.file.display()));
        rustdoc.arg("-L").arg(library.file.parent().expect("a file is in a folder"));
    }
    let run = rustdoc.current_dir(&*WORKSPACE).output().expect("rustdoc starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}
