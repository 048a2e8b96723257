//! Programs in the background: an upstream, and servers in front of it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context as _, Result, bail};

use super::fixture;
use super::packages::{read, succeed};
use crate::trial;

/// How long a program may take until it prints its address.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a server logs by default.
pub(super) const LOG: &str = "warn,naftiko_runtime=info";
/// The program of `tests/interop`.
const TOOLS: &str = "naftiko-interop";
/// Disables proxies, whatever the environment says.
pub(super) const DIRECT: [(&str, &str); 2] = [("NO_PROXY", "127.0.0.1"), ("no_proxy", "127.0.0.1")];
/// The key with which replicas encrypt their state.
const STATE_KEY: &str = "7e57ab1e7e57ab1e7e57ab1e7e57ab1e7e57ab1e7e57ab1e7e57ab1e7e57ab1e";

/// A server, and the upstream that it is made for.
pub(super) struct Subject {
    name: &'static str,
    /// Builds the server and returns its path.
    build: fn(&Path) -> Result<PathBuf>,
    /// The program of the upstream and its arguments; the address follows.
    upstream: &'static [&'static str],
    /// The variable for the token of the upstream.
    token: &'static str,
    /// Other variables of the server.
    variables: &'static [(&'static str, &'static str)],
}

/// The capability that is checked in, in front of the simulator.
pub(super) const SECRETS: Subject = Subject {
    name: "scaleway-secret-manager-secrets",
    build: |root| trial::build(root, "scaleway-secret-manager-secrets"),
    upstream: &["scaleway-simulator"],
    token: "SCALEWAY_API_KEY",
    variables: &[],
};

/// The group of all capabilities, in front of the simulator.
pub(super) const GROUP: Subject = Subject { name: "scaleway", build: |root| trial::build(root, "scaleway"), ..SECRETS };

/// The same in search mode.
pub(super) const SEARCH: Subject = Subject { name: "scaleway-search", variables: &[("NAFTIKO_SEARCH", "on")], ..GROUP };

/// The group in front of a simulator that has every error.
pub(super) const ERRORS: Subject = Subject { name: "scaleway-errors", upstream: &[TOOLS, "simulator"], ..GROUP };

/// The capability that the conformance suite asks for.
pub(super) const FIXTURE: Subject = Subject {
    name: "mcp-conformance",
    build: fixture::build,
    upstream: &[TOOLS, "upstream"],
    token: "CONFORMANCE_TOKEN",
    variables: &[],
};

/// The same in search mode. The tool whose schema the suite looks for is listed all the same.
pub(super) const FIXTURE_SEARCH: Subject = Subject {
    name: "mcp-conformance-search",
    variables: &[("NAFTIKO_SEARCH", "on"), ("NAFTIKO_PIN_TOOLS", "echo")],
    ..FIXTURE
};

/// Both capabilities in front of an upstream whose responses are set by requests, each with the shapes of results, as by
/// default, and with their full schemas.
pub(super) const DRIFTING: [[Subject; 2]; 2] = {
    const FULL: &[(&str, &str)] = &[("NAFTIKO_OUTPUT_SCHEMAS", "full"), ("NAFTIKO_REVEAL_SECRETS", "*")];
    const DRIFT: Subject = Subject { name: "drift-secrets-shape", upstream: &[TOOLS, "drift"], ..SECRETS };
    const VERSIONS: Subject = Subject {
        name: "drift-versions-shape",
        build: |root| trial::build(root, "scaleway-secret-manager-secret-versions"),
        ..DRIFT
    };
    [
        [DRIFT, Subject { name: "drift-secrets-full", variables: FULL, ..DRIFT }],
        [VERSIONS, Subject { name: "drift-versions-full", variables: FULL, ..VERSIONS }],
    ]
};

