//! The arguments of one call.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use naftiko_schema::{Location, Operation, Parameter, ParameterId, VariableId};
use secrecy::SecretString;
use serde_json::Value;

use super::check::{self, Violation, scalar_text};
use super::schema::Schema;
use super::violations::Violations;
use crate::raw_body::RawBody;

/// An argument: a JSON value, JSON text, or a raw body.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Argument {
    Value(Value),
    /// A body that is sent unchanged, only for parameters that are the whole body.
    Raw(RawBody),
    /// Valid JSON text. It is not parsed, so that numbers keep all digits.
    Json(Bytes),
}

/// The arguments of one operation, by parameter index.
#[derive(Clone)]
pub struct Arguments {
    values: Vec<Option<Argument>>,
    /// Secret texts in the arguments, which are redacted everywhere.
    secrets: Vec<SecretString>,
    /// The same arguments with placeholders for the values of variables, if there are any in them.
    shown: Option<Box<Arguments>>,
    /// How they are made of other values of the variables in them, if there are any.
    renewal: Option<Arc<Renewal>>,
    /// Whether they were checked, and found valid.
    checked: bool,
}

/// The values of variables in arguments, and how the same arguments are made of other values.
#[doc(hidden)]
pub struct Renewal {
    /// The variables.
    pub used: BTreeSet<VariableId>,
    /// By the ids of the variables; those that are not used may be empty.
    pub values: Vec<SecretString>,
    make: Box<Make>,
}

/// Makes arguments of values of variables; `None` if that is impossible.
type Make = dyn Fn(Vec<SecretString>) -> Option<Arguments> + Send + Sync;

impl Renewal {
    /// The arguments with these values.
    pub fn with(&self, values: Vec<SecretString>) -> Option<Arguments> {
        (self.make)(values)
    }
}

impl Argument {
    /// Checks an argument against its parameter. `None` means that it was left out.
    pub fn check(parameter: &Parameter, argument: Option<&Self>) -> Result<(), Violation> {
        match argument {
            Some(Self::Json(json)) if matches!(parameter.location, Location::Body | Location::Field) => {
                check::check_json(parameter, json)
            }
            Some(Self::Raw(_)) if parameter.location == Location::Body => Ok(()),
            Some(Self::Raw(_)) => Err(Violation::new(&parameter.name, "cannot be a raw body")),
            Some(Self::Json(json)) => check::check_text(parameter, json),
            Some(Self::Value(value)) => check::check(parameter, Some(value)),
            None => check::check(parameter, None),
        }
    }

    /// Checks a body against its schema. A raw body is of the caller's own making. A `lenient` check requires no member.
    pub(crate) fn check_schema(&self, name: &str, schema: &Schema, lenient: bool) -> Violations {
        match self {
            Self::Value(value) => schema.violations(name, value, lenient),
            Self::Json(json) => schema.violations_in(name, json, lenient),
            Self::Raw(_) => Violations::default(),
        }
    }

    /// The length of a text or of JSON text, in bytes; 0 for other values, which are short.
    pub fn length(&self) -> usize {
        match self {
            Self::Value(Value::String(text)) => text.len(),
            Self::Json(json) => json.len(),
            Self::Value(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::len).sum(),
            Self::Value(_) | Self::Raw(_) => 0,
        }
    }

    /// The argument as JSON; `None` if it is raw.
    pub fn to_json(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Value(value) => Some(value.to_string().into_bytes().into()),
            Self::Json(json) => Some(json.trim_ascii().into()),
            Self::Raw(_) => None,
        }
    }

    /// The texts of an argument in a query, a header or a cookie: one for a scalar or an object, one per item for an array,
    /// none for null. `None` if it is raw.
    pub(crate) fn texts(&self) -> Option<Vec<Cow<'_, str>>> {
        Some(match self {
            Self::Value(Value::Array(items)) => items.iter().filter_map(scalar_text).collect(),
            Self::Value(Value::Null) => Vec::new(),
            Self::Value(_) => vec![self.text()],
            Self::Json(json) => match check::items(json) {
                Some(items) => {
                    items.iter().filter_map(|item| check::scalar(item.get().as_bytes())).map(Cow::from).collect()
                }
                None if json.trim_ascii() == b"null" => Vec::new(),
                None => vec![self.text()],
            },
            Self::Raw(_) => return None,
        })
    }

    /// The argument as a part of other text. Arrays and objects are JSON.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Value(value) => scalar_text(value).unwrap_or_else(|| value.to_string().into()),
            Self::Json(json) => json_text(json).into(),
            Self::Raw(_) => Cow::default(),
        }
    }
}

