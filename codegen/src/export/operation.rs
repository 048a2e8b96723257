//! An operation of an exported document.

use naftiko_schema::{
    BodyContent, BodyMember, BodyNode, BodyPart, CONFIGURED, FixedParameter, Format, Kind, Location, Method, Parameter,
    ParameterId, ParameterStyle,
};
use serde_json::{Map, Value, json};

use crate::companion::Bodies;
use crate::companion::json_schema::Definitions;
use crate::companion::shape::{Shape, Use};
use crate::companion::style;
use crate::emit::openapi::{Template, describe, of_kind, with};
use crate::linked::{self, Linked};
use crate::model::Operation;
use crate::template::Piece;

/// The statuses of successful responses without a body (RFC 9110 §15.3).
const BODILESS: [&str; 2] = ["204", "205"];

/// Writes operations and collects the components that they need.
pub(super) struct Exporter<'e> {
    linked: &'e Linked<'e>,
    components: Definitions<'e>,
}

impl<'e> Exporter<'e> {
    pub(super) fn new(linked: &'e Linked<'e>) -> Self {
        Self { linked, components: linked.types.shapes.components() }
    }

    pub(super) fn into_schemas(self) -> Map<String, Value> {
        self.components.into_schemas()
    }

    pub(super) fn operation(
        &mut self,
        source: &linked::Operation<'_>,
        operation: &Operation,
        template: &Template,
        id: &str,
        tag: &str,
    ) -> Value {
        let bodies = self.linked.types.bodies.get(&operation.table.id);
        let summary = Some(operation.description.clone()).filter(|text| !text.is_empty());
        let summary = summary.unwrap_or_else(|| operation.method_name.replace('_', " "));
        let mut described = json!({"operationId": id, "summary": summary, "description": summary, "tags": [tag]});
        if let Some(note) = &source.note {
            described = with(described, "x-naftiko-note", note.as_str().into());
        }
        let parameters = self.parameters(source, operation, template, bodies);
        if !parameters.is_empty() {
            described = with(described, "parameters", parameters.into());
        }
        if let Some(body) = self.body(operation, bodies) {
            described = with(described, "requestBody", body);
        }
        with(described, "responses", self.responses(operation, bodies))
    }

    /// The parameters, first those of the path, and those that the capability fixes.
    fn parameters(
        &mut self,
        source: &linked::Operation<'_>,
        operation: &Operation,
        template: &Template,
        bodies: Option<&Bodies>,
    ) -> Vec<Value> {
        let table = &operation.table.parameters;
        let mut all = Vec::new();
        for (piece, name) in source.pieces.iter().filter_map(Piece::name).zip(&template.names) {
            let mut declared = source.parameters.iter().zip(&**table).enumerate();
            let declared = declared.find(|(_, (own, _))| own.location.is_path() && own.name == piece);
            let fixed = source.constants.iter().find(|own| own.location.is_path() && own.name.value == piece);
            all.push(match (declared, fixed) {
                (Some((index, (_, parameter))), _) => {
                    self.parameter(name, parameter, bodies.and_then(|it| it.parameters.get(&index)))
                }
                (None, fixed) => {
                    let schema = fixed.map_or_else(|| json!({"type": "string"}), |fixed| constant(&fixed.value));
                    json!({"name": name, "in": "path", "required": true, "schema": schema})
                }
            });
        }
        for (index, parameter) in table.iter().enumerate() {
            let has_place = !matches!(parameter.location, Location::Inserted | Location::Credential);
            if has_place && !parameter.location.is_path() && !parameter.location.is_body() {
                all.push(self.parameter(&parameter.name, parameter, bodies.and_then(|it| it.parameters.get(&index))));
            }
        }
        let is_parameter = |fixed: &&FixedParameter| !fixed.location.is_body() && !is_media_type(fixed);
        let mut fixed: Vec<_> = operation.table.fixed.iter().filter(is_parameter).collect();
        while let Some(first) = fixed.first().copied() {
            let is_same = |other: &FixedParameter| other.location == first.location && other.name == first.name;
            // A query parameter may have several values.
            let (same, others): (Vec<_>, Vec<_>) = fixed.into_iter().partition(|other| is_same(other));
            let schema = match same.as_slice() {
                [_] => constant(&first.value),
                several => json!({"type": "array", "items": {"type": "string"}, "minItems": several.len()}),
            };
            let place = first.location.as_str();
            let required = !first.value.has_argument();
            all.push(json!({"name": first.name, "in": place, "required": required, "schema": schema}));
            fixed = others;
        }
        for (name, known, style) in bodies.map(|bodies| bodies.queries.as_slice()).unwrap_or_default() {
            let described = styled(json!({"name": name, "in": "query"}), *style, Location::Query);
            all.push(with(described, "schema", self.components.schema(known)));
        }
        all
    }

