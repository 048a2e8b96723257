//! What satisfies several schemas at once: the parts of `allOf`, the variants of `oneOf` or `anyOf`, and what a schema says itself.

use std::collections::BTreeMap;

use super::Schemas;
use crate::companion::document::entries;
use crate::companion::keywords::{add_limits, limits, list, required, says_itself, says_more, tighten, variants};
use crate::companion::shape::{Aside, Member, Name, Object, Shape, ShapeId, Tag, Use};
use crate::diagnostic::Sink;
use crate::read::yaml::{Content, Node};

/// More forms than this are any JSON.
const MAX_FORMS: usize = 256;

/// What a value has to satisfy.
struct Part {
    read: Use,
    required: Vec<String>,
    /// Whether it is only the type beside other parts. Some documents have one there that no part has.
    is_type: bool,
}

/// One of the forms that a value may have.
#[derive(Clone)]
struct Form {
    of: Use,
    /// Its shape, if that is a new one. It gets a number when all parts have said which members are required.
    made: Option<Shape>,
    /// The members that are required, as the parts list them.
    order: Vec<String>,
    /// The variant of a union that it is made of.
    variant: Option<ShapeId>,
}

impl<'n> Schemas<'n> {
    /// What satisfies all parts of a schema, its variants and itself. What cannot be merged is any JSON.
    pub(super) fn merged(&mut self, schema: &'n Node, kinds: &[String], sink: &mut Sink) -> Use {
        let merged = self.forms(schema, kinds, true, sink);
        let mut merged = merged.unwrap_or_else(|| Use::of(self.shapes.intern(Shape::Any)));
        add_limits(&mut merged, schema);
        if self.shapes.is_any(merged.shape) {
            merged.limits.clear();
        }
        merged
    }

    /// The same, or `None` if that cannot be merged; without variants if they are not wanted.
    pub(super) fn forms(
        &mut self,
        schema: &'n Node,
        kinds: &[String],
        has_variants: bool,
        sink: &mut Sink,
    ) -> Option<Use> {
        let (mut parts, mut others) = (Vec::new(), None);
        for part in list(schema, "allOf").unwrap_or_default() {
            let mut read = self.part(schema, part, kinds, sink)?;
            if self.shapes.is_any(read.shape) {
                read.limits = limits(part);
                // A schema of any JSON takes null.
                read.nullable = true;
            }
            others = others.or(self.opened(self.document.followed(part), sink));
            parts.push(Part { read, required: required(part), is_type: false });
        }
        let says_null = parts.iter().any(|part| part.read.nullable && !self.shapes.is_any(part.read.shape));
        let mut nullable = says_null && parts.iter().all(|part| part.read.nullable);
        others = others.or(self.opened(Some(schema), sink));
        let own =
            if says_itself(schema, kinds) { self.own(schema, kinds, sink) } else { Use::of(self.shapes.intern_any()) };
        nullable |= own.nullable;
        parts.push(Part { read: own, required: required(schema), is_type: !says_more(schema) });
        if let Some(variants) = variants(schema).filter(|_| has_variants) {
            let union = self.union(schema, variants, kinds, sink);
            nullable |= union.nullable;
            parts.push(Part { read: union, required: Vec::new(), is_type: false });
        }
        let merged = self.all_of(parts, others.as_ref())?;
        Some(Use { nullable, ..merged })
    }

    /// What satisfies all of these; `None` if nothing does. It may have other members, if some are given.
    fn all_of(&mut self, parts: Vec<Part>, others: Option<&Use>) -> Option<Use> {
        let mut shared = Use::of(self.shapes.intern_any());
        let mut tag = None;
        let mut forms: Option<Vec<Form>> = None;
        let mut order: Vec<String> = Vec::new();
        for Part { read, required, is_type } in parts {
            self.share(&mut shared, &read);
            if self.shapes.is_any(read.shape) {
                order.extend(required.iter().cloned());
                forms.iter_mut().flatten().for_each(|form| form.order.extend(required.iter().cloned()));
                continue;
            }
            tag = tag.or_else(|| self.shapes.tag(read.shape).cloned());
            let next = self.alternatives_of(&read, &required);
            forms = Some(match forms {
                None => {
                    let with_order = |form: Form| Form { order: [order.clone(), form.order].concat(), ..form };
                    next.into_iter().map(with_order).collect()
                }
                Some(before) => match self.both_of(&before, &next) {
                    Some(both) => both,
                    None if is_type => before,
                    None => return None,
                },
            });
        }
        let mut merged = match forms {
            Some(forms) => self.one_of(forms, tag, others),
            None => Use::of(self.shapes.intern_any()),
        };
        self.share(&mut merged, &shared);
        Some(merged)
    }

