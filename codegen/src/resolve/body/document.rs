//! JSON documents: text with placeholders, or YAML with them.

use std::collections::BTreeSet;

use naftiko_schema::{Body, BodyContent, BodyMember, BodyNode, Kind, TemplatePart};

use super::{Template, members, sole};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::json::{self, Json};
use crate::read::yaml::{self, UNQUOTED, quoted};
use crate::resolve::placeholder::report_unreadable;
use crate::resolve::prefix::{IN_ARGUMENTS, strip};
use crate::template::{Piece, is_name, split};

/// Marks a placeholder in text that is parsed as JSON: two characters for private use with a number between them.
const MARKS: [char; 2] = ['\u{f8f0}', '\u{f8f1}'];

impl Template<'_, '_, '_> {
    /// A document, or the parameter that is the whole of it. Text without a type, `or_text`, need not be JSON.
    pub(super) fn json(
        &mut self,
        data: Option<&yaml::Node>,
        media_type: &str,
        or_text: bool,
        sink: &mut Sink,
    ) -> Option<Body> {
        let Some(data) = data else {
            // A body without a description is sent by the caller as a whole.
            self.whole("body", false);
            return None;
        };
        let raw = match &data.content {
            yaml::Content::Text(text) => Some(text.clone()),
            yaml::Content::Bool(..) | yaml::Content::Number(..) => Some(data.to_json()),
            _ => None,
        };
        let mut names = raw.iter().flat_map(|raw| split(raw)).filter_map(|piece| piece.name().map(str::to_owned));
        if let Some(name) = names.find(|name| !is_name(name)) {
            report_unreadable(&name, self.placeholders.span, sink);
            return None;
        }
        let content = match raw {
            Some(raw) => match sole(&raw).filter(|name| !self.placeholders.is_variable(name)) {
                Some(name) => {
                    // Nothing is no JSON.
                    self.whole(&name, true);
                    return None;
                }
                None => self.raw(&split(&raw), or_text, sink)?,
            },
            None => BodyContent::Json(self.node(data, false, sink)?),
        };
        Some(Body { media_type: media_type.to_owned().into(), content })
    }

    /// JSON text with placeholders inside strings or instead of values.
    fn raw(&mut self, pieces: &[Piece], or_text: bool, sink: &mut Sink) -> Option<BodyContent> {
        let (mut text, mut names, mut in_string) = (String::new(), Vec::new(), false);
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => {
                    in_string = ends_in_string(literal, in_string);
                    text.push_str(literal);
                }
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    let [open, close] = MARKS;
                    // A mark that is doubled means a whole value.
                    let mark = format!("{open}{}{close}", names.len());
                    text.push_str(&if in_string { mark } else { format!("\"{open}{mark}\"") });
                    names.push(name.clone());
                }
            }
        }
        if pieces.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.contains(MARKS))) {
            sink.report(
                Code::BodyFormat,
                self.placeholders.span,
                "the body contains the characters U+F8F0 or U+F8F1, which the generator uses itself",
            )
            .help("remove them");
            return None;
        }
        match json::parse(&text) {
            Ok(value) => Some(BodyContent::Json(self.marked(&value, &names, sink)?)),
            // Some upstreams take text that only resembles JSON, such as lines of it.
            Err(_) if or_text && !text.trim_start().starts_with(['{', '[', '"']) => {
                self.placeholders.required = false;
                self.placeholders.pieces(pieces.to_vec(), sink).map(BodyContent::Text)
            }
            Err(problem) => {
                let problem = unmarked(&problem, &names);
                let message = format!("the body is not valid JSON: {problem}");
                let help = "correct it, or add `type: text` if it is plain text";
                sink.report(Code::BodyFormat, self.placeholders.span, message).help(help);
                None
            }
        }
    }

    /// A parsed value with the marks in its strings made parameters again.
    fn marked(&mut self, value: &Json, names: &[String], sink: &mut Sink) -> Option<BodyNode> {
        Some(match value {
            Json::Array(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.marked(item, names, sink)).collect();
                BodyNode::Array(items?.into())
            }
            Json::Object(members) => {
                let mut known = BTreeSet::new();
                if let Some((name, _)) = members.iter().find(|(name, _)| !known.insert(unmarked(name, names))) {
                    let message = format!("the body has an object with two members named `{}`", unmarked(name, names));
                    let help = "remove one of the two";
                    sink.report(Code::BodyFormat, self.placeholders.span, message).help(help);
                    return None;
                }
                let members = members.iter().map(|(name, value)| {
                    let (text, _) = pieces_of(name, names);
                    self.member(&unmarked(name, names), text, sink, |this, sink| this.marked(value, names, sink))
                });
                BodyNode::Object(members.collect::<Option<Vec<_>>>()?.into())
            }
            Json::Text(text) if text.contains(MARKS) => match pieces_of(text, names) {
                (pieces, true) => {
                    let [Piece::Placeholder(name)] = pieces.as_slice() else { return None };
                    self.value(name, true, sink)?
                }
                (pieces, false) => BodyNode::Text(self.placeholders.pieces(pieces, sink)?),
            },
            Json::Text(text) => BodyNode::Json(quoted(text).into()),
            Json::Plain(text) => BodyNode::Json(text.clone().into()),
        })
    }

    /// A member of an object, whose name may have placeholders.
    fn member(
        &mut self,
        name: &str,
        pieces: Vec<Piece>,
        sink: &mut Sink,
        value: impl FnOnce(&mut Self, &mut Sink) -> Option<BodyNode>,
    ) -> Option<BodyMember> {
        let is_made = pieces.iter().any(|piece| piece.name().is_some());
        let made = if is_made { Some(self.placeholders.pieces(pieces, sink)?) } else { None };
        let value = value(self, sink)?;
        Some(BodyMember { made, ..members::member(name.to_owned(), value) })
    }

    /// A placeholder that is a whole value. Without quotes around it, it must be there, because nothing is no JSON.
    fn value(&mut self, name: &str, bare: bool, sink: &mut Sink) -> Option<BodyNode> {
        let declared = self.placeholders.declared(super::strip_in_body(name));
        let (is_declared, has_type) = (declared.is_some(), declared.is_some_and(|input| input.kind.is_some()));
        let required = std::mem::replace(&mut self.placeholders.required, bare && !is_declared);
        let parts = self.placeholders.parts(name, sink);
        self.placeholders.required = required;
        Some(match parts?.as_slice() {
            [TemplatePart::Parameter(id)] if bare && has_type => BodyNode::Parameter(*id),
            [TemplatePart::Parameter(id)] if bare => BodyNode::Bare(*id),
            [TemplatePart::Parameter(id)] => BodyNode::Quoted(*id),
            parts => BodyNode::Text(parts.to_vec().into()),
        })
    }

    /// A value of the template, written in YAML. In a form, scalars are text.
    pub(super) fn node(&mut self, source: &yaml::Node, in_form: bool, sink: &mut Sink) -> Option<BodyNode> {
        match &source.content {
            yaml::Content::Text(text) => {
                let pieces = split(text);
                let whole = match pieces.as_slice() {
                    [Piece::Placeholder(name)] => Some(name.as_str()),
                    [Piece::Literal(text)] => reference(text),
                    _ => None,
                };
                if let Some(name) = whole {
                    return self.value(name, false, sink);
                }
                if let [] | [Piece::Literal(_)] = pieces.as_slice() {
                    return Some(BodyNode::Json(quoted(&literal_text(&pieces)).into()));
                }
                Some(BodyNode::Text(self.placeholders.pieces(pieces, sink)?))
            }
            yaml::Content::Sequence(items) => {
                let items: Option<Vec<_>> = items.iter().map(|item| self.node(item, in_form, sink)).collect();
                Some(BodyNode::Array(items?.into()))
            }
            yaml::Content::Mapping(entries) => {
                let mut members = Vec::new();
                for entry in entries {
                    if entry.key == UNQUOTED {
                        let message = "a template without quotes is read as a mapping";
                        sink.report(Code::WrongType, source.span, message).quote(source.span);
                        return None;
                    }
                    let value = &entry.value;
                    let member =
                        self.member(&entry.key, split(&entry.key), sink, |this, sink| this.node(value, in_form, sink));
                    members.push(member?);
                }
                Some(BodyNode::Object(members.into()))
            }
            yaml::Content::Null(_) => Some(BodyNode::Json("null".into())),
            _ => {
                let plain = if in_form { Kind::String } else { Kind::Any };
                Some(BodyNode::Json(source.to_json_of(plain, true).into()))
            }
        }
    }
}

