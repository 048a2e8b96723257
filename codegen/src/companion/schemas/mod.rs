//! Reading schemas: from JSON Schema as OpenAPI documents of all versions write it to [`Shape`]s.

mod bases;
mod merge;
#[cfg(test)]
mod tests;
mod unions;

use std::collections::{BTreeMap, BTreeSet};

use self::bases::Bases;
use super::document::{Document, entries, flag};
use super::keywords::{
    access, add_limits, alternatives, component_name, has_null_type, is_any_object, is_secret, is_unsigned, kinds,
    last, limits, list, only_part, only_variant, required, says_itself, variants,
};
use super::shape::{Aside, Enum, Member, Name, Object, Shape, ShapeId, Shapes, Use};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::{Content, Entry, Node};
use crate::settings::of_companion;

/// Schemas nested deeper than this are taken for any JSON.
const MAX_DEPTH: usize = 64;

/// Reads the schemas of a document.
pub(crate) struct Schemas<'n> {
    document: &'n Document<'n>,
    pub(crate) shapes: Shapes,
    /// The components that were read or are being read, by their references.
    components: BTreeMap<String, Component>,
    /// The components that are being read and that `$recursiveRef` may mean, from the outermost on.
    anchors: Vec<String>,
    bases: Bases,
    /// The component that is being read.
    component: Option<&'n Node>,
    depth: usize,
}

#[derive(Clone)]
enum Component {
    /// It is being read, and is this shape if it contains itself.
    Open(Option<ShapeId>),
    Read(Use),
}

/// References that depend on what is around them (JSON Schema 2019-09 §8.2.4.2, 2020-12 §8.2.3.2).
const DYNAMIC: [&str; 2] = ["$recursiveRef", "$dynamicRef"];

impl<'n> Schemas<'n> {
    pub(crate) fn new(document: &'n Document<'n>) -> Self {
        Self {
            document,
            shapes: Shapes::default(),
            components: BTreeMap::new(),
            anchors: Vec::new(),
            bases: Bases::default(),
            component: None,
            depth: 0,
        }
    }

