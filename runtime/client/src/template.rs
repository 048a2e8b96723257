//! Filling templates with the values of a call.

use std::borrow::Cow;

use naftiko_schema::{Operation, ParameterId, Template, TemplatePart};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::argument::{Argument, Arguments};

/// The values of one call.
#[derive(Clone, Copy)]
pub(crate) struct Values<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) arguments: &'a Arguments,
    pub(crate) variables: &'a [SecretString],
}

impl<'a> Values<'a> {
    /// The text of a template. What is left out is empty; if the template has arguments in it and all of them are left out, so is
    /// the text.
    pub(crate) fn fill(&self, template: &Template) -> Option<String> {
        let mut arguments = template.parts.iter().filter_map(|part| match part {
            TemplatePart::Parameter(id) => Some(self.arguments.get(*id).is_some()),
            TemplatePart::Literal(_) | TemplatePart::Variable(_) => None,
        });
        let has_none = arguments.next().is_some_and(|first| !first && !arguments.any(|given| given));
        (!has_none).then(|| template.parts.iter().map(|part| self.text(part)).collect())
    }

    /// The text of a template, in which what is left out is empty.
    pub(crate) fn whole(&self, template: &Template) -> SecretString {
        template.parts.iter().map(|part| self.text(part)).collect::<String>().into()
    }

    /// The text of a piece of a template; empty if it has no value.
    pub(crate) fn text<'p>(&self, part: &'p TemplatePart) -> Cow<'p, str>
    where
        'a: 'p,
    {
        match part {
            TemplatePart::Literal(text) => Cow::Borrowed(text),
            TemplatePart::Variable(id) => {
                self.variables.get(id.index()).map_or("", |variable| variable.expose_secret()).into()
            }
            TemplatePart::Parameter(id) => self.arguments.get(*id).map(of_argument).unwrap_or_default(),
        }
    }

    /// The name of a parameter, for violations.
    pub(crate) fn name(&self, id: ParameterId) -> &'a str {
        self.operation.parameter(id).map_or("body", |parameter| &parameter.name)
    }
}

/// The text of an argument within other text, in which null is no text.
fn of_argument(argument: &Argument) -> Cow<'_, str> {
    match argument {
        Argument::Value(Value::Null) => Cow::default(),
        Argument::Json(json) if json.trim_ascii() == b"null" => Cow::default(),
        argument => argument.text(),
    }
}
