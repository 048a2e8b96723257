//! The fields of forms.

use std::collections::BTreeSet;

use super::document::{Document, entries, text};
use super::keywords::list;
use super::media::{FORMS, essence};
use crate::names::Index;
use crate::read::yaml::Node;

/// Schemas of forms that are nested deeper than this are not read.
const MAX_DEPTH: usize = 16;

/// The fields of a form, with those of the parts of `allOf` and of its variants.
#[derive(Default)]
pub(crate) struct Fields<'n> {
    /// The name and the schema of each, in the order of the document.
    pub(crate) of: Vec<(String, &'n Node)>,
    /// Their names: a form may have thousands.
    known: Index,
    pub(crate) required: BTreeSet<String>,
}

impl<'n> Fields<'n> {
    /// The fields of the schema of a form.
    pub(crate) fn of_schema(document: &Document<'n>, schema: &'n Node) -> Self {
        let mut fields = Self::default();
        fields.add(document, schema, true, 0);
        fields
    }

    /// The fields of the form that requests of an operation have, if they have one.
    pub(super) fn of_operation(document: &Document<'n>, operation: &'n Node) -> Option<Self> {
        let media = document.request_media(operation, None);
        let form = FORMS.iter().find_map(|form| media.iter().find(|media| essence(&media.name) == *form));
        if let Some(form) = form {
            return Some(form.schema.map(|schema| Self::of_schema(document, schema)).unwrap_or_default());
        }
        let parameters = document.form_parameters(operation);
        let mut fields = Self::default();
        for field in parameters {
            let Some(name) = text(field, "name") else { continue };
            if field.get("required").is_some_and(Node::is_true) {
                fields.required.insert(name.clone());
            }
            fields.push(name, field);
        }
        (!fields.of.is_empty()).then_some(fields)
    }

    /// The schema of a field.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.of.get(self.known.exact(name)?).map(|(_, schema)| *schema)
    }

    /// Adds a field, unless there is one of its name.
    fn push(&mut self, name: String, schema: &'n Node) {
        if self.known.exact(&name).is_none() {
            self.known.push(&name);
            self.of.push((name, schema));
        }
    }

    /// Adds those of a schema. Of a variant, none is required.
    fn add(&mut self, document: &Document<'n>, schema: &'n Node, is_certain: bool, depth: usize) {
        let Some(schema) = document.followed(schema).filter(|_| depth < MAX_DEPTH) else { return };
        let items = |key: &str| list(schema, key).unwrap_or_default();
        if is_certain {
            self.required.extend(items("required").iter().filter_map(Node::scalar_text));
        }
        for entry in schema.get("properties").map(entries).unwrap_or_default() {
            self.push(entry.key.clone(), &entry.value);
        }
        items("allOf").iter().for_each(|part| self.add(document, part, is_certain, depth + 1));
        for variant in ["oneOf", "anyOf"].into_iter().flat_map(items) {
            self.add(document, variant, false, depth + 1);
        }
    }
}