/// The content of a JSON string, or the JSON text of any other value.
pub(crate) fn json_text(json: &[u8]) -> String {
    serde_json::from_slice(json).unwrap_or_else(|_| String::from_utf8_lossy(json.trim_ascii()).into_owned())
}

impl Arguments {
    pub(crate) fn new(operation: &Operation) -> Self {
        Self::of(vec![None; operation.parameters.len()])
    }

    /// One optional value for each parameter, in order.
    pub fn of(values: Vec<Option<Argument>>) -> Self {
        Self { values, secrets: Vec::new(), shown: None, renewal: None, checked: false }
    }

    pub(crate) fn set(&mut self, id: ParameterId, argument: Argument) {
        if let Some(slot) = self.values.get_mut(id.index()) {
            *slot = Some(argument);
        }
        self.checked = false;
    }

    pub(crate) fn add_secrets(&mut self, secrets: Vec<SecretString>) {
        self.secrets.extend(secrets);
    }

    /// Says which values of variables are in them, and what may be shown of them in previews.
    pub fn hide<'s>(&mut self, secrets: impl IntoIterator<Item = &'s SecretString>, shown: Option<Self>) {
        self.secrets.extend(secrets.into_iter().cloned());
        self.shown = shown.map(Box::new);
    }

    /// Says which variables are in them, with which values, and how they are made of other values: an upstream may reject one that
    /// has changed since.
    #[must_use]
    pub fn renewable(
        mut self,
        used: BTreeSet<VariableId>,
        values: Vec<SecretString>,
        make: impl Fn(Vec<SecretString>) -> Option<Self> + Send + Sync + 'static,
    ) -> Self {
        self.renewal = (!used.is_empty()).then(|| Arc::new(Renewal { used, values, make: Box::new(make) }));
        self
    }

    /// How they are made of other values of the variables in them, if there are any.
    pub fn renewal(&self) -> Option<&Arc<Renewal>> {
        self.renewal.as_ref()
    }

    /// What may be shown of them: they themselves, unless values of variables are in them.
    pub fn shown(&self) -> &Self {
        self.shown.as_deref().unwrap_or(self)
    }

    /// Whether values of variables are in them.
    pub fn are_hidden(&self) -> bool {
        self.shown.is_some()
    }

    /// Takes them as valid: placeholders are not what their parameters take.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.checked = true;
        self
    }

    pub(crate) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }

    /// Whether the arguments can be sent again, which a stream cannot.
    pub(crate) fn are_repeatable(&self) -> bool {
        self.values.iter().flatten().all(|argument| match argument {
            Argument::Raw(body) => body.is_repeatable(),
            Argument::Value(_) | Argument::Json(_) => true,
        })
    }

    pub(crate) fn get(&self, id: ParameterId) -> Option<&Argument> {
        self.values.get(id.index())?.as_ref()
    }

    pub(crate) fn pairs<'a>(
        &'a self,
        parameters: &'a [Parameter],
    ) -> impl Iterator<Item = (&'a Parameter, Option<&'a Argument>)> {
        parameters.iter().zip(self.values.iter().map(Option::as_ref))
    }

    /// What is wrong with each argument by itself.
    pub fn check(&self, parameters: &[Parameter]) -> Violations {
        let each = self.pairs(parameters).map(|(parameter, argument)| Argument::check(parameter, argument));
        each.filter_map(Result::err).collect()
    }

    /// One optional value for each parameter, in order.
    pub fn into_values(self) -> Vec<Option<Argument>> {
        self.values
    }

    /// Whether they were checked, and found valid.
    pub(crate) fn are_checked(&self) -> bool {
        self.checked
    }

    pub(crate) fn set_checked(&mut self, checked: bool) {
        self.checked = checked;
    }
}
