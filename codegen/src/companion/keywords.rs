//! What the keywords of one schema say, in the spellings of all versions of OpenAPI.

use std::collections::BTreeMap;

use naftiko_schema::http::percent_decode;

use super::document::{Document, entries, flag};
use super::shape::{Access, Use};
use crate::read::yaml::{Content, Entry, Node};

/// Keywords that limit values and that the runtime checks.
const LIMITS: [&str; 12] = [
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// Of a member whose schema is made of more schemas than this, the first say which way it travels.
const MAX_PARTS: usize = 16;

/// The groups of members of which at most one may have a value: those with the same `x-one-of`.
pub(super) fn alternatives(properties: &[Entry]) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in properties {
        if let Some(group) = entry.value.get("x-one-of").and_then(Node::scalar_text) {
            groups.entry(group).or_default().push(entry.key.clone());
        }
    }
    groups.values_mut().for_each(|group| group.sort());
    let mut groups: Vec<_> = groups.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}

/// The members that a schema requires.
pub(super) fn required(schema: &Node) -> Vec<String> {
    list(schema, "required").unwrap_or_default().iter().filter_map(Node::scalar_text).collect()
}

/// The kinds in `type`: a name or a list of names.
pub(super) fn kinds(schema: &Node) -> Vec<String> {
    match schema.get("type").map(|kind| &kind.content) {
        Some(Content::Sequence(kinds)) => kinds.iter().filter_map(kind_name).collect(),
        Some(_) => schema.get("type").and_then(kind_name).into_iter().collect(),
        None => Vec::new(),
    }
}

/// In YAML, a type of `null` without quotes is no text.
fn kind_name(kind: &Node) -> Option<String> {
    if kind.is_null() { Some("null".to_owned()) } else { kind.scalar_text() }
}

/// The variants of `oneOf` or `anyOf`, unless they only say which members of the schema itself have to be there.
pub(super) fn variants(schema: &Node) -> Option<&[Node]> {
    let variants = list(schema, "oneOf").or_else(|| list(schema, "anyOf"))?;
    let says_more = |entry: &Entry| !matches!(&*entry.key, "required" | "not" | "title" | "description");
    let is_condition = |variant: &Node| !entries(variant).iter().any(says_more);
    let has_own = schema.get("properties").is_some();
    (!has_own || !variants.iter().all(is_condition)).then_some(variants)
}

/// The only variant of `oneOf` or `anyOf` that is not null, and how many are null; unless the schema says more.
pub(super) fn only_variant(schema: &Node) -> Option<(&Node, usize)> {
    let variants = variants(schema).filter(|_| schema.get("allOf").is_none() && !says_more(schema))?;
    let mut others = variants.iter().filter(|variant| !is_null(variant));
    let only = others.next()?;
    others.next().is_none().then_some((only, variants.len() - 1))
}

/// The only part of `allOf` that says what values there are, unless the schema says more.
pub(super) fn only_part(schema: &Node) -> Option<&Node> {
    let mut parts = list(schema, "allOf")?.iter().filter(|part| !says_nothing(part));
    let only = parts.next().filter(|_| variants(schema).is_none() && !says_more(schema))?;
    parts.next().is_none().then_some(only)
}

/// The discriminator of a schema without variants: its own, or that of a part of `allOf` which is no reference.
pub(super) fn discriminator(schema: &Node) -> Option<&Node> {
    if variants(schema).is_some() {
        return None;
    }
    let parts = list(schema, "allOf").unwrap_or_default().iter();
    let mut parts = parts.filter(|part| part.get("$ref").is_none() && variants(part).is_none());
    schema.get("discriminator").or_else(|| parts.find_map(|part| part.get("discriminator")))
}

/// Whether a schema only has texts for readers.
fn says_nothing(schema: &Node) -> bool {
    let is_text = |entry: &Entry| matches!(&*entry.key, "description" | "title" | "example" | "deprecated");
    entries(schema).iter().all(is_text)
}

/// Whether a schema says more than which kinds of values there are.
pub(super) fn says_more(schema: &Node) -> bool {
    has_members(schema) || ["items", "enum", "const"].iter().any(|keyword| schema.get(keyword).is_some())
}

/// Whether a schema says which members there are.
pub(super) fn has_members(schema: &Node) -> bool {
    let is_open =
        schema.get("additionalProperties").is_some_and(|others| !matches!(others.content, Content::Bool(false, _)));
    is_open || ["properties", "required", "x-one-of"].iter().any(|keyword| schema.get(keyword).is_some())
}

/// Whether a schema of these kinds says something itself, beside its parts and variants.
pub(super) fn says_itself(schema: &Node, kinds: &[String]) -> bool {
    says_more(schema) || kinds.iter().any(|kind| kind != "null")
}

/// Whether a schema is that of any object, and says no more than that.
pub(super) fn is_any_object(schema: &Node) -> bool {
    let says_no_more = |entry: &Entry| matches!(&*entry.key, "type" | "nullable" | "title" | "description");
    kinds(schema) == ["object"] && entries(schema).iter().all(says_no_more)
}

