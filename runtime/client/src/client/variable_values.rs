//! The values of variables that are a part of arguments, or of the output of a flow.

use std::collections::BTreeSet;

use naftiko_schema::VariableId;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use super::connection::Connection;
use super::keys::{is_secret, redactor_of};
use crate::error::{Error, ErrorKind, Phase};

/// The values of some variables, or placeholders for all of them. It has no `Debug`.
#[derive(Clone, Default)]
pub struct VariableValues {
    /// By their ids; those that no one asked for are empty.
    values: Vec<SecretString>,
    are_placeholders: bool,
}

impl VariableValues {
    /// The value of a variable.
    pub fn get(&self, id: VariableId) -> &str {
        self.values.get(id.index()).map_or("", |value| value.expose_secret())
    }

    /// Whether no variable was asked for.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether they are placeholders, which need not have the types and follow the rules that values do.
    pub fn are_placeholders(&self) -> bool {
        self.are_placeholders
    }

    /// A text without the values.
    pub fn redact(&self, text: &str) -> String {
        redactor_of(&self.values).redact_text(text)
    }

    /// All values by the ids of the variables.
    pub fn into_values(self) -> Vec<SecretString> {
        self.values
    }

    /// Those that are long enough to be redacted.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.values.iter().filter(|value| is_secret(value))
    }
}

impl From<Vec<SecretString>> for VariableValues {
    /// Values by the ids of the variables.
    fn from(values: Vec<SecretString>) -> Self {
        Self { values, are_placeholders: false }
    }
}

impl Connection {
    /// The current values of variables, for a call of what has this name.
    ///
    /// # Errors
    /// If the provider of one fails, or has none in the time of a call.
    #[doc(hidden)]
    pub async fn variables(&self, target: &'static str, used: &BTreeSet<VariableId>) -> Result<VariableValues, Error> {
        if used.is_empty() {
            return Ok(VariableValues::default());
        }
        let values = timeout(self.timeout(), self.shared().keyring.some(used)).await;
        let values = values
            .map_err(|_| Error::new(target, ErrorKind::Timeout, Phase::Prepare))?
            .map_err(|error| Error::no_token(target, error))?;
        Ok(values.into())
    }

    /// Placeholders for the values of variables, where these must not be shown.
    #[doc(hidden)]
    pub fn placeholders(&self) -> VariableValues {
        let count = self.capability().variables.len();
        VariableValues { values: vec![SecretString::from(super::keys::PLACEHOLDER); count], are_placeholders: true }
    }
}
