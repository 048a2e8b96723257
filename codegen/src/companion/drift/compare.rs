//! Comparing two shapes, each of its own document.

use std::collections::{BTreeMap, BTreeSet};

use crate::companion::equal::{self, Classes};
use crate::companion::shape::{Enum, Member, Object, Shape, ShapeId, Shapes, Use};
use crate::vocabulary::is_invisible;

use super::Drift;

/// Places nested deeper than this are not compared.
const MAX_DEPTH: usize = 64;
/// Longer values are cut, in characters.
const LONGEST: usize = 300;

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Whether it may break a caller.
    pub impact: Impact,
    /// The method and the path of the operation.
    pub operation: String,
    /// Where: `request` or `response` with a JSON pointer (RFC 6901) to the member, in which `*` is any item or name; or a
    /// parameter such as `query page`. Empty if it is the operation itself.
    pub place: String,
    /// What happened, such as `member removed`.
    pub kind: &'static str,
    /// What was there, if a word says it.
    pub before: String,
    /// What is there now.
    pub after: String,
}

/// Whether a change may break a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// A request that was accepted may fail, or a response may lack what was in it.
    Breaking,
    /// Callers that do not know of the change go on working.
    Additive,
}

/// Which way a value travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Request,
    Response,
}

/// What became of the values that are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trend {
    /// Others are possible in addition.
    Wider,
    /// Some are no longer possible.
    Narrower,
    Other,
}

impl Way {
    /// A sender may rely on all that is accepted, and a receiver on all that is promised.
    fn impact(self, trend: Trend) -> Impact {
        match (self, trend) {
            (Self::Request, Trend::Wider) | (Self::Response, Trend::Narrower) => Impact::Additive,
            _ => Impact::Breaking,
        }
    }
}

/// Collects changes.
pub(super) struct Comparison<'c> {
    shapes: &'c Shapes,
    /// Which shapes of before and of the other version are equal.
    classes: [Classes; 2],
    operation: String,
    /// The pairs of shapes that were compared for the current operation, or are being compared.
    seen: BTreeSet<(Way, ShapeId, ShapeId)>,
    changes: Vec<Change>,
    counts: BTreeMap<&'static str, usize>,
}

impl<'c> Comparison<'c> {
    /// A comparison with these shapes as those of before. All shapes of the other version have been read.
    pub(super) fn new(shapes: &'c Shapes, others: &Shapes) -> Self {
        let (seen, counts, classes) = (BTreeSet::new(), BTreeMap::new(), equal::classes([shapes, others]));
        Self { shapes, classes, operation: String::new(), seen, changes: Vec::new(), counts }
    }

    /// Begins an operation.
    pub(super) fn enter(&mut self, operation: String) {
        self.seen.clear();
        self.operation = shown(&operation);
    }

    pub(super) fn report(&mut self, impact: Impact, place: &str, kind: &'static str, before: &str, after: &str) {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        if *count <= Drift::MOST {
            let (place, before, after) = (shown(place), shown(before), shown(after));
            self.changes.push(Change { impact, operation: self.operation.clone(), place, kind, before, after });
        }
    }

    /// The changes in their order, and how many more there are.
    pub(super) fn finish(mut self) -> (Vec<Change>, usize) {
        self.changes.sort();
        let others = self.counts.values().map(|count| count.saturating_sub(Drift::MOST)).sum();
        (self.changes, others)
    }

    /// Compares a value with what it is in the other version, whose shapes are given.
    pub(super) fn compare(&mut self, way: Way, place: &str, before: &Use, after: &Use, shapes: &Shapes) {
        Values { comparison: self, way, shapes, depth: 0 }.values(place, before, after);
    }
}

/// Compares values that travel one way.
struct Values<'v, 'c> {
    comparison: &'v mut Comparison<'c>,
    way: Way,
    /// The shapes of the other version.
    shapes: &'v Shapes,
    depth: usize,
}

impl Values<'_, '_> {
    fn report(&mut self, trend: Trend, place: &str, kind: &'static str, before: &str, after: &str) {
        self.comparison.report(self.way.impact(trend), place, kind, before, after);
    }

