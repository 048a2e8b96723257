//! Values that are made of outputs of steps and of inputs: arguments of later steps, mappings and fixed outputs.

use naftiko_schema::{Kind, PathStep, StepValue};
use serde_json::Value;

use super::Inputs;
use super::step::ITEM;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::json_path;
use crate::linked::{Parameter, Source};
use crate::read::yaml::{Content, Node};
use crate::template::{Piece, split};

impl Inputs<'_, '_> {
    /// The output of a step that a text names: `step.member`, `$.step.member`, or in a placeholder the step alone. An input of
    /// that name comes first, but not before `item.member`, which is a part of the element that a step is taken for.
    pub(in crate::resolve) fn output(&self, text: &str, span: Span, sink: &mut Sink) -> Option<StepValue> {
        if text.trim_start().starts_with("$[") {
            return self.bracketed(text);
        }
        let path = text.strip_prefix("$.").unwrap_or(text).trim();
        let (name, rest) = path.split_at_checked(path.find(['.', '[']).unwrap_or(path.len()))?;
        if self.for_each && name == ITEM && !rest.is_empty() {
            return Some(self.value_at(self.steps.len(), text, rest, span, sink));
        }
        if self.steps.is_empty() || self.names.exact(path).is_some() {
            return None;
        }
        let step = self.steps.iter().position(|known| *known == name)?;
        Some(self.value_at(step, text, rest, span, sink))
    }

    /// The same for a path that has the name of the step in brackets: `$['step'].member`.
    fn bracketed(&self, text: &str) -> Option<StepValue> {
        let path = json_path::parse(text.trim()).ok()?;
        let (PathStep::Key(name), rest) = path.split_first()? else { return None };
        let step = self.steps.iter().position(|known| *known == &**name)?;
        Some(StepValue { step: step.into(), at: rest.to_vec().into() })
    }

    /// The same outside of a placeholder. Under `ikanos:`, a name of a step there is text, unless `$.` is before it.
    pub(super) fn bare_output(&self, text: &str, span: Span, sink: &mut Sink) -> Option<StepValue> {
        let is_item = |output: &StepValue| output.step.index() == self.steps.len();
        let is_path = is_path(text) || !self.context.scope.is_exact;
        self.output(text, span, sink).filter(|output| is_path || is_item(output))
    }

    /// The same in a placeholder or in a path that begins with `$.`, where `item` alone is the whole element, and where a
    /// transform's output needs no name of the step.
    pub(in crate::resolve) fn placed(&self, text: &str, span: Span, sink: &mut Sink) -> Option<StepValue> {
        let name = text.strip_prefix("$.").unwrap_or(text).trim();
        if self.for_each && name == ITEM {
            return Some(self.value_at(self.steps.len(), text, "", span, sink));
        }
        if let Some(output) = self.output(text, span, sink) {
            return Some(output);
        }
        self.made(name).map(|(step, rest)| self.value_at(step, text, &rest, span, sink))
    }

    fn value_at(&self, step: usize, text: &str, rest: &str, span: Span, sink: &mut Sink) -> StepValue {
        let at = json_path::parse(&format!("${rest}")).unwrap_or_else(|problem| {
            let message = format!("invalid path `{text}`: {problem}");
            sink.report(Code::BadMapping, span, message).help("write a path such as `step.items[0].name`");
            Vec::new()
        });
        StepValue { step: step.into(), at: at.into() }
    }

    /// A value that is made of inputs and of outputs of steps. In text, what is absent is empty.
    pub(in crate::resolve) fn template(&mut self, node: &Node, sink: &mut Sink) -> Source {
        let Content::Text(text) = &node.content else {
            return match has_placeholder(node) {
                true => self.nested(&Parameter::of_any("", node.span), node, sink),
                false => Source::Json(node.to_json()),
            };
        };
        if is_path(text) {
            return self
                .placed(text, node.span, sink)
                .map_or_else(|| self.no_output(text, node.span, sink), Source::Output);
        }
        let any = Parameter::of_any(Kind::Any.as_str(), node.span);
        if let Some(source) = self.whole(&any, text, node.span, sink) {
            return source;
        }
        self.fixed_output(node, Kind::Any, sink)
    }

    /// A path to the output of no step.
    fn no_output(&self, text: &str, span: Span, sink: &mut Sink) -> Source {
        let path = text.trim().trim_start_matches("$.").trim_start_matches("$[").trim_matches(['\'', '"']);
        let name = path.split(['.', '[', '\'', '"']).next().unwrap_or_default();
        let meant = sink.nearest(Code::UnknownReference, name, self.steps.iter().copied());
        let report = sink.report(Code::UnknownReference, span, format!("`{text}` names no step; it has no value"));
        report.nearest(span, name, meant, "write `$.step.member` with the name of a step");
        Source::Absent
    }

    /// A fixed value of a type, which may have inputs and outputs of steps in it.
    pub(in crate::resolve) fn fixed_output(&mut self, node: &Node, kind: Kind, sink: &mut Sink) -> Source {
        // A null is one, whatever its type.
        if node.is_null() {
            return Source::Json("null".to_owned());
        }
        let any = Parameter::of_any(kind.as_str(), node.span);
        if node.scalar_text().is_none() && has_placeholder(node) {
            return self.nested(&any, node, sink);
        }
        let text = node.scalar_text().unwrap_or_default();
        let pieces = split(&text);
        if !pieces.iter().any(|piece| matches!(piece, Piece::Placeholder(_))) {
            return self.value_of(node, kind, sink);
        }
        if matches!(kind, Kind::Array | Kind::Object)
            && let Some(written) = Node::of_json_template(&text, node.span)
        {
            return self.nested(&any, &written, sink);
        }
        if let ([Piece::Placeholder(name)], true) = (pieces.as_slice(), kind != Kind::String) {
            return match self.placed(name, node.span, sink) {
                Some(output) => Source::Output(output),
                None => self
                    .variable(name, kind, node.span, sink)
                    .unwrap_or_else(|| self.named(&any, name, node.span, sink)),
            };
        }
        match self.text(&any, pieces, node.span, sink) {
            Source::Text(parts) => Source::Filled(parts),
            other => other,
        }
    }

    /// A fixed value, which must have its declared type.
    fn value_of(&self, node: &Node, kind: Kind, sink: &mut Sink) -> Source {
        let json = node.to_output_json(kind);
        let value: Value = serde_json::from_str(&json).unwrap_or_default();
        let fits = match kind {
            Kind::Integer => value.is_i64() || value.is_u64(),
            Kind::Number => value.is_number(),
            Kind::Boolean => value.is_boolean(),
            Kind::String | Kind::Array | Kind::Object | Kind::Any => true,
        };
        if !fits && !value.is_null() {
            let message = format!("the fixed value `{json}` is no {}", kind.as_str());
            sink.report(Code::TypeMismatch, node.span, message).help("write a value of the declared type");
        }
        Source::Json(json)
    }
}

/// Whether a text is a path to the output of a step.
pub(super) fn is_path(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("$.") || text.starts_with("$['") || text.starts_with("$[\"")
}

/// Whether a text in a value has a placeholder.
pub(super) fn has_placeholder(node: &Node) -> bool {
    match &node.content {
        Content::Text(text) => text.contains("{{"),
        Content::Sequence(items) => items.iter().any(has_placeholder),
        Content::Mapping(entries) => entries.iter().any(|entry| has_placeholder(&entry.value)),
        Content::Null(_) | Content::Bool(..) | Content::Number(..) => false,
    }
}
