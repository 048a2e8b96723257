//! JSON Schema of shapes, for tables, comparisons and documents.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::CONFIGURED;
use serde_json::{Map, Value};

use super::shape::{Access, Component, Enum, Member, Object, Shape, ShapeId, Shapes, Tag, Use};

/// Of a schema with more schemas inside than this, what is in several places is defined once. Without this, documents whose
/// objects share others make schemas of megabytes.
const MAX_INLINE: usize = 500;

/// What a JSON Schema says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    objects: Objects,
    has_texts: bool,
    /// Which shapes are defined by name, and how references to them begin.
    defined: Defined,
}

/// Which objects may have further members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objects {
    /// Those of which the companion says it. Others say that they may not.
    Closed,
    /// All; none says anything.
    Open,
    /// Those of which the companion says it. Others say nothing, as in the companion.
    AsRead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Defined {
    /// Those that contain themselves, in the schema.
    Recursive,
    /// Also those that a companion has a name for, in a document.
    Components,
}

impl Style {
    /// For requests, whose members are all known.
    pub(crate) const REQUEST: Self = Self { objects: Objects::Closed, has_texts: true, defined: Defined::Recursive };
    /// For responses, which may have members that are new.
    pub(crate) const RESPONSE: Self = Self { objects: Objects::Open, ..Self::REQUEST };
    /// For comparisons: without texts for readers.
    pub(crate) const BARE: Self = Self { has_texts: false, ..Self::REQUEST };
    /// For a document that can be a companion.
    const DOCUMENT: Self = Self { objects: Objects::AsRead, has_texts: true, defined: Defined::Components };
}

impl Defined {
    /// How references begin.
    fn prefix(self) -> &'static str {
        match self {
            Self::Recursive => "#/$defs/",
            Self::Components => "#/components/schemas/",
        }
    }
}

impl Shapes {
    /// The JSON Schema of a value, as JSON text (JSON Schema 2020-12). Shapes that contain themselves are under `$defs`.
    pub(crate) fn schema(&self, of: &Use, style: Style) -> String {
        self.document(of, style).to_string()
    }

    fn document(&self, of: &Use, style: Style) -> Value {
        let mut definitions = Definitions::new(self, style);
        if self.size(of.shape, &mut BTreeMap::new()) > MAX_INLINE {
            definitions.shared = self.repeated(of.shape);
        }
        let mut schema = definitions.schema(of);
        if let Some(schema) = schema.as_object_mut()
            && !definitions.known.is_empty()
        {
            schema.insert("$defs".to_owned(), definitions.known.into());
        }
        schema
    }

    /// The JSON Schema of the body of a request. Members that the environment may have say so.
    pub(crate) fn request_schema(&self, of: &Use, defaults: &BTreeMap<String, String>) -> String {
        let mut schema = self.document(of, Style::REQUEST);
        configure(&mut schema, defaults);
        schema.to_string()
    }

    /// The components of a document, which get what its schemas refer to.
    pub(crate) fn components(&self) -> Definitions<'_> {
        Definitions::new(self, Style::DOCUMENT)
    }

    /// The shapes inside a shape.
    pub(super) fn inside(&self, id: ShapeId) -> Vec<ShapeId> {
        match self.get(id) {
            Shape::Object(object) => {
                object.members.iter().map(|member| &member.value).chain(&object.others).map(|of| of.shape).collect()
            }
            Shape::List(of) | Shape::Map(of) => vec![of.shape],
            Shape::Union(variants) => variants.iter().map(|of| of.shape).collect(),
            _ => Vec::new(),
        }
    }

    /// How many schemas a schema has inside, if only shapes that contain themselves are defined by name.
    fn size(&self, id: ShapeId, known: &mut BTreeMap<ShapeId, usize>) -> usize {
        if let Some(size) = known.get(&id) {
            return *size;
        }
        // A shape that contains itself is a reference inside itself.
        known.insert(id, 1);
        let size = self.inside(id).into_iter().fold(1, |sum: usize, id| sum.saturating_add(self.size(id, known)));
        known.insert(id, size);
        size
    }

    /// The objects and unions that are in several places of a shape.
    fn repeated(&self, id: ShapeId) -> BTreeSet<ShapeId> {
        let (mut seen, mut repeated, mut open) = (BTreeSet::from([id]), BTreeSet::new(), vec![id]);
        while let Some(id) = open.pop() {
            for inside in self.inside(id) {
                if seen.insert(inside) {
                    open.push(inside);
                } else if matches!(self.get(inside), Shape::Object(_) | Shape::Union(_)) {
                    repeated.insert(inside);
                }
            }
        }
        repeated
    }
}

/// Schemas, and the shapes that they refer to.
pub(crate) struct Definitions<'s> {
    shapes: &'s Shapes,
    style: Style,
    /// What is defined by name although it does not contain itself.
    shared: BTreeSet<ShapeId>,
    /// Their names, which other shapes of the companion do not change.
    names: BTreeMap<ShapeId, String>,
    known: Map<String, Value>,
}

