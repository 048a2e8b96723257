//! What is shown of the schemas of bodies that tools take.

use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

use super::super::about::first_sentence;
use super::{FORMATS, Shape, Shown, few, is_null, kinds, list};

/// The most levels of objects that are shown.
const LEVELS: usize = 8;
/// The longest list of allowed values, in bytes.
const ENUM_LIMIT: usize = 1 << 10;
/// The groups of members of which at most one may have a value.
const ALTERNATIVES: &str = "x-naftiko-alternatives";
/// What is said of values of each kind.
const KEYWORDS: [(&str, &[&str]); 4] = [
    ("string", &["pattern", "minLength", "maxLength"]),
    ("integer", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]),
    ("array", &["minItems", "maxItems", "uniqueItems"]),
];

/// The schema of an input that is a whole body, in a number of bytes. It is described by `about`, unless that is empty; `source`
/// is where the whole schema is. `None` if nothing of it fits.
pub(in super::super) fn input(schema: &str, budget: usize, about: &str, source: &str) -> Option<Shown> {
    let document: Value = serde_json::from_str(schema).ok()?;
    let shape = |levels, members, described| {
        let shape = Shape::new(&document, levels, members, budget, source);
        let mut input = Input { shape, described, about: Some(about).filter(|about| !about.is_empty()) };
        let shown = input.node(&document, 0)?;
        input.shape.fitting(shown)
    };
    let mut whole = None;
    for levels in 1..=LEVELS {
        let Some(shown) = shape(levels, usize::MAX, true) else { break };
        let is_cut = shown.is_cut;
        whole = Some(shown);
        if !is_cut {
            break;
        }
    }
    whole.or_else(|| few(|members| shape(1, members, false)))
}

/// An attempt to show an input.
struct Input<'d> {
    shape: Shape<'d>,
    /// Whether members have descriptions.
    described: bool,
    /// The description of the next value, which is the input itself.
    about: Option<&'d str>,
}

impl<'d> Input<'d> {
    /// A value; `None` if there is no room for it.
    fn node(&mut self, schema: &'d Value, depth: usize) -> Option<JsonObject> {
        let Some((name, target)) = self.shape.referred(schema) else { return self.own(schema, schema, depth) };
        if self.shape.inside.contains(&name) {
            return self.again(target, schema);
        }
        self.shape.inside.push(name);
        let shown = self.own(target, schema, depth);
        self.shape.inside.pop();
        shown
    }

    /// A value without references, described where it is used or else where it is defined.
    fn own(&mut self, schema: &'d Value, used: &'d Value, depth: usize) -> Option<JsonObject> {
        let about = self.about.take().map(str::to_owned);
        let about = about.or_else(|| self.sentence(used)).or_else(|| self.sentence(schema));
        let mut forms = Vec::new();
        let (mut nullable, kinds) = (false, kinds(schema));
        for form in list(schema, "anyOf") {
            if is_null(form) {
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
        let about: Vec<_> = about.into_iter().chain(notes).collect();
        self.shape.describe(&mut shown, about.join(" "))?;
        Some(shown)
    }

    /// A value of one kind. Its description is only about what is left out.
    fn typed(&mut self, schema: &'d Value, kind: &str, depth: usize) -> Option<JsonObject> {
        let mut shown = self.untyped_scalar(schema)?;
        shown.insert("type".to_owned(), kind.into());
        let keywords = KEYWORDS.iter().filter(|(of, _)| *of == kind).flat_map(|(_, keywords)| keywords.iter());
        for (keyword, value) in keywords.filter_map(|keyword| Some((*keyword, schema.get(keyword)?))) {
            self.shape.write(keyword.len() + value.to_string().len())?;
            shown.insert(keyword.to_owned(), value.clone());
        }
        match (kind, schema.get("format").and_then(Value::as_str)) {
            ("string", Some("byte")) => self.shape.describe(&mut shown, "(base64)".to_owned())?,
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
        if length > ENUM_LIMIT {
            self.shape.lacks_values = true;
        } else if length > "[]".len() {
            self.shape.write(length)?;
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
        if self.shape.members < count {
            names.sort_by_key(|(name, _)| !needed(name));
        }
        names.truncate(self.shape.room(depth));
        let omitted = count - names.len();
        let mut shown = Map::new();
        let mut members = Map::new();
        for (name, member) in names {
            self.shape.write(name.len() + "\"\":{},".len())?;
            members.insert(name.clone(), self.node(member, depth + 1)?.into());
        }
        let required: Vec<_> = required.filter(|name| members.contains_key(*name)).map(Value::from).collect();
        let others = match schema.get("additionalProperties") {
            // An object that shows its members needs no word about others, which calls reject by name.
            Some(Value::Bool(false)) if count == 0 => Some(Value::Bool(false)),
            Some(Value::Object(others)) if others.is_empty() => Some(Value::Bool(true)),
            Some(others @ Value::Object(_)) if self.shape.room(depth) > 0 => Some(self.node(others, depth + 1)?.into()),
            // Some clients reject an object schema that does not say what the object holds.
            _ => members.is_empty().then_some(Value::Bool(true)),
        };
        shown.insert("properties".to_owned(), members.into());
        if !required.is_empty() {
            shown.insert("required".to_owned(), required.into());
        }
        shown.extend(others.map(|others| ("additionalProperties".to_owned(), others)));
        let groups = list(schema, ALTERNATIVES).iter().filter_map(Value::as_array);
        let names = |group: &Vec<Value>| group.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
        let mut notes: Vec<_> = groups.map(|group| format!("(at most one of {})", names(group))).collect();
        if omitted > 0 {
            notes.push(self.shape.omitted(omitted));
        }
        self.shape.describe(&mut shown, notes.join(" "))?;
        Some(shown)
    }

    /// An object inside of one of its own kind.
    fn again(&mut self, schema: &'d Value, used: &'d Value) -> Option<JsonObject> {
        let about = self.sentence(used).or_else(|| self.sentence(schema));
        let count = schema.get("properties").and_then(Value::as_object).map_or(0, Map::len);
        let shown = match kinds(schema).as_slice() {
            ["object"] => json!({"type": "object", "properties": {}, "additionalProperties": true}),
            [kind] if *kind != "array" => json!({ "type": kind }),
            _ => json!({}),
        };
        let Value::Object(mut shown) = shown else { return None };
        let note = (count > 0).then(|| format!("({count} members, as above)"));
        let text: Vec<_> = about.into_iter().chain(note).collect();
        self.shape.describe(&mut shown, text.join(" "))?;
        Some(shown)
    }

    fn sentence(&self, schema: &Value) -> Option<String> {
        let text = schema.get("description")?.as_str().filter(|_| self.described)?;
        Some(first_sentence(text)).filter(|text| !text.is_empty())
    }
}
