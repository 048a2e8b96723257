//! A browser that opens the page of the OpenAPI document.

use std::path::Path;
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

/// The Chromium that is installed here, or else the one that Playwright downloads.
fn browser(root: &Path, world: &World, url: &str) -> Result<Command> {
    let folder = world.cache.join("docs");
    Node::HERE.install(&folder, &root.join("tests/interop/docs"), &["page.mjs"])?;
    let script = |arguments: &[&str]| {
        let mut command = Node::HERE.script(&folder.join("page.mjs"));
        command.args(arguments).envs(world.environment());
        command.env("PLAYWRIGHT_BROWSERS_PATH", world.cache.join("browsers"));
        command
    };
    if !script(&["--find"]).output()?.status.success() {
        let mut command = Node::HERE.script(Path::new("node_modules/playwright-core/cli.js"));
        command
            .args(["install", "--only-shell", "chromium"])
            .current_dir(&folder)
            .env("PLAYWRIGHT_BROWSERS_PATH", world.cache.join("browsers"));
        succeed("playwright install chromium", &mut command)?;
    }
    let picture = world.cache.join("docs-page.png");
    let mut command = script(&[url]);
    command.arg(picture);
    Ok(command)
}
