//! Programs in the background: the simulator of the upstream, and a server in front of it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context as _, Result, bail};

use super::packages::{read, succeed};
use crate::trial;

const SERVER: &str = "scaleway-secret-manager-secrets";
const SIMULATOR: &str = "scaleway-simulator";
/// How long a program may take until it says where it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs in front of the simulator. Both end with this value.
pub(super) struct World {
    /// The program of the server.
    pub(super) server: PathBuf,
    /// Where packages and logs are kept. Git ignores it.
    pub(super) cache: PathBuf,
    serving: Running,
    environment: Vec<(&'static str, String)>,
    _simulator: Running,
}

impl World {
    pub(super) fn start(root: &Path) -> Result<Self> {
        let server = trial::build(root, SERVER)?;
        let build = ["build", "--quiet", "--workspace", "--bin", SIMULATOR];
        succeed("cargo build", trial::cargo(root).args(build))?;
        let simulator = server.with_file_name(format!("{SIMULATOR}{}", env::consts::EXE_SUFFIX));

        let target = server.ancestors().nth(2).context("the server is not in a target folder")?;
        let cache = target.join("interop");
        fs::create_dir_all(&cache).with_context(|| format!("{} cannot be created", cache.display()))?;
        let mut simulator = Running::start(Command::new(simulator).arg("127.0.0.1:0"), &cache.join("simulator.log"))?;
        let announcement = simulator.announced("http://")?;
        let (address, token) = announcement.split_once(" token ").context("the simulator names no token")?;
        let environment = vec![
            ("NAFTIKO_BASE_URI", format!("http://{address}")),
            ("SCALEWAY_API_KEY", token.to_owned()),
            // Nothing here goes through a proxy, whatever the environment says.
            ("NO_PROXY", "127.0.0.1".to_owned()),
            ("no_proxy", "127.0.0.1".to_owned()),
            ("RUST_LOG", "warn,naftiko_runtime=info".to_owned()),
        ];
        let mut serve = Command::new(&server);
        serve.args(["serve", "--rest-port", "0", "--mcp-port", "0"]).envs(environment.clone());
        let serving = Running::start(&mut serve, &cache.join("server.log"))?;
        Ok(Self { server, cache, serving, environment, _simulator: simulator })
    }

    /// Where the server answers to `REST` or `MCP`.
    pub(super) fn url(&mut self, surface: &str) -> Result<String> {
        self.serving.announced(&format!("{surface} on "))
    }

    /// What the server was started with, and whoever starts another one needs.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        self.environment.clone()
    }
}

/// Runs a program to its end. Lines of its output that are chosen are returned, and all others printed with its name.
pub(super) fn listen(
    name: &str,
    command: &mut Command,
    chosen: impl Fn(&str) -> bool,
) -> Result<(Vec<String>, ExitStatus)> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let child = child.with_context(|| format!("{name} cannot be started"))?;
    let mut running = Running { child, log: PathBuf::new() };
    let mut lines = Vec::new();
    if let Some(output) = running.child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.with_context(|| format!("the output of {name} cannot be read"))?;
            if chosen(&line) {
                lines.push(line);
            } else {
                anstream::println!("{name}: {line}");
            }
        }
    }
    Ok((lines, running.child.wait()?))
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
