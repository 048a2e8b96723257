//! Third-party OpenAPI tools: one sends requests that the document allows or forbids; two validate the document.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use super::packages::{Node, python};
use super::running::{LOG, SECRETS, World};
use super::{Inspector, inspect};

const DOCUMENT: &str = "generated/scaleway-secret-manager-secrets/openapi.json";

pub(super) fn run(root: &Path, require: bool) -> Result<bool> {
    let mut world = World::start(root, &SECRETS, LOG)?;
    world.serve()?;
    let sources = root.join("tests/interop/rest");
    let url = world.url("REST")?;
    let inspectors = vec![
        Inspector { name: "Schemathesis", summary: " generated, ", command: schemathesis(&sources, &world, &url) },
        Inspector { name: "openapi-spec-validator", summary: ": ", command: validator(root, &sources, &world.cache) },
        Inspector { name: "Spectral", summary: "severity", command: spectral(root, &sources, &world.cache) },
    ];
    inspect(inspectors, require)
}

/// Installs what the tools need.
pub(super) fn install(root: &Path, cache: &Path) -> Vec<Result<()>> {
    let sources = root.join("tests/interop/rest");
    let of_python = ["schemathesis", "openapi-spec-validator"].map(|name| with_python(&sources, cache, name).map(drop));
    of_python.into_iter().chain([with_node(&sources, cache).map(drop)]).collect()
}

/// The folder of the programs of a package of this name.
fn with_python(sources: &Path, cache: &Path, name: &str) -> Result<PathBuf> {
    python(&cache.join(name), &sources.join(name).with_extension("txt"))
}

/// The folder of the packages of npm.
fn with_node(sources: &Path, cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("spectral");
    Node::HERE.install(&folder, sources, &["spectral.yaml"])?;
    Ok(folder)
}

/// It runs in the cache folder, because it writes caches. Its configuration and hooks are given as absolute paths.
fn schemathesis(sources: &Path, world: &World, url: &str) -> Result<Command> {
    let programs = with_python(sources, &world.cache, "schemathesis")?;
    let folder = world.cache.join("schemathesis-run");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let mut command = Command::new(programs.join("schemathesis"));
    command.arg("--config-file").arg(sources.join("schemathesis.toml"));
    command.args(["run", "--checks", "all", &format!("{url}/openapi.json")]).current_dir(folder);
    command.envs(world.environment()).env("SCHEMATHESIS_HOOKS", sources.join("hooks.py"));
    Ok(command)
}

fn validator(root: &Path, sources: &Path, cache: &Path) -> Result<Command> {
    let programs = with_python(sources, cache, "openapi-spec-validator")?;
    let mut command = Command::new(programs.join("openapi-spec-validator"));
    command.arg(DOCUMENT).current_dir(root);
    Ok(command)
}

fn spectral(root: &Path, sources: &Path, cache: &Path) -> Result<Command> {
    let folder = with_node(sources, cache)?;
    let mut command = Node::HERE.script(&folder.join("node_modules/@stoplight/spectral-cli/dist/index.js"));
    command.args(["lint", "--fail-severity", "warn", "--ruleset"]).arg(folder.join("spectral.yaml"));
    command.arg(DOCUMENT).current_dir(root);
    Ok(command)
}
