//! The official clients of MCP. Each runs a script of `tests/interop/mcp` that does the same.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::packages::{node, python};
use super::running::{World, listen};

pub(super) fn run(root: &Path, require: bool) -> Result<bool> {
    let mut world = World::start(root)?;
    let sources = root.join("tests/interop/mcp");
    let clients =
        [("python", in_python(&sources, &world.cache)), ("typescript", in_typescript(&sources, &world.cache))];
    let url = world.url("MCP")?;

    let mut success = true;
    let mut rows = vec![row(["client", "transport", "era", "revision", "time", "result"])];
    for (name, client) in clients {
        match client {
            Ok(mut client) => {
                client.arg(&url).arg(&world.server).envs(world.environment());
                success &= talk(name, &mut client, &mut rows)?;
            }
            Err(reason) => {
                rows.push(row([name, "-", "-", "-", "-", &super::missing(&reason, require)]));
                success &= !require;
            }
        }
    }
    anstream::println!("\n{}", rows.join("\n"));
    Ok(success)
}

/// A line of the summary. The clients' scripts write theirs in the same columns.
fn row([client, transport, era, revision, time, result]: [&str; 6]) -> String {
    format!("{client:<11} {transport:<9} {era:<7} {revision:<11} {time:>7}  {result}")
}

/// Runs a client's script; the lines of its output that begin with its name are for the summary.
fn talk(name: &str, client: &mut Command, rows: &mut Vec<String>) -> Result<bool> {
    let (lines, status) = listen(name, client, |line| line.split_whitespace().next() == Some(name))?;
    if lines.is_empty() {
        rows.push(row([name, "-", "-", "-", "-", &format!("FAILED without a summary ({status})")]));
        return Ok(false);
    }
    rows.extend(lines);
    Ok(status.success())
}

fn in_python(sources: &Path, cache: &Path) -> Result<Command> {
    let programs = python(&cache.join("python"), &sources.join("requirements.txt"))?;
    let mut client = Command::new(programs.join("python"));
    client.arg(sources.join("client.py"));
    Ok(client)
}

fn in_typescript(sources: &Path, cache: &Path) -> Result<Command> {
    let folder = cache.join("typescript");
    node(&folder, sources, &["client.mjs"])?;
    let mut client = Command::new("node");
    client.arg(folder.join("client.mjs"));
    Ok(client)
}
