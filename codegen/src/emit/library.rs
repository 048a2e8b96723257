//! `src/lib.rs`, which ties the modules together, and `src/main.rs`.

use naftiko_schema::{Adapter, Credential, Script};

use super::adapter::{facts, features};
use super::code::{Code, INDENT, WIDTH};
use super::rust::{self, indented};
use super::{flows, guide};
use crate::model::Model;

const EXPORTS: &str = "pub use client::Client;
pub use naftiko_client as runtime;
pub use naftiko_client::{
    ApiError, Attempt, Call, ClientBuilder, ConfigError, Error, ErrorKind, IntoBody, Outcome, Paging, Phase, RawBody,
    Response, ResultStream, RetryPolicy, SecretBody, TokenProvider, Transport, Violation,
};
";

const RUNNERS: &str = "pub use naftiko_client::{ScriptCall, ScriptError, ScriptRunner, ScriptRunners, Signer, Transform, TransformCall};\n";

const PROGRAM: &str = "use naftiko_client::schema::to;
use naftiko_server::Program;

static PROGRAM: Program = Program::new(const { &[to(&SERVED)] });
";

/// Only scripts in other languages, transforms and signatures need something of the application.
const RUN_WITHOUT: &str =
    "/// Runs the command line of this crate's binary without what an application registers. See [`run_with`].
#[cfg(feature = \"server\")]
pub fn run() -> std::process::ExitCode {
    run_with(naftiko_client::ScriptRunners::default())
}

";

pub(super) fn emit(model: &Model) -> String {
    let mut items = vec![modules(model), EXPORTS.to_owned()];
    if !model.capability.defaults.is_empty() {
        items.push("pub use naftiko_client::Configured;\n".to_owned());
    }
    if model.has_server() {
        let needs_runners = needs_runners(model);
        if needs_runners {
            items.push(RUNNERS.to_owned());
        }
        items.extend([served(model), run(needs_runners, "", PROGRAM)]);
    }
    rust::file(model, &guide::docs(model), items)
}

fn modules(model: &Model) -> String {
    let mut lines = "pub mod client;\n".to_owned();
    if !model.flows.is_empty() {
        lines += &format!("{}\nmod flows;\n", flows::any(model));
    }
    if !model.types.is_empty() {
        lines += "pub mod models;\n";
    }
    for (adapter, module) in model.modules() {
        let visibility = if facts(adapter).dependency.is_some() { "pub " } else { "" };
        lines += &format!("{}\n{visibility}mod {module};\n", flows::condition(features(model, adapter)));
    }
    lines + "mod operations;\n"
}

/// The capability as servers take it.
fn served(model: &Model) -> String {
    let adapters = model.modules().map(|(adapter, module)| {
        let table = Code::call("to", vec![Code::atom(format!("&{module}::ADAPTER"))]);
        Code::call(format!("Adapter::{}", facts(adapter).variant), vec![table])
    });
    let arguments = vec![Code::atom("&operations::CAPABILITY"), Code::list(adapters.collect())];
    let value = Code::call("naftiko_server::Served::new", arguments).statement("", WIDTH - INDENT);
    format!(
        "/// The capability, for a server of several.
#[cfg(feature = \"server\")]
#[doc(hidden)]
pub static SERVED: naftiko_server::Served = {{
    use naftiko_client::schema::{{Adapter, to}};

{}}};
",
        indented(&value)
    )
}

/// The function that runs the command line of a binary, whose documentation ends with `what`, with this definition of `PROGRAM`.
pub(super) fn run(needs_runners: bool, what: &str, program: &str) -> String {
    let (before, name, parameter, argument) = if needs_runners {
        (RUN_WITHOUT, "run_with", "runners: naftiko_client::ScriptRunners", ", runners")
    } else {
        ("", "run", "", "")
    };
    format!(
        "{before}/// Runs the command line of this crate's binary: `serve`, `mcp`, `tools` and `routes`{what}.
#[cfg(feature = \"server\")]
pub fn {name}({parameter}) -> std::process::ExitCode {{
{}    naftiko_server::{name}(&PROGRAM{argument})
}}
",
        indented(program)
    )
}

/// Whether an application must register what runs the scripts, what makes outputs of steps, or what signs requests.
pub(super) fn needs_runners(model: &Model) -> bool {
    let is_foreign = |script: &Script| script.language != Script::JAVASCRIPT && script.rejection.is_none();
    let mut targets = model.adapters.iter().flat_map(Adapter::bindings).map(|binding| &binding.target);
    let is_signed = |credential: &Credential| matches!(credential, Credential::Signed(_));
    model.capability.apis.iter().any(|api| api.credentials.iter().any(is_signed))
        || targets.any(|target| !target.transforms().is_empty() || target.scripts().into_iter().any(is_foreign))
}

pub(super) fn emit_main(model: &Model) -> String {
    rust::file(model, "Serves the capability: see `--help`.", [main(&model.lib_name())])
}

/// The program of a library.
pub(super) fn main(library: &str) -> String {
    format!("fn main() -> std::process::ExitCode {{\n    {library}::run()\n}}\n")
}