    /// A schema, or what it refers to.
    pub(crate) fn followed(&self, schema: &'n Node) -> Option<&'n Node> {
        self.document.followed(schema)
    }

    /// The shape of a schema.
    pub(crate) fn read(&mut self, schema: &'n Node, sink: &mut Sink) -> Use {
        self.read_as(schema, &[], sink)
    }

    /// The shape of a schema that is of these kinds, unless it names others: the schema around it does.
    fn read_as(&mut self, schema: &'n Node, around: &[String], sink: &mut Sink) -> Use {
        if self.depth > MAX_DEPTH {
            return Use::of(self.shapes.intern(Shape::Any));
        }
        self.depth += 1;
        let reference = self.reference(schema);
        let mut read = match &reference {
            Some(reference) => self.component(schema, reference, sink),
            None => match DYNAMIC.iter().find_map(|keyword| schema.get(keyword)) {
                Some(dynamic) => self.dangling(dynamic, &dynamic.scalar_text().unwrap_or_default(), sink),
                None => self.schema(schema, around, sink),
            },
        };
        self.depth -= 1;
        // Keywords beside a reference count too (OpenAPI 3.1, "Schema Object").
        read.nullable |= flag(schema, "nullable") || flag(schema, "x-nullable") || has_null_type(schema);
        read.secret |= is_secret(schema);
        if reference.is_some() {
            add_limits(&mut read, schema);
        }
        if let Some(text) = schema.get("description").and_then(Node::scalar_text) {
            read.description = Aside(text);
        }
        self.named(schema, &read);
        read
    }

    /// What a schema refers to. `$recursiveRef` is the component around it that has `$recursiveAnchor`.
    fn reference(&self, schema: &Node) -> Option<String> {
        let recursive = || self.anchors.last().cloned().filter(|_| schema.get("$recursiveRef").is_some());
        schema.get("$ref").and_then(Node::scalar_text).or_else(recursive)
    }

    /// Names a shape as its schema says that the type has to be called.
    fn named(&mut self, schema: &Node, read: &Use) {
        if let Some(name) = schema.get("x-naftiko-name").and_then(Node::scalar_text) {
            self.shapes.name(read.shape, Name::Chosen(&name), &read.description);
        }
    }

    /// The environment variables that may have members of an object, by the names of the members.
    pub(crate) fn defaults(&self, schema: &'n Node, sink: &mut Sink) -> BTreeMap<String, String> {
        let mut defaults = BTreeMap::new();
        let mut open = vec![schema];
        for _ in 0..MAX_DEPTH {
            let Some(schema) = open.pop() else { break };
            let reference = schema.get("$ref").and_then(Node::scalar_text);
            open.extend(reference.and_then(|reference| self.document.at(&reference)));
            open.extend(list(schema, "allOf").unwrap_or_default());
            for entry in schema.get("properties").map(entries).unwrap_or_default() {
                defaults.extend(of_companion(&entry.value, sink).map(|variable| (entry.key.clone(), variable)));
            }
        }
        defaults
    }

    fn component(&mut self, schema: &'n Node, reference: &str, sink: &mut Sink) -> Use {
        match self.components.get(reference).cloned() {
            Some(Component::Read(read)) => return read,
            Some(Component::Open(Some(id))) => return Use::of(id),
            Some(Component::Open(None)) => {
                let id = self.shapes.reserve(&last(reference));
                self.components.insert(reference.to_owned(), Component::Open(Some(id)));
                return Use::of(id);
            }
            None => {}
        }
        let Some(target) = self.document.at(reference) else {
            return self.dangling(schema.get("$ref").unwrap_or(schema), reference, sink);
        };
        self.components.insert(reference.to_owned(), Component::Open(None));
        let is_anchor = flag(target, "$recursiveAnchor");
        self.anchors.extend(is_anchor.then(|| reference.to_owned()));
        let around = self.component.replace(target);
        let mut read = self.read(target, sink);
        self.component = around;
        self.anchors.truncate(self.anchors.len() - usize::from(is_anchor));
        if let Some(Component::Open(Some(id))) = self.components.get(reference) {
            let id = *id;
            let shape = if read.shape == id { Shape::Any } else { self.shapes.get(read.shape).clone() };
            self.shapes.set(id, shape);
            if let Some(tag) = self.shapes.tag(read.shape).cloned() {
                self.shapes.set_tag(id, tag);
            }
            read.shape = id;
            self.named(target, &read);
        }
        if let Some(name) = component_name(reference) {
            self.shapes.name(read.shape, Name::Component(&name), &read.description);
        }
        self.components.insert(reference.to_owned(), Component::Read(read.clone()));
        read
    }

    /// What a reference that leads nowhere is.
    fn dangling(&mut self, at: &Node, reference: &str, sink: &mut Sink) -> Use {
        let message = format!("`{reference}` does not exist; it is taken for any JSON");
        sink.report_once(Code::CompanionReference, "reference", at.span, message)
            .help("add the component, or correct the reference");
        Use::of(self.shapes.intern(Shape::Any))
    }

    /// A schema that is no reference.
    fn schema(&mut self, schema: &'n Node, around: &[String], sink: &mut Sink) -> Use {
        let kinds = Some(kinds(schema)).filter(|kinds| !kinds.is_empty()).unwrap_or_else(|| around.to_vec());
        if let Some(base) = self.base(schema, &kinds, sink) {
            return base;
        }
        if let Some((only, others)) = only_variant(schema) {
            let mut read = self.read_as(only, &kinds, sink);
            read.nullable |= others > 0;
            add_limits(&mut read, schema);
            return read;
        }
        if let Some(only) = only_part(schema).filter(|only| !self.is_inherited(schema, only)) {
            let mut read = self.read_as(only, &kinds, sink);
            add_limits(&mut read, schema);
            return read;
        }
        if list(schema, "allOf").is_some() || (variants(schema).is_some() && says_itself(schema, &kinds)) {
            return self.merged(schema, &kinds, sink);
        }
        match variants(schema) {
            Some(variants) => self.union(schema, variants, &kinds, sink),
            None => self.own(schema, &kinds, sink),
        }
    }

    /// What a schema says without its parts and variants.
    fn own(&mut self, schema: &'n Node, kinds: &[String], sink: &mut Sink) -> Use {
        let mut nullable = false;
        let shape = if let Some(values) = list(schema, "enum") {
            nullable = values.iter().any(Node::is_null);
            self.values(values.iter().filter(|value| !value.is_null()), kinds, schema)
        } else if let Some(value) = schema.get("const") {
            nullable = value.is_null();
            self.values(std::iter::once(value).filter(|value| !value.is_null()), kinds, schema)
        } else {
            self.typed(schema, kinds, &mut nullable, sink)
        };
        // Limits of an unknown kind of value say nothing.
        let limits = if matches!(shape, Shape::Any) { Vec::new() } else { limits(schema) };
        let is_unsigned = match &shape {
            Shape::Integer => is_unsigned(schema),
            Shape::Enum(of) => of.is_unsigned(),
            _ => false,
        };
        Use { nullable, limits, is_unsigned, ..Use::of(self.shapes.intern(shape)) }
    }

    fn typed(&mut self, schema: &'n Node, kinds: &[String], nullable: &mut bool, sink: &mut Sink) -> Shape {
        *nullable |= kinds.iter().any(|kind| kind == "null");
        let kinds: Vec<&String> = kinds.iter().filter(|kind| *kind != "null").collect();
        match kinds.as_slice() {
            [_, _, ..] => {
                let variants: Vec<Shape> = kinds.iter().map(|kind| self.of_kind(kind, schema, sink)).collect();
                self.alternatives(variants.into_iter())
            }
            [kind] => self.of_kind(kind, schema, sink),
            [] if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() => {
                self.object(schema, sink)
            }
            [] if schema.get("items").is_some() => self.of_kind("array", schema, sink),
            [] => Shape::Any,
        }
    }

    fn of_kind(&mut self, kind: &str, schema: &'n Node, sink: &mut Sink) -> Shape {
        match kind {
            "boolean" => Shape::Boolean,
            "integer" => Shape::Integer,
            "number" => Shape::Number,
            "string" => Shape::Text(schema.get("format").and_then(Node::scalar_text)),
            "array" => {
                let item = schema.get("items").map(|item| self.read(item, sink));
                Shape::List(item.unwrap_or_else(|| Use::of(self.shapes.intern(Shape::Any))))
            }
            "object" => self.object(schema, sink),
            // `file` of OpenAPI 2.0, and what no version knows.
            _ => Shape::Any,
        }
    }

    fn object(&mut self, schema: &'n Node, sink: &mut Sink) -> Shape {
        let properties = match schema.get("properties").map(|properties| &properties.content) {
            Some(Content::Mapping(entries)) => entries.as_slice(),
            _ => &[],
        };
        // Some generators write a map as an object with one property that represents any.
        if let [only] = properties
            && only.key.starts_with('<')
            && only.key.ends_with('>')
        {
            return Shape::Map(self.read(&only.value, sink));
        }
        let others = schema.get("additionalProperties");
        if properties.is_empty() {
            return match others {
                Some(value) if matches!(value.content, Content::Mapping(_)) => Shape::Map(self.read(value, sink)),
                _ => Shape::Map(Use::of(self.shapes.intern(Shape::Any))),
            };
        }
        let required = required(schema);
        let member = |entry: &'n Entry, schemas: &mut Self, sink: &mut Sink| {
            let position = required.iter().position(|name| *name == entry.key);
            Member {
                name: entry.key.clone(),
                value: schemas.read(&entry.value, sink),
                required: position.is_some(),
                access: access(schemas.document, &entry.value),
                position: Aside(position.unwrap_or_default()),
            }
        };
        // In the order of their names, so that the order of keys in the document makes no difference.
        let mut sorted: Vec<_> = properties.iter().collect();
        sorted.sort_by(|one, other| one.key.cmp(&other.key));
        let mut members: Vec<Member> = sorted.iter().map(|entry| member(entry, self, sink)).collect();
        members.dedup_by(|one, other| one.name == other.name);
        let others = others.filter(|others| !matches!(others.content, Content::Bool(false, _)));
        // Beside members that it names, an upstream that writes no more than `type: object` means any value.
        let others = others.map(|others| match is_any_object(others) {
            true => Use::of(self.shapes.intern(Shape::Any)),
            false => self.read(others, sink),
        });
        Shape::Object(Object { members, others, alternatives: alternatives(properties) })
    }

    /// One of some fixed values.
    fn values<'v>(&mut self, values: impl Iterator<Item = &'v Node>, kinds: &[String], schema: &Node) -> Shape {
        let is_text = kinds.iter().any(|kind| kind == "string");
        let text = |value: &Node| match (is_text, value.scalar_text()) {
            (true, Some(text)) => crate::read::yaml::quoted(&text),
            _ => value.to_json(),
        };
        let mut known = BTreeSet::new();
        let all: Vec<String> = values.map(text).filter(|value| known.insert(value.clone())).collect();
        if all.is_empty() {
            return Shape::Any;
        }
        Shape::Enum(Enum { values: all, is_closed: flag(schema, "x-naftiko-closed") })
    }

    fn alternatives(&mut self, variants: impl Iterator<Item = Shape>) -> Shape {
        let mut uses: Vec<Use> = variants.map(|variant| Use::of(self.shapes.intern(variant))).collect();
        uses.sort();
        Shape::Union(uses)
    }
}
