//! Third-party MCP tools: the official clients, conformance suite and inspector, and a security scanner.
//!
//! They check two servers: that of the group of generated capabilities, and that of a capability with the names that the
//! suite requires, both with a list of all tools and in search mode. Each runs twice behind a balancer, with one key for
//! the state that clients carry. The clients also check results of the capabilities, in front of an upstream that sends
//! what was never sent before.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow, bail};
use serde_json::{Map, Value, json};

use super::packages::{Node, python};
use super::running::{self, DIRECT, DRIFTING, FIXTURE, FIXTURE_SEARCH, GROUP, SEARCH, World, listen};
use super::{Inspector, inspect, missing};

/// Everything is logged, so that the search for secrets covers everything.
const LOG: &str = "trace";
/// Scenarios that do not need tools with certain names.
const SCENARIOS: [&str; 3] =
    ["http-header-validation", "http-custom-header-server-validation", "dns-rebinding-protection"];

pub(super) fn run(root: &Path, require: bool, quick: bool) -> Result<bool> {
    let mut worlds = Vec::new();
    for subject in [&GROUP, &SEARCH, &FIXTURE, &FIXTURE_SEARCH] {
        let mut world = World::start(root, subject, LOG)?;
        let url = world.replicate()?;
        worlds.push((world, url));
    }
    let [(group, url), (search, search_url), (fixture, fixture_url), (fixture_search, fixture_search_url)] =
        worlds.as_slice()
    else {
        bail!("there are four servers");
    };
    let (drifting, capabilities) = drifting(root)?;
    let packages = Packages::install(root, &group.cache);

    let servers = json!({
        "group": described(group, url),
        "search": described(search, search_url),
        "fixture": described(fixture, fixture_url),
    });
    let mut success = talk(&packages, &servers, require)?;
    let conformance = |name, url, revision, folder, scenarios: &[&str]| {
        let command = packages.conformance(url, revision, folder, scenarios);
        Inspector { name, summary: " checks pass", command }
    };
    let mut looked_at = servers.clone();
    let mut older_in_search_mode = None;
    if quick {
        looked_at.as_object_mut().and_then(|servers| servers.remove("search"));
    } else {
        let again = conformance("search mode 2025-11-25", fixture_search_url, "2025-11-25", "2025-11-25-search", &[]);
        older_in_search_mode = Some(again);
    }
    let drift = |name, command| Inspector { name, summary: " results are as promised", command };
    let strict = packages.script_about("inspector.mjs", &looked_at);
    let inspectors = [
        conformance("conformance 2026-07-28", fixture_url, "2026-07-28", "2026-07-28", &[]),
        conformance("conformance 2025-11-25", fixture_url, "2025-11-25", "2025-11-25", &[]),
        conformance("search mode 2026-07-28", fixture_search_url, "2026-07-28", "2026-07-28-search", &[]),
        conformance("conformance, group", url, "2026-07-28", "group", &SCENARIOS),
        // One after the other: each tells the upstream what to send next.
        drift("drift, python", packages.python_about("drift.py", &capabilities)),
        drift("drift, typescript", packages.script_about("drift.mjs", &capabilities)),
        Inspector { name: "inspector --strict", summary: " problems in ", command: strict },
        Inspector { name: "mcp-scanner", summary: " tools are safe", command: packages.scanner(&looked_at) },
        Inspector { name: "stdio", summary: " ms after ", command: Ok(group.probe()) },
    ];
    success &= inspect(inspectors.into_iter().chain(older_in_search_mode).collect(), require)?;
    for world in [group, search, fixture, fixture_search].into_iter().chain(&drifting) {
        success &= world.keeps_secrets()?;
    }
    Ok(success)
}

/// Installs what the tools need.
pub(super) fn install(root: &Path, cache: &Path) -> Vec<Result<()>> {
    let packages = Packages::install(root, cache);
    let (clients, scanner) = (packages.clients().map(drop), packages.scanners().map(drop));
    vec![packages.node.map(drop), clients, scanner]
}