    /// What is one of these forms. `tag` is how their variants were distinguished before.
    fn one_of(&mut self, forms: Vec<Form>, tag: Option<Tag>, others: Option<&Use>) -> Use {
        let mut moved: BTreeMap<ShapeId, ShapeId> = BTreeMap::new();
        let mut uses: Vec<Use> = Vec::new();
        for form in forms {
            let shape = self.finished(&form, others);
            if let Some(variant) = form.variant {
                moved.insert(variant, shape);
                if let Some(component) = self.shapes.component(variant).filter(|_| variant != shape) {
                    let (name, description) = (component.name.clone(), component.description.clone());
                    self.shapes.name(shape, Name::Component(&name), &description);
                }
            }
            uses.push(Use { shape, nullable: false, ..form.of });
        }
        if let [only] = uses.as_slice() {
            return Use { description: Aside::default(), ..only.clone() };
        }
        let shape = self.united(uses);
        let union = self.shapes.intern(shape);
        if let (Shape::Union(_), Some(mut tag)) = (self.shapes.get(union), tag) {
            tag.values.values_mut().chain(&mut tag.base).for_each(|id| *id = *moved.get(id).unwrap_or(id));
            self.shapes.set_tag(union, tag);
        }
        Use::of(union)
    }

    /// Adds what a part says of the value as a whole.
    fn share(&self, shared: &mut Use, part: &Use) {
        shared.secret |= part.secret;
        shared.is_unsigned |= part.is_unsigned;
        for (keyword, limit) in &part.limits {
            tighten(shared, keyword, limit);
        }
    }

    /// What members an object may have beside those that others name, where a schema says no more than that it may have any.
    fn opened(&mut self, schema: Option<&'n Node>, sink: &mut Sink) -> Option<Use> {
        let schema = schema.filter(|schema| schema.get("properties").map(entries).is_none_or(<[_]>::is_empty))?;
        let others = schema.get("additionalProperties")?;
        let is_open = matches!(&others.content, Content::Bool(true, _) | Content::Mapping(_));
        is_open.then(|| self.read(others, sink))
    }

    /// The forms of a part.
    fn alternatives_of(&self, part: &Use, required: &[String]) -> Vec<Form> {
        let form = |of: &Use, variant: Option<ShapeId>| {
            let own = self.shapes.get(of.shape).required().map(str::to_owned);
            Form { of: of.clone(), made: None, order: own.chain(required.iter().cloned()).collect(), variant }
        };
        match self.shapes.get(part.shape) {
            Shape::Union(variants) => variants.iter().map(|variant| form(variant, Some(variant.shape))).collect(),
            // Limits of the part hold for the whole.
            _ => vec![form(&Use { limits: Vec::new(), ..part.clone() }, None)],
        }
    }

    /// The forms that satisfy one of the first and one of the second; `None` if there are none, or too many.
    fn both_of(&mut self, first: &[Form], second: &[Form]) -> Option<Vec<Form>> {
        if first.len().min(second.len()) > 1 && first.len().saturating_mul(second.len()) > MAX_FORMS {
            return None;
        }
        let mut both = Vec::new();
        for one in first {
            for other in second {
                let Some((shape, made)) = self.met(one, other) else { continue };
                let mut of = Use { shape, ..other.of.clone() };
                self.share(&mut of, &one.of);
                let order = one.order.iter().chain(&other.order).cloned().collect();
                both.push(Form { of, made, order, variant: one.variant.or(other.variant) });
            }
        }
        (!both.is_empty()).then_some(both)
    }

