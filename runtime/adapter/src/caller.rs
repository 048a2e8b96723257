//! The principal of a caller, and what of a request is forwarded upstream.

use std::borrow::Cow;
use std::net::IpAddr;

use http::HeaderMap;
use naftiko_client::__private::{OnBehalf, Options, VariableValues};

/// The identity of an authenticated caller. State that is kept for one principal is never given to another. It has no
/// `Debug`, because it contains the subject of an access token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Principal(Cow<'static, str>);

impl Principal {
    /// Any holder of the server's shared credential of this kind; all of them count as a single principal.
    pub const fn by(kind: &'static str) -> Self {
        Self(Cow::Borrowed(kind))
    }

    /// The subject with this name at this authorization server, or of this kind of credential.
    pub fn of(issuer: &str, name: &str) -> Self {
        // Neither a URI nor the name of a kind contains a line break, so principals cannot collide.
        Self(Cow::Owned(format!("{issuer}\n{name}")))
    }

    /// The text that identifies the principal.
    pub fn id(&self) -> &str {
        &self.0
    }
}

/// What a caller authenticates with, and brings for the upstream, so that records do not repeat it. It has no `Debug`.
#[derive(Clone)]
pub struct Presented(pub VariableValues);

/// The address of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub IpAddr);

/// Header fields that are forwarded upstream in addition to those of the call, such as request id and trace, and the credentials
/// of the caller in place of those of the client.
#[derive(Clone, Debug, Default)]
pub struct Forwarded(pub HeaderMap, pub OnBehalf);

impl Forwarded {
    /// The options of a call.
    pub(crate) fn options(self) -> Options {
        Options::forwarding(self.0).on_behalf(self.1)
    }
}
