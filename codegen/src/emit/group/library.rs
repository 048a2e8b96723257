//! `src/lib.rs`, the client of a group and its program, and `src/main.rs`.

use super::super::code::Code;
use super::super::library::{self, needs_runners};
use super::super::rust::{self, block, comment, indented};
use super::super::{flows, tables};
use super::{Part, Parts};

const EXPORTS: &str = "pub use naftiko_client as runtime;
pub use naftiko_client::{
    ApiError, Attempt, Call, ClientBuilder, ConfigError, Error, ErrorKind, GroupBuilder, IntoBody, Outcome, Paging, Phase,
    RawBody, Response, ResultStream, RetryPolicy, SecretBody, TokenProvider, Transport, Violation,
};
";

const BUILDER: &str = "/// Sets up the clients: base URIs, credentials, timeouts.
pub fn builder() -> GroupBuilder<Self> {
    GroupBuilder::new()
}
";

const FROM_ENV: &str = "/// Clients with the settings of the environment, as `from_env` of each capability reads them.
///
/// # Errors
/// When variables are missing, or a client cannot be set up.
pub fn from_env() -> Result<Self, ConfigError> {
    Self::builder().from_env().build()
}
";

pub(super) fn emit(parts: &Parts<'_>) -> String {
    let client = parts.client();
    let members: Vec<_> = parts.members().collect();
    let condition = |part: &Part<'_>| flows::condition([&*part.feature]);
    let each = |write: &dyn Fn(&Part<'_>, &str) -> String| {
        members.iter().map(|part| format!("{}\n{}\n", condition(part), write(part, &part.module))).collect::<String>()
    };
    let modules = each(&|part, module| format!("pub use {} as {module};", part.model.lib_name()));
    let fields = each(&|_, module| format!("{module}: {module}::Client,"));
    let built = each(&|_, module| format!("{module}: builder.client(&{module}::Client::builder())?,"));
    let methods = members.iter().map(|part| {
        let docs = comment(&rust::sentence(&part.model.capability.title, ""));
        let (condition, module) = (condition(part), &part.module);
        format!("{docs}{condition}\npub fn {module}(&self) -> &{module}::Client {{\n    &self.{module}\n}}\n")
    });
    let title = rust::plain(&parts.group.about.title);
    let about = comment(&format!(
        "A client for {title}: one for each of its capabilities.\n\nCloning is cheap: clones share their connections."
    ));
    let mut items = vec![
        modules,
        EXPORTS.to_owned(),
        about + "#[derive(Clone, Debug)]\n" + &block(&format!("pub struct {client}"), [fields]),
        block(&format!("impl {client}"), [BUILDER.to_owned(), FROM_ENV.to_owned()].into_iter().chain(methods)),
        clients(&client, built),
    ];
    items.extend(program(parts));
    let origin = &parts.origin;
    rust::file_from(origin, &docs(parts), items.into_iter().filter(|item| !item.is_empty()))
}

/// How the clients are built.
fn clients(client: &str, built: String) -> String {
    let built = indented(&built);
    let body = format!("// All capabilities may be left out.\nlet _ = &builder;\nOk(Self {{\n{built}}})\n");
    let build = block("fn build(builder: &mut GroupBuilder<Self>) -> Result<Self, ConfigError>", [body]);
    block(&format!("#[doc(hidden)]\nimpl naftiko_client::__private::Clients for {client}"), [build])
}

/// The program of the server, if anything is exposed.
fn program(parts: &Parts<'_>) -> Option<String> {
    let first = parts.served().next()?;
    let mut table = tables::expression(&parts.group, first.model);
    if !parts.openapi.is_empty() {
        table = table.set(vec![("openapi", Some(Code::call("include_str!", vec![Code::text("../openapi.json")])))]);
    }
    let served: String = parts
        .served()
        .map(|part| format!("{}\nto(&{}::SERVED),\n", flows::condition([&*part.feature]), part.module))
        .collect();
    let needs_runners = parts.served().any(|part| needs_runners(part.model));
    let program = format!(
        "use naftiko_client::schema::*;\nuse naftiko_server::Program;\n\n{}static PROGRAM: Program = Program::joined(&GROUP, const \
         {{ &[\n{}] }});\n",
        table.after("static GROUP: Group"),
        indented(&served),
    );
    Some(library::run(needs_runners, ", for all capabilities", &program))
}

fn docs(parts: &Parts<'_>) -> String {
    let (library, client) = (parts.lib_name(), parts.client());
    let rows: String = parts
        .members()
        .map(|part| {
            format!("| `{}` | {} |\n", part.feature, rust::plain(&part.model.capability.title).replace('|', "\\|"))
        })
        .collect();
    let first = parts.members().next().map(|part| part.module).unwrap_or_default();
    format!(
        "{title}: the capabilities of `{origin}`, with one client and one server.\n\n\
         ```no_run\n\
         # fn example() -> Result<(), Box<dyn std::error::Error>> {{\n\
         use {library}::{client};\n\n\
         let client = {client}::from_env()?;\n\
         let {first} = client.{first}();\n\
         # let _ = {first};\n\
         # Ok(()) }}\n\
         ```\n\n\
         Each capability is a feature, and all of them are on unless default features are off.\n\n\
         | feature | capability |\n|---|---|\n{rows}\n\
         The features `ring`, `aws-lc-rs`, `native-tls`, `blocking`, `test-util`, `rest`, `mcp`, `skill`, `server` and `otlp` are those of the \
         crates of the capabilities.\n",
        title = rust::plain(&parts.group.about.title),
        origin = parts.origin,
    )
}

pub(super) fn emit_main(parts: &Parts<'_>) -> String {
    let items = [library::main(&parts.lib_name())];
    rust::file_from(&parts.origin, "Serves the capabilities: see `--help`.", items)
}
