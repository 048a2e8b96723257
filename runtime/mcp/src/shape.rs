//! Schemas of bodies as tools show them: everything in its place, without references, and within a number of bytes.
//!
//! What models and clients read must be portable: no `$ref`, no lists of types, no union where the tool begins. What does not
//! fit is left out from the deepest level up, and its place says how many members it has.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

/// How references begin.
const DEFINITIONS: &str = "#/$defs/";
/// The most levels of objects that are shown of an input, and of an output.
const LEVELS: usize = 8;
const OUTPUT_LEVELS: usize = 3;
/// How long the schema of an output may be, in bytes.
const OUTPUT_BUDGET: usize = 2 << 10;
/// The longest description of a member, in characters.
const SENTENCE: usize = 200;
/// The longest list of allowed values, in bytes.
const ENUM_LIMIT: usize = 1 << 10;
/// Formats that all models and clients take.
const FORMATS: [&str; 7] = ["uuid", "date-time", "date", "uri", "email", "int32", "int64"];
/// What is said of values of each kind.
const KEYWORDS: [(&str, &[&str]); 4] = [
    ("string", &["pattern", "minLength", "maxLength"]),
    ("integer", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    ("array", &["minItems", "maxItems", "uniqueItems"]),
];

/// The schema of an input that is a whole body, in a number of bytes. `None` if nothing of it fits.
pub(super) fn input(schema: &str, budget: usize) -> Option<JsonObject> {
    let document: Value = serde_json::from_str(schema).ok()?;
    let shape = |levels, members, described| Shape::new(&document, levels, members, described, budget);
    let mut whole = None;
    for levels in 1..=LEVELS {
        let mut shape = shape(levels, usize::MAX, true);
        let Some(shown) = shape.root() else { break };
        whole = Some(shown);
        if !shape.is_cut {
            break;
        }
    }
    whole.or_else(|| few(|members| shape(1, members, false).root()))
}

/// The shape of what a tool returns: names of members, and their kinds in words. It constrains nothing, because clients reject
/// results that do not satisfy it, and upstreams add values and send null. `None` if it is not an object.
pub(super) fn output(schema: &str) -> Option<JsonObject> {
    let document: Value = serde_json::from_str(schema).ok()?;
    let shape = |levels, members| {
        let mut shape = Shape::new(&document, levels, members, false, OUTPUT_BUDGET);
        let mut root = shape.output(&document, 0)?;
        let own = shape.resolved(&document);
        if kinds(own).iter().all(|kind| *kind != "object") || own.get("anyOf").is_some() {
            return None;
        }
        root.remove("description");
        root.insert("type".to_owned(), "object".into());
        root.entry("properties").or_insert_with(|| json!({}));
        shape.fitting(root)
    };
    (1..=OUTPUT_LEVELS).rev().find_map(|levels| shape(levels, usize::MAX)).or_else(|| few(|members| shape(1, members)))
}

/// What fits of an object with many members.
fn few(shape: impl Fn(usize) -> Option<JsonObject>) -> Option<JsonObject> {
    [usize::MAX, 128, 64, 32, 16, 8, 4, 2, 1].into_iter().find_map(shape)
}

/// One attempt to fit a schema into a number of bytes.
struct Shape<'d> {
    document: &'d Value,
    /// How many levels of objects are shown, and how many members of each.
    levels: usize,
    members: usize,
    /// Whether members have descriptions.
    described: bool,
    budget: usize,
    /// At least how many bytes were written.
    written: usize,
    /// Whether something was left out that another level would show.
    is_cut: bool,
    /// The definitions that the current value is inside of.
    inside: Vec<&'d str>,
}

impl<'d> Shape<'d> {
    fn new(document: &'d Value, levels: usize, members: usize, described: bool, budget: usize) -> Self {
        Self { document, levels, members, described, budget, written: 0, is_cut: false, inside: Vec::new() }
    }