impl<'s> Definitions<'s> {
    fn new(shapes: &'s Shapes, style: Style) -> Self {
        Self { shapes, style, shared: BTreeSet::new(), names: BTreeMap::new(), known: Map::new() }
    }

    /// The definitions, by name.
    pub(crate) fn into_schemas(self) -> Map<String, Value> {
        self.known
    }

    /// The JSON Schema of a value.
    pub(crate) fn schema(&mut self, of: &Use) -> Value {
        let mut schema = match self.name_of(of) {
            Some(name) => {
                let reference = format!("{}{}", self.style.defined.prefix(), self.definition(of.shape, name));
                Map::from_iter([("$ref".to_owned(), reference.into())])
            }
            None => self.keywords(of.shape),
        };
        if of.nullable {
            schema = nullable(schema);
        }
        for (keyword, limit) in &of.limits {
            schema.insert(keyword.clone(), json(limit));
        }
        if of.is_unsigned && self.style.objects == Objects::AsRead {
            schema.insert("format".to_owned(), "uint64".into());
        }
        if of.secret {
            schema.insert("x-naftiko-secret".to_owned(), true.into());
        }
        if self.style.has_texts && !of.description.0.is_empty() && !self.repeats(of) {
            schema.insert("description".to_owned(), of.description.0.clone().into());
        }
        Value::Object(schema)
    }

    /// The schema of the body of a request, of which the environment may have members.
    pub(crate) fn request_schema(&mut self, of: &Use, defaults: &BTreeMap<String, String>) -> Value {
        let mut schema = self.schema(of);
        let reference = schema.get("$ref").and_then(Value::as_str);
        let component = reference.and_then(|reference| reference.strip_prefix(self.style.defined.prefix()));
        match component.and_then(|name| self.known.get_mut(name)) {
            Some(component) => configure(component, defaults),
            None => configure(&mut schema, defaults),
        }
        schema
    }

