//! The fourth stage: from the linked document to the [`Model`]. Every remaining decision is made here, names included.

mod adapters;
mod binding;
mod defaults;
mod flow;
mod mcp;
mod meaning;
mod models;
mod output;
mod rest;
mod skills;

use std::collections::BTreeMap;
use std::sync::Arc;

use naftiko_schema::http::percent_encode;
use naftiko_schema::{
    Api, Capability, FixedParameter, FlowId, Format, InputId, Kind, List, Location, Method, OperationId, Parameter,
    ParameterId, PathPart, Ref, RetrySafety, TemplatePart,
};

use crate::companion::Types;
use crate::diagnostic::Span;
use crate::linked::{self, Linked, Target};
use crate::model::{Flow, Model, Operation, Part, Setter};
use crate::names::{Scope, Wish};
use crate::percent::encode_rest;
use crate::read::document::{self as read, Text};
use crate::template::Piece;
use crate::vocabulary::{base_uri, is_invisible, is_printed, kind};

/// Lowers a document that has no errors. `path` is that of the capability; `origin_of` gives the file and line of a span.
pub(crate) fn lower(linked: &Linked<'_>, crate_name: &str, path: &str, origin_of: &dyn Fn(Span) -> String) -> Model {
    let document = linked.document;
    let (apis, parts) = apis(linked);
    let title = Some(text(document.info.title.as_ref())).filter(|title| !title.is_empty());
    let capability = Capability {
        name: crate_name.to_owned().into(),
        title: title.unwrap_or_else(|| crate_name.to_owned()).into(),
        // The version of a crate is that of its workspace, and so the compiler's.
        version: env!("CARGO_PKG_VERSION").into(),
        description: text(document.info.description.as_ref()).into(),
        apis: apis.into(),
        variables: linked.variables.clone(),
        defaults: Vec::new().into(),
    };
    let mut operations = operations(linked, origin_of);
    let capability = Capability { defaults: defaults::lower(&linked.types, &operations).into(), ..capability };
    let types = models::lower(&linked.types, &mut operations);
    let flows = flow::lower(linked, &operations);
    let by_id = Callables { operations: &operations, flows: &flows };
    let (adapters, paths) = adapters::lower(linked, &capability, &by_id);
    let modules = adapters::modules(&adapters);
    // Comments of all languages hold the path.
    let spec = path.split('/').map(percent_encode).collect::<Vec<_>>().join("/");
    Model { spec, capability, parts, operations, flows, adapters, modules, paths, types }
}

fn shared<T>(table: T) -> Ref<T> {
    Ref::Shared(Arc::new(table))
}

/// What can be called, by its ids.
struct Callables<'o> {
    operations: &'o [Operation],
    flows: &'o [Flow],
}

#[expect(clippy::indexing_slicing, reason = "`resolve` makes ids only of what the linked document has")]
impl<'o> Callables<'o> {
    fn operation(&self, id: OperationId) -> &'o Operation {
        &self.operations[id.index()]
    }

    fn flow(&self, id: FlowId) -> &'o Flow {
        &self.flows[id.index()]
    }
}

fn apis(linked: &Linked<'_>) -> (Vec<Api>, Vec<Part>) {
    let apis = linked.apis.iter().map(|source| Api {
        namespace: source.name.clone().into(),
        base_uri: source.base_uri.and_then(|uri| base_uri(&uri.value).ok().flatten()).map(Into::into),
        credentials: source.credentials.clone().into(),
    });
    if linked.apis.len() < 2 {
        return (apis.collect(), Vec::new());
    }
    let wishes: Vec<Wish> = linked.apis.iter().map(|api| Wish::parameter(&api.name, "api")).collect();
    let parts = Scope::modules()
        .assign(&wishes)
        .into_iter()
        .map(|name| Part { feature: format!("api-{}", name.replace('_', "-")), module: format!("api_{name}") });
    (apis.collect(), parts.collect())
}

