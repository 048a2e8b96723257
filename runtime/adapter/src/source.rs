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

    /// The text of a part of a text, in which null is absent.
    fn text(&self, part: &InputText) -> Option<String> {
        let own;
        let value = match part {
            InputText::Literal(text) => return Some(text.clone().into_owned()),
            InputText::Variable(id) => return Some(self.variables.get(*id).to_owned()),
            InputText::Input(id) => self.inputs.get(id.index())?.as_ref()?,
            InputText::Part(part) => {
                own = self.part(part)?;
                &own
            }
            InputText::Output(output) => {
                own = self.output(output)?;
                &own
            }
        };
        (!is_null(value)).then(|| value.text().into_owned())
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
    let mut depends = false;
    source.steps(&mut |step| depends |= Some(step) != known);
    depends
}

/// Whether an argument is null.
pub(crate) fn is_null(argument: &Argument) -> bool {
    match argument {
        Argument::Value(value) => value.is_null(),
        Argument::Json(json) => json.trim_ascii() == b"null",
        Argument::Raw(_) => false,
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
