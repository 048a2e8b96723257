//! Companions: OpenAPI documents that say what the bodies and parameters of a capability's operations are. The capability
//! decides names, paths and hints, and its companion types, limits and texts.

pub(crate) mod document;
mod documents;
pub(crate) mod drift;
mod equal;
pub(crate) mod form;
pub(crate) mod json_schema;
mod keywords;
pub(crate) mod media;
pub(crate) mod overlay;
mod paging;
mod schemas;
pub(crate) mod shape;
pub(crate) mod style;

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::http::percent_decode;
use naftiko_schema::{Body, BodyContent, Kind, Location, OperationId, Pages, ParameterStyle};

pub use self::documents::{Choice, Documents};

use self::document::Document;
use self::json_schema::Style;
use self::schemas::Schemas;
use self::shape::{Enum, Shape, ShapeId, Shapes, Use};
use self::style::style_of;
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Api, Operation, Parameter};
use crate::read::document::{Rules, Text};
use crate::read::relative;
use crate::read::yaml::{self, Node};
use crate::settings;
use crate::template::{Piece, cut, split_path};
use crate::vocabulary::{self, base_uri};

/// How the name of a companion ends.
const ENDINGS: [&str; 3] = [".openapi.yaml", ".openapi.yml", ".openapi.json"];
/// How the name of an overlay ends.
const OVERLAYS: [&str; 3] = [".overlay.yaml", ".overlay.yml", ".overlay.json"];

/// What is known of the bodies of operations.
#[derive(Debug, Default)]
pub(crate) struct Types {
    pub(crate) shapes: Shapes,
    pub(crate) bodies: BTreeMap<OperationId, Bodies>,
    /// Whether requests have to have the members that the companion requires.
    pub(crate) is_verified: bool,
}

/// A query parameter that only a companion has: its name, what it is, and how it is written.
type Query = (String, Use, Option<ParameterStyle>);

/// The bodies of an operation, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    pub(crate) request: Option<Use>,
    pub(crate) response: Option<Use>,
    /// Those of unsuccessful responses, each with its status or pattern of statuses.
    pub(crate) failures: Vec<(String, Use)>,
    /// How the pages of the response follow each other.
    pub(crate) pages: Option<Pages>,
    /// The environment variables that may have members of the request, by the names of the members.
    defaults: BTreeMap<String, String>,
    /// The status of a successful response, such as `201`.
    pub(crate) status: Option<String>,
    /// What the parameters are, by their indices, as far as the companion knows.
    pub(crate) parameters: BTreeMap<usize, Use>,
    /// The query parameters that only the companion has.
    pub(crate) queries: Vec<Query>,
}

impl Bodies {
    /// Everything that is known of values, in the order in which it is read.
    fn uses(&mut self) -> impl Iterator<Item = &mut Use> {
        let queries = self.queries.iter_mut().map(|(_, of, _)| of);
        let parameters = self.parameters.values_mut().chain(queries);
        let failures = self.failures.iter_mut().map(|(_, of)| of);
        parameters.chain(&mut self.request).chain(&mut self.response).chain(failures)
    }
}

impl Types {
    /// Whether a companion has the operation.
    pub(crate) fn describes(&self, operation: OperationId) -> bool {
        self.bodies.contains_key(&operation)
    }

    /// The JSON Schema of the body of an operation's requests.
    pub(crate) fn request_schema(&self, operation: OperationId) -> Option<String> {
        let Bodies { request, defaults, .. } = self.bodies.get(&operation)?;
        Some(self.shapes.request_schema(request.as_ref()?, defaults))
    }

    /// The environment variables that may have members of the body of an operation's requests, by the names of the members.
    pub(crate) fn defaults(&self, operation: OperationId) -> Option<&BTreeMap<String, String>> {
        Some(&self.bodies.get(&operation)?.defaults)
    }

    /// Whether the environment may have a member of a request that is of this shape.
    pub(crate) fn is_configured(&self, shape: ShapeId, member: &str) -> bool {
        let is_of = |bodies: &&Bodies| bodies.request.as_ref().is_some_and(|request| request.shape == shape);
        self.bodies.values().filter(is_of).any(|bodies| bodies.defaults.contains_key(member))
    }

