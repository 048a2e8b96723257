//! XML 1.0. The root is dropped, attributes and child elements become members, and siblings of one name a list. Everything is
//! text. Prefixes are dropped. Entities that a document declares are not known, so none of them expands.

mod form;

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::PrefixDeclaration;
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};

use super::error::{FormatError, Place};
use super::{MAX_DEPTH, TOO_DEEP};
use form::Prefixes;

/// The format, as messages call it.
pub(super) const NAME: &str = "XML";

/// The member for text beside attributes or elements.
const TEXT: &str = "";

/// The namespace of `nil` (XML Schema 1.0 Part 1 §2.6.2).
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// How many bytes a declaration has at most.
const DECLARATION: usize = 200;

/// The charset that the declaration of a document names (XML 1.0 §2.8).
pub(super) fn declared_charset(body: &[u8]) -> Option<&str> {
    let start = body.get(..body.len().min(DECLARATION))?;
    let end = start.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(start.get(..end)?).ok()?.strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let charset = value.strip_prefix('"').or_else(|| value.strip_prefix('\''))?.split(['"', '\'']).next()?;
    // What was read until here cannot have two bytes for each character.
    (!charset.to_ascii_lowercase().starts_with("utf-16")).then_some(charset)
}

/// The document as JSON.
///
/// # Errors
/// If it is not well-formed, is nested too deeply, or refers to an entity that XML itself does not have.
pub(super) fn read(text: &str) -> Result<Value, FormatError> {
    if let Some((place, _)) = text.char_indices().find(|(_, c)| !form::is_character(*c)) {
        return Err(error("a character cannot be in XML", u64::try_from(place).unwrap_or(u64::MAX)));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut tree = Tree::default();
    loop {
        let place = reader.buffer_position();
        let event = reader.read_event().map_err(|_| error("it is not well-formed", reader.error_position()))?;
        let done = match event {
            Event::Eof => break,
            Event::Start(start) => tree.start(&start),
            Event::Empty(start) => tree.start(&start).and_then(|()| tree.end()),
            Event::End(_) => tree.end(),
            Event::Text(text) if text.contains("]]>") => Err("`]]>` ends nothing"),
            Event::Text(text) => tree.text(&text.xml10_content()),
            Event::CData(text) => tree.text(&text.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) if form::is_character(character) => tree.text(character.encode_utf8(&mut [0; 4])),
                Ok(None) => match quick_xml::escape::resolve_predefined_entity(&reference) {
                    Some(text) => tree.text(text),
                    None => Err("it refers to an entity that it declares itself"),
                },
                Ok(Some(_)) | Err(_) => Err("it refers to a character that does not exist"),
            },
            Event::Decl(_) if place > 0 => Err("its declaration is not at its start"),
            Event::DocType(_) if tree.has_begun() => Err("its type is declared after its root begins"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => Ok(()),
        };
        done.map_err(|problem| error(problem, place))?;
    }
    match tree.document {
        Some(document) if tree.open.is_empty() => Ok(document),
        Some(_) | None => Err(error("it ends before its root does", reader.buffer_position())),
    }
}

fn error(problem: &'static str, place: u64) -> FormatError {
    FormatError::new(NAME, problem, Some(Place::Byte(usize::try_from(place).unwrap_or(usize::MAX))))
}

/// The elements that are being read.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    document: Option<Value>,
    prefixes: Prefixes,
}

/// An element that is being read.
struct Element {
    name: String,
    members: Map<String, Value>,
    /// The text since the last element.
    text: String,
    is_nil: bool,
    /// The prefixes that it declares.
    prefixes: Vec<String>,
}

impl Tree {
    fn has_begun(&self) -> bool {
        self.document.is_some() || !self.open.is_empty()
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), &'static str> {
        if self.document.is_some() {
            return Err("it has two roots");
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        if let Some(parent) = self.open.last_mut() {
            parent.end_text();
        }
        if !form::is_name(start.name().as_ref()) {
            return Err("an element has a name that cannot be one");
        }
        let mut element = Element {
            name: start.local_name().as_ref().to_owned(),
            members: Map::new(),
            text: String::new(),
            is_nil: false,
            prefixes: Vec::new(),
        };
        let (mut attributes, mut seen) = (Vec::new(), BTreeSet::new());
        // Comparing all names with each other would take a time that grows with the square of their number.
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| "an attribute is not well-formed")?;
            if attribute.value.contains('<') || !form::is_name(attribute.key.as_ref()) {
                return Err("an attribute is not well-formed");
            }
            if !seen.insert(attribute.key.into_inner()) {
                return Err("an element has an attribute twice");
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|_| "an attribute refers to what is not there")?;
            match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Named(prefix)) => {
                    self.prefixes.declare(prefix, value == INSTANCE);
                    element.prefixes.push(prefix.to_owned());
                }
                Some(PrefixDeclaration::Default) => {}
                None => attributes.push((attribute.key, value.into_owned())),
            }
        }
        // A prefix may be declared after the attribute that has it.
        for (key, value) in attributes {
            let (name, prefix) = key.decompose();
            let is_instance = match prefix {
                Some(prefix) => self.prefixes.is_instance(prefix.as_ref())?,
                None => false,
            };
            if is_instance && name.as_ref() == "nil" {
                element.is_nil = matches!(value.trim(), "true" | "1");
            } else {
                add(&mut element.members, name.as_ref(), value.into());
            }
        }
        if let Some(prefix) = start.name().prefix() {
            self.prefixes.is_instance(prefix.as_ref())?;
        }
        self.open.push(element);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), &'static str> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("there is text outside of its root"),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        let Some(element) = self.open.pop() else { return Err("an element ends that has not begun") };
        self.prefixes.take_back(&element.prefixes);
        let name = element.name.clone();
        let value = element.value();
        match self.open.last_mut() {
            Some(parent) => add(&mut parent.members, &name, value),
            None => self.document = Some(value),
        }
        Ok(())
    }
}

