//! What decides whether a step is taken, and how often: `condition` and `forEach`.

use super::Inputs;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Parameter, Source};
use crate::read::document::{Step, StepAction, Text};
use crate::read::yaml::{Content, Node};
use crate::template::{Piece, split};

/// What an element is called in the step that is taken for it.
pub(super) const ITEM: &str = "item";

/// The condition of a step, and the list for whose elements it is taken.
type Terms = (Option<Source>, Option<Source>);

impl<'d> Inputs<'_, 'd> {
    /// Reads the terms of a step, before its own values are read. `None` if they have no meaning, which is reported.
    pub(in crate::resolve) fn begin_step(&mut self, step: &Step, sink: &mut Sink) -> Option<Terms> {
        let condition = step.condition.as_ref().map(|node| self.condition(node, step, sink));
        let for_each = step.for_each.as_ref().map(|node| self.list(node, sink));
        let terms = (
            condition.map_or(Some(None), |source| source.map(Some))?,
            for_each.map_or(Some(None), |source| source.map(Some))?,
        );
        self.for_each = step.for_each.is_some();
        if let Some(list) = &step.for_each {
            self.check_item(list, &step.name, sink);
        }
        Some(terms)
    }

    /// Ends a step, whose output others can use from now on.
    pub(in crate::resolve) fn end_step(&mut self, step: &'d Step) {
        self.for_each = false;
        if let StepAction::Transform(transform) = &step.action {
            let names = transform.outputs.iter().filter_map(|output| Some(output.name.as_ref()?.value.as_str()));
            self.made.extend(names.map(|name| (name, self.steps.len())));
        }
        self.steps.push(&step.name.value);
    }

    /// The output parameter of a transform that a placeholder names without the step, if nothing else has the name. Of several,
    /// the latest.
    pub(super) fn made(&self, path: &str) -> Option<(usize, String)> {
        let (name, _) = path.split_at_checked(path.find(['.', '[']).unwrap_or(path.len()))?;
        let (_, step) = self.made.iter().rev().find(|(known, _)| *known == name)?;
        let is_taken = self.known(name).is_some()
            || self.constants.contains_key(name)
            || self.locals.contains_key(name)
            || self.locals.contains_key(path)
            || self.context.scope.variables.knows(path)
            || self.is_in_path(name);
        (!is_taken).then(|| (*step, format!(".{path}")))
    }

    fn condition(&mut self, node: &Node, step: &Step, sink: &mut Sink) -> Option<Source> {
        match &node.content {
            Content::Bool(flag, _) => return Some(Source::Json(flag.to_string())),
            Content::Text(text) if matches!(text.trim(), "true" | "false") => {
                return Some(Source::Json(text.trim().to_owned()));
            }
            _ => {}
        }
        let of_element = step.for_each.is_some() && node.scalar_text().is_some_and(|text| names_item(&text));
        let source = if of_element { None } else { self.reference_of(node, "boolean", sink) };
        if source.is_none() {
            let (message, help) = if of_element {
                let message = "a condition of each element is not supported: what is left of the list is open";
                (message, "select the elements in `forEach`, such as `$.step.items[?@.open == true]`")
            } else {
                ("a condition is one reference", "write `{{step.member}}`; a script can compute the value")
            };
            sink.report(Code::Steps, node.span, message).help(help);
        }
        source
    }

    fn list(&mut self, node: &Node, sink: &mut Sink) -> Option<Source> {
        let source = match &node.content {
            Content::Sequence(_) => Some(self.template(node, sink)),
            _ => self.reference_of(node, "array", sink),
        };
        if source.is_none() {
            let help = "write `{{step.member}}`, or a list";
            sink.report(Code::Steps, node.span, "`forEach` needs a list").help(help);
        }
        source
    }

    /// The source that a text names as a whole: the output of a step, or an input.
    fn reference_of(&mut self, node: &Node, kind: &str, sink: &mut Sink) -> Option<Source> {
        let Content::Text(text) = &node.content else { return None };
        if text.trim_start().starts_with("$.") {
            return Some(self.template(node, sink));
        }
        // An input that exists only here has this type.
        let kind = Some(Text { value: kind.to_owned(), span: node.span });
        let parameter = Parameter { kind, ..Parameter::of_any("value", self.context.span) };
        let is_placeholder = matches!(split(text).as_slice(), [Piece::Placeholder(_)]);
        if !is_placeholder && let Some(output) = self.output(text, node.span, sink) {
            return Some(Source::Output(output));
        }
        (is_placeholder || self.strip(text).is_some()).then(|| self.source(&parameter, node, sink))
    }

    /// Reports what `{{item}}` would mean elsewhere.
    fn check_item(&self, list: &Node, step: &Text, sink: &mut Sink) {
        let is_input =
            self.names.exact(ITEM).is_some() || self.constants.contains_key(ITEM) || self.locals.contains_key(ITEM);
        if is_input || self.steps.contains(&ITEM) {
            let what = if is_input { "input" } else { "step" };
            let message = format!(
                "`{{{{item}}}}` in the step `{}` is the element of its list, and not the {what} `item`",
                step.value
            );
            sink.report(Code::DuplicateName, list.span, message).help(format!("rename the {what}"));
        }
    }
}

/// Whether a text has a placeholder or a path for the element.
fn names_item(text: &str) -> bool {
    let is_item = |name: &str| {
        let name = name.trim();
        let name = name.strip_prefix("$.").unwrap_or(name);
        name.strip_prefix(ITEM).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    is_item(text) || split(text).iter().filter_map(Piece::name).any(is_item)
}
