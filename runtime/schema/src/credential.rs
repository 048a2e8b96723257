//! Credentials of requests to an upstream, and of callers. Each kind has its own table.

use serde::Serialize;

use crate::table::table;
use crate::{Location, Template};

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
