//! The page for operators, `docs/operations.md`: every block on it is run, section by section, in front of the simulator.
//!
//! What a block is follows from the words after its fence:
//!
//! | words | block | what is checked |
//! |---|---|---|
//! | `sh` | commands with `scaleway serve`, each of which starts a server | it becomes ready |
//! | `console` | commands after `$ `, each with its output below it | the output, in which `…` is any text |
//! | a language and a name | a file | a command of the section names it |
//!
//! Sections run at the same time, each in a folder and with an upstream of its own. Files before the first section are in
//! all folders. The program is `scaleway` on the path, `$SERVER` the process of the first server of a section, and
//! `$SERVER_2` that of the second. Ports of the page become free ones.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use naftiko_tests::process::PATIENCE;
use scaleway_simulator::{Simulator, TOKEN};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use xtask::{root, trial};

/// The ports of the page: REST and MCP of up to three servers. The first two are those of the group.
const PORTS: [&str; 6] = ["8081", "8082", "8083", "9091", "9092", "9093"];
const BUILT_IN: [(&str, &str); 2] = [("NAFTIKO_REST_PORT", "8081"), ("NAFTIKO_MCP_PORT", "9091")];

/// What the page needs of curl.
const STAND_IN: &str = env!("CARGO_BIN_EXE_curl-stand-in");

/// A part of the page that runs alone.
#[derive(Debug)]
struct Section<'p> {
    title: &'p str,
    blocks: Vec<Block<'p>>,
}

#[derive(Debug)]
enum Block<'p> {
    /// Commands that start servers.
    Servers(Vec<String>),
    /// Commands with their outputs.
    Session(Vec<(String, String)>),
    File {
        name: &'p str,
        text: String,
    },
}

/// The sections of a page; the first has what comes before the first heading of the second level.
fn sections(page: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections = vec![Section { title: "", blocks: Vec::new() }];
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section { title, blocks: Vec::new() });
        } else if let Some(words) = line.trim_start().strip_prefix("```") {
            let text: Vec<_> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            let section = sections.last_mut().expect("there is one");
            let block = block(words, &text).map_err(|reason| format!("{}: {reason}", section.title))?;
            section.blocks.push(block);
        }
    }
    sections.iter().try_for_each(Section::check)?;
    Ok(sections)
}

fn block<'p>(words: &'p str, lines: &[&str]) -> Result<Block<'p>, String> {
    match words.split_once(' ') {
        Some((_, name)) => Ok(Block::File { name, text: lines.join("\n") + "\n" }),
        None if words == "sh" => {
            let commands = lines.join("\n").replace("\\\n", " ");
            let commands: Vec<_> = commands.lines().map(str::to_owned).collect();
            match commands.iter().find(|command| !command.contains("scaleway serve")) {
                Some(other) => Err(format!("no test runs `{other}`, which starts no server")),
                None => Ok(Block::Servers(commands)),
            }
        }
        None if words == "console" => session(lines).map(Block::Session),
        None => Err(format!("no test runs a block of `{words}`:\n{}", lines.join("\n"))),
    }
}

fn session(lines: &[&str]) -> Result<Vec<(String, String)>, String> {
    let mut steps: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command.to_owned(), String::new())),
            (None, None) => return Err(format!("output without a command: {line}")),
            (None, Some((command, output))) if output.is_empty() && goes_on(command) => {
                write!(command, "\n{line}").expect("text");
            }
            (None, Some((_, output))) => writeln!(output, "{line}").expect("text"),
        }
    }
    Ok(steps)
}

/// Whether a command has more lines: it ends within a text, or with a backslash.
fn goes_on(command: &str) -> bool {
    command.ends_with('\\') || !command.matches('\'').count().is_multiple_of(2)
}

impl Section<'_> {
    /// Whether every file serves a command.
    fn check(&self) -> Result<(), String> {
        let mut commands = self.blocks.iter().flat_map(|block| match block {
            Block::Servers(commands) => commands.iter().collect(),
            Block::Session(steps) => steps.iter().map(|(command, _)| command).collect(),
            Block::File { .. } => Vec::new(),
        });
        for block in &self.blocks {
            if let Block::File { name, .. } = block
                && !self.title.is_empty()
                && !commands.any(|command| command.contains(name))
            {
                return Err(format!("{}: no command uses the file {name}", self.title));
            }
        }
        Ok(())
    }
}

