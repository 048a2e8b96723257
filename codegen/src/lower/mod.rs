//! The fourth stage: from the linked document to the [`Model`]. Every decision falls here, names included.

mod call;
mod mcp;
mod output;

use crate::linked::{self, Linked};
use crate::model::{
    Api, Constant, Control, Kind, Location, Method, Model, Operation, Parameter, Part, PathPart, Repeat, Rest, Route,
    TemplatePart,
};
use crate::names::{Scope, Wish};
use crate::read::document::{self as read, AdapterKind, Text};
use crate::template::Piece;
use crate::vocabulary::{base_uri, is_invisible, kind, method};

/// Lowers a document that has no errors. `path_of` gives the paths of the files that it was read from.
pub(crate) fn lower(linked: &Linked<'_>, crate_name: &str, path_of: &dyn Fn(usize) -> String) -> Model {
    let document = linked.document;
    let wishes: Vec<Wish> = linked.operations.iter().map(|operation| wish(linked, operation)).collect();
    let methods = Scope::client_methods().assign(&wishes);
    let types = Scope::client_types().assign(&wishes);
    let constants = Scope::constants().assign(&wishes);
    let names = methods.into_iter().zip(types).zip(constants);
    let sources = linked.operations.iter().zip(names);
    let mut operations: Vec<Operation> = sources
        .map(|(source, ((method, kind), constant))| operation(source, [method, kind, constant], path_of))
        .collect();
    for (index, operation) in operations.iter_mut().enumerate() {
        let tools = linked.tools.iter().filter(|tool| tool.call.operation == index);
        operation.repeat = repeat(operation.method, &tools.map(|tool| tool.hints).collect::<Vec<_>>());
    }
    let title = Some(text(document.info.title.as_ref())).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| crate_name.to_owned());
    let description = text(document.info.description.as_ref());
    let about = if description.is_empty() { title.clone() } else { description.clone() };
    let rest = document.adapters.iter().find(|adapter| matches!(adapter.kind, AdapterKind::Rest(_)));
    let [rest_callers, _, control_callers] = &linked.callers;
    Model {
        crate_name: crate_name.to_owned(),
        spec: path_of(0),
        title,
        description,
        variables: linked.variables.clone(),
        apis: apis(linked),
        rest: rest.filter(|_| !linked.routes.is_empty()).map(|adapter| Rest {
            port: adapter.port.unwrap_or(8080),
            callers: rest_callers.clone(),
            routes: linked.routes.iter().map(|source| route(source, &operations)).collect(),
        }),
        mcp: document.adapters.iter().find_map(|adapter| match &adapter.kind {
            AdapterKind::Mcp(declared) => mcp::mcp(linked, adapter, declared, &about, &operations),
            _ => None,
        }),
        control: document.adapters.iter().find_map(|adapter| match adapter.kind {
            AdapterKind::Control(read::Control { health, info, metrics }) => {
                let port = adapter.port.unwrap_or(9100);
                Some(Control { port, callers: control_callers.clone(), health, info, metrics })
            }
            AdapterKind::Rest(_) | AdapterKind::Mcp(_) | AdapterKind::Other => None,
        }),
        operations,
    }
}

fn wish(linked: &Linked<'_>, operation: &linked::Operation<'_>) -> Wish {
    let namespace = linked.apis.get(operation.api).map_or("", |api| api.name.as_str());
    let method = method(operation.method).unwrap_or(Method::Get);
    Wish::operation(namespace, &operation.name.value, method.as_str(), &operation.path.value)
}

fn apis(linked: &Linked<'_>) -> Vec<Api> {
    let wishes: Vec<Wish> = linked.apis.iter().map(|api| Wish::parameter(&api.name, "api")).collect();
    let several = linked.apis.len() > 1;
    let names = Scope::modules().assign(&wishes);
    let apis = linked.apis.iter().zip(names).map(|(source, name)| Api {
        namespace: source.name.clone(),
        base_uri: source.base_uri.and_then(|uri| base_uri(&uri.value).ok().flatten()),
        authentication: source.credentials.clone(),
        part: several
            .then(|| Part { feature: format!("api-{}", name.replace('_', "-")), module: format!("api_{name}") }),
    });
    apis.collect()
}

