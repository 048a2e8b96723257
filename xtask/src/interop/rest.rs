//! Third-party OpenAPI tools: one sends requests that the document allows or forbids; two validate the document.

use std::fs;
use std::path::Path;
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

/// It runs in the cache folder, because it writes caches. Its configuration and hooks are given as absolute paths.
fn schemathesis(sources: &Path, world: &World, url: &str) -> Result<Command> {
    let programs = python(&world.cache.join("schemathesis"), &sources.join("schemathesis.txt"))?;
    let folder = world.cache.join("schemathesis-run");
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    let mut command = Command::new(programs.join("schemathesis"));
    command.arg("--config-file").arg(sources.join("schemathesis.toml"));
    command.args(["run", "--checks", "all", &format!("{url}/openapi.json")]).current_dir(folder);
    command.envs(world.environment()).env("SCHEMATHESIS_HOOKS", sources.join("hooks.py"));
    Ok(command)
}

fn validator(root: &Path, sources: &Path, cache: &Path) -> Result<Command> {
    let programs = python(&cache.join("openapi-spec-validator"), &sources.join("openapi-spec-validator.txt"))?;
    let mut command = Command::new(programs.join("openapi-spec-validator"));
    command.arg(DOCUMENT).current_dir(root);
    Ok(command)
}

fn spectral(root: &Path, sources: &Path, cache: &Path) -> Result<Command> {
    let folder = cache.join("spectral");
    Node::HERE.install(&folder, sources, &["spectral.yaml"])?;
    let mut command = Node::HERE.script(&folder.join("node_modules/@stoplight/spectral-cli/dist/index.js"));
    command.args(["lint", "--fail-severity", "warn", "--ruleset"]).arg(folder.join("spectral.yaml"));
    command.arg(DOCUMENT).current_dir(root);
    Ok(command)
}
