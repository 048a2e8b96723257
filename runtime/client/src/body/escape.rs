//! How values are escaped for where they stand in a text.

use std::fmt::Write as _;

use naftiko_schema::TemplatePart;
use serde_json::Value;

use crate::encoding::form_encode;

/// What an XML document cannot contain, not even as a reference.
pub(super) struct Unwritable;

/// A language that says how values are escaped.
#[derive(Clone, Copy, PartialEq)]
enum Language {
    Csv,
    Form,
    /// Lines of JSON, whose strings are escaped.
    Json,
    Sparql,
    Xml,
    Other,
}

/// Where in a text a value stands, as far as it makes a difference.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Plain,
    /// Inside of a string that ends with this quote.
    Quoted(char),
    /// Inside of `<...>`, or after the operator `<`.
    Iri,
    Comment,
    /// Inside of `<![CDATA[...]]>`.
    CharacterData,
}

/// Text that is filled piece by piece.
pub(super) struct Escaper {
    language: Language,
    place: Place,
}

impl Escaper {
    /// For a text of this media type.
    pub(super) fn of(media_type: &str) -> Self {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let language = match essence.as_str() {
            "application/xml" | "text/xml" => Language::Xml,
            "application/x-www-form-urlencoded" => Language::Form,
            "application/sparql-query" | "application/sparql-update" => Language::Sparql,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" | "application/json-seq" => {
                Language::Json
            }
            "text/csv" => Language::Csv,
            other if other.ends_with("+xml") => Language::Xml,
            _ => Language::Other,
        };
        Self { language, place: Place::Plain }
    }

    /// For a value that is the whole text, and may be a document of its own.
    pub(super) fn of_whole(media_type: &str) -> Self {
        let own = Self::of(media_type);
        let language = if own.language == Language::Xml { Language::Other } else { own.language };
        Self { language, ..own }
    }

    /// Passes fixed text, which says where the next value stands.
    pub(super) fn pass(&mut self, text: &str) {
        self.place = match self.language {
            Language::Csv => quoted(text, self.place, &['"'], None),
            Language::Json => quoted(text, self.place, &['"'], Some('\\')),
            Language::Sparql => in_sparql(text, self.place),
            Language::Xml => in_xml(text, self.place),
            Language::Form | Language::Other => Place::Plain,
        }
    }

    /// Appends a value. `rest` is what follows it in the template.
    ///
    /// # Errors
    /// If the language cannot represent it.
    pub(super) fn append(&self, text: &str, rest: &[TemplatePart], out: &mut String) -> Result<(), Unwritable> {
        match (self.language, self.place) {
            (Language::Form, _) => out.push_str(&form_encode(text)),
            (Language::Csv, Place::Quoted(_)) => out.push_str(&text.replace('"', "\"\"")),
            (Language::Json, Place::Quoted(_)) => {
                let string = Value::from(text).to_string();
                out.push_str(string.get(1..string.len() - 1).unwrap_or_default());
            }
            (Language::Sparql, Place::Quoted(_)) => escape_string(text, out),
            (Language::Sparql, Place::Iri) if ends_as_iri(rest) => escape_iri(text, out),
            (Language::Sparql, Place::Comment) => out.push_str(&text.replace(['\n', '\r'], " ")),
            (Language::Xml, Place::CharacterData) => return append_character_data(text, out),
            (Language::Xml, _) => return escape_xml(text, out),
            _ => out.push_str(text),
        }
        Ok(())
    }
}

/// Where a text ends that has strings in these quotes.
fn quoted(text: &str, mut place: Place, quotes: &[char], escape: Option<char>) -> Place {
    let mut escaped = false;
    for c in text.chars() {
        place = match (c, place) {
            _ if escaped => {
                escaped = false;
                place
            }
            (c, Place::Quoted(_)) if Some(c) == escape => {
                escaped = true;
                place
            }
            (c, Place::Quoted(quote)) if c == quote => Place::Plain,
            (c, Place::Plain) if quotes.contains(&c) => Place::Quoted(c),
            _ => place,
        }
    }
    place
}

/// Where a piece of SPARQL ends: its strings, IRIs and comments (SPARQL 1.1 §19.4, §19.8).
fn in_sparql(text: &str, mut place: Place) -> Place {
    let mut escaped = false;
    for c in text.chars() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        if place == Place::Iri && !is_of_iri(c) {
            // Anything but the end shows that it was an operator.
            place = Place::Plain;
            if c == '>' {
                continue;
            }
        }
        match (c, place) {
            ('\\', Place::Quoted(_)) => escaped = true,
            (c, Place::Quoted(quote)) if c == quote => place = Place::Plain,
            ('"' | '\'', Place::Plain) => place = Place::Quoted(c),
            ('<', Place::Plain) => place = Place::Iri,
            ('#', Place::Plain) => place = Place::Comment,
            ('\n' | '\r', Place::Comment) => place = Place::Plain,
            _ => {}
        }
    }
    place
}

/// Whether a piece of XML ends inside of character data that is not escaped.
fn in_xml(text: &str, place: Place) -> Place {
    let (opened, closed) = (text.rfind("<![CDATA["), text.rfind("]]>"));
    match (opened, closed) {
        (None, None) => place,
        (opened, closed) if opened > closed => Place::CharacterData,
        _ => Place::Plain,
    }
}

/// Whether the rest of a template ends the IRI that is open, so that `<` is no operator.
fn ends_as_iri(rest: &[TemplatePart]) -> bool {
    let literals = rest.iter().filter_map(|part| match part {
        TemplatePart::Literal(text) => Some(text.chars()),
        _ => None,
    });
    literals.flatten().find(|c| !is_of_iri(*c)) == Some('>')
}

/// Whether a character can be in an IRI.
fn is_of_iri(c: char) -> bool {
    c > ' ' && !matches!(c, '<' | '>' | '"' | '{' | '}' | '|' | '^' | '`' | '\\')
}

/// Appends text to an IRI, with percent-encoding of what would end it.
fn escape_iri(text: &str, out: &mut String) {
    for c in text.chars() {
        if is_of_iri(c) {
            out.push(c);
        } else {
            let _ = write!(out, "%{:02X}", u32::from(c));
        }
    }
}

/// Appends text to a string of SPARQL (SPARQL 1.1 §19.7).
fn escape_string(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '"' | '\'' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
}

/// Appends text to character data, whose end it must not be.
fn append_character_data(text: &str, out: &mut String) -> Result<(), Unwritable> {
    if text.chars().any(is_unwritable) {
        return Err(Unwritable);
    }
    out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
    Ok(())
}

/// Whether a character is outside of `Char` (XML 1.0 §2.2).
fn is_unwritable(c: char) -> bool {
    matches!(c, '\0'..' ' | '\u{fffe}' | '\u{ffff}') && !matches!(c, '\t' | '\n' | '\r')
}

/// Appends text to XML, escaped for elements and attributes.
///
/// # Errors
/// If XML cannot represent it.
pub(super) fn escape_xml(text: &str, out: &mut String) -> Result<(), Unwritable> {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // Parsers would normalize these to spaces or other line breaks.
            '\t' | '\n' | '\r' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            other if is_unwritable(other) => return Err(Unwritable),
            other => out.push(other),
        }
    }
    Ok(())
}