fn operation(
    source: &linked::Operation<'_>,
    [method_name, type_name, const_name]: [String; 3],
    path_of: &dyn Fn(usize) -> String,
) -> Operation {
    let location = |location: Location| format!("{location:?}").to_lowercase();
    let wishes =
        source.parameters.iter().map(|parameter| Wish::parameter(&parameter.name, &location(parameter.location)));
    let names = Scope::setters().assign(&wishes.collect::<Vec<_>>());
    let parameters: Vec<Parameter> =
        source.parameters.iter().zip(names).map(|(source, name)| parameter(source, name)).collect();
    let mut path = Vec::new();
    for piece in &source.pieces {
        match piece {
            Piece::Literal(text) => path.push(PathPart::Literal(percent(text))),
            Piece::Placeholder(name) | Piece::Segments(name) => path.extend(filled(source, name)),
        }
    }
    let constants = source.constants.iter().filter(|constant| !constant.location.is_path());
    Operation {
        name: source.name.value.clone(),
        method_name,
        type_name,
        const_name,
        origin: format!("{}#L{}", path_of(source.name.place.file), source.name.place.line),
        api: source.api,
        method: method(source.method).unwrap_or(Method::Get),
        path_text: Some(one_line(&source.path.value)).filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned()),
        path,
        description: text(source.description),
        constants: constants
            .map(|constant| Constant {
                name: constant.name.value.clone(),
                location: constant.location,
                value: constant.value.clone(),
            })
            .collect(),
        parameters,
        body: source.body.clone(),
        repeat: Repeat::Unacted,
        json_output: source.output_format.is_none_or(|format| format.value.eq_ignore_ascii_case("json")),
    }
}

/// When a call of an operation may be sent again, by the hints of the tools over it and else by its method. Where tools
/// disagree, the cautious one is believed.
fn repeat(method: Method, hints: &[read::Hints]) -> Repeat {
    let any = |says: &dyn Fn(&read::Hints) -> bool| hints.iter().any(says);
    let one_by_one = any(&|hints| hints.idempotent == Some(false));
    if method.is_safe() {
        let changes = any(&|hints| hints.read_only == Some(false) || hints.destructive == Some(true));
        return if changes || one_by_one { Repeat::Never } else { Repeat::Always };
    }
    let idempotent = any(&|hints| hints.idempotent == Some(true) || hints.read_only == Some(true));
    if !one_by_one && (idempotent || method.is_idempotent()) { Repeat::Always } else { Repeat::Unacted }
}

/// What stands in the place of a placeholder: a parameter, or a fixed value.
fn filled(source: &linked::Operation<'_>, name: &str) -> Vec<PathPart> {
    let is = |parameter: &linked::Parameter| parameter.location.is_path() && parameter.name == name;
    if let Some(index) = source.parameters.iter().position(is) {
        return vec![PathPart::Parameter(index)];
    }
    let fixed = source.constants.iter().find(|constant| constant.location.is_path() && constant.name.value == name);
    let parts = fixed.map_or(&[][..], |constant| &constant.value);
    let literal = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => Some(PathPart::Literal(encode(text))),
        TemplatePart::Variable(_) => None,
    };
    parts.iter().filter_map(literal).collect()
}

/// The text of a path with every `%` that begins no encoded byte encoded itself.
fn percent(text: &str) -> String {
    let mut encoded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let hex = after.get(..2).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        encoded.push_str(before);
        encoded.push_str(if hex { "%" } else { "%25" });
        rest = after;
    }
    encoded + rest
}

/// Percent-encodes a fixed value as one segment of a path.
fn encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn parameter(source: &linked::Parameter, rust_name: String) -> Parameter {
    let kind = kind(source.kind.as_ref(), source.location).unwrap_or(Kind::String);
    let empty_object = source.location == Location::Body && source.required && kind == Kind::Object;
    Parameter {
        name: source.wire.clone(),
        rust_name,
        location: source.location,
        kind,
        required: source.required,
        default: empty_object.then(|| "{}".to_owned()),
        description: source.description.as_deref().map(one_line).unwrap_or_default(),
        rules: source.rules.clone(),
    }
}

fn route(source: &linked::Route<'_>, operations: &[Operation]) -> Route {
    Route {
        method: method(source.method).unwrap_or(Method::Get),
        path: template(&source.pieces),
        captures: captures(&source.pieces, &source.call),
        summary: text(source.description),
        call: call::call(&source.call, operations),
    }
}

/// The text of a path or URI with its placeholders as `{name}`, or `{name+}` for several segments.
fn template(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Placeholder(name) => text.push_str(&format!("{{{name}}}")),
            Piece::Segments(name) => text.push_str(&format!("{{{name}+}}")),
        }
    }
    text
}

/// The input that each placeholder feeds.
fn captures(pieces: &[Piece], call: &linked::Call<'_>) -> Vec<Option<usize>> {
    pieces.iter().filter_map(Piece::name).map(|name| call.input_of(name).ok().flatten()).collect()
}

fn text(text: Option<&Text>) -> String {
    text.map(|text| one_line(&text.value)).unwrap_or_default()
}

/// The text with every run of white space and control characters made one blank, without what cannot be seen.
fn one_line(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}
