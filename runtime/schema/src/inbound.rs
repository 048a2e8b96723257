//! How callers of an adapter authenticate.

use serde::Serialize;

use crate::table::table;
use crate::{Credential, List, Template, Variable};

table! {
    /// How callers of an adapter authenticate. The server of a generated crate checks it.
    pub struct InboundAuth {
        /// What they send.
        scheme: InboundScheme,
    } with {
        /// The environment variables in it, which only a server needs.
        variables: [Variable],
    }
}

impl InboundAuth {
    pub(crate) const UNSET: Self = Self::new(InboundScheme::Credentials(List::Borrowed(&[])));

    /// No authentication is required.
    pub const NONE: Self = Self::UNSET;

    /// Whether no authentication is required.
    pub fn is_public(&self) -> bool {
        matches!(&self.scheme, InboundScheme::Credentials(credentials) if credentials.is_empty())
    }

    /// The static credentials; empty for OAuth access tokens.
    pub fn credentials(&self) -> &[Credential] {
        match &self.scheme {
            InboundScheme::Credentials(credentials) => credentials,
            InboundScheme::AccessToken(_) => &[],
        }
    }

    /// The access tokens that are accepted, if callers send one.
    pub fn access_token(&self) -> Option<&AccessToken> {
        match &self.scheme {
            InboundScheme::AccessToken(token) => Some(token),
            InboundScheme::Credentials(_) => None,
        }
    }
}

/// What callers send.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum InboundScheme {
    /// All of these, in headers. If the list is empty, no authentication is required.
    Credentials(List<Credential>),
    /// A token that an authorization server issued for this server.
    AccessToken(AccessToken),
}

table! {
    /// Which access tokens are accepted.
    pub struct AccessToken {
        /// The URI of the authorization server.
        issuer: Template,
        /// The URI of this server, as its callers know it.
        resource: Template,
    } with {
        /// The audience that tokens may name instead of the resource.
        audience: optional(Template),
        /// The scopes, all of which must be granted.
        scopes: [Template],
        /// How to ask the authorization server about tokens, which then need no signature.
        introspection: optional(Introspection),
    }
}

table! {
    /// How to ask an authorization server what a token is worth (RFC 7662).
    pub struct Introspection {
        /// The name by which the server knows this one.
        client_id: Template,
        /// What proves that.
        client_secret: Template,
    } with {
        /// The URI to ask at, unless the metadata of the server has it.
        endpoint: optional(Template),
    }
}