fn operations(linked: &Linked<'_>, origin_of: &dyn Fn(Span) -> String) -> Vec<Operation> {
    let wishes: Vec<Wish> = linked.operations.iter().map(|operation| wish(linked, operation)).collect();
    let methods = Scope::client_methods().assign(&wishes);
    let types = Scope::client_types().assign(&wishes);
    let scopes = (Scope::setters(), Scope::constants());
    let constants = scopes.1.assign(&wishes);
    let names = methods.into_iter().zip(types).zip(constants);
    let mut hints: BTreeMap<OperationId, Vec<read::Hints>> = BTreeMap::new();
    for tool in &linked.tools {
        // The hints of a flow say nothing about one of its calls.
        if let Target::Operation(id) = tool.call.target {
            hints.entry(id).or_default().push(tool.hints);
        }
    }
    let operations = linked.operations.iter().zip(names).enumerate();
    let operations = operations.map(|(index, (source, ((method_name, type_name), const_name)))| {
        let id = OperationId::from(index);
        let hints = hints.get(&id).map_or(&[][..], Vec::as_slice);
        let path_text = one_line(&source.path.value);
        Operation {
            table: Arc::new(operation(&linked.types, source, id, hints)),
            description: text(source.description),
            note: source.note.as_deref().map(one_line).unwrap_or_default(),
            method_name,
            type_name,
            const_name,
            setters: setters(&source.parameters, &scopes),
            origin: origin_of(source.name.span),
            path_text: if path_text.is_empty() { "/".to_owned() } else { path_text },
            request: None,
            response: None,
            failures: Vec::new(),
        }
    });
    operations.collect()
}

fn wish(linked: &Linked<'_>, operation: &linked::Operation<'_>) -> Wish {
    let namespace = linked.apis.get(operation.api.index()).map_or("", |api| api.name.as_str());
    Wish::operation(namespace, &operation.name.value, operation.method.as_str(), &operation.path.value)
}

/// The setters of an operation, of the scope of setters and of that of constants.
fn setters(parameters: &[linked::Parameter], (setters, constants): &(Scope, Scope)) -> Vec<Setter> {
    let location = |location: Location| match location {
        Location::Segments => "segments",
        Location::Field => "field",
        Location::Inserted | Location::Credential => "value",
        other => other.as_str(),
    };
    let wishes = parameters.iter().map(|parameter| Wish::parameter(&parameter.name, location(parameter.location)));
    let wishes: Vec<Wish> = wishes.collect();
    let names = setters.assign(&wishes).into_iter().zip(constants.assign(&wishes));
    names.map(|(name, id_name)| Setter { name, id_name }).collect()
}

fn operation(
    types: &Types,
    source: &linked::Operation<'_>,
    id: OperationId,
    hints: &[read::Hints],
) -> naftiko_schema::Operation {
    let method = source.method;
    let (parameters, constants) = in_path(source);
    let mut path = Vec::new();
    for piece in &source.pieces {
        match piece {
            Piece::Literal(text) => path.push(PathPart::Literal(encode_rest(text, |_| true).into())),
            Piece::Placeholder(name) | Piece::Segments(name) => match constants.get(name.as_str()) {
                Some(constant) => path.extend(constant.value.parts.iter().map(path_part)),
                None => path.extend(parameters.get(name.as_str()).map(|id| PathPart::Parameter(*id))),
            },
        }
    }
    let fixed = source.constants.iter().filter(|constant| !constant.location.is_path());
    let fixed = fixed.map(|constant| FixedParameter {
        name: constant.name.value.clone().into(),
        location: constant.location,
        value: constant.value.clone(),
    });
    naftiko_schema::Operation {
        id,
        name: source.name.value.clone().into(),
        api: source.api,
        method,
        retry_safety: retry_safety(method, hints),
        path: path.into(),
        parameters: source.parameters.iter().map(parameter).collect(),
        fixed: fixed.collect(),
        credentials: source.credentials.clone().into(),
        body: source.body.clone(),
        format: source.format.as_ref().ok().cloned().unwrap_or(Format::Any),
        media_type: source.output_media_type.map(|text| text.value.clone().into()),
        response_limit: source.limit,
        response_fields: source.output_headers.iter().map(|name| name.clone().into()).collect(),
        lenient: !types.is_verified && types.request_schema(id).is_some(),
        request_schema: types.request_schema(id).map(Into::into),
        response_schema: types.response_schema(id).map(Into::into),
        pages: types.bodies.get(&id).and_then(|bodies| bodies.pages.clone()),
    }
}

