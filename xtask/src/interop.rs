//! `cargo xtask interop`: a generated server and the official clients of the protocols that it serves.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use anyhow::{Context as _, Result, bail};

use crate::trial;

const SERVER: &str = "scaleway-secret-manager-secrets";
const SIMULATOR: &str = "scaleway-simulator";
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };
/// How long a program may take until it says where it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A protocol with official clients.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum Protocol {
    /// The Model Context Protocol, with the clients in Python and TypeScript
    Mcp,
}

/// Runs the command. A client that cannot be installed here is skipped, unless it is required.
///
/// # Errors
/// When the server or the simulator cannot be built or started.
pub fn run(root: &Path, protocol: Protocol, require: bool) -> Result<bool> {
    match protocol {
        Protocol::Mcp => mcp(root, require),
    }
}

fn mcp(root: &Path, require: bool) -> Result<bool> {
    let server = trial::build(root, SERVER)?;
    let build = ["build", "--quiet", "--workspace", "--bin", SIMULATOR];
    succeed("cargo build", trial::cargo(root).args(build))?;
    let simulator = server.with_file_name(format!("{SIMULATOR}{}", env::consts::EXE_SUFFIX));

    let target = server.ancestors().nth(2).context("the server is not in a target folder")?;
    let cache = target.join("interop");
    fs::create_dir_all(&cache).with_context(|| format!("{} cannot be created", cache.display()))?;
    let sources = root.join("tests/interop");
    let clients = [("python", python(&sources, &cache)), ("typescript", typescript(&sources, &cache))];

    let mut simulator = Running::start(Command::new(simulator).arg("127.0.0.1:0"), &cache.join("simulator.log"))?;
    let announcement = simulator.announced("http://")?;
    let (address, token) = announcement.split_once(" token ").context("the simulator names no token")?;
    let upstream = [("NAFTIKO_BASE_URI", format!("http://{address}")), ("SCALEWAY_API_KEY", token.to_owned())];
    // Nothing here goes through a proxy, whatever the environment says.
    let local = [("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1"), ("RUST_LOG", "warn,naftiko_runtime=info")];
    let mut serve = Command::new(&server);
    serve.args(["serve", "--rest-port", "0", "--mcp-port", "0"]).envs(upstream.clone()).envs(local);
    let mut serving = Running::start(&mut serve, &cache.join("server.log"))?;
    let url = serving.announced("MCP on ")?;

    let mut success = true;
    let mut rows = vec![row(["client", "transport", "era", "revision", "time", "result"])];
    for (name, client) in clients {
        match client {
            Ok(mut client) => {
                client.arg(&url).arg(&server).envs(upstream.clone()).envs(local);
                success &= talk(name, &mut client, &mut rows)?;
            }
            Err(reason) => {
                let result = format!("{}: {reason:#}", if require { "FAILED" } else { "skipped" });
                rows.push(row([name, "-", "-", "-", "-", &result]));
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
    let child =
        client.stdout(Stdio::piped()).spawn().with_context(|| format!("the {name} client cannot be started"))?;
    let mut running = Running { child, log: PathBuf::new() };
    let before = rows.len();
    if let Some(output) = running.child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.with_context(|| format!("the output of the {name} client cannot be read"))?;
            if line.split_whitespace().next() == Some(name) {
                rows.push(line);
            } else {
                anstream::println!("{name}: {line}");
            }
        }
    }
    let status = running.child.wait()?;
    if rows.len() == before {
        rows.push(row([name, "-", "-", "-", "-", &format!("FAILED without a summary ({status})")]));
        return Ok(false);
    }
    Ok(status.success())
}

/// The Python client, in a virtual environment of its own.
fn python(sources: &Path, cache: &Path) -> Result<Command> {
    let folder = cache.join("python");
    let interpreter = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let requirements = sources.join("requirements.txt");
    let pins = version(PYTHON)? + &read(&requirements)?;
    install("the Python client", &folder, &pins, || {
        succeed("python3 -m venv", Command::new(PYTHON).args(["-m", "venv"]).arg(&folder))?;
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"]);
        succeed("pip install", pip.args(["--timeout", "20", "--requirement"]).arg(&requirements))
    })?;
    let mut client = Command::new(interpreter);
    client.arg(sources.join("mcp_client.py"));
    Ok(client)
}

/// The TypeScript client. Its script runs where its packages are, because Node looks for them next to the script.
fn typescript(sources: &Path, cache: &Path) -> Result<Command> {
    let folder = cache.join("typescript");
    let copy = |name: &str| {
        let copied = fs::copy(sources.join(name), folder.join(name));
        copied.map(drop).with_context(|| format!("{name} cannot be copied"))
    };
    let (package, lock) = ("package.json", "package-lock.json");
    let pins = version("node")? + &read(&sources.join(package))? + &read(&sources.join(lock))?;
    install("the TypeScript client", &folder, &pins, || {
        copy(package)?;
        copy(lock)?;
        let mut npm = Command::new(NPM);
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict"]).current_dir(&folder);
        succeed("npm ci", npm.args(["--fetch-retries=1", "--fetch-timeout=20000"]))
    })?;
    copy("mcp_client.mjs")?;
    let mut client = Command::new("node");
    client.arg(folder.join("mcp_client.mjs"));
    Ok(client)
}

/// Fills a folder, unless that was done before for the same pins.
fn install(what: &str, folder: &Path, pins: &str, fill: impl FnOnce() -> Result<()>) -> Result<()> {
    let marker = folder.join("installed.txt");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == pins) {
        return Ok(());
    }
    anstream::println!("installing {what}");
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    fill()?;
    fs::write(&marker, pins).with_context(|| format!("{} cannot be written", marker.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output = output.with_context(|| format!("`{program}` cannot be started"))?;
    if !output.status.success() {
        bail!("`{program} --version` failed ({})", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn succeed(what: &str, command: &mut Command) -> Result<()> {
    let status = command.stdout(io::stderr()).status().with_context(|| format!("`{what}` cannot be started"))?;
    if !status.success() {
        bail!("`{what}` failed ({status}), for the reason that it printed above");
    }
    Ok(())
}

/// A program that is stopped when it is no longer needed, however that comes about.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts a program that writes to this file.
    fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
        let child = child.with_context(|| format!("{} cannot be started", command.get_program().display()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Waits for a line with this marker and returns what follows it.
    fn announced(&mut self, marker: &str) -> Result<String> {
        let start = Instant::now();
        loop {
            let text = read(&self.log)?;
            let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some((_, rest)) = lines.find_map(|line| line.split_once(marker)) {
                return Ok(rest.trim().to_owned());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("a program ended too early ({status}):\n{text}");
            }
            if start.elapsed() > PATIENCE {
                bail!("a program does not say `{marker}` within {} s:\n{text}", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
