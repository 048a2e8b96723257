//! Shapes of JSON values: what a schema of a companion says, with every distinct shape kept once.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{CONFIGURED, Kind};
use serde_json::{Map, Value};

/// Of a schema with more schemas inside than this, what is in several places is defined once. Without this, documents whose
/// objects share others make schemas of megabytes.
const MAX_INLINE: usize = 500;

/// Members nested deeper than this are not merged.
const MAX_PARTS: usize = 16;

/// The number of a shape among the [`Shapes`] of a companion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ShapeId(usize);

/// What a value is. Texts for readers are no part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// Any JSON value.
    Any,
    Boolean,
    Integer,
    Number,
    /// A text, perhaps of a format.
    Text(Option<String>),
    Enum(Enum),
    List(Use),
    /// An object whose members have any names.
    Map(Use),
    Object(Object),
    /// One of several shapes.
    Union(Vec<Use>),
}

/// One of some fixed values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Enum {
    /// The values, each as JSON text.
    pub(crate) values: Vec<String>,
    /// Whether there will never be another value.
    pub(crate) is_closed: bool,
}

impl Shape {
    /// The members that an object must have, in the order in which the companion lists them.
    pub(crate) fn required(&self) -> impl Iterator<Item = &str> {
        let members = match self {
            Self::Object(object) => object.members.as_slice(),
            _ => &[],
        };
        let mut required: Vec<&Member> = members.iter().filter(|member| member.required).collect();
        required.sort_by_key(|member| member.position.0);
        required.into_iter().map(|member| member.name.as_str())
    }
}

/// An object with known members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Object {
    pub(crate) members: Vec<Member>,
    /// What its other members are, if it may have others.
    pub(crate) others: Option<Use>,
    /// Groups of members of which at most one may have a value.
    pub(crate) alternatives: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) value: Use,
    pub(crate) required: bool,
    /// Where it is in the list of the members that are required.
    pub(crate) position: Aside<usize>,
}

/// A shape where it is used, with what holds only there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) shape: ShapeId,
    pub(crate) nullable: bool,
    /// Whether the value is secret.
    pub(crate) secret: bool,
    /// Whether it is a whole number that may be too large for one with a sign.
    pub(crate) is_unsigned: bool,
    /// Keywords that limit the value, such as `maxLength`, each with its JSON text.
    pub(crate) limits: Vec<(String, String)>,
    /// What it means. It makes no difference between shapes.
    pub(crate) description: Text,
}

/// What makes no difference between shapes: those that differ only in it are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Aside<T>(pub(crate) T);

/// A text for readers.
pub(crate) type Text = Aside<String>;

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> PartialOrd for Aside<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Aside<T> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Shape {
    /// The kind of a text, a number or a boolean, with the format and the allowed values of a text.
    pub(crate) fn scalar(&self) -> Option<(Kind, Option<&str>, &[String])> {
        match self {
            Self::Boolean => Some((Kind::Boolean, None, &[])),
            Self::Integer => Some((Kind::Integer, None, &[])),
            Self::Number => Some((Kind::Number, None, &[])),
            Self::Text(format) => Some((Kind::String, format.as_deref(), &[])),
            Self::Enum(values) if values.values.iter().all(|value| value.starts_with('"')) => {
                Some((Kind::String, None, &values.values))
            }
            Self::Any | Self::Enum(_) | Self::List(_) | Self::Map(_) | Self::Object(_) | Self::Union(_) => None,
        }
    }
}

impl Use {
    pub(crate) fn of(shape: ShapeId) -> Self {
        Self {
            shape,
            nullable: false,
            secret: false,
            is_unsigned: false,
            limits: Vec::new(),
            description: Text::default(),
        }
    }
}

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

/// All shapes of a companion.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    known: BTreeMap<Shape, ShapeId>,
    /// Shapes that contain themselves.
    recursive: BTreeMap<ShapeId, String>,
    /// The components of each shape.
    components: BTreeMap<ShapeId, Component>,
    /// What says which variant of a union a value is, where a discriminator does.
    tags: BTreeMap<ShapeId, Tag>,
}

/// A member of the variants of a union whose value says which one it is.
#[derive(Clone, Debug)]
pub(crate) struct Tag {
    pub(crate) member: String,
    /// The values, each with its variant.
    pub(crate) values: BTreeMap<String, ShapeId>,
}

/// What a companion calls a shape. A name that was chosen for the type counts before those of components; then the shortest
/// counts, and of these the first in the alphabet.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) name: String,
    is_chosen: bool,
    pub(crate) description: Text,
}