    /// Gives the required members of a request the variables that there are for their names. Those that the companion names
    /// stay.
    pub(crate) fn configure(&mut self, operation: OperationId, variables: &BTreeMap<String, String>) {
        let Some(bodies) = self.bodies.get_mut(&operation) else { return };
        let members: Vec<_> = bodies.request.iter().flat_map(|request| self.shapes.scalars(request)).collect();
        bodies.defaults.retain(|name, _| members.iter().any(|member| member.name == *name));
        for member in members.into_iter().filter(|member| member.is_sent()) {
            if let Some(variable) = variables.get(&member.name) {
                bodies.defaults.entry(member.name.clone()).or_insert_with(|| variable.clone());
            }
        }
    }

    /// The JSON Schema of the body of an operation's responses, which may have further members.
    pub(crate) fn response_schema(&self, operation: OperationId) -> Option<String> {
        Some(self.shapes.schema(self.bodies.get(&operation)?.response.as_ref()?, Style::RESPONSE))
    }
}

/// Whether a path is that of a companion, or of the overlay of one.
pub fn is_companion(path: &str) -> bool {
    ENDINGS.iter().chain(&OVERLAYS).any(|ending| path.ends_with(ending))
}

/// The paths that the companion of a capability may have.
pub fn companion_paths(capability: &str) -> [String; 3] {
    ENDINGS.map(|ending| format!("{}{ending}", stem(capability)))
}

/// The paths that the overlay of a capability's companion may have.
pub fn overlay_paths(capability: &str) -> [String; 3] {
    OVERLAYS.map(|ending| format!("{}{ending}", stem(capability)))
}

fn stem(capability: &str) -> &str {
    capability.rsplit_once('.').map_or(capability, |(stem, _)| stem)
}

/// Joins the operations of a capability with those of its companion, if it has one. Parameters get what the companion knows
/// about them.
pub(crate) fn join(sources: &Sources, apis: &[Api<'_>], operations: &mut [Operation<'_>], sink: &mut Sink) -> Types {
    let Some(root) = open(sources, sink) else { return Types::default() };
    let Some(document) = Document::new(&root) else {
        let message = "this is no OpenAPI document of version 2.0 or 3";
        sink.report(Code::CompanionVersion, root.span, message).help("begin it with `openapi: 3.1.0`");
        return Types::default();
    };
    let described = document.operations();
    let known = Known::new(&document, &described);
    let mut schemas = Schemas::new(&document);
    let mut bodies = BTreeMap::new();
    for (index, operation) in operations.iter_mut().enumerate() {
        let Some(found) = known.find(apis, operation) else {
            let message = format!(
                "the companion has no operation `{} {}`; what its bodies are is unknown",
                operation.method.as_str(),
                operation.path.value
            );
            let report = sink.report(Code::CompanionOperation, operation.name.span, message);
            report.label(root.span, "the companion").help("add the operation to the companion, or correct the path");
            continue;
        };
        let (parameters, queries) = parameters(operation, found, &mut schemas, sink);
        operation.note.clone_from(&found.note);
        style::of_fields(operation, &document.field_styles(&found.entry.value));
        let name = operation.name.value.as_str();
        let request = found.request.map(|schema| schemas.read(schema, sink));
        let has_body =
            operation.body.is_some() || operation.parameters.iter().any(|known| known.location == Location::Body);
        // Schemas of other bodies than JSON are not read.
        let is_json = |body: &Body| matches!(body.content, BodyContent::Json(_));
        let is_other = operation.body.as_ref().is_some_and(|body| !is_json(body));
        let is_described = found.request_type.is_some() || (is_other && document.has_body(&found.entry.value));
        if is_described != has_body {
            let (with, without) = if has_body { ("capability", "companion") } else { ("companion", "capability") };
            let message = format!("only the {with} says that requests of `{name}` have a body, and not the {without}");
            sink.report(Code::CompanionBody, operation.name.span, message)
                .label(found.entry.span, "the operation of the companion");
        }
        let response = found.response.map(|schema| schemas.read(schema, sink));
        let failures = found.failures.iter().map(|(status, schema)| ((*status).to_owned(), schemas.read(schema, sink)));
        let failures = failures.collect();
        let pages = response.as_ref().and_then(|response| paging::pages(operation, found, response, &schemas.shapes));
        let defaults = found.request.map(|schema| schemas.defaults(schema, sink)).unwrap_or_default();
        let (request, status) = (request.filter(|_| has_body), found.status.map(str::to_owned));
        let known = Bodies { request, response, failures, pages, defaults, status, parameters, queries };
        bodies.insert(OperationId::from(index), known);
    }
    let mut shapes = schemas.shapes;
    let roots: Vec<ShapeId> = bodies.values_mut().flat_map(Bodies::uses).map(|of| of.shape).collect();
    let number = shapes.merge_equal(&roots);
    bodies.values_mut().flat_map(Bodies::uses).for_each(|of| of.shape = number(of.shape));
    Types { shapes, bodies, is_verified: document.is_verified() }
}

