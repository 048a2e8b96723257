//! Text, with values that are escaped for where they stand.

use std::fmt::Write as _;

use naftiko_schema::{Template, TemplatePart};

use crate::argument::Violation;
use crate::encoding::form_encode;
use crate::template::Values;

/// How values are escaped.
#[derive(Clone, Copy, PartialEq)]
enum Escape {
    No,
    Form,
    Sparql,
    Xml,
}

impl Escape {
    fn of(media_type: &str) -> Self {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/xml" | "text/xml" => Self::Xml,
            "application/x-www-form-urlencoded" => Self::Form,
            "application/sparql-query" | "application/sparql-update" => Self::Sparql,
            other if other.ends_with("+xml") => Self::Xml,
            _ => Self::No,
        }
    }
}

/// Fills a text template. A value that is left out becomes empty text.
pub(super) fn text(values: &Values<'_>, template: &Template, media_type: &str) -> Result<String, Violation> {
    let escape = match (Escape::of(media_type), &*template.parts) {
        // A value that is the whole text is a document of its own.
        (Escape::Xml, [TemplatePart::Parameter(_)]) => Escape::No,
        (escape, _) => escape,
    };
    let mut out = String::new();
    // The quote of the string that is open, in a language that has strings.
    let mut quote = None;
    for part in template.parts.iter() {
        let text = values.text(part);
        let fits = match (escape, part) {
            (Escape::Sparql, TemplatePart::Literal(text)) => {
                quote = open_quote(text, quote);
                out.push_str(text);
                true
            }
            (_, TemplatePart::Literal(_)) | (Escape::No, _) => {
                out.push_str(&text);
                true
            }
            (Escape::Form, _) => {
                out.push_str(&form_encode(&text));
                true
            }
            (Escape::Sparql, _) => {
                match quote {
                    Some(_) => escape_string(&text, &mut out),
                    None => out.push_str(&text),
                }
                true
            }
            (Escape::Xml, _) => escape_xml(&text, &mut out),
        };
        if !fits {
            let name = if let TemplatePart::Parameter(id) = part { values.name(*id) } else { "body" };
            return Err(Violation::new(name, "must not contain control characters: XML cannot represent them"));
        }
    }
    Ok(out)
}

/// The quote of the string that is open after a piece of SPARQL.
fn open_quote(text: &str, mut open: Option<char>) -> Option<char> {
    let mut escaped = false;
    for c in text.chars() {
        match (c, open) {
            _ if escaped => escaped = false,
            ('\\', Some(_)) => escaped = true,
            ('"' | '\'', None) => open = Some(c),
            (c, Some(quote)) if c == quote => open = None,
            _ => {}
        }
    }
    open
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

/// Appends text to XML, escaped for elements and attributes. Returns false if XML cannot represent it.
pub(super) fn escape_xml(text: &str, out: &mut String) -> bool {
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
            // Characters outside of `Char` (XML 1.0 §2.2) cannot be written, not even as a reference.
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => return false,
            other => out.push(other),
        }
    }
    true
}
