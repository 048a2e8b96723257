//! The inputs that a route or tool declares.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{InputId, InputPart, Location, PathStep};

use super::Context;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::json_path;
use crate::linked::{Parameter, Source};
use crate::names::Index;
use crate::read::document::{Input, Text};
use crate::read::yaml::Node;
use crate::template::Piece;
use crate::vocabulary::location;

/// The inputs that callers send, and those that are a part of one of them, by name.
pub(super) fn declared_inputs<'d>(
    declared: &[&'d Input],
    context: &Context<'_, '_>,
    path: Option<&Path<'_>>,
    sink: &mut Sink,
) -> (Vec<Parameter>, BTreeMap<&'d str, Source>) {
    let mut inputs: Vec<Parameter> = Vec::new();
    let mut parts: Vec<(&Input, String, Vec<PathStep>)> = Vec::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    // The inputs of one name that are read in several places, the most specific declaration first.
    let mut places: BTreeMap<&str, Vec<InputId>> = BTreeMap::new();
    let mut first: BTreeMap<&str, &Input> = BTreeMap::new();
    for input in declared {
        let own = *first.entry(&input.name.value).or_insert(input);
        if input.value.as_ref().is_some_and(|value| !is_body_path(value)) {
            continue;
        }
        let (member, below) = body_member(input, sink);
        let name = &input.name.value;
        if name.is_empty() {
            let message = "this input has no name; it is left out";
            let help = "give it a name, or remove it";
            sink.report_once(Code::MissingName, "input", input.name.span, message).help(help);
            continue;
        }
        // The operation's own declaration comes first and replaces the shared one, unless that is in another place.
        if !known.insert(name) && (path.is_none() || !is_elsewhere(own, input) || input.value.is_some()) {
            continue;
        }
        if let (Some(member), false) = (&member, below.is_empty()) {
            parts.push((input, member.clone(), below));
            continue;
        }
        let location = match (&input.location, path) {
            (Some(_), _) => location(input.location.as_ref(), sink),
            (None, Some(path)) if path.names.exact(name).is_some() => Some(Location::Path),
            (None, Some(_)) if !context.has_body => Some(Location::Query),
            // The format's own default.
            (None, _) => Some(Location::Body),
        };
        let location = match (location.unwrap_or(Location::Query), path) {
            (Location::Path, Some(path)) => path.location(name).unwrap_or_else(|| {
                let message =
                    format!("the input `{name}` does not appear in the path of the route; it is read from the query");
                let help = format!("add `{{{name}}}` to the path, or write `in: query`");
                sink.report(Code::UnusedPathParameter, input.name.span, message).help(help);
                Location::Query
            }),
            (location, _) => location,
        };
        let others = places.entry(name).or_default();
        if others.iter().any(|id| inputs.get(id.index()).is_some_and(|other| other.location == location)) {
            continue;
        }
        others.push(inputs.len().into());
        inputs.push(Parameter {
            name: name.clone(),
            wire: member.unwrap_or_else(|| name.clone()),
            span: input.name.span,
            location,
            kind: input.kind.clone(),
            // Inputs of tools are required by default. In files whose consumed parameters have `required`, an input
            // without it takes the value of its parameter.
            required: input.required.unwrap_or(location.is_path() || (context.path.is_none() && !context.inherits)),
            description: input.description.as_ref().map(|text| text.value.clone()),
            rules: input.rules.clone(),
            configured: None,
            style: None,
            counts_from: None,
        });
    }
    let mut locals: BTreeMap<&str, Source> = BTreeMap::new();
    for (name, ids) in places.into_iter().filter(|(_, ids)| ids.len() > 1) {
        locals.insert(name, Source::First(ids.into_iter().map(Source::Input).collect()));
    }
    for (input, member, at) in parts {
        let required = input.required.unwrap_or(context.path.is_none() && !context.inherits);
        let holder = holder(&mut inputs, input, member, &at, required);
        locals.insert(input.name.value.as_str(), Source::Part(InputPart { input: holder, at: at.into() }));
    }
    (inputs, locals)
}

