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
    /// `Authorization: Digest`, once the upstream asks for it (RFC 7616).
    Digest(Digest),
    /// `Authorization: AWS4-HMAC-SHA256`, a signature over the request.
    SigV4(SigV4),
    /// What a signer of the application makes of the request.
    Signed(Signed),
}

impl Credential {
    /// Its location and its name. Header fields have the case of their definition.
    pub fn field(&self) -> (Location, &str) {
        match self {
            Self::ApiKey(key) => (key.location, &key.name),
            Self::Bearer(_) | Self::Basic(_) | Self::OAuth2(_) | Self::Digest(_) | Self::SigV4(_) | Self::Signed(_) => {
                (Location::Header, "Authorization")
            }
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
            // What is not valid is encoded, or is hashed.
            Self::Digest(_) => None,
            Self::SigV4(credential) => Some(&credential.access_key),
            Self::Signed(_) => None,
        }
    }

    /// The kind, as a specification spells it.
    pub fn kind(&self) -> &str {
        match self {
            Self::ApiKey(_) => "apikey",
            Self::Bearer(_) => "bearer",
            Self::Basic(_) => "basic",
            Self::OAuth2(_) => "oauth2",
            Self::Digest(_) => "digest",
            Self::SigV4(_) => "sigv4",
            Self::Signed(signed) => &signed.kind,
        }
    }

    /// The feature of the client that this kind needs, if it needs one.
    pub const fn feature(&self) -> Option<&'static str> {
        match self {
            Self::ApiKey(_) | Self::Bearer(_) | Self::Basic(_) | Self::OAuth2(_) | Self::Signed(_) => None,
            Self::Digest(_) => Some("digest"),
            Self::SigV4(_) => Some("sigv4"),
        }
    }

    /// The texts that callers can send a part of.
    pub fn templates(&self) -> Vec<&Template> {
        match self {
            Self::ApiKey(key) => vec![&key.value],
            Self::Bearer(bearer) => vec![&bearer.token],
            Self::Basic(Basic { username, password }) | Self::Digest(Digest { username, password }) => {
                vec![username, password]
            }
            Self::OAuth2(_) | Self::SigV4(_) | Self::Signed(_) => Vec::new(),
        }
    }

    /// The same, to be changed.
    pub fn templates_mut(&mut self) -> Vec<&mut Template> {
        match self {
            Self::ApiKey(key) => vec![&mut key.value],
            Self::Bearer(bearer) => vec![&mut bearer.token],
            Self::Basic(Basic { username, password }) | Self::Digest(Digest { username, password }) => {
                vec![username, password]
            }
            Self::OAuth2(_) | Self::SigV4(_) | Self::Signed(_) => Vec::new(),
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
    } with {
        /// The audience of the token: a name that the authorization server knows.
        audience: optional(Template),
        /// The resource that it is for: an absolute URI (RFC 8707 §2).
        resource: optional(Template),
    }
}

table! {
    /// A user name and a password, of which the upstream gets hashes only.
    pub struct Digest {
        /// The user name.
        username: Template,
        /// The password.
        password: Template,
    }
}

table! {
    /// The keys of an AWS account, and the scope of its signatures.
    pub struct SigV4 {
        /// The id of the access key.
        access_key: Template,
        /// The secret access key.
        secret_key: Template,
        /// The token of a temporary key. Without parts, the key is not temporary.
        session_token: Template,
        /// The region, such as `us-east-1`.
        region: Template,
        /// The name of the service in signatures, such as `execute-api`.
        service: Template,
    }
}

table! {
    /// A credential of a kind that says nothing of how requests are signed, such as `hmac`.
    pub struct Signed {
        /// The kind, as the specification spells it.
        kind: text,
        /// What the signer is given, such as keys.
        members: [SignedMember],
    }
}

table! {
    /// A part of a [`Signed`] credential.
    pub struct SignedMember {
        /// Its name.
        name: text,
        /// Its value.
        value: Template,
    }
}
