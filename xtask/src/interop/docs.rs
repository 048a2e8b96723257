//! A browser that opens the page of the OpenAPI document.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::packages::{Node, succeed};
use super::running::{LOG, SECRETS, World};
use super::{Inspector, inspect};

pub(super) fn run(root: &Path, require: bool) -> Result<bool> {
    let mut world = World::start(root, &SECRETS, LOG)?;
    world.serve()?;
    let url = world.url("REST")?;
    let command = browser(root, &world, &url);
    inspect(vec![Inspector { name: "Chromium", summary: " operations, ", command }], require)
}

/// Installs the browser, and what starts it.
pub(super) fn install(root: &Path, cache: &Path) -> Vec<Result<()>> {
    vec![with_browser(root, cache).map(drop)]
}

fn browser(root: &Path, world: &World, url: &str) -> Result<Command> {
    let folder = with_browser(root, &world.cache)?;
    let mut command = script(&folder, &world.cache);
    command.arg(url).arg(world.cache.join("docs-page.png")).envs(world.environment());
    Ok(command)
}

/// The folder of the script. It uses the Chromium that is installed here, or else the one that Playwright downloads.
fn with_browser(root: &Path, cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("docs");
    Node::HERE.install(&folder, &root.join("tests/interop/docs"), &["page.mjs"])?;
    if !script(&folder, cache).arg("--find").output()?.status.success() {
        let mut command = Node::HERE.script(Path::new("node_modules/playwright-core/cli.js"));
        command.args(["install", "--only-shell", "chromium"]).current_dir(&folder).env(BROWSERS, browsers(cache));
        succeed("playwright install chromium", &mut command)?;
    }
    Ok(folder)
}

/// Where Playwright looks for browsers, and the variable that says so.
const BROWSERS: &str = "PLAYWRIGHT_BROWSERS_PATH";

fn browsers(cache: &Path) -> PathBuf {
    cache.join("browsers")
}

fn script(folder: &Path, cache: &Path) -> Command {
    let mut command = Node::HERE.script(&folder.join("page.mjs"));
    command.env(BROWSERS, browsers(cache));
    command
}