/// Whether a schema is that of null. Generators for OpenAPI 3.0, which has no such type, write it as `nullable: true`, some with a
/// type of `object`.
pub(super) fn is_null(schema: &Node) -> bool {
    let is_known = |entry: &Entry| matches!(&*entry.key, "nullable" | "type");
    let says_no_more = entries(schema).iter().all(is_known) && matches!(kinds(schema).as_slice(), [] | [_]);
    let is_object = kinds(schema).iter().all(|kind| kind == "object");
    kinds(schema) == ["null"] || (says_no_more && is_object && flag(schema, "nullable"))
}

/// Which way the values of a member travel: as its schema says, or a schema that this refers to.
pub(super) fn access(document: &Document<'_>, schema: &Node) -> Access {
    let mut open = vec![schema];
    for _ in 0..MAX_PARTS {
        let Some(schema) = open.pop() else { break };
        match (flag(schema, "readOnly"), flag(schema, "writeOnly")) {
            (true, false) => return Access::ReadOnly,
            (false, true) => return Access::WriteOnly,
            _ => {}
        }
        let reference = schema.get("$ref").and_then(Node::scalar_text);
        open.extend(reference.and_then(|reference| document.at(&reference)));
        open.extend(list(schema, "allOf").unwrap_or_default());
    }
    Access::Both
}

pub(super) fn has_null_type(schema: &Node) -> bool {
    kinds(schema).iter().any(|kind| kind == "null")
}

/// Whether a schema marks its values as secret.
pub(super) fn is_secret(schema: &Node) -> bool {
    let format = schema.get("format").and_then(Node::scalar_text);
    flag(schema, "x-naftiko-secret") || flag(schema, "writeOnly") || format.as_deref() == Some("password")
}

/// Whether a whole number may be too large for 64 bits with a sign.
pub(super) fn is_unsigned(schema: &Node) -> bool {
    let largest = schema.get("maximum").and_then(Node::scalar_text).and_then(|limit| limit.parse::<u64>().ok());
    largest.is_some_and(|largest| i64::try_from(largest).is_err())
        || schema.get("format").and_then(Node::scalar_text).as_deref() == Some("uint64")
}

/// Adds the limits that a schema has beside a reference or a variant.
pub(super) fn add_limits(read: &mut Use, schema: &Node) {
    for (keyword, limit) in limits(schema) {
        tighten(read, &keyword, &limit);
    }
}

/// Adds a limit. Of two of one keyword the narrower counts.
pub(super) fn tighten(read: &mut Use, keyword: &str, limit: &str) {
    match read.limits.iter_mut().find(|(known, _)| known == keyword) {
        Some((_, known)) => {
            let (one, other) = (known.parse::<f64>(), limit.parse::<f64>());
            let is_maximum = keyword.to_ascii_lowercase().contains("max");
            if let (Ok(one), Ok(other)) = (one, other)
                && one != other
                && (other < one) == is_maximum
            {
                limit.clone_into(known);
            }
        }
        None => read.limits.push((keyword.to_owned(), limit.to_owned())),
    }
    read.limits.sort_by_key(|(keyword, _)| LIMITS.iter().position(|known| known == keyword));
}

/// The limits of a schema, each with its JSON text.
pub(super) fn limits(schema: &Node) -> Vec<(String, String)> {
    // In OpenAPI 3.0 the exclusive ones are booleans beside `minimum` and `maximum`.
    let named = |keyword: &'static str| match keyword {
        "minimum" if flag(schema, "exclusiveMinimum") => "exclusiveMinimum",
        "maximum" if flag(schema, "exclusiveMaximum") => "exclusiveMaximum",
        keyword => keyword,
    };
    let known = LIMITS.iter().filter_map(|keyword| Some((named(keyword).to_owned(), schema.get(keyword)?.to_json())));
    known.filter(|(keyword, limit)| is_limit(keyword, limit)).collect()
}

fn is_limit(keyword: &str, limit: &str) -> bool {
    let is_number = limit.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    match keyword {
        "pattern" => {
            let pattern = serde_json::from_str::<String>(limit).unwrap_or_default();
            let size = naftiko_schema::PATTERN_SIZE;
            !pattern.is_empty() && regex_lite::RegexBuilder::new(&pattern).size_limit(size).build().is_ok()
        }
        "uniqueItems" => limit == "true",
        _ => is_number,
    }
}

pub(super) fn list<'n>(schema: &'n Node, keyword: &str) -> Option<&'n [Node]> {
    match &schema.get(keyword)?.content {
        Content::Sequence(items) => Some(items),
        _ => None,
    }
}

/// The name of the schema that a reference leads to, if it has one.
pub(super) fn component_name(reference: &str) -> Option<String> {
    let name = ["#/components/schemas/", "#/definitions/"].iter().find_map(|start| reference.strip_prefix(start))?;
    (!name.contains('/')).then(|| token(name))
}

/// The last part of the last segment of a reference: `Secret` of `#/components/schemas/scaleway.v1.Secret`.
pub(super) fn last(reference: &str) -> String {
    let segment = token(reference.rsplit('/').next().unwrap_or(reference));
    segment.rsplit('.').next().filter(|part| !part.is_empty()).unwrap_or(&segment).to_owned()
}

/// A segment of a reference without its escapes (RFC 6901 §6).
fn token(segment: &str) -> String {
    percent_decode(segment).replace("~1", "/").replace("~0", "~")
}