/// The input for a member of the body that has another input in it. If none is declared, callers learn from its description
/// what it has in it.
fn holder(inputs: &mut Vec<Parameter>, part: &Input, member: String, at: &[PathStep], required: bool) -> InputId {
    let known = inputs.iter().position(|input| input.wire == member && input.location.is_body());
    let index = known.unwrap_or_else(|| {
        let taken = inputs.iter().any(|input| input.name == member);
        let kind = if matches!(at.first(), Some(PathStep::Key(_))) { "object" } else { "array" };
        inputs.push(Parameter {
            name: if taken { format!("body.{member}") } else { member.clone() },
            wire: member,
            kind: Some(Text { value: kind.to_owned(), span: part.name.span }),
            description: Some("With".to_owned()),
            ..Parameter::of_any("", part.name.span)
        });
        inputs.len() - 1
    });
    if let Some(input) = inputs.get_mut(index) {
        input.required |= required;
        if let Some(text) = input.description.as_mut().filter(|text| known.is_none() || text.starts_with("With `")) {
            let path = part.value.as_ref().and_then(Node::scalar_text).unwrap_or_default();
            let about = part.description.as_ref().map(|text| format!(": {}", text.value)).unwrap_or_default();
            let separator = if known.is_none() { " " } else { "; " };
            text.push_str(&format!("{separator}`{path}`{about}"));
        }
    }
    index.into()
}

/// Whether an input says another place than an earlier one of its name.
fn is_elsewhere(first: &Input, other: &Input) -> bool {
    let location = |input: &Input| input.location.as_ref().map(|location| location.value.clone());
    location(other).is_some_and(|other| location(first) != Some(other))
}

/// The member of the body that the value of an input names, and the path below it: `$.name`, `$.name.part`.
fn body_member(input: &Input, sink: &mut Sink) -> (Option<String>, Vec<PathStep>) {
    let whole = (None, Vec::new());
    let Some((value, text)) = input.value.as_ref().and_then(|value| Some((value, value.scalar_text()?))) else {
        return whole;
    };
    let in_body = input.location.as_ref().is_none_or(|location| location.value == "body");
    match json_path::parse(&text).as_deref() {
        Ok([PathStep::Key(member), below @ ..]) if in_body => (Some(member.clone().into_owned()), below.to_vec()),
        Ok([]) if in_body => whole,
        _ => {
            let message = format!("`{text}` does not name a member of the body");
            let help = "write `$.member`, or `$` for the whole body";
            sink.report(Code::Unsupported, value.span, message).help(help);
            whole
        }
    }
}

/// Whether the value of an input names a member of the body: `$.name`.
fn is_body_path(value: &Node) -> bool {
    value.scalar_text().is_some_and(|text| text.starts_with('$'))
}

/// The inputs with a fixed value, which callers do not send.
pub(in crate::resolve) fn constants<'d>(declared: &[&'d Input]) -> BTreeMap<&'d str, &'d Input> {
    let is_fixed = |input: &&&Input| input.value.as_ref().is_some_and(|value| !is_body_path(value));
    // Of two inputs with one name, the first counts.
    declared.iter().filter(is_fixed).rev().map(|input| (input.name.value.as_str(), *input)).collect()
}

/// The placeholders of a path, for look-ups by name.
pub(super) struct Path<'p> {
    names: Index,
    placeholders: Vec<&'p Piece>,
}

impl<'p> Path<'p> {
    pub(super) fn new(path: &'p [Piece]) -> Self {
        let placeholders: Vec<_> = path.iter().filter(|piece| piece.name().is_some()).collect();
        Self { names: Index::of(placeholders.iter().filter_map(|piece| piece.name())), placeholders }
    }

    /// Where an input of this name is in the path.
    pub(super) fn location(&self, name: &str) -> Option<Location> {
        let like = self.names.like(name);
        let several = |index: &usize| matches!(self.placeholders.get(*index), Some(Piece::Segments(_)));
        let location = if like.iter().any(several) { Location::Segments } else { Location::Path };
        (!like.is_empty()).then_some(location)
    }
}
