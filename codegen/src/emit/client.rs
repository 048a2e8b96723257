//! `src/client.rs`: the typed client. Required arguments are positional, optional ones are setters.
//!
//! It is most of what is emitted besides tables, and so written as text, too.

use naftiko_schema::{ApiId, Kind, Location, Parameter, ParameterStyle};

use super::code::{Code, WIDTH};
use super::rust::{block, comment, function};
use super::{example, flows, models, rust};
use crate::model::{Model, Operation, Setter, TypeUse};

/// Clippy's limit for arguments, less one for `self`.
const MAX_ARGUMENTS: usize = 6;

pub(super) fn emit(model: &Model) -> String {
    let whole: Vec<&Operation> = if model.parts.is_empty() { model.operations.iter().collect() } else { Vec::new() };
    let used = Used::by(&whole);
    let modules =
        if model.operations.iter().any(Operation::returns_model) { "{models, operations}" } else { "operations" };
    let imports = format!(
        "use naftiko_client::__private::{{{}}};\nuse naftiko_client::{{{}}};\n",
        used.private(&["Connection", "Handle"]),
        used.public(&["ClientBuilder", "ConfigError"]),
    );
    let mut items = vec![imports, format!("use super::{modules};\n"), client(model), HANDLE.to_owned()];
    let methods = whole.iter().map(|operation| method(model, operation));
    items.push(block("impl Client", [BUILDER.to_owned(), from_env(model)].into_iter().chain(methods)));
    let features: Vec<_> = model.mounted().filter(|facts| facts.calls).map(|facts| facts.feature).collect();
    if !features.is_empty() {
        items.push(format!("{}\n{CONNECTION}", flows::condition(features)));
    }
    items.extend(whole.iter().flat_map(|operation| builder(model, operation)));
    items.extend((0..model.parts.len()).flat_map(|index| part(model, index.into())));
    rust::file(model, "The typed client: one method per operation, one builder per call.", items)
}

const HANDLE: &str = "#[doc(hidden)]
impl Handle for Client {
    fn over(connection: Connection) -> Self {
        Self { connection }
    }
}
";

const BUILDER: &str = "/// Sets up a client: base URI, credentials, timeouts.
pub fn builder() -> ClientBuilder<Self> {
    ClientBuilder::new(&operations::CAPABILITY)
}
";

const CONNECTION: &str = "impl Client {
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}
";

/// The type of the client.
fn client(model: &Model) -> String {
    let docs = comment(&format!(
        "A client for {}.\n\nCloning is cheap: clones share one connection pool.",
        rust::plain(&model.capability.title)
    ));
    let unused = match model.operations.as_slice() {
        [] => "    #[allow(dead_code, reason = \"there is no operation to call\")]\n",
        _ => "",
    };
    format!("{docs}#[derive(Clone, Debug)]\npub struct Client {{\n{unused}    connection: Connection,\n}}\n")
}

fn from_env(model: &Model) -> String {
    let names: Vec<_> = model.environment_variables().chain(model.bind_files()).map(rust::code).collect();
    let bases = base_uri_variables(model);
    let settings = match (names.join(", "), bases.is_empty()) {
        (names, true) if names.is_empty() => "it needs none".to_owned(),
        (names, true) => names,
        (names, false) if names.is_empty() => format!("{bases} for another base URI"),
        (names, false) => format!("{names}, and {bases} for another base URI"),
    };
    let docs = comment(&format!(
        "A client with the settings of the environment: {settings}.\n\n# Errors\nWhen variables are missing, all of which the error \
         names, or when the client cannot be set up.",
    ));
    docs + "pub fn from_env() -> Result<Self, ConfigError> {\n    Self::builder().from_env().build()\n}\n"
}

/// The environment variables that hold base URIs.
fn base_uri_variables(model: &Model) -> String {
    let capability = &model.capability;
    let names = capability.apis.iter().map(|api| rust::code(&capability.base_uri_variable(api)));
    names.collect::<Vec<_>>().join(", ")
}

/// The operations of one of several APIs, in a module that its feature adds.
fn part(model: &Model, api: ApiId) -> Vec<String> {
    let operations: Vec<&Operation> = model.operations.iter().filter(|operation| operation.table.api == api).collect();
    let Some(part) = model.part(api).filter(|_| !operations.is_empty()) else { return Vec::new() };
    let used = Used::by(&operations);
    let mut imports = String::new();
    if used.parameters {
        imports += &format!("use naftiko_client::__private::{{{}}};\n", used.private(&[]));
    }
    if used.into_body {
        imports += "use naftiko_client::IntoBody;\n";
    }
    let models = if operations.iter().any(|operation| operation.returns_model()) { "models, " } else { "" };
    let mut items = vec![imports, format!("use super::{{Client, {models}operations}};\n")];
    items.retain(|item| !item.is_empty());
    items.push(block("impl Client", operations.iter().map(|operation| method(model, operation))));
    items.extend(operations.iter().flat_map(|operation| builder(model, operation)));
    let condition = flows::condition([&*part.feature]);
    let module = &part.module;
    vec![
        format!("{condition}\n{}", block(&format!("mod {module}"), items)),
        format!("{condition}\npub use {module}::*;\n"),
    ]
}

