//! Bases: schemas whose members other schemas have by naming them in `allOf`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Component, Schemas};
use crate::companion::document::{Document, entries};
use crate::companion::keywords::{self, discriminator, has_members, list, variants};
use crate::companion::shape::{Object, Shape, Tag, Use};
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

/// A base with more subtypes than this is an object that may have any other members.
const MAX_SUBTYPES: usize = 32;

/// What is known of the bases of a document.
#[derive(Default)]
pub(super) struct Bases {
    /// The members that subtypes have of a base, by its reference. `None` while they are read.
    inherited: BTreeMap<String, Option<Use>>,
    /// The components that name another in `allOf`, by the reference to it.
    subtypes: Option<BTreeMap<String, Vec<String>>>,
}

impl<'n> Schemas<'n> {
    /// A part of `allOf` of a schema. Of a base it is what the base says of itself, and not one of its subtypes. `None` if that is
    /// still being read.
    pub(super) fn part(&mut self, schema: &'n Node, part: &'n Node, kinds: &[String], sink: &mut Sink) -> Option<Use> {
        let is_inherited = self.is_inherited(schema, part);
        match self.reference(part) {
            Some(reference) if is_inherited || self.is_unknown(&reference) => {
                let target = self.document.at(&reference)?;
                self.inherited(target, reference, sink)
            }
            Some(_) => Some(self.read(part, sink)),
            // Its discriminator is that of the schema.
            None if discriminator(part).is_some() => self.forms(part, kinds, true, sink),
            None => Some(self.read_as(part, kinds, sink)),
        }
    }

    /// Whether a schema is a subtype of a part.
    pub(super) fn is_inherited(&self, schema: &Node, part: &Node) -> bool {
        if !self.component.is_some_and(|component| std::ptr::eq(component, schema)) {
            return false;
        }
        let Some(reference) = self.reference(part) else { return false };
        let Some(target) = self.document.at(&reference) else { return false };
        let is_subtype = |variant: &Node| {
            let named = variant.get("$ref").and_then(Node::scalar_text);
            named.is_some_and(|named| self.has_base(&named, &reference))
        };
        variants(target).map_or(discriminator(target).is_some(), |all| all.iter().any(is_subtype))
    }

    /// Whether a component is being read that has members of its own.
    fn is_unknown(&self, reference: &str) -> bool {
        let target = self.document.at(reference);
        matches!(self.components.get(reference), Some(Component::Open(_)))
            && target.is_some_and(|target| variants(target).is_none() || has_members(target))
    }

    /// Whether a component has another among its bases.
    fn has_base(&self, component: &str, base: &str) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![component.to_owned()]);
        while let Some(reference) = open.pop() {
            let parts = self.document.at(&reference).and_then(|target| list(target, "allOf")).unwrap_or_default();
            for part in parts.iter().filter_map(|part| part.get("$ref")?.scalar_text()) {
                if part == base {
                    return true;
                }
                if seen.insert(part.clone()) {
                    open.push(part);
                }
            }
        }
        false
    }

    /// What subtypes have of a base.
    fn inherited(&mut self, target: &'n Node, reference: String, sink: &mut Sink) -> Option<Use> {
        if let Some(known) = self.bases.inherited.get(&reference) {
            return known.clone();
        }
        self.bases.inherited.insert(reference.clone(), None);
        let kinds = keywords::kinds(target);
        let around = self.component.replace(target);
        let read = self.forms(target, &kinds, false, sink);
        self.component = around;
        self.bases.inherited.insert(reference, read.clone());
        read
    }

    /// A schema with a discriminator and without variants: one of its subtypes, or what it says itself.
    pub(super) fn base(&mut self, schema: &'n Node, kinds: &[String], sink: &mut Sink) -> Option<Use> {
        let discriminator = discriminator(schema)?;
        // In version 2.0 it is only the name of the member.
        let member = discriminator.get("propertyName").unwrap_or(discriminator).scalar_text()?;
        let mut values = self.mapping(discriminator);
        if values.is_empty() {
            values = self.subtypes(schema);
        }
        values.retain(|(_, reference)| self.document.at(reference).is_some());
        // The order of keys in the document makes no difference.
        values.sort();
        let own = self.forms(schema, kinds, true, sink)?;
        let Shape::Object(object) = self.shapes.get(own.shape).clone() else { return Some(own) };
        if values.is_empty() {
            return Some(own);
        }
        if values.len() > MAX_SUBTYPES {
            let others = object.others.clone().or_else(|| Some(Use::of(self.shapes.intern_any())));
            return Some(Use { shape: self.shapes.intern(Shape::Object(Object { others, ..object })), ..own });
        }
        let mut tag = Tag { member, values: BTreeMap::new(), base: Some(own.shape) };
        let mut variants = vec![Use { nullable: false, limits: Vec::new(), ..own.clone() }];
        for (value, reference) in values {
            let target = self.document.at(&reference)?;
            if std::ptr::eq(target, schema) {
                continue;
            }
            let variant = self.component(target, &reference, sink);
            tag.values.insert(value, variant.shape);
            variants.push(Use { nullable: false, limits: Vec::new(), ..variant });
        }
        variants.iter_mut().for_each(|variant| variant.description = Default::default());
        let shape = self.united(variants);
        let union = self.shapes.intern(shape);
        if matches!(self.shapes.get(union), Shape::Union(_)) {
            self.shapes.set_tag(union, tag);
        }
        Some(Use { shape: union, ..own })
    }

    /// The components that have a schema among their bases, each with its name.
    fn subtypes(&mut self, schema: &Node) -> Vec<(String, String)> {
        let document = self.document;
        let known = self.bases.subtypes.get_or_insert_with(|| subtypes(document));
        let is_this = |reference: &&String| document.at(reference).is_some_and(|target| std::ptr::eq(target, schema));
        let mut open: Vec<&String> = known.keys().filter(is_this).collect();
        let mut found = BTreeMap::new();
        while let Some(base) = open.pop() {
            for reference in known.get(base).into_iter().flatten() {
                let name = reference.rsplit('/').next().unwrap_or_default();
                if found.insert(name.to_owned(), reference.clone()).is_none() {
                    open.push(reference);
                }
            }
        }
        found.into_iter().collect()
    }
}

/// The components that name another in `allOf`, by the reference to it.
fn subtypes(document: &Document<'_>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for start in ["#/components/schemas", "#/definitions"] {
        for component in document.at(start).map(entries).unwrap_or_default() {
            let parts = list(&component.value, "allOf").unwrap_or_default();
            for base in parts.iter().filter_map(|part| part.get("$ref")?.scalar_text()) {
                found.entry(base).or_default().push(format!("{start}/{}", component.key));
            }
        }
    }
    found
}