    fn values(&mut self, place: &str, before: &Use, after: &Use) {
        match (before.nullable, after.nullable) {
            (false, true) => self.report(Trend::Wider, place, "null allowed", "", ""),
            (true, false) => self.report(Trend::Narrower, place, "null no longer allowed", "", ""),
            _ => {}
        }
        self.limits(place, before, after);
        let own = self.comparison.shapes;
        let (one, other) = (own.get(before.shape), self.shapes.get(after.shape));
        let is_nested = matches!(one, Shape::List(_) | Shape::Map(_) | Shape::Object(_) | Shape::Union(_));
        // What contains itself, or is in several places, is compared once.
        if is_nested && !self.comparison.seen.insert((self.way, before.shape, after.shape)) || self.depth > MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match (one, other) {
            (Shape::List(one), Shape::List(other)) | (Shape::Map(one), Shape::Map(other)) => {
                self.values(&format!("{place}/*"), one, other);
            }
            (Shape::Object(one), Shape::Object(other)) => self.members(place, one, other),
            (Shape::Enum(one), Shape::Enum(other)) => self.allowed(place, &one.values, &other.values),
            (Shape::Union(one), Shape::Union(other)) => self.variants(place, one, other),
            (Shape::Text(one), Shape::Text(other)) if one != other => {
                let trend = match (one, other) {
                    (Some(_), None) => Trend::Wider,
                    (None, Some(_)) => Trend::Narrower,
                    _ => Trend::Other,
                };
                let format = |format: &Option<String>| format.clone().unwrap_or_default();
                self.report(trend, place, "format changed", &format(one), &format(other));
            }
            (one, other) if name(one) == name(other) => {}
            (one, other) => {
                let [own_classes, others] = &self.comparison.classes;
                let from = (own, own_classes, before.shape);
                let to = (self.shapes, others, after.shape);
                let trend = if is_wider(from, to) {
                    Trend::Wider
                } else if is_wider(to, from) {
                    Trend::Narrower
                } else {
                    Trend::Other
                };
                self.report(trend, place, "type changed", &name(one), &name(other));
            }
        }
        self.depth -= 1;
    }

    fn members(&mut self, place: &str, before: &Object, after: &Object) {
        for member in &before.members {
            let place = inside(place, &member.name);
            match after.members.iter().find(|other| other.name == member.name) {
                Some(other) => {
                    match (self.is_required(member), self.is_required(other)) {
                        (false, true) => self.report(Trend::Narrower, &place, "member became required", "", ""),
                        (true, false) => self.report(Trend::Wider, &place, "member became optional", "", ""),
                        _ => {}
                    }
                    self.values(&place, &member.value, &other.value);
                }
                None => self.comparison.report(
                    Impact::Breaking,
                    &place,
                    "member removed",
                    &name_of(self.comparison.shapes, &member.value),
                    "",
                ),
            }
        }
        for other in &after.members {
            if before.members.iter().all(|member| member.name != other.name) {
                let place = inside(place, &other.name);
                let now = name_of(self.shapes, &other.value);
                if self.is_required(other) && self.way == Way::Request {
                    self.comparison.report(Impact::Breaking, &place, "required member added", "", &now);
                } else {
                    self.comparison.report(Impact::Additive, &place, "member added", "", &now);
                }
            }
        }
        self.others(place, before, after);
    }

    /// Members that an object may have beside those that it names.
    fn others(&mut self, place: &str, before: &Object, after: &Object) {
        match (&before.others, &after.others) {
            (Some(one), Some(other)) => self.values(&format!("{place}/*"), one, other),
            (Some(_), None) => self.report(Trend::Narrower, place, "other members no longer allowed", "", ""),
            (None, Some(_)) if self.way == Way::Request => {
                self.report(Trend::Wider, place, "other members allowed", "", "");
            }
            // Responses may always have others.
            (None, _) => {}
        }
    }

    /// Whether values that travel this way have a member.
    fn is_required(&self, member: &Member) -> bool {
        match self.way {
            Way::Request => member.is_sent(),
            Way::Response => member.is_received(),
        }
    }

    /// Callers keep values that they do not know, so that only requests can suffer.
    fn allowed(&mut self, place: &str, before: &[String], after: &[String]) {
        let lacks = if self.way == Way::Request { Impact::Breaking } else { Impact::Additive };
        for value in before.iter().filter(|value| !after.contains(value)) {
            self.comparison.report(lacks, place, "value removed", value, "");
        }
        for value in after.iter().filter(|value| !before.contains(value)) {
            self.comparison.report(Impact::Additive, place, "value added", "", value);
        }
    }

    fn variants(&mut self, place: &str, before: &[Use], after: &[Use]) {
        let [own, others] = &self.comparison.classes;
        let classed = |classes: &Classes, variants: &[Use]| -> BTreeSet<Use> {
            variants.iter().filter_map(|variant| classes.classed(variant)).collect()
        };
        let (one, other) = (classed(own, before), classed(others, after));
        let is_in =
            |known: &BTreeSet<Use>, variant: Option<Use>| variant.is_some_and(|variant| known.contains(&variant));
        let gone: Vec<_> = before.iter().filter(|variant| !is_in(&other, own.classed(variant))).collect();
        let new: Vec<_> = after.iter().filter(|variant| !is_in(&one, others.classed(variant))).collect();
        if let ([gone], [new]) = (gone.as_slice(), new.as_slice()) {
            return self.values(place, gone, new);
        }
        for variant in gone {
            let was = name_of(self.comparison.shapes, variant);
            self.report(Trend::Narrower, place, "alternative removed", &was, "");
        }
        for variant in new {
            let now = name_of(self.shapes, variant);
            self.report(Trend::Wider, place, "alternative added", "", &now);
        }
    }

