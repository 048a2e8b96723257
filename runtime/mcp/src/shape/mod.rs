//! Schemas of bodies as tools show them: everything in its place, without references, and within a number of bytes.
//!
//! What models and clients read must be portable: no `$ref`, no lists of types, no union where the tool begins. What does not
//! fit is left out from the deepest level up, and its place says how many members it has.

mod input;
mod output;
#[cfg(test)]
mod tests;

use rmcp::model::JsonObject;
use serde_json::Value;

pub(super) use self::input::input;
pub(super) use self::output::{full, output};

/// How references begin.
const DEFINITIONS: &str = "#/$defs/";
/// Formats that all models and clients take.
const FORMATS: [&str; 7] = ["uuid", "date-time", "date", "uri", "email", "int32", "int64"];

/// A schema as it is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) schema: JsonObject,
    /// Whether there was no room for some of its members or values.
    pub(super) is_cut: bool,
}

/// The first attempt that fits: whole, or with few members.
fn few(shape: impl Fn(usize) -> Option<Shown>) -> Option<Shown> {
    [usize::MAX, 128, 64, 32, 16, 8, 4, 2, 1].into_iter().find_map(shape)
}

/// One attempt to fit a schema into a number of bytes.
struct Shape<'d> {
    document: &'d Value,
    /// How many levels of objects are shown, and how many members of each.
    levels: usize,
    members: usize,
    budget: usize,
    /// Where the whole schema is.
    source: &'d str,
    /// At least how many bytes were written.
    written: usize,
    /// Whether something was left out that another level would show.
    lacks_members: bool,
    /// Whether values were left out that no level would show.
    lacks_values: bool,
    /// The definitions that the current value is inside of.
    inside: Vec<&'d str>,
}

impl<'d> Shape<'d> {
    fn new(document: &'d Value, levels: usize, members: usize, budget: usize, source: &'d str) -> Self {
        let (lacks_members, lacks_values) = (false, false);
        Self { document, levels, members, budget, source, written: 0, lacks_members, lacks_values, inside: Vec::new() }
    }

    fn fitting(&self, schema: JsonObject) -> Option<Shown> {
        let length = Value::Object(schema.clone()).to_string().len();
        let is_cut = self.lacks_members || self.lacks_values;
        (length <= self.budget).then_some(Shown { schema, is_cut })
    }

    /// How many members of an object at this depth are shown.
    fn room(&self, depth: usize) -> usize {
        if depth < self.levels { self.members } else { 0 }
    }

    /// What is said of members that are left out.
    fn omitted(&mut self, count: usize) -> String {
        self.lacks_members = true;
        format!("({count} more members, see resource {})", self.source)
    }

    /// The definition that a value refers to, and its name.
    fn referred(&self, schema: &'d Value) -> Option<(&'d str, &'d Value)> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix(DEFINITIONS)?;
        Some((name, self.document.get("$defs")?.get(name)?))
    }

    fn describe(&mut self, shown: &mut JsonObject, text: String) -> Option<()> {
        if !text.is_empty() {
            self.write(text.len())?;
            shown.insert("description".to_owned(), text.into());
        }
        Some(())
    }

    /// Counts bytes; `None` if they are too many.
    fn write(&mut self, bytes: usize) -> Option<()> {
        self.written += bytes;
        (self.written <= self.budget).then_some(())
    }
}

fn list<'s>(schema: &'s Value, name: &str) -> &'s [Value] {
    schema.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The kinds that a schema names.
fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a form of a union is null alone.
fn is_null(schema: &Value) -> bool {
    kinds(schema) == ["null"]
}
