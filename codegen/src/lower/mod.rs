//! The fourth stage: from the linked document to the [`Model`]. Every decision falls here, names included.

mod call;
mod output;

use crate::linked::{self, Credential, Linked};
use crate::model::{
    Api, Authentication, Constant, Hints, Kind, Location, Mcp, Method, Model, Operation, Parameter, PathPart, Rest,
    Route, TemplatePart, Tool,
};
use crate::names::{Scope, fold, operation_words};
use crate::read::document::Text;
use crate::template::Piece;
use crate::vocabulary::{base_uri, is_invisible, kind, method};

/// Lowers a document that has no errors.
pub(crate) fn lower(linked: &Linked<'_>, crate_name: &str, spec: &str) -> Model {
    let document = linked.document;
    let (mut methods, mut types, mut consts) = (Scope::client_methods(), Scope::client_types(), Scope::constants());
    let operations: Vec<Operation> = linked
        .operations
        .iter()
        .map(|source| {
            let words = operation_words(&source.name.value, &source.path.value);
            operation(source, methods.snake(&words), types.camel(&words), consts.shouty(&words))
        })
        .collect();
    let title = Some(text(document.title.as_ref())).filter(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| crate_name.to_owned());
    Model {
        crate_name: crate_name.to_owned(),
        spec: spec.to_owned(),
        title,
        description: text(document.description.as_ref()),
        variables: linked.variables.clone(),
        apis: linked.apis.iter().map(api).collect(),
        rest: document.rest.first().filter(|_| !linked.routes.is_empty()).map(|adapter| Rest {
            port: adapter.port.unwrap_or(8080),
            routes: linked.routes.iter().map(|source| route(source, &operations)).collect(),
        }),
        mcp: document.mcp.first().filter(|_| !linked.tools.is_empty()).map(|adapter| Mcp {
            port: adapter.port.unwrap_or(9090),
            description: text(adapter.description.as_ref()),
            tools: linked.tools.iter().map(|source| tool(source, &operations)).collect(),
        }),
        operations,
    }
}

fn api(source: &linked::Api<'_>) -> Api {
    let uri = source.source.base_uri.as_ref().and_then(|uri| base_uri(&uri.value).ok().flatten());
    let authentication = match &source.credential {
        None | Some(Credential::Unsupported) => Authentication::None,
        Some(Credential::Header { name, value }) => {
            Authentication::Header { name: name.value.clone(), value: value.clone() }
        }
        Some(Credential::Query { name, value }) => {
            Authentication::Query { name: name.value.clone(), value: value.clone() }
        }
        Some(Credential::Bearer { token }) => Authentication::Bearer { token: token.clone() },
        Some(Credential::Basic { username, password }) => {
            Authentication::Basic { username: username.clone(), password: password.clone() }
        }
    };
    Api { namespace: source.source.namespace.value.clone(), base_uri: uri, authentication }
}

fn operation(source: &linked::Operation<'_>, method_name: String, type_name: String, const_name: String) -> Operation {
    let mut names = Scope::setters();
    let parameters: Vec<Parameter> = source.parameters.iter().map(|source| parameter(source, &mut names)).collect();
    let constant = |name: &str| {
        let found = source.constants.iter().find(|c| c.location == Location::Path && c.name.value == name)?;
        Some(found.value.clone())
    };
    let mut path = Vec::new();
    for piece in &source.pieces {
        match piece {
            Piece::Literal(text) => path.push(PathPart::Literal(text.clone())),
            Piece::Placeholder(name) => {
                let is = |parameter: &Parameter| parameter.location == Location::Path && parameter.name == *name;
                match (parameters.iter().position(is), constant(name)) {
                    (Some(index), _) => path.push(PathPart::Parameter(index)),
                    (None, Some(value)) => path.extend(value.into_iter().filter_map(|part| match part {
                        TemplatePart::Literal(text) => Some(PathPart::Literal(encode(&text))),
                        TemplatePart::Variable(_) => None,
                    })),
                    (None, None) => {}
                }
            }
        }
    }
    let constants = source.constants.iter().filter(|constant| constant.location != Location::Path);
    Operation {
        name: source.name.value.clone(),
        method_name,
        type_name,
        const_name,
        line: source.name.place.line,
        api: source.api,
        method: method(source.method).unwrap_or(Method::Get),
        path_text: source.path.value.clone(),
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
        json_output: source.output_format.is_none_or(|format| format.value.eq_ignore_ascii_case("json")),
    }
}

/// Percent-encodes a fixed value as one segment of a path.
fn encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn parameter(source: &linked::Parameter, names: &mut Scope) -> Parameter {
    let kind = kind(source.kind.as_ref(), source.location).unwrap_or(Kind::String);
    let empty_object = source.location == Location::Body && source.required && kind == Kind::Object;
    Parameter {
        name: source.name.clone(),
        rust_name: names.snake(&source.name),
        location: source.location,
        kind,
        required: source.required,
        default: empty_object.then(|| "{}".to_owned()),
        description: source.description.as_deref().map(one_line).unwrap_or_default(),
    }
}

fn route(source: &linked::Route<'_>, operations: &[Operation]) -> Route {
    let mut path = String::new();
    let mut captures = Vec::new();
    for piece in &source.pieces {
        match piece {
            Piece::Literal(text) => path.push_str(text),
            Piece::Placeholder(name) => {
                let is =
                    |input: &linked::Parameter| input.location == Location::Path && fold(&input.name) == fold(name);
                captures.push(source.call.inputs.iter().position(is));
                path.push_str(&format!("{{{name}}}"));
            }
        }
    }
    Route {
        method: method(source.method).unwrap_or(Method::Get),
        path,
        captures,
        summary: text(source.description),
        call: call::call(&source.call, operations),
    }
}

fn tool(source: &linked::Tool<'_>, operations: &[Operation]) -> Tool {
    let operation = operations.get(source.call.operation);
    let method = operation.map_or(Method::Post, |operation| operation.method);
    let described = operation.map(|operation| operation.description.clone()).filter(|text| !text.is_empty());
    let humanised = || source.name.value.replace(['-', '_', '.'], " ");
    let description =
        Some(text(source.description)).filter(|text| !text.is_empty()).or(described).unwrap_or_else(humanised);
    let title = source.title.map(|title| one_line(&title.value));
    let short = |text: &String| text.chars().count() <= 60;
    Tool {
        name: source.name.value.clone(),
        title: title.or_else(|| Some(description.clone()).filter(short)).unwrap_or_else(humanised),
        description,
        hints: Hints {
            read_only: source.hints.read_only.unwrap_or(method.is_safe()),
            destructive: source.hints.destructive.unwrap_or(!source.hints.read_only.unwrap_or(method.is_safe())),
            idempotent: source.hints.idempotent.unwrap_or(method.is_idempotent()),
            open_world: source.hints.open_world.unwrap_or(true),
        },
        call: call::call(&source.call, operations),
    }
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