/// Where a section runs.
struct Place {
    folder: tempfile::TempDir,
    simulator: Simulator,
    /// The free ports for [`PORTS`].
    ports: Vec<String>,
    path: OsString,
    servers: Vec<Child>,
}

impl Place {
    async fn new(binary: &Path) -> Self {
        let mut folders = vec![binary.parent().expect("it is in a folder").to_owned()];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        // The last folder has what serves on a machine without curl.
        let folder = tempfile::tempdir().expect("a folder");
        let tools = folder.path().join(".tools");
        fs::create_dir(&tools).expect("a folder");
        std::os::unix::fs::symlink(STAND_IN, tools.join("curl")).expect("a link");
        folders.push(tools);
        Self {
            folder,
            simulator: Simulator::start().await.expect("the simulator starts"),
            ports: PORTS.iter().map(|_| free_port().to_string()).collect(),
            path: std::env::join_paths(folders).expect("a path"),
            servers: Vec::new(),
        }
    }

    /// A text of the page with the ports of this place.
    fn here(&self, text: &str) -> String {
        PORTS.iter().zip(&self.ports).fold(text.to_owned(), |text, (page, own)| text.replace(page, own))
    }

    /// A text of this place with the ports of the page.
    fn as_written(&self, text: &str) -> String {
        PORTS.iter().zip(&self.ports).fold(text.to_owned(), |text, (page, own)| text.replace(own, page))
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &self.here(command)]).current_dir(self.folder.path()).kill_on_drop(true);
        shell.env_clear().env("PATH", &self.path).stdin(Stdio::null());
        shell.env("SCALEWAY_API_KEY", TOKEN).env("NAFTIKO_BASE_URI", self.simulator.base_uri());
        shell.envs(BUILT_IN.map(|(name, port)| (name, self.here(port))));
        for (name, server) in ["SERVER", "SERVER_2", "SERVER_3"].into_iter().zip(&self.servers) {
            shell.env(name, server.id().unwrap_or_default().to_string());
        }
        shell
    }

    /// Starts a server, and waits until it is ready.
    async fn start(&mut self, command: &str) -> Result<(), String> {
        let log = self.folder.path().join(format!("own-log-{}", self.servers.len()));
        // So that the process is the server, also where variables come first.
        let mut shell = self.shell(&format!("exec env {command}"));
        let mut server = shell.stderr(File::create(&log).expect("a file")).spawn().expect("sh starts");
        let port = command.split_once("--mcp-port ").map_or("9091", |(_, port)| &port[..4]);
        let probe = format!("http://127.0.0.1:{}/readyz", self.here(port));
        naftiko_client::install_crypto_provider();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let since = Instant::now();
        while !http.get(&probe).send().await.is_ok_and(|response| response.status() == 200) {
            let ended = server.try_wait().expect("it can be awaited");
            if ended.is_some() || since.elapsed() > PATIENCE {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("`{command}` is not ready ({ended:?}):\n{said}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.servers.push(server);
        Ok(())
    }

    /// Runs a command to its end, and compares its output.
    async fn run(&self, command: &str, expected: &str) -> Result<(), String> {
        // Both in the order in which they are written, as in a terminal.
        let ended = timeout(PATIENCE, self.shell(&format!("exec 2>&1; {command}")).output()).await;
        let output = ended.map_err(|_| format!("`{command}` does not end"))?.expect("sh can be started").stdout;
        let output = self.as_written(&String::from_utf8_lossy(&output)).replace('\r', "");
        if matches(expected.trim_end(), output.trim_end()) {
            return Ok(());
        }
        Err(format!("`{command}` printed\n{output}\ninstead of\n{expected}"))
    }

    async fn block(&mut self, block: &Block<'_>) -> Result<(), String> {
        match block {
            Block::File { name, text } => fs::write(self.folder.path().join(name), self.here(text)).expect("a file"),
            Block::Servers(commands) => {
                for command in commands {
                    self.start(command).await?;
                }
            }
            Block::Session(steps) => {
                for (command, expected) in steps {
                    self.run(command, expected).await?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a text is as a pattern, in which `…` is any text, says.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// A port that the system gives no one who asks for any port, so that it stays free.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 12_000 + (std::process::id() % 100) as u16 * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The binary of the group.
fn binary() -> PathBuf {
    trial::build(&root(), "scaleway").expect("the binary is built")
}

async fn run(section: &Section<'_>, common: &[Block<'_>], binary: &Path) -> Result<(), String> {
    let mut place = Place::new(binary).await;
    for block in common.iter().chain(&section.blocks) {
        place.block(block).await.map_err(|reason| format!("## {}: {reason}", section.title))?;
    }
    Ok(())
}

#[tokio::test]
async fn every_block_of_the_page_does_what_the_page_says() {
    let page = fs::read_to_string(root().join("docs/operations.md")).expect("the page is there");
    let sections = sections(&page).unwrap_or_else(|reason| panic!("{reason}"));
    let (common, sections) = sections.split_first().expect("there is one");
    let binary = binary();
    let outcomes = join_all(sections.iter().map(|section| run(section, &common.blocks, &binary))).await;
    let failed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    let blocks: usize = sections.iter().map(|section| section.blocks.len()).sum();
    assert!(blocks > 20, "{blocks} blocks");
}

#[test]
fn page_with_a_block_that_no_test_runs_is_refused() {
    for (page, said) in [
        ("## A\n```yaml\na: b\n```\n", "no test runs a block of `yaml`"),
        ("## A\n```\nscaleway serve\n```\n", "no test runs a block of ``"),
        ("## A\n```sh\nls\n```\n", "starts no server"),
        ("## A\n```toml policy.toml\n```\n", "no command uses the file policy.toml"),
        ("## A\n```console\nscaleway tools\n```\n", "output without a command"),
    ] {
        let refused = sections(page).map(|_| ()).expect_err(page);
        assert!(refused.contains(said), "{refused}");
    }
    let page = "## A\n```toml policy.toml\n```\n```sh\nA=1 scaleway serve \\\n  --policy policy.toml\n```\n";
    assert_eq!(sections(page).map(|all| all.len()), Ok(2));
}

#[test]
fn outputs_are_compared_with_gaps() {
    for (pattern, text, expected) in [
        ("200", "200", true),
        ("200", "2000", false),
        ("a…c", "abc", true),
        ("a…c", "abcd", false),
        ("…b…", "abc", true),
        ("a…b…c", "a\nb\nc", true),
        ("a…c…b", "abc", false),
        ("", "", true),
        ("", "a", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

#[tokio::test]
async fn stand_in_sends_and_shows_what_curl_does() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let url = format!(
        "{}/secret-manager/v1beta1/regions/fr-par/secrets?scheduled_for_deletion=false&project_id=7e57ab1e-0000-4000-8000-0000000000bb",
        simulator.base_uri()
    );
    let token = format!("x-auth-token: {TOKEN}");
    let run = async |command: &str| {
        let command = command.replace("curl", STAND_IN).replace("URL", &url).replace("TOKEN", &token);
        let output = Command::new("sh").args(["-c", &command]).output().await.expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let (code, body) = run("curl -s -H 'TOKEN' 'URL'").await;
    assert!(code == Some(0) && body.contains("\"total_count\":0"), "{body}");
    let status = "curl -s -o /dev/null -w '%{http_code}\\n'";
    assert_eq!(run(&format!("{status} 'URL'")).await, (Some(0), "401\n".to_owned()));
    assert_eq!(run(&format!("{status} -X PATCH -H 'TOKEN' 'URL'")).await.1, "501\n");
    assert_eq!(
        run(&format!("{status} -d '{{}}' -H 'content-type: application/json' -H 'TOKEN' 'URL'")).await.1,
        "400\n"
    );
    let (_, heads) = run("curl -s -I -H 'TOKEN' 'URL' 'URL'").await;
    assert_eq!(heads.lines().filter(|line| line.starts_with("HTTP/1.1 ")).count(), 2, "{heads}");
    assert_eq!(run("curl -s http://127.0.0.1:9/").await, (Some(7), String::new()));
}