/// The tree of the companion of the capability that diagnostics are about, with its overlay applied.
fn open(sources: &Sources, sink: &mut Sink) -> Option<Node> {
    let capability = sink.path(0).to_owned();
    let mut paths = companion_paths(&capability).into_iter();
    let Some((path, text)) = paths.find_map(|path| Some((path.clone(), sources.get(&path)?))) else {
        if let Some(path) = overlay_paths(&capability).iter().find(|path| sources.contains_key(*path)) {
            let file = sink.enter(path);
            let message = "there is no companion that this overlay could change";
            let report = sink.report(Code::OverlayTarget, crate::Span::start_of(file), message);
            report.help("add the companion, or remove the overlay");
        }
        return None;
    };
    let root = parsed(sources, path, text, sink)?;
    Some(overlaid(root, sources, &capability, sink))
}

/// A companion, changed by the overlay of the capability if there is one.
fn overlaid(root: Node, sources: &Sources, capability: &str, sink: &mut Sink) -> Node {
    let mut paths = overlay_paths(capability).into_iter();
    let found = paths.find_map(|path| Some((path.clone(), sources.get(&path)?)));
    match found.and_then(|(path, text)| parsed(sources, path, text, sink)) {
        Some(overlay) => overlay::apply(root, &overlay, sink),
        None => root,
    }
}

/// The tree of a companion or an overlay. One that is only a `$ref` is the document at this path, so that capabilities can share it.
fn parsed(sources: &Sources, path: String, text: &str, sink: &mut Sink) -> Option<Node> {
    let file = sink.enter(&path);
    let root = yaml::parse(text, file, sink)?;
    let Some(reference) = root.get("$ref") else { return Some(root) };
    let named = reference.scalar_text().and_then(|named| relative(&path, &named));
    match named.and_then(|named| Some((sources.get(&named)?, named))) {
        Some((text, named)) => {
            let file = sink.enter(&named);
            yaml::parse(text, file, sink)
        }
        None => {
            let message = "the document that this file refers to does not exist";
            sink.report(Code::CompanionVersion, reference.span, message).help("the path is relative to this file");
            None
        }
    }
}

/// The operations of a companion, by method and path. Some paths differ only in the names of their placeholders.
struct Known<'k, 'n> {
    exact: BTreeMap<String, Vec<&'k document::Operation<'n>>>,
    /// By paths in lower case and without the last slash.
    loose: BTreeMap<String, Vec<&'k document::Operation<'n>>>,
    /// By paths with those of the servers.
    whole: BTreeMap<String, Vec<&'k document::Operation<'n>>>,
}