/// Which traits of arguments operations use.
struct Used {
    parameters: bool,
    serialize: bool,
    into_body: bool,
}

impl Used {
    fn by(operations: &[&Operation]) -> Self {
        let takes = |wanted: &Shape| {
            operations.iter().flat_map(|op| op.parameters()).any(|(parameter, _)| shape(parameter) == *wanted)
        };
        let parameters = operations.iter().any(|op| !op.table.parameters.is_empty());
        Self { parameters, serialize: takes(&Shape::Json), into_body: takes(&Shape::Body) }
    }

    /// The private imports, after those that there are anyway.
    fn private(&self, others: &[&'static str]) -> String {
        let wanted = [(self.parameters, "ParameterId"), (self.serialize, "Serialize")];
        others.iter().copied().chain(wanted.into_iter().filter_map(only_if)).collect::<Vec<_>>().join(", ")
    }

    /// The public imports, after those that there are anyway.
    fn public(&self, others: &[&'static str]) -> String {
        others.iter().copied().chain(only_if((self.into_body, "IntoBody"))).collect::<Vec<_>>().join(", ")
    }
}

fn only_if((wanted, name): (bool, &'static str)) -> Option<&'static str> {
    wanted.then_some(name)
}

fn method(model: &Model, operation: &Operation) -> String {
    let summary = rust::sentence(&operation.description, &format!("Calls {}.", rust::code(&operation.table.name)));
    let note = Some(rust::plain(&operation.note)).filter(|note| !note.is_empty());
    let note = note.map(|note| format!("{note}\n\n")).unwrap_or_default();
    let docs = comment(&format!(
        "{summary}\n\n{note}{}: the operation {} of {}.\n\n{}{}{}",
        rust::code(&format!("{} {}", operation.table.method.as_str(), operation.path_text)),
        rust::code(&operation.table.name),
        rust::code(&operation.origin),
        arguments_text(operation),
        models_text(model, operation),
        example::of_method(model, operation),
    ));
    let call = &operation.type_name;
    let required: Vec<_> = operation.positional().collect();
    let many = match required.len() {
        ..=MAX_ARGUMENTS => "",
        _ => "#[allow(clippy::too_many_arguments, reason = \"the operation requires that many\")]\n",
    };
    let arguments = required.iter().map(|(parameter, setter)| argument(parameter, setter));
    let arguments = ["&self".to_owned()].into_iter().chain(arguments).collect();
    let request = ("request", Some(Code::atom(["&operations::", &operation.const_name].concat())));
    let sets = required.iter().map(|(parameter, setter)| set(call, parameter, setter));
    let request = Code::atom("self.connection").set([request].into_iter().chain(sets).collect());
    let function = function(&operation.method_name, arguments, call, &Code::call(call.clone(), vec![request]));
    [docs, many.to_owned(), function].concat()
}

/// What the specification says about the arguments of a method.
fn arguments_text(operation: &Operation) -> String {
    let line = |(parameter, setter): (&Parameter, &Setter)| {
        let text = rust::sentence(&parameter.description, "");
        let variable = parameter.configured.as_deref().filter(|_| has_choice(parameter));
        let choice =
            variable.map(|name| format!("[`Configured`](naftiko_client::Configured) means {}.", rust::code(name)));
        let texts: Vec<_> = [text].into_iter().chain(choice).filter(|text| !text.is_empty()).collect();
        format!("- {}: {}\n", rust::code(&setter.name), texts.join(" "))
    };
    let is_described = |parameter: &Parameter| !parameter.description.is_empty() || has_choice(parameter);
    let described = operation.positional().filter(|(parameter, _)| is_described(parameter));
    let required = operation.with_setter().filter(|(parameter, _)| parameter.required);
    let required = required.map(|(_, setter)| format!("- {} must be set before sending.\n", rust::code(&setter.name)));
    let lines: String = described.map(line).chain(required).collect();
    if lines.is_empty() { lines } else { format!("{lines}\n") }
}

/// Which models are for the bodies of an operation.
fn models_text(model: &Model, operation: &Operation) -> String {
    // The operations of one of several APIs are in a module of their own.
    let models = if model.parts.is_empty() { "super::models" } else { "super::super::models" };
    let link = |name: &String| format!("[`{name}`]({models}::{name})");
    let of = |of: &Option<TypeUse>| match of {
        Some(TypeUse::Named(name)) => Some(link(name)),
        _ => None,
    };
    let request = of(&operation.request).map(|link| format!("Body: {link}."));
    let response = of(&operation.response).map(|link| format!("Response: {link}."));
    let failures =
        operation.failures.iter().map(|(name, statuses)| format!("{} ({})", link(name), statuses.join(", ")));
    let failures = failures.collect::<Vec<_>>().join("; ");
    let failures = (!failures.is_empty())
        .then(|| format!("Errors: {failures}, as [`body_as`](naftiko_client::Error::body_as) reads them."));
    let text = [request, response, failures].into_iter().flatten().collect::<Vec<_>>().join(" ");
    if text.is_empty() { text } else { format!("{text}\n\n") }
}

/// The type of a call, and its setters.
fn builder(model: &Model, operation: &Operation) -> Vec<String> {
    let call = &operation.type_name;
    let docs = Code::text(&format!("A call of [`Client::{}`].", operation.method_name));
    let item = operation.response.as_ref().and_then(|response| model.item(response));
    let types = operation.response.iter().chain(item).map(|of| Code::atom(models::path_of(of)));
    let arguments = [Code::atom(call.clone()), docs].into_iter().chain(types).collect();
    let declared = Code::call("naftiko_client::call!", arguments).statement(";", WIDTH);
    let mut ids = String::new();
    for (index, (_, setter)) in operation.parameters().enumerate() {
        ids.extend(["const ", &setter.id_name, ": ParameterId = ParameterId(", &index.to_string(), ");\n"]);
    }
    if ids.is_empty() {
        return vec![declared];
    }
    let setters = operation.with_setter().map(|(parameter, setter)| {
        let fallback = format!("Sets {}.", rust::code(&parameter.name));
        let docs = comment(&rust::sentence(&parameter.description, &fallback));
        let request = Code::atom("self.0").set(vec![set(call, parameter, setter)]);
        let arguments = vec!["self".to_owned(), argument(parameter, setter)];
        docs + &function(&setter.name, arguments, "Self", &Code::call("Self", vec![request]))
    });
    vec![declared, block(&format!("impl {call}"), [ids].into_iter().chain(setters))]
}

/// Whether a caller may leave a required argument to its default.
fn has_choice(parameter: &Parameter) -> bool {
    parameter.configured.is_some() && parameter.required && parameter.kind != Kind::Boolean
}

/// How an argument is taken from a caller.
#[derive(PartialEq)]
enum Shape {
    Text,
    Texts,
    Plain(&'static str),
    Json,
    Body,
}

fn shape(parameter: &Parameter) -> Shape {
    if parameter.location == Location::Body {
        return Shape::Body;
    }
    match parameter.kind {
        Kind::Array | Kind::Any if parameter.style == Some(ParameterStyle::Brackets) => Shape::Json,
        Kind::String => Shape::Text,
        Kind::Integer => Shape::Plain("i64"),
        Kind::Number => Shape::Plain("f64"),
        Kind::Boolean => Shape::Plain("bool"),
        Kind::Array => Shape::Texts,
        // Outside of a body, it is sent as text.
        Kind::Any if !parameter.location.is_body() => Shape::Text,
        Kind::Object | Kind::Any => Shape::Json,
    }
}

fn argument(parameter: &Parameter, setter: &Setter) -> String {
    let kind = match shape(parameter) {
        Shape::Text if has_choice(parameter) => "impl Into<naftiko_client::Choice<String>>",
        Shape::Plain(kind) if has_choice(parameter) => {
            return format!("{}: impl Into<naftiko_client::Choice<{kind}>>", setter.name);
        }
        Shape::Text => "impl Into<String>",
        Shape::Texts => "impl IntoIterator<Item = impl Into<String>>",
        Shape::Plain(kind) => kind,
        Shape::Body => "impl IntoBody",
        Shape::Json => "impl Serialize",
    };
    [&setter.name, ": ", kind].concat()
}

/// The call that sets a parameter of the untyped request.
fn set(call: &str, parameter: &Parameter, setter: &Setter) -> (&'static str, Option<Code>) {
    let method = match shape(parameter) {
        Shape::Text | Shape::Plain(_) if has_choice(parameter) => "choice",
        Shape::Text => "text",
        Shape::Texts => "texts",
        Shape::Plain(_) | Shape::Json => "set",
        Shape::Body => "body",
    };
    (method, Some(Code::atom([call, "::", &setter.id_name, ", ", &setter.name].concat())))
}
