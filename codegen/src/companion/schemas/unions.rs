//! Unions: the variants of `oneOf` and `anyOf`, and what distinguishes them.

use std::collections::BTreeSet;

use super::{Component, Schemas};
use crate::companion::document::entries;
use crate::companion::keywords::{component_name, is_null, limits, list};
use crate::companion::shape::{Enum, Shape, Tag, Use};
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

impl<'n> Schemas<'n> {
    /// One of the variants of a schema. One that is null makes the value nullable.
    pub(super) fn union(&mut self, schema: &'n Node, variants: &'n [Node], kinds: &[String], sink: &mut Sink) -> Use {
        let mut nullable = kinds.iter().any(|kind| kind == "null");
        let mut read = Vec::new();
        for variant in variants {
            if is_null(variant) {
                nullable = true;
            } else {
                let variant = self.read_as(variant, kinds, sink);
                nullable |= variant.nullable;
                read.push(Use { nullable: false, ..variant });
            }
        }
        let shape = self.united(read);
        // Limits of an unknown kind of value say nothing.
        let limits = if matches!(shape, Shape::Any) { Vec::new() } else { limits(schema) };
        let id = self.shapes.intern(shape);
        if let (Shape::Union(_), Some(tag)) = (self.shapes.get(id), self.tag(schema)) {
            self.shapes.set_tag(id, tag);
        }
        Use { nullable, limits, ..Use::of(id) }
    }

    /// What is one of these.
    pub(super) fn united(&mut self, mut read: Vec<Use>) -> Shape {
        read.sort();
        read.dedup();
        match read.as_slice() {
            [only] if only.limits.is_empty() && !self.shapes.is_recursive(only.shape) => {
                self.shapes.get(only.shape).clone()
            }
            [] => Shape::Any,
            _ if read.iter().all(|variant| matches!(self.shapes.get(variant.shape), Shape::Enum(_))) => {
                let values = read.iter().flat_map(|variant| match self.shapes.get(variant.shape) {
                    Shape::Enum(of) => of.values.as_slice(),
                    _ => &[],
                });
                let mut known = BTreeSet::new();
                let all: Vec<String> = values.filter(|value| known.insert(*value)).cloned().collect();
                Shape::Enum(Enum { values: all, is_closed: false })
            }
            _ if read.iter().any(|variant| self.shapes.is_any(variant.shape)) => Shape::Any,
            _ => Shape::Union(read),
        }
    }

    /// What a discriminator says. Variants that it does not name are known by the names of their components.
    fn tag(&self, schema: &Node) -> Option<Tag> {
        let discriminator = schema.get("discriminator")?;
        let member = discriminator.get("propertyName")?.scalar_text()?;
        let mapped = self.mapping(discriminator);
        let variants = list(schema, "oneOf").or_else(|| list(schema, "anyOf")).unwrap_or_default();
        let references = variants.iter().filter_map(|variant| variant.get("$ref")?.scalar_text());
        let implicit = references.filter(|variant| !mapped.iter().any(|(_, known)| known == variant));
        let implicit = implicit.filter_map(|variant| Some((component_name(&variant)?, variant)));
        let shape = |(value, reference): (String, String)| match self.components.get(&reference)? {
            Component::Read(read) => Some((value, read.shape)),
            Component::Open(shape) => Some((value, (*shape)?)),
        };
        let values = implicit.chain(mapped.iter().cloned()).filter_map(shape).collect();
        Some(Tag { member, values, base: None })
    }

    /// The values of a discriminator, each with the reference to its schema. A name of a component is a reference to it
    /// (OpenAPI 3.0 and 3.1, "Discriminator Object").
    pub(super) fn mapping(&self, discriminator: &Node) -> Vec<(String, String)> {
        let mapping = discriminator.get("mapping").map(entries).unwrap_or_default();
        let mapped = mapping.iter().filter_map(|entry| Some((entry.key.clone(), entry.value.scalar_text()?)));
        mapped.map(|(value, target)| (value, self.named_component(&target).unwrap_or(target))).collect()
    }

    /// The reference to the component of this name, if there is one.
    fn named_component(&self, name: &str) -> Option<String> {
        if name.contains(['#', '/']) {
            return None;
        }
        let mut references =
            ["#/components/schemas/", "#/definitions/"].map(|start| format!("{start}{name}")).into_iter();
        references.find(|reference| self.document.at(reference).is_some())
    }
}