/// A template without placeholders.
pub(super) fn literal(text: &str) -> naftiko_schema::Template {
    vec![TemplatePart::Literal(text.to_owned().into())].into()
}

fn literal_text(pieces: &[Piece]) -> String {
    let text = |piece: &Piece| if let Piece::Literal(text) = piece { text.clone() } else { String::new() };
    pieces.iter().map(text).collect()
}

/// The pieces of a text with marks, and whether it is a mark for a whole value.
fn pieces_of(text: &str, names: &[String]) -> (Vec<Piece>, bool) {
    let [open, _] = MARKS;
    let whole = text.strip_prefix(open).filter(|rest| rest.starts_with(open));
    let pieces = whole.unwrap_or(text).split(MARKS).enumerate().filter_map(|(index, piece)| {
        let name = piece.parse::<usize>().ok().and_then(|number| names.get(number)).filter(|_| index % 2 == 1);
        match name {
            Some(name) => Some(Piece::Placeholder(name.clone())),
            None if piece.is_empty() => None,
            None => Some(Piece::Literal(piece.to_owned())),
        }
    });
    (pieces.collect(), whole.is_some())
}

/// A text with its marks made placeholders again.
fn unmarked(text: &str, names: &[String]) -> String {
    let parts = text.split(MARKS).enumerate().map(|(index, part)| match part.parse::<usize>() {
        Ok(number) if index % 2 == 1 => names.get(number).map_or_else(String::new, |name| format!("{{{{{name}}}}}")),
        _ => part.to_owned(),
    });
    parts.collect()
}

/// The name of a reference without braces.
fn reference(text: &str) -> Option<&str> {
    strip(text, &IN_ARGUMENTS).filter(|name| is_name(name))
}

/// Whether a string is open at the end of a piece of JSON text.
fn ends_in_string(text: &str, mut in_string: bool) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
    }
    in_string
}