    fn parameter(&mut self, name: &str, parameter: &Parameter, known: Option<&Use>) -> Value {
        let mut described = json!({"name": name, "in": parameter.location.as_str(), "required": parameter.required || parameter.location.is_path()});
        describe(&mut described, &parameter.description);
        if let Some(variable) = &parameter.configured {
            described = with(described, CONFIGURED, json!({ "env": variable }));
        }
        // Rules of the capability count before those of its companion.
        let is_same = |values: &[String]| parameter.rules.allowed.iter().eq(values);
        let known = known.filter(|known| match self.linked.types.shapes.get(known.shape) {
            Shape::Enum(of) => is_same(&of.values),
            _ => true,
        });
        let mut schema = match (known, parameter.kind) {
            (Some(known), _) => self.components.schema(known),
            (None, Kind::Any) => json!({}),
            (None, Kind::Array) => json!({"type": "array", "items": {"type": "string"}}),
            (None, kind) => of_kind(kind),
        };
        if let Value::Object(schema) = &mut schema {
            // The parameter has it.
            schema.shift_remove("description");
            if schema.get("$ref").is_none() {
                schema.extend(parameter.rules.keywords());
            }
            if let Some(first) = parameter.counts_from {
                schema.insert("default".to_owned(), first.into());
            }
        }
        let is_object = parameter.kind == Kind::Object || self.is_object(known);
        if is_object && matches!(parameter.kind, Kind::Object | Kind::Any) && parameter.style.is_none() {
            // It travels as JSON.
            return with(described, "content", json!({"application/json": {"schema": schema}}));
        }
        with(styled(described, parameter.style, parameter.location), "schema", schema)
    }

    fn is_object(&self, known: Option<&Use>) -> bool {
        known.is_some_and(|known| matches!(self.linked.types.shapes.get(known.shape), Shape::Map(_) | Shape::Object(_)))
    }

    fn body(&mut self, operation: &Operation, bodies: Option<&Bodies>) -> Option<Value> {
        let table = &operation.table;
        let of_body: Vec<_> = table.parameters.iter().filter(|parameter| parameter.location.is_body()).collect();
        let whole = of_body.iter().find(|parameter| parameter.location == Location::Body);
        let fixed = media_type(operation, "content-type");
        let json = fixed.as_deref().unwrap_or("application/json");
        let (media_type, schema) = match (bodies.and_then(|bodies| bodies.request.as_ref()), &table.body, whole) {
            (Some(known), ..) => {
                let defaults = self.linked.types.defaults(table.id).cloned().unwrap_or_default();
                (json, Some(self.components.request_schema(known, &defaults)))
            }
            (None, Some(body), _) => (&*body.media_type, Some(content(&body.content, &table.parameters))),
            (None, None, Some(whole)) => (json, Some(of_kind(whole.kind)).filter(|_| whole.kind != Kind::Any)),
            (None, None, None) => return None,
        };
        let required = of_body.is_empty() || of_body.iter().any(|parameter| parameter.required);
        let mut body = json!({"required": required});
        describe(&mut body, whole.map_or("", |whole| &whole.description));
        let media = schema.map_or_else(|| json!({}), |schema| json!({ "schema": schema }));
        let encoding = encoding(operation);
        let media = if encoding.is_empty() { media } else { with(media, "encoding", encoding.into()) };
        Some(with(body, "content", with(json!({}), media_type, media)))
    }

    fn responses(&mut self, operation: &Operation, bodies: Option<&Bodies>) -> Value {
        let table = &operation.table;
        let known = bodies.and_then(|bodies| bodies.response.as_ref());
        // Patterns of statuses have capitals.
        let status = bodies.and_then(|bodies| bodies.status.as_deref()).unwrap_or("200").to_ascii_uppercase();
        let status = if status == "DEFAULT" { "default" } else { &status };
        let media = match known {
            Some(known) => Some(json!({"schema": self.components.schema(known)})),
            None if table.method == Method::Head || BODILESS.contains(&status) => None,
            // Without a media type, only the schema says that it is bytes.
            None if table.format == Format::Binary && table.media_type.is_none() => Some(json!({"schema": bytes()})),
            None => Some(json!({})),
        };
        let mut success = json!({"description": "Success."});
        if let Some(media) = media {
            let fixed = media_type(operation, "accept");
            let media_type = fixed.as_deref().or(table.media_type.as_deref()).unwrap_or(table.format.media_type());
            success = with(success, "content", with(json!({}), media_type, media));
        }
        let mut responses = with(json!({}), status, success);
        for (status, known) in bodies.map(|bodies| bodies.failures.as_slice()).unwrap_or_default() {
            let media = json!({"application/json": {"schema": self.components.schema(known)}});
            let status = if status == "default" { status.clone() } else { status.to_ascii_uppercase() };
            responses = with(responses, &status, json!({"description": "The request failed.", "content": media}));
        }
        if responses.get("default").is_none() {
            responses = with(responses, "default", json!({"description": "The request failed."}));
        }
        responses
    }
}

/// Whether a fixed header field says the media type of a body, so that it is no parameter.
fn is_media_type(fixed: &FixedParameter) -> bool {
    let names = ["content-type", "accept"];
    fixed.location == Location::Header && names.iter().any(|name| fixed.name.eq_ignore_ascii_case(name))
}