    fn root(&mut self) -> Option<JsonObject> {
        let shown = self.node(self.document, 0)?;
        self.fitting(shown)
    }

    fn fitting(&self, shown: JsonObject) -> Option<JsonObject> {
        let length = Value::Object(shown.clone()).to_string().len();
        (length <= self.budget).then_some(shown)
    }

    /// A value of an input; `None` if there is no room for it.
    fn node(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let Some((name, target)) = self.referred(schema) else { return self.own(schema, schema, depth) };
        if self.inside.contains(&name) {
            return self.object_that_is_cut(target, schema);
        }
        self.inside.push(name);
        let shown = self.own(target, schema, depth);
        self.inside.pop();
        shown
    }

    /// A value without references, described where it is used or else where it is defined.
    fn own(&mut self, schema: &'d Value, used: &'d Value, depth: usize) -> Option<JsonObject> {
        let mut forms = Vec::new();
        let (mut nullable, kinds) = (false, kinds(schema));
        for form in list(schema, "anyOf") {
            if kinds_of_null(form) {
                nullable = true;
            } else {
                forms.push(self.node(form, depth)?);
            }
        }
        if forms.is_empty() {
            nullable |= kinds.contains(&"null");
            for kind in kinds.iter().filter(|kind| **kind != "null") {
                forms.push(self.typed(schema, kind, depth)?);
            }
            if kinds.is_empty() {
                forms.push(self.untyped(schema, depth)?);
            }
        }
        let mut notes: Vec<String> = Vec::new();
        if let [only] = forms.as_mut_slice()
            && let Some(Value::String(note)) = only.remove("description")
        {
            notes.push(note);
        }
        if nullable {
            forms.push(Map::from_iter([("type".to_owned(), "null".into())]));
        }
        let mut shown = match <[JsonObject; 1]>::try_from(forms) {
            Ok([only]) => only,
            Err(forms) => Map::from_iter([("anyOf".to_owned(), forms.into())]),
        };
        let about = self.sentence(used).or_else(|| self.sentence(schema));
        let about: Vec<_> = about.into_iter().chain(notes).collect();
        self.describe(&mut shown, about.join(" "))?;
        Some(shown)
    }

    /// A value of one kind. Its description is only about what is left out.
    fn typed(&mut self, schema: &'d Value, kind: &str, depth: usize) -> Option<JsonObject> {
        let mut shown = self.untyped_scalar(schema)?;
        shown.insert("type".to_owned(), kind.into());
        let keywords = KEYWORDS.iter().filter(|(of, _)| *of == kind).flat_map(|(_, keywords)| keywords.iter());
        for (keyword, value) in keywords.filter_map(|keyword| Some((*keyword, schema.get(keyword)?))) {
            self.write(keyword.len() + value.to_string().len())?;
            shown.insert(keyword.to_owned(), value.clone());
        }
        match (kind, schema.get("format").and_then(Value::as_str)) {
            ("string", Some("byte")) => self.describe(&mut shown, "(base64)".to_owned())?,
            ("string" | "integer" | "number", Some(format)) if FORMATS.contains(&format) => {
                shown.insert("format".to_owned(), format.into());
            }
            _ => {}
        }
        match kind {
            "array" => {
                let items = match schema.get("items") {
                    Some(items) => self.node(items, depth)?,
                    None => Map::new(),
                };
                shown.insert("items".to_owned(), items.into());
            }
            "object" => shown.extend(self.object(schema, depth)?),
            _ => {}
        }
        Some(shown)
    }

    fn untyped(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        if schema.get("properties").is_some() {
            return self.typed(schema, "object", depth);
        }
        self.untyped_scalar(schema)
    }

