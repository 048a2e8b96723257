//! The value of a source: what an argument, or a part of a document, is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use naftiko_client::__private::{Argument, Renewal, VariableValues, from_json_text};
use naftiko_schema::{ArgumentSource, InputPart, InputText, Kind, SourceMember, StepId, StepValue, VariableValue};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::numbers;
use crate::path::find;

/// The values that a caller sent, by input index.
pub type Values = Vec<Option<Argument>>;

/// What sources refer to.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    /// What the caller sent.
    pub(crate) inputs: &'s Values,
    /// How the inputs of a flow are made of other values of variables, if there are any in them.
    pub(crate) renewal: Option<&'s Arc<Renewal>>,
    /// The outputs of the steps of a flow, with [marked numbers](numbers).
    pub(crate) outputs: &'s [Option<Value>],
    /// The element for which a call of this step is made. It is what the step's own id refers to.
    pub(crate) element: Option<(StepId, &'s Value)>,
    pub(crate) variables: &'s VariableValues,
}

impl Scope<'_> {
    /// The value of a source; `None` if it is absent.
    pub(crate) fn value(&self, source: &ArgumentSource) -> Option<Argument> {
        match source {
            ArgumentSource::Absent => None,
            ArgumentSource::Input(id) => self.inputs.get(id.index()).cloned().flatten(),
            ArgumentSource::Part(part) => self.part(part),
            ArgumentSource::Output(output) => self.output(output),
            ArgumentSource::Variable(value) => Some(self.variable(value)),
            ArgumentSource::Json(json) => Some(Argument::Json(json.clone().into_owned().into())),
            ArgumentSource::Text(parts) => {
                let mut values = parts.iter().filter(|part| !matches!(part, InputText::Literal(_)));
                let has_none = values
                    .next()
                    .is_some_and(|first| self.text(first).is_none() && !values.any(|other| self.text(other).is_some()));
                (!has_none).then(|| self.filled(parts))
            }
            ArgumentSource::Filled(parts) => Some(self.filled(parts)),
            ArgumentSource::List(items) => {
                let item = |item: &ArgumentSource| Some(self.value(item)?.to_json()?.into_owned());
                let present: Vec<_> = items.iter().filter_map(item).collect();
                (!present.is_empty() || items.is_empty()).then(|| joined(b'[', &present, b']'))
            }
            ArgumentSource::Object(members) => {
                let member = |member: &SourceMember| {
                    let name = Value::from(&*member.name).to_string().into_bytes();
                    let value = self.value(&member.value)?.to_json()?.into_owned();
                    Some([name, value].join(&b':'))
                };
                let present: Vec<_> = members.iter().filter_map(member).collect();
                (!present.is_empty() || members.is_empty()).then(|| joined(b'{', &present, b'}'))
            }
            ArgumentSource::First(sources) => sources.iter().find_map(|source| self.value(source)),
        }
    }

    /// Text in which what is absent is empty.
    fn filled(&self, parts: &[InputText]) -> Argument {
        Argument::Value(parts.iter().filter_map(|part| self.text(part)).collect::<String>().into())
    }

    fn text(&self, part: &InputText) -> Option<String> {
        Some(match part {
            InputText::Literal(text) => text.clone().into_owned(),
            InputText::Input(id) => self.inputs.get(id.index())?.as_ref()?.text().into_owned(),
            InputText::Part(part) => self.part(part)?.text().into_owned(),
            InputText::Output(output) => self.output(output)?.text().into_owned(),
            InputText::Variable(id) => self.variables.get(*id).to_owned(),
        })
    }

    fn part(&self, part: &InputPart) -> Option<Argument> {
        let document = document(self.inputs.get(part.input.index())?.as_ref()?)?;
        let value = find(&document, &part.at)?;
        Some(Argument::Json(numbers::write(&value).into()))
    }

    fn variable(&self, value: &VariableValue) -> Argument {
        let text = self.variables.get(value.variable);
        let is_typed = match value.kind {
            Kind::String | Kind::Any => false,
            Kind::Integer => text.parse::<i64>().is_ok(),
            Kind::Number => serde_json::from_str::<serde_json::Number>(text).is_ok(),
            Kind::Boolean => matches!(text, "true" | "false"),
            Kind::Array => serde_json::from_str::<Vec<IgnoredAny>>(text).is_ok(),
            Kind::Object => serde_json::from_str::<BTreeMap<String, IgnoredAny>>(text).is_ok(),
        };
        if is_typed { from_json_text(value.kind, text) } else { Argument::Value(text.into()) }
    }

    fn output(&self, output: &StepValue) -> Option<Argument> {
        let document = match self.element {
            Some((step, element)) if step == output.step => element,
            _ => self.outputs.get(output.step.index())?.as_ref()?,
        };
        let value = find(document, &output.at)?;
        Some(Argument::Json(numbers::write(&value).into()))
    }
}

/// Whether the output of a step, other than the one that is known, is a part of a source.
pub(crate) fn depends(source: &ArgumentSource, known: Option<StepId>) -> bool {
    let in_text = |part: &InputText| matches!(part, InputText::Output(value) if Some(value.step) != known);
    match source {
        ArgumentSource::Output(value) => Some(value.step) != known,
        ArgumentSource::Text(parts) | ArgumentSource::Filled(parts) => parts.iter().any(in_text),
        ArgumentSource::List(items) | ArgumentSource::First(items) => items.iter().any(|item| depends(item, known)),
        ArgumentSource::Object(members) => members.iter().any(|member| depends(&member.value, known)),
        ArgumentSource::Absent
        | ArgumentSource::Input(_)
        | ArgumentSource::Part(_)
        | ArgumentSource::Variable(_)
        | ArgumentSource::Json(_) => false,
    }
}

/// The value of an argument, with [marked numbers](numbers); `None` if it is no JSON.
pub(crate) fn document(argument: &Argument) -> Option<Value> {
    match argument {
        Argument::Value(value) => Some(value.clone()),
        Argument::Json(json) => numbers::read(json).ok(),
        Argument::Raw(_) => None,
    }
}

/// JSON text of a list or an object.
pub(crate) fn joined(open: u8, parts: &[Vec<u8>], close: u8) -> Argument {
    Argument::Json([vec![open], parts.join(&b','), vec![close]].concat().into())
}
