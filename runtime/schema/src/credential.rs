//! Credentials of requests to an upstream, and of callers. Each kind has its own table.

use serde::Serialize;

use crate::table::table;
use crate::{List, Location, Text, VariableId};

table! {
    /// Text with variables in it.
    pub struct Template {
        /// Its pieces, in order.
        parts: [TemplatePart],
    }
}

impl Template {
    /// Whether a part of its value comes from the environment, so that it may be a secret.
    pub fn has_variable(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, TemplatePart::Variable(_)))
    }

    /// The text as its author wrote it, with `{{NAME}}` for each of these variables.
    pub fn source(&self, variables: &[crate::Variable]) -> String {
        let part = |part: &TemplatePart| match part {
            TemplatePart::Literal(text) => text.clone().into_owned(),
            TemplatePart::Variable(id) => {
                format!("{{{{{}}}}}", variables.get(id.index()).map_or("", |variable| &*variable.name))
            }
        };
        self.parts.iter().map(part).collect()
    }
}

impl From<Vec<TemplatePart>> for Template {
    fn from(parts: Vec<TemplatePart>) -> Self {
        Self { parts: List::Owned(parts) }
    }
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum TemplatePart {
    /// Text, used as it is.
    Literal(Text),
    /// The value of a variable.
    Variable(VariableId),
}

/// What authenticates a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Credential {
    /// A key in a header, the query or a cookie.
    ApiKey(ApiKey),
    /// `Authorization: Bearer` (RFC 6750).
    Bearer(Bearer),
    /// `Authorization: Basic` (RFC 7617).
    Basic(Basic),
}

impl Credential {
    /// Its location and its name. Header fields have the case of their definition.
    pub fn field(&self) -> (Location, &str) {
        match self {
            Self::ApiKey(key) => (key.location, &key.name),
            Self::Bearer(_) | Self::Basic(_) => (Location::Header, "Authorization"),
        }
    }

    /// The text that becomes, as it is, the value of a header or a part of it.
    pub fn header_text(&self) -> Option<&Template> {
        match self {
            Self::ApiKey(key) => (key.location != Location::Query).then_some(&key.value),
            Self::Bearer(bearer) => Some(&bearer.token),
            // Base64 has no character that a header cannot hold.
            Self::Basic(_) => None,
        }
    }

    /// The kind, as a specification spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "apikey",
            Self::Bearer(_) => "bearer",
            Self::Basic(_) => "basic",
        }
    }
}

table! {
    /// A key in a header, the query or a cookie.
    pub struct ApiKey {
        /// Where it travels.
        location: Location,
        /// The name of the header field, query parameter or cookie.
        name: text,
        /// The key.
        value: Template,
    }
}

table! {
    /// A bearer token.
    pub struct Bearer {
        /// The token.
        token: Template,
    }
}

table! {
    /// A user name and a password.
    pub struct Basic {
        /// The user name.
        username: Template,
        /// The password.
        password: Template,
    }
}