    /// What a shape is called where it is defined by name.
    fn name_of(&self, of: &Use) -> Option<&'s str> {
        let recursive = self.shapes.recursive(of.shape);
        let component = self.shapes.component(of.shape);
        if self.style.defined == Defined::Recursive {
            let name = || component.map_or("Shape", |component| component.name.as_str());
            return recursive.or_else(|| self.shared.contains(&of.shape).then(name));
        }
        let is_named = matches!(self.shapes.get(of.shape), Shape::Object(_) | Shape::Enum(_) | Shape::Union(_));
        // A reference means the description of the component, unless there is one beside it.
        let has_text = |component: &&Component| !of.description.0.is_empty() || component.description.0.is_empty();
        let named =
            component.filter(|_| recursive.is_some() || is_named).filter(|it| recursive.is_some() || has_text(it));
        named.map(|component| component.name.as_str()).or(recursive)
    }

    /// Whether a use of a component has its description.
    fn repeats(&self, of: &Use) -> bool {
        let is_same = |component: &Component| component.description.0 == of.description.0;
        self.style.defined == Defined::Components
            && self.name_of(of).is_some()
            && self.shapes.component(of.shape).is_some_and(is_same)
    }

    /// The name of a definition, which is made for the first reference.
    fn definition(&mut self, id: ShapeId, name: &str) -> String {
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        // OpenAPI 3.1, "Components Object".
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let plain: String = name.chars().filter(is_plain).collect();
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let mut names = [plain.clone()].into_iter().filter(|name| !name.is_empty()).chain(numbered);
        let name = names.find(|name| !self.known.contains_key(name)).unwrap_or_default();
        self.names.insert(id, name.clone());
        self.known.insert(name.clone(), Value::Null);
        let mut schema = self.keywords(id);
        if let Some(component) = self.shapes.component(id).filter(|_| self.style.defined == Defined::Components) {
            // What could not have the name of its component is called like it in Rust all the same.
            if component.is_chosen || name != plain {
                schema.insert("x-naftiko-name".to_owned(), component.name.clone().into());
            }
            if !component.description.0.is_empty() {
                schema.insert("description".to_owned(), component.description.0.clone().into());
            }
        }
        self.known.insert(name.clone(), schema.into());
        name
    }

    fn keywords(&mut self, id: ShapeId) -> Map<String, Value> {
        let shapes = self.shapes;
        let typed = |name: &str| Map::from_iter([("type".to_owned(), Value::from(name))]);
        match shapes.get(id) {
            Shape::Any => Map::new(),
            Shape::Boolean => typed("boolean"),
            Shape::Integer => typed("integer"),
            Shape::Number => typed("number"),
            Shape::Text(format) => {
                let mut schema = typed("string");
                schema.extend(format.iter().map(|format| ("format".to_owned(), format.clone().into())));
                schema
            }
            Shape::Enum(Enum { values, is_closed }) => {
                let is_text = values.iter().all(|value| value.starts_with('"'));
                let mut schema = if is_text { typed("string") } else { Map::new() };
                schema.insert("enum".to_owned(), values.iter().map(|value| json(value)).collect());
                if *is_closed && self.style.defined == Defined::Components {
                    schema.insert("x-naftiko-closed".to_owned(), true.into());
                }
                schema
            }
            Shape::List(item) => {
                let mut schema = typed("array");
                schema.insert("items".to_owned(), self.schema(item));
                schema
            }
            Shape::Map(value) => {
                let mut schema = typed("object");
                schema.insert("additionalProperties".to_owned(), self.schema(value));
                schema
            }
            Shape::Object(object) => self.object(object),
            Shape::Union(variants) => {
                let tag = shapes.tag(id).filter(|_| self.style.objects == Objects::AsRead);
                let base = tag.and_then(|tag| tag.base);
                let tag = tag.and_then(|tag| self.discriminator(tag, variants));
                if let (Some(base), Some(tag)) = (base, &tag) {
                    // The subtypes are in its discriminator.
                    let mut schema = self.keywords(base);
                    schema.insert("discriminator".to_owned(), tag.clone());
                    return schema;
                }
                let variants = variants.iter().map(|variant| self.schema(variant)).collect();
                let mut schema = Map::from_iter([("anyOf".to_owned(), variants)]);
                schema.extend(tag.map(|tag| ("discriminator".to_owned(), tag)));
                schema
            }
        }
    }

    /// The discriminator of a union, unless one of its variants is no component.
    fn discriminator(&mut self, tag: &Tag, variants: &[Use]) -> Option<Value> {
        let mut mapping = Map::new();
        for (value, shape) in &tag.values {
            let variant = variants.iter().find(|variant| variant.shape == *shape)?;
            mapping.insert(value.clone(), self.schema(variant).get("$ref")?.clone());
        }
        Some(serde_json::json!({"propertyName": tag.member, "mapping": mapping}))
    }

    /// The schema of a member, which in a document says which way it travels.
    fn member(&mut self, member: &Member) -> Value {
        let mut schema = self.schema(&member.value);
        let keyword = match member.access {
            _ if self.style.objects != Objects::AsRead => None,
            Access::Both => None,
            Access::ReadOnly => Some("readOnly"),
            Access::WriteOnly => Some("writeOnly"),
        };
        if let (Some(keyword), Value::Object(schema)) = (keyword, &mut schema) {
            schema.insert(keyword.to_owned(), true.into());
        }
        schema
    }

    fn object(&mut self, object: &Object) -> Map<String, Value> {
        let members = object.members.iter().map(|member| (member.name.clone(), self.member(member)));
        let mut members: Map<_, _> = members.collect();
        let groups = object.alternatives.iter().filter(|_| self.style.objects == Objects::AsRead).enumerate();
        for (index, name) in groups.flat_map(|(index, group)| group.iter().map(move |name| (index, name))) {
            if let Some(Value::Object(member)) = members.get_mut(name) {
                member.insert("x-one-of".to_owned(), format!("group-{}", index + 1).into());
            }
        }
        let is_required = |member: &&Member| match self.style.objects {
            Objects::Closed => member.is_sent(),
            Objects::Open => member.is_received(),
            Objects::AsRead => member.required,
        };
        let mut required: Vec<&Member> = object.members.iter().filter(is_required).collect();
        if self.style.objects == Objects::AsRead {
            required.sort_by_key(|member| member.position.0);
        }
        let required: Vec<Value> = required.into_iter().map(|member| member.name.clone().into()).collect();
        let mut schema = Map::from_iter([("type".to_owned(), "object".into())]);
        schema.insert("properties".to_owned(), members.into());
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        let others = match (self.style.objects, &object.others) {
            (Objects::Closed, None) => Some(false.into()),
            (Objects::AsRead, Some(others)) if self.shapes.is_any(others.shape) => Some(true.into()),
            (Objects::AsRead, Some(others)) => Some(self.schema(others)),
            _ => None,
        };
        schema.extend(others.map(|others| ("additionalProperties".to_owned(), others)));
        if !object.alternatives.is_empty() && self.style.objects == Objects::Closed {
            schema.insert("x-naftiko-alternatives".to_owned(), object.alternatives.clone().into());
        }
        schema
    }
}

/// Says of which members of an object the environment may have the values.
fn configure(schema: &mut Value, defaults: &BTreeMap<String, String>) {
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, member) in members.into_iter().flatten() {
        if let (Some(variable), Some(member)) = (defaults.get(name), member.as_object_mut()) {
            member.insert(CONFIGURED.to_owned(), serde_json::json!({"env": variable}));
        }
    }
}

/// The schema of the same values and null.
fn nullable(mut schema: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    if let Some(name) = schema.get_mut("type") {
        *name = Value::Array(vec![name.take(), "null".into()]);
        return schema;
    }
    if schema.is_empty() || schema.contains_key("enum") {
        return schema;
    }
    let variants = vec![Value::Object(schema), Value::Object(Map::from_iter([("type".to_owned(), "null".into())]))];
    Map::from_iter([("anyOf".to_owned(), variants.into())])
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
