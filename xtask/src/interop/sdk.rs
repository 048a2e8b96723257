//! Scaleway's own SDKs and command line, for which the REST port of a group in front of the API is the API.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::packages::{Go, Node, PYTHON, python};
use super::running::{DIRECT, ERRORS, LOG, World};
use super::{Inspector, inspect};

/// What callers send as their own key. The upstream does not know it, so it must not be passed on.
const KEY: &str = "7e57ab1e-0000-4000-8000-00000000ca11";
/// The only project of the simulator's token, and its organization.
const PROJECT: &str = "7e57ab1e-0000-4000-8000-0000000000bb";
const ORGANIZATION: &str = "7e57ab1e-0000-4000-8000-0000000000aa";

pub(super) fn run(root: &Path, require: bool, quick: bool) -> Result<bool> {
    let mut world = World::start(root, &ERRORS, LOG)?;
    world.serve()?;
    let url = format!("{}/v1", world.url("REST")?);
    let sources = root.join("tests/interop/sdk");
    let client = |name, command: Result<Command>| {
        let command = command.map(|mut command| {
            command.arg(sources.join("errors.json")).envs(world.environment()).envs(DIRECT);
            command.envs([("SCW_API_URL", url.as_str()), ("SCW_SECRET_KEY", KEY)]);
            command.envs([("SCW_ACCESS_KEY", "SCW7E57AB1E000000000"), ("SCW_DEFAULT_PROJECT_ID", PROJECT)]);
            command.envs([("SCW_DEFAULT_ORGANIZATION_ID", ORGANIZATION), ("SCW_DEFAULT_REGION", "fr-par")]);
            command
        });
        Inspector { name, summary: " operations, ", command }
    };
    let mut inspectors = vec![
        client("SDK for Go", with_go(&sources, &world.cache.join("sdk-go"))),
        client("SDK for JavaScript", with_node(&sources, &world.cache.join("sdk-javascript"))),
        client("SDK for Python", with_python(&sources, &world.cache.join("sdk-python"))),
    ];
    if !quick {
        inspectors.push(client("scw", with_scw(&root.join("tests/interop/scw"), &world.cache.join("scw"))));
    }
    inspect(inspectors, require)
}

/// Installs what the SDKs need.
pub(super) fn install(root: &Path, cache: &Path) -> Vec<Result<()>> {
    let sources = root.join("tests/interop/sdk");
    vec![
        with_go(&sources, &cache.join("sdk-go")).map(drop),
        with_node(&sources, &cache.join("sdk-javascript")).map(drop),
        with_python(&sources, &cache.join("sdk-python")).map(drop),
    ]
}

/// The command line, which is built first.
fn with_scw(sources: &Path, folder: &Path) -> Result<Command> {
    let scw = Go::install(folder, sources)?.build("github.com/scaleway/scaleway-cli/v2/cmd/scw", "scw")?;
    let mut command = Command::new(PYTHON);
    command.arg(sources.join("scw.py")).env("SCW", scw);
    Ok(command)
}

fn with_go(sources: &Path, folder: &Path) -> Result<Command> {
    Ok(Go::install(folder, sources)?.run("client.go"))
}

fn with_node(sources: &Path, folder: &Path) -> Result<Command> {
    Node::HERE.install(folder, sources, &["client.mjs"])?;
    Ok(Node::HERE.script(&folder.join("client.mjs")))
}

fn with_python(sources: &Path, folder: &Path) -> Result<Command> {
    let mut command = Command::new(python(folder, &sources.join("requirements.txt"))?.join("python"));
    command.arg(sources.join("client.py"));
    Ok(command)
}
