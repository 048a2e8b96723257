//! A browser that opens the page of the OpenAPI document.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::packages::{node, succeed};
use super::running::World;
use super::{Inspection, Inspector};

pub(super) fn inspectors(root: &Path) -> Result<Inspection> {
    let mut world = World::start(root)?;
    let url = world.url("REST")?;
    let command = browser(root, &world, &url);
    let inspectors = vec![Inspector { name: "Chromium", summary: " operations, ", command }];
    Ok(Inspection { _world: world, inspectors })
}

/// The Chromium that is installed here, or else the one that Playwright downloads.
fn browser(root: &Path, world: &World, url: &str) -> Result<Command> {
    let folder = world.cache.join("docs");
    node(&folder, &root.join("tests/interop/docs"), &["page.mjs"])?;
    let script = |arguments: &[&str]| {
        let mut command = Command::new("node");
        command.arg(folder.join("page.mjs")).args(arguments).envs(world.environment());
        command.env("PLAYWRIGHT_BROWSERS_PATH", world.cache.join("browsers"));
        command
    };
    if !script(&["--find"]).output()?.status.success() {
        let install = ["node_modules/playwright-core/cli.js", "install", "--only-shell", "chromium"];
        let mut command = Command::new("node");
        command.args(install).current_dir(&folder).env("PLAYWRIGHT_BROWSERS_PATH", world.cache.join("browsers"));
        succeed("playwright install chromium", &mut command)?;
    }
    let picture = world.cache.join("docs-page.png");
    let mut command = script(&[url]);
    command.arg(picture);
    Ok(command)
}
