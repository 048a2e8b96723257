//! YAML with places: every value knows its line and column.
//!
//! The values come from `serde_yaml`, which knows no places and keeps the last of two equal keys silently. So the same
//! text is also walked as a stream of marked events; that walk gives the places, and finds duplicate keys first.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, Span};
use serde::Deserialize as _;
use serde_yaml::Value;

use crate::codes::Code;
use crate::diagnostic::{Place, Sink};

/// Values nested deeper than this are refused; no real capability comes near.
const MAX_DEPTH: usize = 100;

/// More values than this are refused; the largest real capabilities have a tenth of it.
const MAX_VALUES: usize = 1_000_000;

/// Longer texts are refused, in bytes; the longest descriptions have a hundredth of it.
const MAX_SCALAR: usize = 1 << 20;

/// Stands for a key that is no scalar: `{{name}}` without quotes is a mapping whose key is a mapping.
pub(crate) const UNQUOTED: &str = "{…}";

/// A YAML value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) place: Place,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Null,
    Bool(bool),
    /// A number, and its text as it stands in the source.
    Number(serde_json::Number, String),
    Text(String),
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: Node,
}

/// Parses a text. Every problem is reported; `None` means that no value can be made of it.
pub(crate) fn parse(text: &str, file: usize, sink: &mut Sink) -> Option<Node> {
    // Editors on Windows put a byte order mark before the text; it means nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let places = index(text, file, sink)?;
    if sink.has_errors() {
        return None;
    }
    let value = serde_yaml::Deserializer::from_str(text);
    match Value::deserialize(value).and_then(|mut value| value.apply_merge().map(|()| value)) {
        Ok(value) => Some(node(value, Some(&places), places.place)),
        Err(error) => {
            let place = error.location().map_or(places.place, |at| Place {
                line: at.line(),
                column: at.column(),
                length: 1,
                file,
            });
            sink.report(Code::Syntax, place, format!("this is not valid YAML: {error}"), "");
            None
        }
    }
}

/// The places of a value, in the shape of the value. An alias has a place but no children.
struct Places {
    place: Place,
    /// The text of a scalar.
    text: Option<String>,
    /// How many values it is when every alias is replaced by what it stands for.
    size: usize,
    anchor: usize,
    items: Vec<Places>,
    /// Key, its place and its value, in order.
    entries: Vec<(String, Place, Places)>,
    /// The keys that are text, and where they stand in `entries`.
    keys: BTreeMap<String, usize>,
}

impl Places {
    fn new(place: Place, text: Option<String>, anchor: usize) -> Self {
        Self { place, text, size: 1, anchor, items: Vec::new(), entries: Vec::new(), keys: BTreeMap::new() }
    }
}

enum Open {
    Sequence(Places),
    /// The mapping, and its key that waits for a value.
    Mapping(Places, Option<Places>),
}

fn index(text: &str, file: usize, sink: &mut Sink) -> Option<Places> {
    let mut open: Vec<Open> = Vec::new();
    let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
    let mut root = None;
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let place = Place { line: error.marker().line(), column: error.marker().col() + 1, length: 1, file };
                if error.info().contains("recursion limit") {
                    too_deep(place, sink);
                } else {
                    sink.report(Code::Syntax, place, format!("this is not valid YAML: {}", error.info()), "");
                }
                return None;
            }
        };
        let place = place(span, file);
        let closed = match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents == 2 {
                    let help = "keep one capability per file";
                    sink.report(Code::SeveralDocuments, place, "a second YAML document starts here", help);
                }
                continue;
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open::Sequence(Places::new(place, None, anchor)));
                None
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open::Mapping(Places::new(place, None, anchor), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => open.pop().map(|done| match done {
                Open::Sequence(places) | Open::Mapping(places, _) => places,
            }),
            Event::Scalar(value, ..) if value.len() > MAX_SCALAR => {
                let message = format!("this text is longer than {} KiB", MAX_SCALAR >> 10);
                sink.report(Code::TooLarge, place, message, "no value of a capability is that long");
                return None;
            }
            Event::Scalar(value, _, anchor, _) => Some(Places::new(place, Some(value.into_owned()), anchor)),
            Event::Alias(anchor) => {
                let mut alias = Places::new(place, None, 0);
                alias.size = sizes.get(&anchor).copied().unwrap_or(1);
                Some(alias)
            }
            _ => continue,
        };
        if open.len() > MAX_DEPTH {
            too_deep(place, sink);
            return None;
        }
        let Some(closed) = closed else { continue };
        if closed.size > MAX_VALUES {
            let message = format!("aliases make more than {MAX_VALUES} values of this text");
            sink.report(Code::TooLarge, closed.place, message, "write the values out, or remove some aliases");
            return None;
        }
        if closed.anchor > 0 {
            sizes.insert(closed.anchor, closed.size);
        }
        match open.last_mut() {
            None => {
                root.get_or_insert(closed);
            }
            Some(Open::Sequence(parent)) => {
                parent.size = parent.size.saturating_add(closed.size);
                parent.items.push(closed);
            }
            Some(Open::Mapping(parent, key)) => {
                parent.size = parent.size.saturating_add(closed.size);
                match key.take() {
                    None => *key = Some(closed),
                    Some(key) => enter(parent, key, closed, sink),
                }
            }
        }
    }
    if root.is_none() {
        let help = "write a capability, or remove the file";
        sink.report(Code::NoCapability, Place::start(file), "the file is empty", help);
    }
    root
}