/// One or more servers in front of an upstream. All of them end when this value is dropped.
pub(super) struct World {
    /// The program of the server.
    pub(super) server: PathBuf,
    /// Where packages and logs are kept. Git ignores it.
    pub(super) cache: PathBuf,
    name: &'static str,
    tools: PathBuf,
    servers: Vec<Running>,
    environment: Vec<(&'static str, String)>,
    /// The secrets that no server may print or send.
    secrets: [String; 2],
    /// The upstream, and the balancer.
    others: Vec<Running>,
}

/// Where packages are installed and logs are written: a folder beside those of programs.
pub(super) fn cache(root: &Path) -> PathBuf {
    let programs = trial::program(root, "debug", TOOLS);
    programs.ancestors().nth(2).unwrap_or(root).join("interop")
}

impl World {
    /// Builds everything and starts the upstream; `log` is the log filter of the servers.
    pub(super) fn start(root: &Path, subject: &Subject, log: &str) -> Result<Self> {
        let server = (subject.build)(root)?;
        let (upstream, arguments) = subject.upstream.split_first().context("there is an upstream")?;
        let build = ["build", "--quiet", "--workspace", "--bin", upstream, "--bin", TOOLS];
        succeed("cargo build", trial::cargo(root).args(build))?;

        let (tools, cache) = (trial::program(root, "debug", TOOLS), cache(root));
        fs::create_dir_all(&cache).with_context(|| format!("{} cannot be created", cache.display()))?;
        let mut program = Command::new(tools.with_file_name(format!("{upstream}{}", env::consts::EXE_SUFFIX)));
        program.args(arguments).arg("127.0.0.1:0");
        let mut upstream = Running::start(&mut program, &cache.join(format!("{}-upstream.log", subject.name)))?;
        let announcement = upstream.announced("http://")?;
        let (address, token) = announcement.split_once(" token ").context("the upstream did not print its token")?;
        let mut environment = vec![
            ("NAFTIKO_BASE_URI", format!("http://{address}")),
            (subject.token, token.to_owned()),
            ("NAFTIKO_STATE_KEY", STATE_KEY.to_owned()),
            ("RUST_LOG", log.to_owned()),
        ];
        let variables = DIRECT.iter().chain(subject.variables);
        environment.extend(variables.map(|(name, value)| (*name, (*value).to_owned())));
        let secrets = [token.to_owned(), STATE_KEY.to_owned()];
        let (name, servers) = (subject.name, Vec::new());
        // It is appended to by every program that is recorded.
        let _ = fs::remove_file(cache.join(format!("{name}-stdio.bin")));
        Ok(Self { server, cache, name, tools, servers, environment, secrets, others: vec![upstream] })
    }

    /// Starts the server once more.
    pub(super) fn serve(&mut self) -> Result<()> {
        let mut serve = Command::new(&self.server);
        serve.args(["serve", "--rest-port", "0", "--mcp-port", "0"]).envs(self.environment());
        let log = self.log(&format!("server-{}.log", self.servers.len() + 1));
        self.servers.push(Running::start(&mut serve, &log)?);
        Ok(())
    }

    /// The URL of the first server for `REST` or `MCP`.
    pub(super) fn url(&mut self, surface: &str) -> Result<String> {
        self.servers.first_mut().context("no server runs")?.announced(&format!("{surface} on "))
    }

    /// Starts the server twice behind a balancer that alternates between them. Returns the URL for MCP.
    pub(super) fn replicate(&mut self) -> Result<String> {
        let mut balance = Command::new(&self.tools);
        balance.arg("balance").arg(self.log("answers.bin"));
        for _ in 0..2 {
            self.serve()?;
        }
        for server in &mut self.servers {
            balance.arg(server.announced("MCP on ")?.trim_end_matches("/mcp"));
        }
        let mut balancer = Running::start(&mut balance, &self.log("balancer.log"))?;
        let url = balancer.announced("balancing on ")?;
        self.others.push(balancer);
        Ok(format!("{url}/mcp"))
    }

    /// The command that starts the server for standard input and output; what it prints is recorded.
    pub(super) fn recorded(&self) -> [PathBuf; 5] {
        [self.tools.clone(), "record".into(), self.log("stdio.bin"), self.server.clone(), "mcp".into()]
    }

    /// The environment of the server.
    pub(super) fn environment(&self) -> Vec<(&'static str, String)> {
        self.environment.clone()
    }

    /// A program that starts the server for standard input and output a few times, and reports the results.
    pub(super) fn probe(&self) -> Command {
        let mut probe = Command::new(&self.tools);
        probe.arg("probe").arg(&self.server).arg("mcp").envs(self.environment()).env("RUST_LOG", LOG);
        probe
    }

    /// Searches for secrets in what the servers have printed or sent.
    pub(super) fn keeps_secrets(&self) -> Result<bool> {
        let (mut length, mut count) = (0, 0);
        let logs = (1..=self.servers.len()).map(|number| self.log(&format!("server-{number}.log")));
        for file in logs.chain([self.log("answers.bin"), self.log("stdio.bin")]).filter(|file| file.exists()) {
            let said = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let found: usize = self.secrets.iter().map(|secret| occurrences(secret.as_bytes(), &said)).sum();
            if found > 0 {
                anstream::println!("{} contains a secret {found} times", file.display());
            }
            length += said.len();
            count += found;
        }
        anstream::println!(
            "{}: token and key found {count} times in {length} bytes that servers printed or sent",
            self.name
        );
        Ok(count == 0 && length > 0)
    }

    fn log(&self, name: &str) -> PathBuf {
        self.cache.join(format!("{}-{name}", self.name))
    }
}

/// How often a secret occurs in a text.
fn occurrences(secret: &[u8], text: &[u8]) -> usize {
    text.windows(secret.len()).filter(|window| *window == secret).count()
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

/// A program that is stopped when this value is dropped.
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
                bail!("a program did not print `{marker}` within {} s:\n{text}", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