    /// The shape of a form with the members that all parts together require, and others if it may have some.
    fn finished(&mut self, form: &Form, others: Option<&Use>) -> ShapeId {
        let shape = form.made.clone().unwrap_or_else(|| self.shapes.get(form.of.shape).clone());
        let mut object = match shape {
            Shape::Object(object) => object,
            _ if form.made.is_none() => return form.of.shape,
            shape => return self.shapes.intern(shape),
        };
        for member in &mut object.members {
            let position = form.order.iter().position(|name| *name == member.name);
            member.required = position.is_some();
            member.position = Aside(position.unwrap_or_default());
        }
        object.others = object.others.or_else(|| others.cloned());
        self.shapes.intern(Shape::Object(object))
    }

    /// What is of two forms: the number of a shape that is one of theirs, or a new shape. Of a shape that is still being read
    /// nothing is known; it stays.
    fn met(&mut self, one: &Form, other: &Form) -> Option<(ShapeId, Option<Shape>)> {
        let shape = |form: &Form| form.made.clone().unwrap_or_else(|| self.shapes.get(form.of.shape).clone());
        match (shape(one), shape(other)) {
            (first, second) if first == second => Some((one.of.shape, one.made.clone())),
            (_, Shape::Any) => Some((other.of.shape, None)),
            (Shape::Any, _) => Some((one.of.shape, None)),
            (first, second) => Some((other.of.shape, Some(self.intersection(first, second)?))),
        }
    }

    /// The number of what is of both shapes.
    fn inside(&mut self, one: ShapeId, other: ShapeId) -> Option<ShapeId> {
        let (first, second) = (self.shapes.get(one).clone(), self.shapes.get(other).clone());
        if first == second || second == Shape::Any {
            return Some(one);
        }
        if first == Shape::Any {
            return Some(other);
        }
        let shape = self.intersection(first, second)?;
        Some(self.shapes.intern(shape))
    }

    /// What is of both of two different shapes.
    fn intersection(&mut self, one: Shape, other: Shape) -> Option<Shape> {
        let numeric = |value: &String| value.parse::<f64>().is_ok();
        Some(match (one, other) {
            (Shape::Integer, Shape::Integer | Shape::Number) | (Shape::Number, Shape::Integer) => Shape::Integer,
            (Shape::Text(first), Shape::Text(second)) => Shape::Text(second.or(first)),
            (Shape::Enum(first), Shape::Enum(second)) => first.only(|value| second.values.contains(value))?,
            (Shape::Text(_), Shape::Enum(of)) | (Shape::Enum(of), Shape::Text(_)) => {
                of.only(|value| value.starts_with('"'))?
            }
            (Shape::Number | Shape::Integer, Shape::Enum(of)) | (Shape::Enum(of), Shape::Number | Shape::Integer) => {
                of.only(numeric)?
            }
            (Shape::Boolean, Shape::Enum(of)) | (Shape::Enum(of), Shape::Boolean) => {
                of.only(|value| matches!(value.as_str(), "true" | "false"))?
            }
            (Shape::List(first), Shape::List(second)) => {
                Shape::List(Use { shape: self.inside(first.shape, second.shape)?, ..second })
            }
            (Shape::Map(first), Shape::Map(second)) => {
                Shape::Map(Use { shape: self.inside(first.shape, second.shape)?, ..second })
            }
            (Shape::Map(of), Shape::Object(object)) | (Shape::Object(object), Shape::Map(of)) => {
                let is_said = !self.shapes.is_any(of.shape);
                Shape::Object(Object { others: object.others.clone().or(is_said.then_some(of)), ..object })
            }
            (Shape::Object(first), Shape::Object(second)) => {
                let mut members: BTreeMap<String, Member> =
                    first.members.into_iter().map(|member| (member.name.clone(), member)).collect();
                self.shapes.add(&mut members, second.members, 0);
                let mut alternatives = [first.alternatives, second.alternatives].concat();
                alternatives.sort();
                alternatives.dedup();
                let others = first.others.or(second.others);
                Shape::Object(Object { members: members.into_values().collect(), others, alternatives })
            }
            _ => return None,
        })
    }
}
