//! Schemas of bodies: the subset of JSON Schema 2020-12 that the compiler writes, ready to check with.

mod check;
mod kinds;
mod nearest;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use naftiko_schema::Parameter;
use serde_json::{Number, Value};

use self::check::Check;
use self::kinds::Kinds;
use super::check::Violation;
use super::violations::Violations;

/// How many references may follow each other before something else is said.
const REFERENCES: usize = 16;

/// What a document has to be, from the JSON text of its schema.
#[derive(Debug, Default)]
pub struct Schema {
    root: Node,
    definitions: Vec<Node>,
    secrets: BTreeSet<String>,
    /// The members of the document that the environment may have.
    configured: Vec<Parameter>,
}

/// What one value has to be. Everything that is not set is satisfied.
#[derive(Debug, Default)]
struct Node {
    kinds: Kinds,
    /// A definition that it has to satisfy too.
    reference: Option<usize>,
    /// Of these it has to satisfy one.
    any_of: Vec<Node>,
    /// The allowed values.
    allowed: Option<Vec<Value>>,
    /// The smallest and the largest number of characters.
    length: Limits,
    pattern: Option<String>,
    minimum: Option<Number>,
    maximum: Option<Number>,
    above: Option<Number>,
    below: Option<Number>,
    items: Option<Box<Node>>,
    count: Limits,
    unique: bool,
    members: BTreeMap<String, Node>,
    required: Vec<String>,
    /// Groups of members of which at most one may have a value.
    alternatives: Vec<Vec<String>>,
    others: Others,
    size: Limits,
}

/// How many characters, items or members there may be.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    minimum: Option<u64>,
    maximum: Option<u64>,
}

/// What members may be that have no schema of their own.
#[derive(Debug, Default)]
enum Others {
    #[default]
    Anything,
    Nothing,
    Like(Box<Node>),
}

/// Schemas that were read, with their texts, by the addresses of these. They come only from tables, so their number is limited, and
/// each stays where it is: every call looks for schemas, and to hash their texts takes longer than to compare them.
static SCHEMAS: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

type Known = HashMap<usize, (String, Arc<Schema>)>;

impl Schema {
    /// The schema that a table has as text. What it does not understand is satisfied by everything, so that a newer table does
    /// not stop an older runtime.
    pub fn of(text: &str) -> Arc<Self> {
        let address = text.as_ptr().addr();
        let schemas = SCHEMAS.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, schema)) = schemas.get(&address).filter(|(known, _)| known == text) {
            return Arc::clone(schema);
        }
        drop(schemas);
        let schema = Arc::new(Self::read(text));
        let read = (text.to_owned(), Arc::clone(&schema));
        SCHEMAS.write().unwrap_or_else(PoisonError::into_inner).insert(address, read);
        schema
    }

    fn read(text: &str) -> Self {
        serde_json::from_str(text).map(|document| read::schema(&document)).unwrap_or_default()
    }

    /// What is wrong with a document, which is the argument of this parameter. A `lenient` check requires no member.
    pub(super) fn violations(&self, parameter: &str, document: &Value, lenient: bool) -> Violations {
        Check::of(self, parameter, document, lenient)
    }

    /// What is wrong with a document in JSON text.
    pub(crate) fn violations_in(&self, parameter: &str, json: &[u8], lenient: bool) -> Violations {
        match serde_json::from_slice(json) {
            Ok(document) => self.violations(parameter, &document, lenient),
            Err(_) => {
                let problem = "must have at most 127 levels, numbers that fit 64 bits, and text that is Unicode";
                Violations::from(vec![Violation::new(parameter, problem)])
            }
        }
    }

    /// Whether the document, which is an object, has a member of this name, and whether the member may be null.
    pub fn member(&self, name: &str) -> Option<Member> {
        let mut node = &self.root;
        for _ in 0..REFERENCES {
            if let Some(member) = node.members.get(name) {
                return Some(Member { nullable: self.takes_null(member) });
            }
            node = self.referred(node)?;
        }
        None
    }

    /// The names of members that are secrets, wherever they are.
    pub fn secrets(&self) -> &BTreeSet<String> {
        &self.secrets
    }

    /// The members of the document that the environment may have, each with its variable.
    pub fn configured(&self) -> &[Parameter] {
        &self.configured
    }

    fn takes_null(&self, node: &Node) -> bool {
        Check::of_node(self, node, &Value::Null)
    }

    fn referred(&self, node: &Node) -> Option<&Node> {
        self.definitions.get(node.reference?)
    }
}

/// A member of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// It may be null.
    pub nullable: bool,
}