/// A name for a shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Name<'n> {
    /// That of a component.
    Component(&'n str),
    /// That of the type.
    Chosen(&'n str),
}

impl Shapes {
    /// The number of a shape, which is that of an equal one if there is one.
    pub(crate) fn intern(&mut self, shape: Shape) -> ShapeId {
        let key = match &shape {
            Shape::Enum(of) => {
                let mut of = of.clone();
                of.values.sort_unstable();
                Shape::Enum(of)
            }
            other => other.clone(),
        };
        *self.known.entry(key).or_insert_with(|| {
            self.shapes.push(shape);
            ShapeId(self.shapes.len() - 1)
        })
    }

    /// A place for the shape of a component that contains itself, until it is [set](Self::set).
    pub(crate) fn reserve(&mut self, component: &str) -> ShapeId {
        let id = ShapeId(self.shapes.len());
        self.shapes.push(Shape::Any);
        self.recursive.insert(id, component.to_owned());
        id
    }

    pub(crate) fn set(&mut self, id: ShapeId, shape: Shape) {
        if let Some(place) = self.shapes.get_mut(id.0) {
            *place = shape.clone();
            // From now on, an equal shape is this one.
            if shape != Shape::Any {
                self.known.insert(shape, id);
            }
        }
    }

    /// Says that a shape has this name.
    pub(crate) fn name(&mut self, id: ShapeId, name: Name<'_>, description: &Text) {
        let (is_chosen, name) = match name {
            Name::Component(name) => (false, name),
            Name::Chosen(name) => (true, name),
        };
        let order = |is_chosen: bool, name: &str| (!is_chosen, name.len(), name.to_owned());
        let counts = |known: &Component| order(is_chosen, name) < order(known.is_chosen, &known.name);
        if self.components.get(&id).is_none_or(counts) {
            let (name, description) = (name.to_owned(), description.clone());
            self.components.insert(id, Component { name, is_chosen, description });
        }
    }

    /// The component that a shape is named after.
    pub(crate) fn component(&self, id: ShapeId) -> Option<&Component> {
        self.components.get(&id)
    }

    /// Says how the variants of a union are distinguished.
    pub(crate) fn set_tag(&mut self, union: ShapeId, tag: Tag) {
        self.tags.entry(union).or_insert(tag);
    }

    pub(crate) fn tag(&self, union: ShapeId) -> Option<&Tag> {
        self.tags.get(&union)
    }

    pub(crate) fn get(&self, id: ShapeId) -> &Shape {
        self.shapes.get(id.0).unwrap_or(&Shape::Any)
    }

    /// Whether the shape is any JSON. One that contains itself is not known before it is read.
    pub(crate) fn is_any(&self, id: ShapeId) -> bool {
        *self.get(id) == Shape::Any && !self.is_recursive(id)
    }

    /// Adds the members of a further part of an object. One that is an object in both has the members of both; of another the
    /// last part says what it is.
    pub(crate) fn add(&mut self, members: &mut BTreeMap<String, Member>, more: Vec<Member>, depth: usize) {
        for mut member in more {
            if let Some(known) = members.get(&member.name) {
                member.required |= known.required;
                member.value.shape = self.both(known.value.shape, member.value.shape, depth);
            }
            members.insert(member.name.clone(), member);
        }
    }

    fn both(&mut self, one: ShapeId, other: ShapeId, depth: usize) -> ShapeId {
        if one == other || depth >= MAX_PARTS || self.is_recursive(one) || self.is_recursive(other) {
            return other;
        }
        let shape = match (self.get(one).clone(), self.get(other).clone()) {
            (Shape::Object(first), Shape::Object(second)) => {
                let others = first.others.or(second.others);
                let mut alternatives = [first.alternatives, second.alternatives].concat();
                alternatives.sort();
                let mut members = first.members.into_iter().map(|member| (member.name.clone(), member)).collect();
                self.add(&mut members, second.members, depth + 1);
                Shape::Object(Object { members: members.into_values().collect(), others, alternatives })
            }
            (Shape::List(first), Shape::List(second)) => {
                Shape::List(Use { shape: self.both(first.shape, second.shape, depth + 1), ..second })
            }
            _ => return other,
        };
        self.intern(shape)
    }

    /// The shapes inside a shape.
    fn inside(&self, id: ShapeId) -> Vec<ShapeId> {
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

    /// Whether the shape contains itself.
    pub(crate) fn is_recursive(&self, id: ShapeId) -> bool {
        self.recursive.contains_key(&id)
    }

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

    /// The members of an object that are texts, numbers or booleans. A shape that contains itself has none, because the object is
    /// not the only one with its schema.
    pub(crate) fn scalars(&self, of: &Use) -> Vec<&Member> {
        let is_scalar = |member: &&Member| self.get(member.value.shape).scalar().is_some();
        match self.get(of.shape) {
            Shape::Object(object) if !self.is_recursive(of.shape) => object.members.iter().filter(is_scalar).collect(),
            _ => Vec::new(),
        }
    }

    /// The components of a document, which get what its schemas refer to.
    pub(crate) fn components(&self) -> Definitions<'_> {
        Definitions::new(self, Style::DOCUMENT)
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
        let recursive = self.shapes.recursive.get(&of.shape).map(String::as_str);
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
            if component.is_chosen {
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
                let tag = tag.and_then(|tag| self.discriminator(tag, variants));
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

    fn object(&mut self, object: &Object) -> Map<String, Value> {
        let members = object.members.iter().map(|member| (member.name.clone(), self.schema(&member.value)));
        let mut members: Map<_, _> = members.collect();
        let groups = object.alternatives.iter().filter(|_| self.style.objects == Objects::AsRead).enumerate();
        for (index, name) in groups.flat_map(|(index, group)| group.iter().map(move |name| (index, name))) {
            if let Some(Value::Object(member)) = members.get_mut(name) {
                member.insert("x-one-of".to_owned(), format!("group-{}", index + 1).into());
            }
        }
        let mut required: Vec<&Member> = object.members.iter().filter(|member| member.required).collect();
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