    /// The allowed values, if they are not too many.
    fn untyped_scalar(&mut self, schema: &'d Value) -> Option<JsonObject> {
        let mut shown = Map::new();
        let allowed: Vec<_> = list(schema, "enum").iter().filter(|value| !value.is_null()).cloned().collect();
        let allowed = Value::from(allowed);
        let length = allowed.to_string().len();
        if (3..=ENUM_LIMIT).contains(&length) {
            self.write(length)?;
            shown.insert("enum".to_owned(), allowed);
        }
        Some(shown)
    }

    fn object(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let properties = schema.get("properties").and_then(Value::as_object);
        let count = properties.map_or(0, Map::len);
        let required = list(schema, "required").iter().filter_map(Value::as_str);
        // What is needed comes first, so that it is the last to be left out.
        let needed = |name: &str| list(schema, "required").iter().any(|required| required == name);
        let mut names: Vec<_> = properties.into_iter().flatten().collect();
        if self.members < count {
            names.sort_by_key(|(name, _)| !needed(name));
        }
        names.truncate(if depth < self.levels { self.members } else { 0 });
        let omitted = count - names.len();
        self.is_cut |= omitted > 0;
        let mut shown = Map::new();
        let mut members = Map::new();
        for (name, member) in names {
            self.write(name.len() + "\"\":{},".len())?;
            members.insert(name.clone(), self.node(member, depth + 1)?.into());
        }
        let required: Vec<_> = required.filter(|name| members.contains_key(*name)).map(Value::from).collect();
        let others = match schema.get("additionalProperties") {
            Some(Value::Bool(false)) if omitted == 0 => Some(Value::Bool(false)),
            Some(others @ Value::Object(_)) if depth < self.levels => Some(self.node(others, depth + 1)?.into()),
            // Some clients reject an object schema that does not say what the object holds.
            _ => members.is_empty().then_some(Value::Bool(true)),
        };
        shown.insert("properties".to_owned(), members.into());
        if !required.is_empty() {
            shown.insert("required".to_owned(), required.into());
        }
        shown.extend(others.map(|others| ("additionalProperties".to_owned(), others)));
        if omitted > 0 {
            self.describe(&mut shown, format!("({omitted} more members)"))?;
        }
        Some(shown)
    }

    /// An object inside of one of its own kind.
    fn object_that_is_cut(&mut self, schema: &'d Value, used: &'d Value) -> Option<JsonObject> {
        let about = self.sentence(used).or_else(|| self.sentence(schema)).unwrap_or_default();
        let count = schema.get("properties").and_then(Value::as_object).map_or(0, Map::len);
        let mut shown = match kinds(schema).as_slice() {
            ["object"] => json!({"type": "object", "properties": {}, "additionalProperties": true}),
            [kind] if *kind != "array" => json!({ "type": kind }),
            _ => json!({}),
        };
        let shown = shown.as_object_mut().map(std::mem::take)?;
        let note = if count > 0 { format!("({count} members, as above)") } else { String::new() };
        let text = [about, note].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
        let mut shown = shown;
        self.describe(&mut shown, text)?;
        Some(shown)
    }

    /// A value of an output.
    fn output(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let referred = self.referred(schema);
        let (name, own) = referred.unwrap_or(("", schema));
        if self.inside.contains(&name) {
            return Some(Map::new());
        }
        self.inside.extend(referred.map(|(name, _)| name));
        let shown = self.of_output(own, depth);
        if referred.is_some() {
            self.inside.pop();
        }
        shown
    }

