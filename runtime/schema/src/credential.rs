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
    /// `Authorization: Bearer` with a token of an authorization server (RFC 6749).
    OAuth2(OAuth2),
}

impl Credential {
    /// Its location and its name. Header fields have the case of their definition.
    pub fn field(&self) -> (Location, &str) {
        match self {
            Self::ApiKey(key) => (key.location, &key.name),
            Self::Bearer(_) | Self::Basic(_) | Self::OAuth2(_) => (Location::Header, "Authorization"),
        }
    }

    /// The text that becomes, as it is, the value of a header or a part of it.
    pub fn header_text(&self) -> Option<&Template> {
        match self {
            Self::ApiKey(key) => (key.location != Location::Query).then_some(&key.value),
            Self::Bearer(bearer) => Some(&bearer.token),
            // Base64 has no character that a header cannot hold.
            Self::Basic(_) => None,
            // The token is known when the server has issued it.
            Self::OAuth2(_) => None,
        }
    }

    /// The kind, as a specification spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "apikey",
            Self::Bearer(_) => "bearer",
            Self::Basic(_) => "basic",
            Self::OAuth2(_) => "oauth2",
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

table! {
    /// How to get a token of an authorization server: with a refresh token if there is one (RFC 6749 §6), else by the client
    /// credentials grant (§4.4). Texts without parts are left out.
    pub struct OAuth2 {
        /// The token endpoint.
        endpoint: Template,
        /// The identifier of the client.
        client_id: Template,
        /// The secret of the client.
        client_secret: Template,
        /// The scopes, separated by blanks.
        scope: Template,
        /// The refresh token.
        refresh_token: Template,
    }
}
