//! Comparing the fields of forms, which are known by their names.

use std::collections::BTreeSet;

use naftiko_schema::BodyContent;

use super::compare::{Comparison, inside};
use super::{Impact, Pair};
use crate::companion::document::Document;
use crate::companion::form::Fields;
use crate::companion::keywords::kinds;
use crate::read::yaml::Node;

/// Compares the fields that a capability sends, and reports those that are new.
pub(super) fn compare<'b, 'a>(
    pair: &Pair<'_, 'b, 'a>,
    before: &Document<'b>,
    after: &Document<'a>,
    comparison: &mut Comparison<'_>,
) {
    let sent = sent(pair);
    let Some(known) = Fields::of_operation(before, &pair.before.entry.value).filter(|_| !sent.is_empty()) else {
        return;
    };
    let Some(found) = Fields::of_operation(after, &pair.after.entry.value) else {
        comparison.report(Impact::Breaking, "request", "form removed", "", "");
        return;
    };
    for (name, schema) in known.of.iter().filter(|(name, _)| sent.contains(name.as_str())) {
        let place = inside("request", name);
        let Some(other) = found.get(name) else {
            comparison.report(Impact::Breaking, &place, "member removed", "", "");
            continue;
        };
        match (known.required.contains(name), found.required.contains(name)) {
            (false, true) if !is_always_sent(pair, name) => {
                comparison.report(Impact::Breaking, &place, "member became required", "", "");
            }
            (true, false) => comparison.report(Impact::Additive, &place, "member became optional", "", ""),
            _ => {}
        }
        let (was, now) = (words(before, schema), words(after, other));
        if was != now && !was.is_empty() && !now.is_empty() {
            let is_wider = (was.as_str(), now.as_str()) == ("integer", "number");
            let impact = if is_wider { Impact::Additive } else { Impact::Breaking };
            comparison.report(impact, &place, "type changed", &was, &now);
        }
    }
    for (name, _) in found.of.iter().filter(|(name, _)| known.get(name).is_none()) {
        let is_needed = found.required.contains(name) && !sent.contains(name.as_str());
        let (impact, kind) =
            if is_needed { (Impact::Breaking, "required member added") } else { (Impact::Additive, "member added") };
        comparison.report(impact, &inside("request", name), kind, "", "");
    }
}

/// The names of the fields that a capability sends.
fn sent<'p>(pair: &Pair<'p, '_, '_>) -> BTreeSet<&'p str> {
    match pair.operation.body.as_ref().map(|body| &body.content) {
        Some(BodyContent::Form(members)) => members.iter().map(|member| &*member.name).collect(),
        Some(BodyContent::Multipart(parts)) => parts.iter().map(|part| &*part.name).collect(),
        _ => BTreeSet::new(),
    }
}

/// Whether callers have to give a field.
fn is_always_sent(pair: &Pair<'_, '_, '_>, name: &str) -> bool {
    pair.operation.parameters.iter().any(|parameter| parameter.name == name && parameter.required)
}

/// The kinds of values that a schema names.
fn words<'n>(document: &Document<'n>, schema: &'n Node) -> String {
    document.followed(schema).map(kinds).unwrap_or_default().join(", ")
}