/// Starts the servers of both capabilities, for each kind of output schema, and describes them.
fn drifting(root: &Path) -> Result<(Vec<World>, Value)> {
    let (mut worlds, mut capabilities) = (Vec::new(), Vec::new());
    for subjects in &DRIFTING {
        let mut servers = Map::new();
        for (kind, subject) in ["shape", "full"].into_iter().zip(subjects) {
            let mut world = World::start(root, subject, running::LOG)?;
            world.serve()?;
            let url = world.url("MCP")?;
            servers.insert(kind.to_owned(), described(&world, &url));
            worlds.push(world);
        }
        capabilities.push(Value::from(servers));
    }
    Ok((worlds, capabilities.into()))
}

/// What is copied next to the packages of npm.
const SCRIPTS: [&str; 7] =
    ["calls.mjs", "client.mjs", "legacy.mjs", "drift.mjs", "conformance.mjs", "inspector.mjs", "not-applicable.yaml"];

/// The installed packages, or why they cannot be installed.
struct Packages {
    sources: PathBuf,
    cache: PathBuf,
    node: Result<Node>,
}

impl Packages {
    fn install(root: &Path, cache: &Path) -> Self {
        let sources = root.join("tests/interop/mcp");
        let node = Node::recent(root, cache).and_then(|node| {
            node.install(&cache.join("typescript"), &sources, &SCRIPTS)?;
            Ok(node)
        });
        Self { sources, cache: cache.to_owned(), node }
    }

    /// A script of this repository, next to the packages that it needs.
    fn script(&self, name: &str) -> Result<Command> {
        let node = self.node.as_ref().map_err(|reason| anyhow!("{reason:#}"))?;
        Ok(node.script(&self.cache.join("typescript").join(name)))
    }

    /// The folder of Python with the official client.
    fn clients(&self) -> Result<PathBuf> {
        python(&self.cache.join("python"), &self.sources.join("requirements.txt"))
    }

    /// The folder of Python with the scanner.
    fn scanners(&self) -> Result<PathBuf> {
        python(&self.cache.join("mcp-scanner"), &self.sources.join("scanner.txt"))
    }

    fn conformance(&self, url: &str, revision: &str, folder: &str, scenarios: &[&str]) -> Result<Command> {
        let mut command = self.script("conformance.mjs")?;
        command.args([url, revision]).arg(self.cache.join("conformance").join(folder)).args(scenarios).envs(DIRECT);
        Ok(command)
    }

    /// A script with what it needs to know about servers.
    fn script_about(&self, name: &str, servers: &Value) -> Result<Command> {
        let mut command = self.script(name)?;
        command.arg(servers.to_string()).envs(DIRECT);
        Ok(command)
    }

    /// The same with Python.
    fn python_about(&self, name: &str, servers: &Value) -> Result<Command> {
        let mut command = Command::new(self.clients()?.join("python"));
        command.arg(self.sources.join(name)).arg(servers.to_string()).envs(DIRECT);
        Ok(command)
    }

    fn scanner(&self, servers: &Value) -> Result<Command> {
        let programs = self.scanners()?;
        let mut command = Command::new(programs.join("python"));
        command.arg(self.sources.join("scan.py")).arg(programs.join("mcp-scanner"));
        command.arg(servers.to_string()).envs(DIRECT);
        Ok(command)
    }
}

/// What a client needs to know about a server.
fn described(world: &World, url: &str) -> Value {
    let command: Vec<_> = world.recorded().iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let environment: Map<_, _> =
        world.environment().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({"url": url, "command": command, "environment": environment})
}

/// Runs the clients. Each is a script that does the same, over HTTP and standard input and output, in both eras if it can.
fn talk(packages: &Packages, servers: &Value, require: bool) -> Result<bool> {
    let clients = [
        ("python", packages.python_about("client.py", servers)),
        ("typescript", packages.script_about("client.mjs", servers)),
        ("sdk", packages.script_about("legacy.mjs", servers)),
    ];
    let mut success = true;
    let mut rows = vec![row(["client", "transport", "era", "revision", "time", "result"])];
    for (name, client) in clients {
        match client {
            Ok(mut client) => {
                // The lines of its output that begin with its name are for the summary.
                let (lines, status) = listen(name, &mut client, |line| line.split_whitespace().next() == Some(name))?;
                if lines.is_empty() {
                    rows.push(row([name, "-", "-", "-", "-", &format!("FAILED without a summary ({status})")]));
                }
                success &= status.success() && !lines.is_empty();
                rows.extend(lines);
            }
            Err(reason) => {
                rows.push(row([name, "-", "-", "-", "-", &missing(&reason, require)]));
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