impl<'k, 'n> Known<'k, 'n> {
    fn new(document: &Document<'n>, operations: &'k [document::Operation<'n>]) -> Self {
        let mut known = Self { exact: BTreeMap::new(), loose: BTreeMap::new(), whole: BTreeMap::new() };
        for operation in operations {
            let bases = document.base_paths(operation);
            let key = key(operation.method.as_str(), &pieces(operation.path), operation.path);
            known.loose.entry(loose(&key)).or_default().push(operation);
            for base in &bases {
                let whole = key.replacen(' ', &format!(" /{base}"), 1);
                known.whole.entry(loose(&whole)).or_default().push(operation);
            }
            known.exact.entry(key).or_default().push(operation);
        }
        known
    }

    /// What an operation of a capability is known by: its method and path, without and with the path of the base URI.
    fn keys(apis: &[Api<'_>], operation: &Operation<'_>) -> (String, String) {
        let key = key(operation.method.as_str(), &operation.pieces, &operation.path.value);
        let base = apis.get(operation.api.index()).and_then(|api| base_uri(&api.base_uri?.value).ok().flatten());
        let base = base.and_then(|uri| Some(uri.split_once("://")?.1.split_once('/')?.1.trim_matches('/').to_owned()));
        let whole = key.replacen(' ', &format!(" /{}", base.unwrap_or_default()), 1).replacen("//", "/", 1);
        (key, whole)
    }

    /// The operation of a capability: of several that are known by the same, the first whose placeholders are called the same, or
    /// else the first.
    fn find(&self, apis: &[Api<'_>], operation: &Operation<'_>) -> Option<&'k document::Operation<'n>> {
        let (key, whole) = Self::keys(apis, operation);
        let of = |(key, whole): (&str, &str)| {
            let exact = self.exact.get(key);
            let loose = || [key, whole].into_iter().find_map(|key| self.loose.get(&self::loose(key)));
            exact.or_else(loose).or_else(|| self.whole.get(&self::loose(whole)))
        };
        // A document may have the query of the path as parameters, and no fragment.
        let found = of((&key, &whole)).or_else(|| of((&cut(&key).0, &cut(&whole).0)))?;
        let is_called_the_same = |other: &&&document::Operation<'_>| {
            pieces(other.path).iter().filter_map(Piece::name).eq(operation.pieces.iter().filter_map(Piece::name))
        };
        found.iter().find(is_called_the_same).or(found.first()).copied()
    }
}

/// The pieces of a path in a document, without its query and fragment.
fn pieces(path: &str) -> Vec<Piece> {
    split_path(&cut(path).0).unwrap_or_default()
}

/// A method and a path whose placeholders are all the same, with its query and fragment: some documents tell operations with one
/// path apart by these.
fn key(method: &str, pieces: &[Piece], text: &str) -> String {
    let piece = |piece: &Piece| match piece {
        // A character and its percent-encoding are the same.
        Piece::Literal(text) => percent_decode(text).into_owned(),
        Piece::Placeholder(_) | Piece::Segments(_) => "{}".to_owned(),
    };
    let path: String = pieces.iter().map(piece).collect();
    // Some write `:name` for a placeholder.
    let segment = |segment: &str| {
        if segment.len() > 1 && segment.starts_with(':') { "{}".to_owned() } else { segment.to_owned() }
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let (_, query, fragment) = cut(text);
    let rest = |sign: char, part: Option<String>| part.map(|part| format!("{sign}{part}")).unwrap_or_default();
    let rest = rest('?', query) + &rest('#', fragment);
    format!("{method} {slash}{}{rest}", path.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

fn loose(key: &str) -> String {
    key.trim_end_matches('/').to_ascii_lowercase()
}

/// Gives parameters what the companion knows about them, and reports those that only one side has. Returns what they are, by
/// their indices.
fn parameters<'n>(
    operation: &mut Operation<'_>,
    found: &document::Operation<'n>,
    schemas: &mut Schemas<'n>,
    sink: &mut Sink,
) -> (BTreeMap<usize, Use>, Vec<Query>) {
    let (mut uses, mut queries) = (BTreeMap::new(), Vec::new());
    let mut described: BTreeSet<(&str, Location)> = BTreeSet::new();
    let positions = positions(operation, found);
    for (index, parameter) in operation.parameters.iter_mut().enumerate() {
        let location = if parameter.location.is_path() { Location::Path } else { parameter.location };
        if location.is_body() {
            continue;
        }
        let by_position = || positions.get(&parameter.name).and_then(|name| found.parameter(name, location));
        let other = found.parameter(&parameter.wire, location).or_else(|| by_position().filter(|_| location.is_path()));
        match other {
            Some(other) => {
                described.insert((other.name.as_str(), location));
                uses.insert(index, describe(parameter, other, schemas, sink));
            }
            // The names in paths are of no importance.
            None if location == Location::Path => {}
            None => {
                let message = format!("the companion has no {} parameter `{}`", location.as_str(), parameter.wire);
                let report = sink.report(Code::CompanionParameter, parameter.span, message);
                report.label(found.entry.span, "the operation of the companion");
            }
        }
    }
    let fixed: BTreeSet<&str> = operation.constants.iter().map(|constant| constant.name.value.as_str()).collect();
    for other in &found.parameters {
        let is_known =
            described.contains(&(other.name.as_str(), other.location)) || fixed.contains(other.name.as_str());
        if !is_known && matches!(other.location, Location::Query) {
            let message = format!(
                "the companion has the query parameter `{}` of `{}`, and the capability has not",
                other.name, operation.name.value
            );
            sink.report(Code::CompanionParameter, operation.name.span, message).label(other.node.span, "the parameter");
            let read = schemas.read(other.schema, sink);
            let style = style_of(schemas.shapes.get(read.shape), &other.styles);
            queries.push((other.name.clone(), read, style));
        }
    }
    (uses, queries)
}

/// The names that the companion has for placeholders, by those of the capability, where both have as many.
fn positions(operation: &Operation<'_>, found: &document::Operation<'_>) -> BTreeMap<String, String> {
    let names = |pieces: &[Piece]| pieces.iter().filter_map(Piece::name).map(str::to_owned).collect::<Vec<_>>();
    let (own, others) = (names(&operation.pieces), names(&pieces(found.path)));
    if own.len() != others.len() {
        return BTreeMap::new();
    }
    // One that only changed its position is known by its name.
    own.iter().cloned().zip(others).filter(|(_, other)| !own.contains(other)).collect()
}

fn describe<'n>(
    parameter: &mut Parameter,
    other: &document::Parameter<'n>,
    schemas: &mut Schemas<'n>,
    sink: &mut Sink,
) -> Use {
    let read = schemas.read(other.schema, sink);
    let shape = schemas.shapes.get(read.shape);
    let style = style_of(shape, &other.styles);
    let kind = match shape {
        Shape::Boolean => Some(Kind::Boolean),
        Shape::Integer => Some(Kind::Integer),
        Shape::Number => Some(Kind::Number),
        Shape::Text(_) => Some(Kind::String),
        Shape::Enum(Enum { values, .. }) if values.iter().all(|value| value.starts_with('"')) => Some(Kind::String),
        Shape::List(_) => Some(Kind::Array),
        // Where a capability says what it sends, it may be the text of an object.
        Shape::Map(_) | Shape::Object(_) if parameter.kind.is_none() => style.map(|_| Kind::Object),
        // Some of the values may be objects or arrays.
        Shape::Any | Shape::Union(_) if parameter.kind.is_none() => style.map(|_| Kind::Any),
        Shape::Enum(_) | Shape::Any | Shape::Map(_) | Shape::Object(_) | Shape::Union(_) => None,
    };
    let own = vocabulary::kind(parameter.kind.as_ref());
    if let Some(kind) = kind.filter(|kind| own != Some(*kind) || parameter.kind.is_none()) {
        parameter.kind = Some(Text { value: kind.as_str().to_owned(), span: parameter.span });
    }
    let own = vocabulary::kind(parameter.kind.as_ref());
    parameter.style = style.filter(|_| matches!(own, Some(Kind::Array | Kind::Object | Kind::Any)));
    if parameter.rules.is_empty() {
        let (format, allowed) = match shape {
            Shape::Text(format) => (format.as_deref(), &[][..]),
            Shape::Enum(Enum { values, .. }) => (None, values.as_slice()),
            _ => (None, &[][..]),
        };
        parameter.rules = Rules::of_limits(&read.limits, format, allowed);
    }
    if other.location == Location::Query {
        parameter.counts_from = paging::counts_from(&other.name, schemas.followed(other.schema), &read.limits);
    }
    parameter.configured = settings::of_companion(other.node, sink);
    let text =
        [other.node, other.schema].into_iter().find_map(|node| node.get("description").and_then(Node::scalar_text));
    if parameter.description.as_deref().unwrap_or_default().is_empty() {
        parameter.description = text;
    }
    read
}
