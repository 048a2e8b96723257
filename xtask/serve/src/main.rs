//! `cargo xtask serve FILE`, `cargo xtask try FILE` and `cargo xtask conform DIR`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use anyhow::{Context as _, Result};
use clap::{Args, Parser};
use naftiko_serve::{conform, echo, load, reload};
use naftiko_server::ServeOptions;
use tokio::sync::mpsc::channel;
use xtask::{allow, sources};

#[derive(Parser)]
#[command(name = "cargo xtask")]
enum Command {
    /// Serve a specification without generating a crate
    Serve(Box<Arguments>),
    /// Run cases with recorded responses, and print what differs
    Conform(conform::Options),
}

#[derive(Args)]
struct Arguments {
    /// The specifications
    #[arg(required = true, value_name = "FILE")]
    specifications: Vec<PathBuf>,
    /// Serve each of several specifications on the ports that it names, instead of all on one port for REST and one for MCP
    #[arg(long)]
    separate: bool,
    /// Reload when a specification changes, without dropping running requests
    #[arg(long)]
    watch: bool,
    /// Use an upstream that responds to each request with the request itself, unless --base-uri names another
    #[arg(long)]
    echo: bool,
    /// The largest specification, imported file or text of a resource that is read
    #[arg(long, value_name = "MIB", default_value_t = sources::LIMIT)]
    max_file_size: u64,
    /// Errors for which a part of the capability is left out
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    allow: Vec<String>,
    #[command(flatten)]
    server: ServeOptions,
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Serve(arguments) => run(*arguments),
        Command::Conform(options) => {
            conform::run(&options).map(|is_right| if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    };
    match outcome {
        Ok(exit) => exit,
        Err(error) => {
            anstream::eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { specifications: files, separate, watch, echo, max_file_size, allow: codes, mut server } = arguments;
    sources::limit(max_file_size);
    allow::set(&codes)?;
    let joined = files.len() > 1 && !separate;
    let loaded = load::files(&files, joined)?;
    let folder = files.first().and_then(|file| file.parent()).unwrap_or(Path::new(""));
    server.default_bind_files(folder.to_owned());
    for (diagnostics, sources) in &loaded.found {
        let rendered = diagnostics.render(sources, false);
        if !rendered.trim().is_empty() {
            anstream::eprintln!("{rendered}\n");
        }
    }
    if echo && !server.has_base_uri() {
        let address = start_echo()?;
        anstream::eprintln!("upstream that echoes requests on http://{address}");
        server.use_upstream(&loaded.program, &format!("http://{address}"));
    }
    let (_, never) = channel(1);
    let reloads = if watch { reload::programs(&files, joined)? } else { never };
    Ok(naftiko_server::serve(load::leak(loaded.program), server, reloads))
}

/// Runs the echo on a thread of its own: the server has its own runtimes.
fn start_echo() -> Result<std::net::SocketAddr> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let address = runtime.block_on(echo::start()).context("the echo cannot listen")?;
    thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    Ok(address)
}