/// When a call of an operation may be sent again, by the hints of the tools over it and else by its method. Where tools
/// disagree, the cautious one is believed.
fn retry_safety(method: Method, hints: &[read::Hints]) -> RetrySafety {
    let any = |says: &dyn Fn(&read::Hints) -> bool| hints.iter().any(says);
    let one_by_one = any(&|hints| hints.idempotent == Some(false));
    if method.is_safe() {
        let changes = any(&|hints| hints.read_only == Some(false) || hints.destructive == Some(true));
        return if changes || one_by_one { RetrySafety::Never } else { RetrySafety::Idempotent };
    }
    let idempotent = any(&|hints| hints.idempotent == Some(true) || hints.read_only == Some(true));
    if !one_by_one && (idempotent || method.is_idempotent()) {
        RetrySafety::Idempotent
    } else {
        RetrySafety::OnlyIfNotProcessed
    }
}

/// What replaces placeholders, by name: parameters, and fixed values. Of several of one name, the first counts.
fn in_path<'o>(
    source: &'o linked::Operation<'_>,
) -> (BTreeMap<&'o str, ParameterId>, BTreeMap<&'o str, &'o linked::Constant>) {
    let parameters = source.parameters.iter().enumerate().filter(|(_, parameter)| parameter.location.is_path());
    let parameters = parameters.rev().map(|(index, parameter)| (parameter.name.as_str(), ParameterId::from(index)));
    let constants = source.constants.iter().filter(|constant| constant.location.is_path());
    (parameters.collect(), constants.rev().map(|constant| (constant.name.value.as_str(), constant)).collect())
}

fn path_part(part: &TemplatePart) -> PathPart {
    match part {
        TemplatePart::Literal(text) => PathPart::Literal(percent_encode(text).into_owned().into()),
        TemplatePart::Variable(id) => PathPart::Variable(*id),
        TemplatePart::Parameter(id) => PathPart::Parameter(*id),
    }
}

fn parameter(source: &linked::Parameter) -> Parameter {
    let kind = kind(source.kind.as_ref()).unwrap_or(Kind::String);
    let empty_object = source.location == Location::Body && source.required && kind == Kind::Object;
    Parameter {
        name: source.wire.clone().into(),
        location: source.location,
        kind,
        required: source.required,
        default: empty_object.then(|| "{}".into()),
        description: source.description.as_deref().map(one_line).unwrap_or_default().into(),
        rules: source.rules.of(kind, source.location.is_body()),
        configured: source.configured.clone().map(Into::into),
        style: source.style,
        counts_from: source.counts_from,
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
fn captures(pieces: &[Piece], call: &linked::Call<'_>) -> List<Option<InputId>> {
    call.inputs_of(pieces).into_iter().map(|(_, input)| input.ok().flatten()).collect()
}

/// A text, and after it a note as a sentence of its own.
fn with_note(text: String, note: &str) -> String {
    match (text.as_str(), note) {
        (_, "") => text,
        ("", note) => note.to_owned(),
        (text, note) if text.ends_with(['.', '!', '?']) => format!("{text} {note}"),
        (text, note) => format!("{text}. {note}"),
    }
}

fn text(text: Option<&Text>) -> String {
    text.map(|text| one_line(&text.value)).unwrap_or_default()
}

/// The first sentence of a line, which does not end after `e.g.` and the like.
pub(crate) fn first_sentence(line: &str) -> &str {
    let is_end = |at: &usize| {
        let before = line.get(..*at).unwrap_or_default();
        !["e.g", "i.e"].iter().any(|short| before.ends_with(short))
    };
    let end = line.match_indices(". ").map(|(at, _)| at).find(is_end);
    line.get(..end.map_or(line.len(), |at| at + 1)).unwrap_or(line)
}

/// The text with every run of white space and control characters made one blank, without what cannot be seen.
fn one_line(text: &str) -> String {
    if is_printed(text) && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ") {
        return text.to_owned();
    }
    let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_do_not_end_after_abbreviations() {
        for (line, sentence) in [
            ("List users (e.g. admins). Or all.", "List users (e.g. admins)."),
            ("One, i.e. the first", "One, i.e. the first"),
            ("Version 1.2. New.", "Version 1.2."),
            ("", ""),
        ] {
            assert_eq!(first_sentence(line), sentence);
        }
    }
}
