//! Reads schemas from their JSON.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use naftiko_schema::{CONFIGURED, Kind, Location, Parameter};
use serde_json::{Map, Number, Value};

use super::kinds::Kinds;
use super::{Limits, Node, Others, Schema};

/// How references begin.
const DEFINITIONS: &str = "#/$defs/";
/// The mark of members that are secrets.
const SECRET: &str = "x-naftiko-secret";
/// The groups of members of which at most one may have a value.
const ALTERNATIVES: &str = "x-naftiko-alternatives";

/// The schema of a document.
pub(super) fn schema(document: &Value) -> Schema {
    let empty = Map::new();
    let definitions = document.get("$defs").and_then(Value::as_object).unwrap_or(&empty);
    let names = definitions.keys().zip(0..).map(|(name, index)| (name.as_str(), index)).collect();
    let mut reader = Reader { document, names, secrets: BTreeSet::new() };
    let definitions = definitions.values().map(|definition| reader.node(definition)).collect();
    Schema { root: reader.node(document), definitions, secrets: reader.secrets, configured: configured(document) }
}

/// The members that the environment may have.
fn configured(document: &Value) -> Vec<Parameter> {
    let members = document.get("properties").and_then(Value::as_object);
    let member = |(name, schema): (&String, &Value)| {
        let variable = schema.get(CONFIGURED)?.get("env")?.as_str()?.to_owned();
        let kinds = schema.get("type");
        let kind = kinds.and_then(Value::as_str).or_else(|| kinds?.get(0)?.as_str());
        let kind = [Kind::Integer, Kind::Number, Kind::Boolean].into_iter().find(|known| Some(known.as_str()) == kind);
        Some(Parameter {
            name: name.clone().into(),
            configured: Some(variable.into()),
            ..Parameter::new("", Location::Field, kind.unwrap_or(Kind::String))
        })
    };
    members.into_iter().flatten().filter_map(member).collect()
}

struct Reader<'d> {
    document: &'d Value,
    /// Where the definitions are, by name.
    names: HashMap<&'d str, usize>,
    secrets: BTreeSet<String>,
}

impl Reader<'_> {
    fn node(&mut self, schema: &Value) -> Node {
        let list = |name: &str| schema.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let number = |name: &str| schema.get(name).and_then(Value::as_number).cloned();
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(DEFINITIONS));
        Node {
            kinds: kinds(schema.get("type")),
            reference: reference.and_then(|name| self.names.get(name).copied()),
            any_of: list("anyOf").iter().map(|branch| self.node(branch)).collect(),
            allowed: schema.get("enum").and_then(Value::as_array).cloned(),
            length: limits(schema, "minLength", "maxLength"),
            pattern: schema.get("pattern").and_then(Value::as_str).map(str::to_owned),
            minimum: number("minimum"),
            maximum: number("maximum"),
            above: number("exclusiveMinimum"),
            below: number("exclusiveMaximum"),
            items: schema.get("items").map(|items| Box::new(self.node(items))),
            count: limits(schema, "minItems", "maxItems"),
            unique: schema.get("uniqueItems") == Some(&Value::Bool(true)),
            members: self.members(schema.get("properties").and_then(Value::as_object)),
            required: list("required").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            alternatives: list(ALTERNATIVES).iter().map(names).collect(),
            others: match schema.get("additionalProperties") {
                None | Some(Value::Bool(true)) => Others::Anything,
                Some(Value::Bool(false)) => Others::Nothing,
                Some(others) => Others::Like(Box::new(self.node(others))),
            },
            size: limits(schema, "minProperties", "maxProperties"),
        }
    }

    fn members(&mut self, properties: Option<&Map<String, Value>>) -> BTreeMap<String, Node> {
        let read = |(name, schema): (&String, &Value)| {
            if self.is_secret(schema) {
                self.secrets.insert(name.clone());
            }
            (name.clone(), self.node(schema))
        };
        properties.into_iter().flatten().map(read).collect()
    }

    /// Whether a value is a secret, or is made of secrets.
    fn is_secret(&self, schema: &Value) -> bool {
        let marked = |schema: &Value| schema.get(SECRET) == Some(&Value::Bool(true));
        let referred = |schema: &Value| {
            let name = schema.get("$ref")?.as_str()?.strip_prefix(DEFINITIONS)?;
            self.document.get("$defs")?.get(name).map(marked)
        };
        let parts = ["items", "additionalProperties"].into_iter().filter_map(|name| schema.get(name));
        parts.chain([schema]).any(|schema| marked(schema) || referred(schema) == Some(true))
    }
}

/// The texts of a list.
fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn kinds(types: Option<&Value>) -> Kinds {
    let named = |kinds: Kinds, name: &Value| kinds.or(name.as_str().map(Kinds::named).unwrap_or_default());
    match types {
        Some(Value::Array(names)) => names.iter().fold(Kinds::default(), named),
        Some(name) => named(Kinds::default(), name),
        None => Kinds::default(),
    }
}

fn limits(schema: &Value, minimum: &str, maximum: &str) -> Limits {
    let limit = |name| schema.get(name).and_then(Value::as_number).and_then(Number::as_u64);
    Limits { minimum: limit(minimum), maximum: limit(maximum) }
}