impl Element {
    /// Takes the text before an element. Blanks between elements are no text.
    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            add(&mut self.members, TEXT, text.into());
        }
    }

    fn value(mut self) -> Value {
        if self.is_nil {
            return Value::Null;
        }
        if self.members.is_empty() {
            return self.text.into();
        }
        self.end_text();
        Value::Object(self.members)
    }
}

/// Adds a member. Several of one name are a list.
fn add(members: &mut Map<String, Value>, name: &str, value: Value) {
    match members.get_mut(name) {
        Some(Value::Array(items)) => items.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => drop(members.insert(name.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document(text: &str) -> Result<Value, String> {
        read(text).map_err(|error| error.to_string())
    }

    #[test]
    fn elements_become_members() {
        let nil = "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil";
        for (text, expected) in [
            ("<a/>".to_owned(), json!("")),
            ("<a>x</a>".to_owned(), json!("x")),
            (
                "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY x 'y'>]><a k='1'><!-- c --><b/></a>\n".to_owned(),
                json!({"k": "1", "b": ""}),
            ),
            ("<a><b>1</b><b>2</b><c>3</c></a>".to_owned(), json!({"b": ["1", "2"], "c": "3"})),
            ("<a><b n='1'><n>2</n></b></a>".to_owned(), json!({"b": {"n": ["1", "2"]}})),
            ("<a>\n <b>  </b>\n</a>".to_owned(), json!({"b": "  "})),
            ("<a k='1'> </a>".to_owned(), json!({"k": "1"})),
            ("<a k='1'>x</a>".to_owned(), json!({"k": "1", "": "x"})),
            ("<a>x <b>1</b> y</a>".to_owned(), json!({"": ["x ", " y"], "b": "1"})),
            ("<p:a xmlns:p='urn:p' p:k='&lt;&#65;'><p:b/></p:a>".to_owned(), json!({"k": "<A", "b": ""})),
            ("<a>1 &amp; <![CDATA[<2>]]>&#x41;<!-- c -->B</a>".to_owned(), json!("1 & <2>AB")),
            (format!("<a><b {nil}='true'/><c {nil}='false'>x</c></a>"), json!({"b": null, "c": "x"})),
            // The prefix is declared after the attribute that has it.
            (format!("<a><b i:nil='true' {nil}='1'/></a>").replace(" i:nil='1'", ""), json!({"b": null})),
        ] {
            assert_eq!(document(&text).as_ref(), Ok(&expected), "{text}");
        }
    }

    #[test]
    fn documents_that_are_not_well_formed_are_refused_with_their_place() {
        let deep = "<a>".repeat(200);
        for (text, expected) in [
            ("<a><b></a>", "invalid XML at byte 6: it is not well-formed"),
            ("", "invalid XML at byte 0: it ends before its root does"),
            ("<a>", "it ends before its root does"),
            ("<a/>x", "there is text outside of its root"),
            ("<a/><b/>", "it has two roots"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "it refers to an entity that it declares itself"),
            ("<a k='&x;'/>", "an attribute refers to what is not there"),
            ("<a k=1/>", "an attribute is not well-formed"),
            ("<a k='<'/>", "an attribute is not well-formed"),
            ("<a k='1' k='2'/>", "an element has an attribute twice"),
            ("<a 1='1'/>", "an attribute is not well-formed"),
            ("<1a/>", "an element has a name that cannot be one"),
            ("<a:b:c xmlns:a='x'/>", "an element has a name that cannot be one"),
            ("<a><x:b/></a>", "a prefix is not declared"),
            ("<a x:k='1'/>", "a prefix is not declared"),
            ("<a><b xmlns:x='u'/><x:c/></a>", "a prefix is not declared"),
            ("<a>]]></a>", "`]]>` ends nothing"),
            ("<a><!-- a -- b --></a>", "it is not well-formed"),
            ("\n<?xml version='1.0'?><a/>", "its declaration is not at its start"),
            ("<a/><!DOCTYPE a>", "its type is declared after its root begins"),
            ("<a>\u{1}</a>", "invalid XML at byte 3: a character cannot be in XML"),
            ("<a>&#1;</a>", "it refers to a character that does not exist"),
            (&deep, TOO_DEEP),
        ] {
            let error = document(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn charset_of_a_declaration_is_found() {
        assert_eq!(declared_charset(b"<?xml version='1.0' encoding = \"ISO-8859-1\"?><a/>"), Some("ISO-8859-1"));
        for text in ["<a encoding='x'?>", "<?xml version='1.0'?>", "<?xml encoding='UTF-16'?>", "<?xml encoding=x?>"] {
            assert_eq!(declared_charset(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[<>/a-c='\"&;#x! \\[\\]?\\-:1é]{0,60}|.{0,30}") {
            let _ = document(&text);
            let _ = declared_charset(text.as_bytes());
        }

        #[test]
        fn written_text_is_read_as_it_was(text in "[^\r\0-\u{8}\u{b}-\u{1f}\u{fffe}\u{ffff}]{1,20}") {
            let written = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            prop_assert_eq!(document(&format!("<a><b>{written}</b></a>")), Ok(json!({"b": text})));
        }
    }
}
