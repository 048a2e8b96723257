//! Choosing the document of a capability among many: never by guess.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Document;
use super::json_schema::Style;
use super::schemas::Schemas;
use super::{Known, loose};
use crate::diagnostic::{Diagnostics, Sink};
use crate::read::yaml::{self, Node};
use crate::{Sources, read, resolve};

/// OpenAPI documents among which those of capabilities are chosen.
#[derive(Debug, Default)]
pub struct Documents {
    all: Vec<Candidate>,
}

#[derive(Debug)]
struct Candidate {
    path: String,
    title: String,
    root: Node,
    /// The method and path of each operation, as they are compared.
    operations: BTreeSet<String>,
}

/// Which document describes a capability.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice<'d> {
    /// The document with this path.
    One(&'d str),
    /// No document has all operations of the capability.
    None,
    /// These have all operations, and say different things about them.
    Several(Vec<&'d str>),
}

impl Documents {
    /// Reads documents, by path. Texts that are none are left out; the diagnostics say why.
    pub fn read(texts: &Sources) -> (Self, Diagnostics) {
        let mut documents = Self::default();
        let mut diagnostics = Diagnostics::default();
        for (path, text) in texts {
            let mut sink = Sink::new(path);
            if let Some(root) = yaml::parse(text, 0, &mut sink)
                && let Some(operations) = Document::new(&root).map(|document| keys(&document))
            {
                let title = root.get("info").and_then(|info| info.get("title")).and_then(Node::scalar_text);
                documents.all.push(Candidate {
                    path: path.clone(),
                    title: title.unwrap_or_default(),
                    root,
                    operations,
                });
            }
            diagnostics.extend(sink.finish(texts));
        }
        (documents, diagnostics)
    }

    /// Whether there is no document.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The document of a capability: the only one that has all of its operations; or any of several that say the same about
    /// them; or the one whose title begins the capability's label, the longest such.
    pub fn choose(&self, sources: &Sources, path: &str) -> Choice<'_> {
        let mut sink = Sink::new(path);
        let Some(capability) = read::read(sources, path, &mut sink) else { return Choice::None };
        let linked =
            resolve::resolve(&capability, &Sources::from_iter(sources.get_key_value(path).map(owned)), &mut sink);
        if linked.operations.is_empty() {
            return Choice::None;
        }
        let found: Vec<&Candidate> = self
            .all
            .iter()
            .filter(|candidate| {
                linked.operations.iter().all(|operation| {
                    let (key, whole) = Known::keys(&linked.apis, operation);
                    candidate.operations.contains(&loose(&key)) || candidate.operations.contains(&loose(&whole))
                })
            })
            .collect();
        let label = capability.info.title.as_ref().map(|label| label.value.as_str()).unwrap_or_default();
        match found.as_slice() {
            [] => Choice::None,
            [only] => Choice::One(&only.path),
            [first, others @ ..] => {
                let says = |candidate: &Candidate| says(candidate, &linked);
                let of_first = says(first);
                if others.iter().all(|other| says(other) == of_first) {
                    return Choice::One(&first.path);
                }
                let mut titled: Vec<_> =
                    found.iter().filter(|it| !it.title.is_empty() && label.starts_with(&it.title)).collect();
                titled.sort_by_key(|candidate| std::cmp::Reverse(candidate.title.len()));
                match titled.as_slice() {
                    [longest] => Choice::One(&longest.path),
                    [longest, next, ..] if longest.title.len() > next.title.len() => Choice::One(&longest.path),
                    _ => Choice::Several(found.iter().map(|candidate| candidate.path.as_str()).collect()),
                }
            }
        }
    }
}

fn owned((path, text): (&String, &String)) -> (String, String) {
    (path.clone(), text.clone())
}

/// The keys of all operations, with and without the paths of servers.
fn keys(document: &Document<'_>) -> BTreeSet<String> {
    let operations = document.operations();
    let known = Known::new(document, &operations);
    known.loose.into_keys().chain(known.whole.into_keys()).collect()
}

/// What a document says about the bodies and parameters of a capability's operations.
fn says(candidate: &Candidate, linked: &crate::linked::Linked<'_>) -> BTreeMap<String, Vec<String>> {
    let mut said = BTreeMap::new();
    let Some(document) = Document::new(&candidate.root) else { return said };
    let operations = document.operations();
    let known = Known::new(&document, &operations);
    let mut schemas = Schemas::new(&document);
    let mut sink = Sink::new(&candidate.path);
    for operation in &linked.operations {
        let Some(found) = known.find(&linked.apis, operation) else { continue };
        let bodies = found.request.into_iter().chain(found.response);
        let mut all: Vec<String> = bodies
            .map(|schema| {
                let of = schemas.read(schema, &mut sink);
                schemas.shapes.schema(&of, Style::BARE)
            })
            .collect();
        for parameter in &found.parameters {
            let of = schemas.read(parameter.schema, &mut sink);
            all.push(format!("{} {}", parameter.name, schemas.shapes.schema(&of, Style::BARE)));
        }
        said.insert(Known::keys(&linked.apis, operation).0, all);
    }
    said
}