    fn of_output(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let forms: Vec<_> = list(schema, "anyOf").iter().filter(|form| !kinds_of_null(form)).collect();
        if let [only] = forms.as_slice() {
            return self.output(only, depth);
        }
        let mut shown = Map::new();
        let kinds: Vec<_> = kinds(schema).into_iter().filter(|kind| *kind != "null").collect();
        if let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|_| depth < self.levels) {
            let mut members = Map::new();
            for (name, member) in properties.iter().take(self.members) {
                self.write(name.len() + "\"\":{},".len())?;
                members.insert(name.clone(), self.output(member, depth + 1)?.into());
            }
            shown.insert("properties".to_owned(), members.into());
        } else if let (["array"], Some(items)) = (kinds.as_slice(), schema.get("items")) {
            shown.insert("items".to_owned(), self.output(items, depth)?.into());
        }
        if !kinds.is_empty() && kinds != ["object"] {
            let format = schema.get("format").and_then(Value::as_str).filter(|format| FORMATS.contains(format));
            let format = format.map(|format| format!(" ({format})")).unwrap_or_default();
            let text = format!("{}{format}", kinds.join(" or "));
            self.write(text.len())?;
            shown.insert("description".to_owned(), text.into());
        }
        Some(shown)
    }

    /// The definition that a value refers to, and its name.
    fn referred(&self, schema: &'d Value) -> Option<(&'d str, &'d Value)> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix(DEFINITIONS)?;
        Some((name, self.document.get("$defs")?.get(name)?))
    }

    fn resolved(&self, schema: &'d Value) -> &'d Value {
        self.referred(schema).map_or(schema, |(_, target)| target)
    }

    fn sentence(&self, schema: &Value) -> Option<String> {
        let text = schema.get("description")?.as_str().filter(|_| self.described)?;
        Some(first_sentence(text)).filter(|text| !text.is_empty())
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
fn kinds_of_null(schema: &Value) -> bool {
    kinds(schema) == ["null"]
}

/// The first sentence of a text, or the start of it.
pub(super) fn first_sentence(text: &str) -> String {
    let text = text.trim();
    let end = text.char_indices().find_map(|(at, character)| {
        let rest = text.get(at + character.len_utf8()..).unwrap_or_default();
        let ends = matches!(character, '.' | '!' | '?') && rest.starts_with(char::is_whitespace);
        // Not after `e.g.` and the like.
        let is_word = text.get(..at).is_some_and(|before| !before.ends_with("e.g") && !before.ends_with("i.e"));
        (ends && is_word).then_some(at + character.len_utf8()).or_else(|| (character == '\n').then_some(at))
    });
    let sentence = text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim();
    naftiko_client::__private::shortened(sentence, SENTENCE).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(schema: &Value, budget: usize) -> Value {
        input(&schema.to_string(), budget).map_or(Value::Null, Value::from)
    }

    /// Whether a schema has only what models and clients take.
    fn is_portable(schema: &Value) -> bool {
        match schema {
            Value::Object(members) => members.iter().all(|(name, value)| match name.as_str() {
                "$ref" | "$defs" | "nullable" => false,
                "type" => value.is_string(),
                "properties" => value.as_object().is_some_and(|members| members.values().all(is_portable)),
                "enum" => true,
                _ => is_portable(value),
            }),
            Value::Array(items) => items.iter().all(is_portable),
            _ => true,
        }
    }

    #[test]
    fn levels_are_left_out_from_the_deepest_up() {
        let members: Map<_, _> = (0..20).map(|n| (format!("m{n}"), json!({"type": "string"}))).collect();
        let inner = json!({"type": "object", "properties": members});
        let properties = json!({"optional_and_with_a_long_name": {"type": "integer"}, "deep": inner});
        let schema = json!({"type": "object", "required": ["deep"], "properties": properties});
        assert_eq!(shown(&schema, 1000)["properties"]["deep"]["properties"]["m19"], json!({"type": "string"}));
        let deep = json!({
            "type": "object", "properties": {}, "additionalProperties": true, "description": "(20 more members)",
        });
        let mut cut = schema.clone();
        cut["properties"]["deep"] = deep.clone();
        assert_eq!(shown(&schema, 300), cut);
        let needed = json!({
            "type": "object", "required": ["deep"], "description": "(1 more members)", "properties": {"deep": deep},
        });
        assert_eq!(shown(&schema, cut.to_string().len() - 1), needed, "what is needed stays");
        assert_eq!(shown(&schema, 20), Value::Null);
    }

    #[test]
    fn documents_that_contain_each_other_fit() {
        // Every definition has all of them as members, as those of health records do.
        let names: Vec<_> = (0..100).map(|number| format!("D{number}")).collect();
        let members: Map<_, _> =
            names.iter().map(|name| (name.clone(), json!({"$ref": format!("#/$defs/{name}")}))).collect();
        let definition = json!({"type": "object", "properties": members, "description": "One of many. It has others."});
        let definitions: Map<_, _> = names.iter().map(|name| (name.clone(), definition.clone())).collect();
        let schema = json!({"$ref": "#/$defs/D0", "$defs": definitions});
        let start = std::time::Instant::now();
        for budget in [500, 2 << 10, 8 << 10, 64 << 10] {
            let shown = shown(&schema, budget);
            let length = shown.to_string().len();
            assert!(length <= budget && length > 300 && is_portable(&shown), "{length} of {budget}: {shown}");
        }
        let output = output(&schema.to_string()).expect("a shape");
        assert!(Value::Object(output).to_string().len() <= OUTPUT_BUDGET);
        assert!(start.elapsed().as_secs() < 2, "{:?}", start.elapsed());
    }

    #[test]
    fn values_of_several_kinds_are_portable() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": ["string", "null"], "enum": ["x", null], "description": "One.\nTwo."},
            "b": {"type": ["string", "integer"]},
            "c": {"anyOf": [{"$ref": "#/$defs/C"}, {"type": "array", "items": {"type": "string", "format": "byte"}}]},
            "d": {"type": "object", "additionalProperties": {"type": "string"}},
            "e": {"type": "integer", "format": "uint32", "minimum": 0},
            "f": {},
        }, "$defs": {"C": {"type": "object", "properties": {"c": {"$ref": "#/$defs/C"}}}}});
        let shown = shown(&schema, 2000);
        assert!(is_portable(&shown), "{shown}");
        assert_eq!(
            shown["properties"],
            json!({
                "a": {"anyOf": [{"enum": ["x"], "type": "string"}, {"type": "null"}], "description": "One."},
                "b": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
                "c": {"anyOf": [
                    {"type": "object", "properties": {"c": {
                        "type": "object", "properties": {}, "additionalProperties": true,
                        "description": "(1 members, as above)",
                    }}},
                    {"type": "array", "items": {"type": "string", "description": "(base64)"}},
                ]},
                "d": {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}},
                "e": {"type": "integer", "minimum": 0},
                "f": {},
            })
        );
    }

    #[test]
    fn shapes_of_outputs_constrain_nothing() {
        let schema = json!({"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
            "a": {"type": "string", "enum": ["x"], "format": "uuid"},
            "b": {"type": "array", "items": {"type": "object", "properties": {"c": {"type": ["integer", "null"]}}}},
            "d": {"$ref": "#/$defs/D"},
        }, "$defs": {"D": {"type": "object", "properties": {"d": {"$ref": "#/$defs/D"}}}}});
        assert_eq!(
            output(&schema.to_string()).map(Value::from),
            Some(json!({"type": "object", "properties": {
                "a": {"description": "string (uuid)"},
                "b": {"items": {"properties": {"c": {"description": "integer"}}}, "description": "array"},
                "d": {"properties": {"d": {}}},
            }}))
        );
        for other in [json!({"type": "array"}), json!({"anyOf": [{"type": "object"}, {"type": "string"}]}), json!({})] {
            assert_eq!(output(&other.to_string()), None, "{other}");
        }
    }

    #[test]
    fn descriptions_are_cut_after_their_first_sentence() {
        for (text, sentence) in [
            ("One. Two.", "One."),
            ("See e.g. this one! Or that.", "See e.g. this one!"),
            ("Version 1.2 of it", "Version 1.2 of it"),
            (" Line\nline", "Line"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), sentence);
        }
        assert_eq!(first_sentence(&"é".repeat(300)).chars().count(), SENTENCE + 1);
    }
}
