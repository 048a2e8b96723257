//! The arguments of one call, on their way from whoever calls to the request.

use std::borrow::Cow;

use bytes::Bytes;
use secrecy::SecretString;
use serde_json::Value;

use crate::argument::{self, Violation, scalar_text};
use crate::operation::{Location, Operation, Parameter};
use crate::raw_body::RawBody;

/// An argument: a JSON value, or something that is sent as it came.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum Argument {
    Value(Value),
    /// Whatever the caller says; only a whole body is that.
    Raw(RawBody),
    /// Only bodies and parts of them are raw: bytes that were checked to be JSON, kept so that numbers lose nothing.
    #[cfg_attr(not(feature = "rest"), allow(dead_code, reason = "only the REST adapter receives bodies as bytes"))]
    Json(Bytes),
}

/// The arguments of one operation, by parameter index.
#[derive(Clone)]
pub(crate) struct Arguments {
    values: Vec<Option<Argument>>,
    /// Texts in them that must not be repeated anywhere.
    secrets: Vec<SecretString>,
}

impl Argument {
    /// The verdict on an argument, or on one that was left out.
    pub(crate) fn check(parameter: &Parameter, argument: Option<&Self>) -> Result<(), Violation> {
        match argument {
            Some(Self::Json(json)) if matches!(parameter.location, Location::Body | Location::Field) => {
                argument::check_json(parameter, json)
            }
            Some(Self::Raw(_)) if parameter.location == Location::Body => Ok(()),
            Some(Self::Raw(_)) => Err(Violation::new(parameter.name, "cannot be a raw body")),
            // Whatever is sent elsewhere was parsed, unless that is not possible.
            Some(Self::Json(_)) => Err(Violation::new(parameter.name, "is nested too deeply")),
            Some(Self::Value(value)) => argument::check(parameter, Some(value)),
            None => argument::check(parameter, None),
        }
    }

    /// The argument as a value; none, if it is nested too deeply for one.
    #[cfg(any(feature = "rest", feature = "mcp"))]
    pub(crate) fn into_value(self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Json(json) => serde_json::from_slice(&json).ok(),
            Self::Raw(_) => None,
        }
    }

    /// The argument as it stands within other text: arrays and objects are JSON.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Value(value) => scalar_text(value).unwrap_or_else(|| value.to_string().into()),
            Self::Json(json) => json_text(json).into(),
            Self::Raw(_) => Cow::default(),
        }
    }
}

/// What a string says, and the JSON text of everything else.
pub(crate) fn json_text(json: &[u8]) -> String {
    serde_json::from_slice(json).unwrap_or_else(|_| String::from_utf8_lossy(json.trim_ascii()).into_owned())
}

impl Arguments {
    pub(crate) fn new(operation: &Operation) -> Self {
        Self::of(vec![None; operation.parameters.len()])
    }

    /// One value, or none, for each parameter.
    pub(crate) fn of(values: Vec<Option<Argument>>) -> Self {
        Self { values, secrets: Vec::new() }
    }

    pub(crate) fn set(&mut self, index: usize, argument: Argument) {
        if let Some(slot) = self.values.get_mut(index) {
            *slot = Some(argument);
        }
    }

    pub(crate) fn add_secrets(&mut self, secrets: Vec<SecretString>) {
        self.secrets.extend(secrets);
    }

    pub(crate) fn secrets(&self) -> &[SecretString] {
        &self.secrets
    }

    /// Whether they can be sent a second time.
    pub(crate) fn are_repeatable(&self) -> bool {
        self.values.iter().flatten().all(|argument| match argument {
            Argument::Raw(body) => body.is_repeatable(),
            Argument::Value(_) | Argument::Json(_) => true,
        })
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Argument> {
        self.values.get(index)?.as_ref()
    }

    pub(crate) fn pairs<'a>(
        &'a self,
        operation: &'a Operation,
    ) -> impl Iterator<Item = (&'a Parameter, Option<&'a Argument>)> {
        operation.parameters.iter().zip(self.values.iter().map(Option::as_ref))
    }

    /// All violations of all arguments.
    pub(crate) fn check(&self, operation: &Operation) -> Vec<Violation> {
        self.pairs(operation).filter_map(|(parameter, argument)| Argument::check(parameter, argument).err()).collect()
    }
}
