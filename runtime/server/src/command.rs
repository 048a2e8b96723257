//! The commands of the program.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use naftiko_client::__private::Room;
use naftiko_client::ScriptRunners;
use tokio::sync::mpsc::{self, Receiver};

use super::cli::{self, Command, Serve};
use super::failure::Failure;
use super::lines::Flush;
use super::observer::Messages;
use super::program::{Program, name_of};
use super::stdio::Local;
use super::{config, lifetime, log, stdio, workers};

/// Runs the command line. The exit code is 2 for an invalid configuration and 1 for other failures.
pub fn run(program: &'static Program) -> ExitCode {
    run_with(program, ScriptRunners::default())
}

/// The same, for a program with scripts in languages that the application runs.
pub fn run_with(program: &'static Program, runners: ScriptRunners) -> ExitCode {
    let program = program.named();
    let mut command = cli::parse(program);
    command.set_scripts(runners);
    // Lines are written and traces exported until the guard is dropped.
    exit_code(init_telemetry(program, &command).and_then(|_guard| execute(program, command)))
}

/// Serves a program until a signal arrives. Programs from `reloads` replace it, without dropping running requests.
pub fn serve(program: &'static Program, options: Serve, reloads: Receiver<&'static Program>) -> ExitCode {
    let program = program.named();
    let command = Command::Serve(Box::new(options));
    let served = init_telemetry(program, &command).and_then(|_guard| match command {
        Command::Serve(options) if !options.print_config => serve_http(program, *options, reloads),
        command => execute(program, command),
    });
    exit_code(served)
}

fn exit_code(outcome: Result<(), Failure>) -> ExitCode {
    let Err(failure) = outcome else { return ExitCode::SUCCESS };
    eprintln!("error: {failure}");
    match failure {
        Failure::Configuration(_) | Failure::Refused(_) => ExitCode::from(2),
        Failure::Metrics(_) | Failure::Io(_) | Failure::Listen { .. } => ExitCode::FAILURE,
    }
}

#[cfg(feature = "otlp")]
fn init_telemetry(program: &Program, command: &Command) -> Result<(Option<super::otlp::Export>, Flush), Failure> {
    use super::otlp::Export;

    let capability = program.about().filter(|_| command.is_long_running());
    let export = capability.map(Export::from_env).transpose()?.flatten();
    let (format, access) = command.log();
    let flush = log::start(format, access, export.iter().map(Export::layer).collect());
    Ok((export, flush))
}

#[cfg(not(feature = "otlp"))]
fn init_telemetry(_: &Program, command: &Command) -> Result<Flush, Failure> {
    let (format, access) = command.log();
    Ok(log::start(format, access, Vec::new()))
}

fn execute(program: &'static Program, command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(options) if options.print_config => {
            print(std::iter::once(format!("{:#}", config::describe(program, &options))))
        }
        Command::Serve(options) => {
            // The sender is gone before the server starts, so that it promises no changes.
            let (_, never) = mpsc::channel(1);
            serve_http(program, *options, never)
        }
        Command::Mcp(options) => serve_stdio(program, &options),
        Command::Tools => {
            let all = program.exposed().into_iter().flatten();
            let tools = all.flat_map(|exposed| {
                exposed.adapter.mcp().into_iter().flat_map(|mcp| mcp.tools.iter()).map(move |tool| (exposed, tool))
            });
            print(tools.map(|(exposed, tool)| format!("{:<40} {}", exposed.listed(&tool.name), tool.description)))
        }
        Command::Routes => {
            let all = program.exposed().into_iter().flatten();
            let routes = all.flat_map(|exposed| {
                exposed
                    .adapter
                    .rest()
                    .into_iter()
                    .flat_map(|rest| rest.routes.iter())
                    .map(move |route| (exposed, route))
            });
            print(
                routes.map(|(exposed, route)| format!("{:<7} {}", route.method.as_str(), exposed.listed(&route.path))),
            )
        }
    }
}

fn serve_http(program: &'static Program, options: Serve, reloads: Receiver<&'static Program>) -> Result<(), Failure> {
    let workers = workers::start()?;
    runtime()?.block_on(lifetime::serve(program, options, workers, reloads))
}

/// Room for long responses of the upstream over stdio, in bytes.
const ROOM: usize = 8 << 20;

fn serve_stdio(program: &'static Program, options: &cli::Stdio) -> Result<(), Failure> {
    let exposed = stdio::exposed(program, options.adapter.as_deref())?;
    let mut policy = options.limits.limit(options.tools.policy()?);
    let audit = options.tools.audit.open(program.about())?.map(|audit| audit.of(name_of(&exposed)));
    if let Some(audit) = &audit {
        policy = policy.audit(Arc::new(audit.clone()));
    }
    policy = policy.observer(Arc::new(Messages(None)));
    let connections = stdio::connect(program, &exposed, &options.upstream, None, &Room::new(ROOM))?;
    let (tools, principal) = (&options.tools, options.principal.as_deref());
    let local = Local::new(program, exposed, connections, policy, tools, principal)?;
    let runtime = runtime()?;
    let outcome = runtime.block_on(lifetime::stdio(&local));
    // A read of standard input may still block, so this must not wait for it.
    runtime.shutdown_background();
    if let Some(audit) = &audit {
        audit.close();
    }
    Ok(outcome?)
}

/// Prints lines. It is not a failure if the reader closes the pipe before the last line.
fn print(mut lines: impl Iterator<Item = String>) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match lines.try_for_each(|line| writeln!(output, "{line}")) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
