//! `cargo xtask`: generates crates from capabilities and runs them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{
    allow, bench, corpus, deny, docs, drift, explain, export, generation, import, interop, lint, root, semver, sources,
    starter, synth, trial, variants, watch,
};

/// The compiler makes and drops many small values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Generates crates from Naftiko capabilities and runs them")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The largest specification, imported file or text of a resource that is read
    #[arg(long, global = true, value_name = "MIB", default_value_t = sources::LIMIT)]
    max_file_size: u64,
    /// Errors for which a route, tool, operation or another part is left out with a warning, instead of refusing the file
    #[arg(long, global = true, value_name = "CODE", value_delimiter = ',')]
    allow: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Generate the crates of all capabilities under `spec/`, or the named ones
    Gen {
        /// Crates to generate, such as `scaleway-secret-manager-secrets`
        names: Vec<String>,
        /// OpenAPI documents of upstreams: a file, or a folder. Each capability without a companion gets the one that describes
        /// it
        #[arg(long, value_name = "PATH", conflicts_with = "watch")]
        openapi: Option<PathBuf>,
        /// Write nothing; fail if a file is stale, missing or extra
        #[arg(long)]
        check: bool,
        /// Show the changes line by line
        #[arg(long)]
        diff: bool,
        /// Generate again whenever a specification changes, until Ctrl-C
        #[arg(long, conflicts_with = "check")]
        watch: bool,
    },
    /// Write the capabilities of an OpenAPI document, with the document as their companion
    Import(import::Options),
    /// Print the operations that a capability consumes as an OpenAPI 3.1 document, made of the capability and its companion
    Export(export::Options),
    /// Compare a capability's companion with another version of its document: exit code 0 if nothing breaks, 1 if something does,
    /// 2 if the two cannot be compared
    Drift(drift::Options),
    /// Start a new specification under `spec/`
    New {
        /// Its name: `provider/capability`
        name: String,
    },
    /// Write as many capabilities as a provider with many products has into a workspace of their own, and generate their crates
    Synth(synth::Options),
    /// Check files and folders, and print all diagnostics
    Lint(lint::Options),
    /// Explain the code of a diagnostic, or list all codes
    Explain {
        /// The code, such as `NK0201`
        code: Option<String>,
    },
    /// Write the pages of `docs/` that are generated from the source
    Docs {
        /// Write nothing; fail if a page is out of date
        #[arg(long)]
        check: bool,
    },
    /// Compile a folder of specifications and count the results
    Corpus(corpus::Options),
    /// Serve specifications without generating a crate: they are compiled in memory. Several share one port for REST and one for MCP
    Serve {
        /// The specification
        file: PathBuf,
        /// More specifications, flags of the server, such as `--base-uri URI`, `--watch` to reload when a specification changes, and
        /// `--separate` to serve each on ports of its own; see docs/server.md
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Try out a generated server against a simulator of its upstream, or a specification against an echo: no account, no
    /// network
    Try {
        /// The crate, such as `examples-garden` or `examples/garden`, or a specification
        name: String,
        /// For a crate, `--once` to run a short tour over REST and MCP and stop. For a specification, flags of the server,
        /// such as `--base-uri URI` for another upstream than the echo
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Run cases with recorded responses, and print what differs: exit code 1 if anything does
    Conform {
        /// A folder with cases, each in a folder of its own
        folder: PathBuf,
        /// `--filter TEXT` or `--area AREA` to run some of them, `--verbose` to print every difference
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<String>,
    },
    /// Measure the speed of a generated server, or what it uses after some minutes of load
    Bench {
        /// What to measure
        #[command(subcommand)]
        subject: bench::Subject,
    },
    /// Compare the public API of the runtime and of generated crates with an earlier revision
    Semver {
        /// The revision, such as the tag of the last release
        baseline: String,
    },
    /// Check licences, sources and bans of all dependencies against deny.toml, and known advisories if cargo-deny is installed
    Deny {
        /// Fail if advisories cannot be checked, instead of skipping them
        #[arg(long)]
        require: bool,
    },
    /// Check that generated crates build with the oldest supported Rust, and with every TLS option
    Variants {
        /// Fail if a tool is not installed, instead of skipping the check
        #[arg(long)]
        require: bool,
    },
    /// Run third-party conformance tools, from PyPI and npm, or attacks against a generated server
    Interop {
        /// The surface to check
        surface: interop::Surface,
        #[command(flatten)]
        options: interop::Options,
    },
}

fn main() -> ExitCode {
    let Arguments { command, max_file_size, allow: codes } = Arguments::parse();
    sources::limit(max_file_size);
    let outcome = allow::set(&codes).and_then(|()| run(command, &codes, max_file_size));
    match outcome {
        Ok(exit) => exit,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, codes: &[String], max_file_size: u64) -> anyhow::Result<ExitCode> {
    let outcome = match command {
        Command::Gen { names, diff, watch: true, .. } => watch::run(&root(), &names, diff),
        Command::Gen { names, openapi, check, diff, .. } => {
            generation::run_with(&root(), &names, openapi.as_deref(), check, diff)
        }
        Command::Import(options) => import::run(&root(), &options),
        Command::Export(options) => export::run(&root(), &options),
        Command::Drift(options) => return Ok(drift::run(&root(), &options)),
        Command::Serve { file, flags } => trial::serve(&root(), &file, false, max_file_size, codes, &flags),
        Command::Try { name, flags } if trial::is_file(&name) => {
            trial::serve(&root(), Path::new(&name), true, max_file_size, codes, &flags)
        }
        Command::Try { name, flags } => match flags.as_slice() {
            [] => trial::run(&root(), &name, false),
            [once] if once == "--once" => trial::run(&root(), &name, true),
            [unknown, ..] => Err(anyhow::anyhow!("`{unknown}` is not a flag of `try` for a crate; `--once` is")),
        },
        Command::Conform { folder, flags } => trial::conform(&root(), &folder, codes, &flags),
        Command::Interop { surface, options } => interop::run(&root(), surface, options),
        Command::Bench { subject } => bench::run(&root(), &subject),
        Command::Semver { baseline } => semver::run(&root(), &baseline),
        Command::Deny { require } => deny::run(&root(), require),
        Command::Variants { require } => variants::run(&root(), require),
        Command::New { name } => starter::run(&root(), &name),
        Command::Synth(options) => synth::run(&root(), &options),
        Command::Lint(options) => {
            env::current_dir().map_err(Into::into).and_then(|folder| lint::run(&folder, &options))
        }
        Command::Explain { code } => explain::run(code.as_deref()),
        Command::Docs { check } => docs::run(&root(), check),
        Command::Corpus(options) => corpus::run(&root(), &options),
    };
    outcome.map(|is_right| if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