    /// Limits of responses are no promise that a caller relies on.
    fn limits(&mut self, place: &str, before: &Use, after: &Use) {
        let of = |of: &Use| of.limits.iter().cloned().collect::<BTreeMap<_, _>>();
        let (mut before, mut after) = (of(before), of(after));
        for (inclusive, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            // One that became exclusive, or no longer is, is one change.
            for is_wider in [false, true] {
                let (one, other) = if is_wider { (&mut after, &mut before) } else { (&mut before, &mut after) };
                if let (Some(limit), None) = (one.get(inclusive), other.get(inclusive))
                    && number(other.get(exclusive)).is_some_and(|other| Some(other) == number(Some(limit)))
                    && !one.contains_key(exclusive)
                {
                    let open = limit_text(inclusive, one.remove(inclusive));
                    let strict = limit_text(exclusive, other.remove(exclusive));
                    let (was, now) = if is_wider { (strict, open) } else { (open, strict) };
                    self.limit(place, is_wider, &was, &now);
                }
            }
        }
        for keyword in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let (one, other) = (before.get(keyword), after.get(keyword));
            if one == other {
                continue;
            }
            let is_wider = match (one, other) {
                (_, None) => true,
                (None, _) => false,
                (Some(_), Some(_)) => match (number(one), number(other)) {
                    (Some(one), Some(other)) if one == other => continue,
                    (Some(one), Some(other)) => (other > one) == is_maximum(keyword),
                    _ => false,
                },
            };
            self.limit(place, is_wider, &limit_text(keyword, one.cloned()), &limit_text(keyword, other.cloned()));
        }
    }

    fn limit(&mut self, place: &str, is_wider: bool, before: &str, after: &str) {
        let impact = if is_wider || self.way == Way::Response { Impact::Additive } else { Impact::Breaking };
        let kind = if is_wider { "limit widened" } else { "limit narrowed" };
        self.comparison.report(impact, place, kind, before, after);
    }
}

fn number(limit: Option<&String>) -> Option<f64> {
    limit?.parse().ok()
}

fn limit_text(keyword: &str, limit: Option<String>) -> String {
    limit.map(|limit| format!("{keyword} {limit}")).unwrap_or_default()
}

fn is_maximum(keyword: &str) -> bool {
    keyword.to_ascii_lowercase().contains("max")
}

/// Whether all values of one shape are values of the other, and not the other way round.
fn is_wider(from: (&Shapes, &Classes, ShapeId), to: (&Shapes, &Classes, ShapeId)) -> bool {
    let ((shapes_from, from_classes, from_id), (shapes_to, to_classes, to_id)) = (from, to);
    match (shapes_from.get(from_id), shapes_to.get(to_id)) {
        (Shape::Any, _) => false,
        (_, Shape::Any) | (Shape::Integer, Shape::Number) => true,
        (Shape::Object(_) | Shape::Map(_), Shape::Map(values)) => *shapes_to.get(values.shape) == Shape::Any,
        (Shape::Enum(Enum { values, .. }), Shape::Text(None)) => values.iter().all(|value| value.starts_with('"')),
        (Shape::Union(_), _) => false,
        (_, Shape::Union(variants)) => {
            let whole = from_classes.of(from_id);
            whole.is_some() && variants.iter().any(|variant| to_classes.of(variant.shape) == whole)
        }
        _ => false,
    }
}

/// The place of a member (RFC 6901 §3).
pub(super) fn inside(place: &str, name: &str) -> String {
    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn name_of(shapes: &Shapes, of: &Use) -> String {
    name(shapes.get(of.shape))
}

/// What a shape is, in a few words.
fn name(shape: &Shape) -> String {
    match shape {
        Shape::Any => "any JSON".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::Integer => "integer".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Text(None) => "string".to_owned(),
        Shape::Text(Some(format)) => format!("string ({format})"),
        Shape::Enum(of) => format!("enum of {}", of.values.len()),
        Shape::List(_) => "list".to_owned(),
        Shape::Map(_) => "map".to_owned(),
        Shape::Object(_) => "object".to_owned(),
        Shape::Union(variants) => format!("{} alternatives", variants.len()),
    }
}

/// A text on one line, cut, with every character visible.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        match c {
            _ if index >= LONGEST => {
                shown.push('…');
                break;
            }
            c if c.is_control() || is_invisible(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}