/// Enters a value into a mapping.
fn enter(mapping: &mut Places, key: Places, value: Places, sink: &mut Sink) {
    let index = mapping.entries.len();
    if let Some(name) = &key.text
        && let Some(first) = mapping.keys.insert(name.clone(), index).and_then(|first| mapping.entries.get(first))
    {
        let message = format!("the key `{name}` stands twice in this mapping");
        let help = format!("the first one is on line {}; remove one of the two", first.1.line);
        sink.report(Code::DuplicateKey, key.place, message, help);
    }
    mapping.entries.push((key.text.unwrap_or_else(|| UNQUOTED.to_owned()), key.place, value));
}

fn too_deep(place: Place, sink: &mut Sink) {
    sink.report(Code::TooDeep, place, format!("values are nested more than {MAX_DEPTH} levels deep"), "");
}

fn place(span: Span, file: usize) -> Place {
    let length = if span.end.line() == span.start.line() { span.end.col().saturating_sub(span.start.col()) } else { 0 };
    // A scalar over several lines is marked by its first character.
    Place { line: span.start.line(), column: span.start.col() + 1, length: length.max(1), file }
}

fn node(value: Value, places: Option<&Places>, fallback: Place) -> Node {
    let place = places.map_or(fallback, |places| places.place);
    let content = match value {
        Value::Null => Content::Null,
        Value::Bool(flag) => Content::Bool(flag),
        Value::Number(number) => number_content(&number, places),
        Value::String(text) => Content::Text(text),
        Value::Sequence(items) => {
            let children = items.into_iter().enumerate();
            Content::Sequence(
                children.map(|(i, item)| node(item, places.and_then(|places| places.items.get(i)), place)).collect(),
            )
        }
        Value::Mapping(entries) => {
            // Entries stand where they are written, unless merged ones are among them; then their keys tell.
            let written = places.filter(|at| at.entries.len() == entries.len() && !at.keys.contains_key("<<"));
            let entries = entries.into_iter().enumerate().map(|(index, (key, value))| {
                let found = match written {
                    Some(at) => at.entries.get(index),
                    None => places.and_then(|at| at.entries.get(*at.keys.get(key.as_str()?)?)),
                };
                match found {
                    Some((written, at, places)) => {
                        // An alias in the place of a key has no text of its own.
                        let key = if written == UNQUOTED { key_text(&key) } else { written.clone() };
                        Entry { key, place: *at, value: node(value, Some(places), *at) }
                    }
                    None => Entry { key: key_text(&key), place, value: node(value, None, place) },
                }
            });
            Content::Mapping(entries.collect())
        }
        Value::Tagged(tagged) => return node(tagged.value, places, fallback),
    };
    Node { content, place }
}

/// A key as text.
fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        _ => UNQUOTED.to_owned(),
    }
}

fn number_content(number: &serde_yaml::Number, places: Option<&Places>) -> Content {
    let text = places.and_then(|places| places.text.clone()).unwrap_or_else(|| number.to_string());
    let json = if let Some(whole) = number.as_i64() {
        Some(whole.into())
    } else if let Some(whole) = number.as_u64() {
        Some(whole.into())
    } else {
        number.as_f64().and_then(serde_json::Number::from_f64)
    };
    // `.inf` and `.nan` are no JSON numbers.
    json.map_or_else(|| Content::Text(text.clone()), |json| Content::Number(json, text.clone()))
}

impl Node {
    /// What the value is, for a message.
    pub(crate) fn what(&self) -> &'static str {
        match self.content {
            Content::Null => "nothing",
            Content::Bool(_) => "a boolean",
            Content::Number(..) => "a number",
            Content::Text(_) => "text",
            Content::Sequence(_) => "a list",
            Content::Mapping(_) => "a mapping",
        }
    }

    /// Whether it is a template that lost its quotes: `{{name}}` is a mapping whose key is a mapping.
    pub(crate) fn is_unquoted(&self) -> bool {
        matches!(&self.content, Content::Mapping(entries) if entries.iter().any(|entry| entry.key == UNQUOTED))
    }

    /// The value under a key of a mapping.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Content::Mapping(entries) = &self.content else { return None };
        entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The text of a scalar as it is written: `1.10` stays `1.10`.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match &self.content {
            Content::Bool(flag) => Some(flag.to_string()),
            Content::Number(_, text) | Content::Text(text) => Some(text.clone()),
            Content::Null | Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// The value as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.content {
            Content::Null => serde_json::Value::Null,
            Content::Bool(flag) => (*flag).into(),
            Content::Number(number, _) => number.clone().into(),
            Content::Text(text) => text.clone().into(),
            Content::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Content::Mapping(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }
}