/// The media type that a fixed header field says.
fn media_type(operation: &Operation, name: &str) -> Option<String> {
    let mut fixed = operation.table.fixed.iter().filter(|fixed| is_media_type(fixed));
    let value = &fixed.find(|fixed| fixed.name.eq_ignore_ascii_case(name))?.value;
    (!value.has_variable() && !value.has_argument()).then(|| value.source(&[]))
}

/// A parameter or the encoding of a field, with its style.
fn styled(described: Value, style: Option<ParameterStyle>, location: Location) -> Value {
    let keywords = style.map(|style| style::keywords(style, location)).unwrap_or_default();
    keywords.into_iter().fold(described, |described, (name, value)| with(described, name, value))
}

/// The schema of bytes.
fn bytes() -> Value {
    json!({"type": "string", "format": "binary"})
}

/// How the fields of a form are written, where that is not the usual way.
fn encoding(operation: &Operation) -> Map<String, Value> {
    let members = match operation.table.body.as_ref().map(|body| &body.content) {
        Some(BodyContent::Form(members)) => members,
        Some(BodyContent::Multipart(parts)) => {
            let of_part =
                |part: &BodyPart| Some((part.name.to_string(), json!({"contentType": part.media_type.as_ref()?})));
            return parts.iter().filter_map(of_part).collect();
        }
        _ => return Map::new(),
    };
    let style = |member: &BodyMember| match &member.value {
        BodyNode::Parameter(id) | BodyNode::Bare(id) | BodyNode::Quoted(id) => operation.table.parameter(*id)?.style,
        _ => None,
    };
    let fields = members.iter().filter_map(|member| Some((member.name.to_string(), style(member)?)));
    fields.map(|(name, style)| (name, styled(json!({}), Some(style), Location::Field))).collect()
}

/// A value that the capability sets.
fn constant(value: &naftiko_schema::Template) -> Value {
    if value.has_variable() || value.has_argument() {
        json!({"type": "string"})
    } else {
        json!({"type": "string", "const": value.source(&[])})
    }
}

/// A body that is made of several parameters.
fn content(content: &BodyContent, parameters: &[Parameter]) -> Value {
    match content {
        BodyContent::Json(node) => self::node(node, parameters),
        BodyContent::Form(members) => object(members, parameters),
        BodyContent::Multipart(parts) => {
            let mut form = object(&parts.iter().map(field).collect::<Vec<_>>(), parameters);
            for part in parts.iter().filter(|part| part.file_name.is_some()) {
                if let Some(schema) = form.pointer_mut("/properties").and_then(|of| of.get_mut(&*part.name)) {
                    as_file(schema);
                }
            }
            form
        }
        BodyContent::Text(_) => json!({"type": "string"}),
        BodyContent::Bytes(_) => json!({}),
    }
}

/// Says that the values of a field, or the items of a list, are bytes.
fn as_file(schema: &mut Value) {
    match schema.get_mut("items") {
        Some(items) => *items = bytes(),
        None => {
            let description = schema.get("description").cloned();
            *schema = match description {
                Some(text) => with(bytes(), "description", text),
                None => bytes(),
            };
        }
    }
}

/// The field of a form that a part is.
fn field(part: &BodyPart) -> BodyMember {
    BodyMember { name: part.name.clone(), value: part.value.clone(), made: None }
}

fn node(node: &BodyNode, parameters: &[Parameter]) -> Value {
    match node {
        BodyNode::Json(text) => json!({"const": serde_json::from_str::<Value>(text).unwrap_or_default()}),
        BodyNode::Parameter(id) | BodyNode::Bare(id) | BodyNode::Quoted(id) => parameters.get(id.index()).map_or_else(
            || json!({}),
            |parameter| {
                let mut schema = of_kind(parameter.kind);
                describe(&mut schema, &parameter.description);
                if let Value::Object(schema) = &mut schema {
                    schema.extend(parameter.rules.keywords());
                }
                schema
            },
        ),
        BodyNode::Text(_) => json!({"type": "string"}),
        BodyNode::Object(members) => object(members, parameters),
        BodyNode::Array(items) => {
            json!({"type": "array", "prefixItems": items.iter().map(|item| self::node(item, parameters)).collect::<Vec<_>>()})
        }
    }
}

fn object(members: &[BodyMember], parameters: &[Parameter]) -> Value {
    let properties: Map<_, _> =
        members.iter().map(|member| (member.name.to_string(), node(&member.value, parameters))).collect();
    let is_required = |id: &ParameterId| parameters.get(id.index()).is_some_and(|parameter| parameter.required);
    let required = members.iter().filter(|member| match &member.value {
        BodyNode::Json(_) => true,
        BodyNode::Parameter(id) | BodyNode::Bare(id) | BodyNode::Quoted(id) => is_required(id),
        _ => false,
    });
    let required: Vec<_> = required.map(|member| &member.name).collect();
    let schema = json!({"type": "object", "properties": properties});
    if required.is_empty() { schema } else { with(schema, "required", json!(required)) }
}
