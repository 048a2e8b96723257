//! Credentials of requests: their values and how they are applied. `kinds.rs` lists the kinds.
//!
//! A credential that depends on the finished request, such as a signature over its body, is a [`Signer`](super::Signer).

mod kinds;

use http::header::{COOKIE, HeaderName, HeaderValue};
use naftiko_schema::{Credential, Template, TemplatePart};
use secrecy::{ExposeSecret as _, SecretString};

use super::pairs::{append_query, remove_query, without};
use crate::argument::Violation;
pub use kinds::basic;

/// A credential with its current value.
pub(super) enum Prepared {
    Header(HeaderName, HeaderValue),
    Query(&'static str, SecretString),
    Cookie(&'static str, SecretString),
}

impl Prepared {
    /// The credential; `None` if the value is not valid in its location. Without the token of its authorization server, it is a
    /// placeholder.
    pub(super) fn new(
        credential: &'static Credential,
        variables: &[SecretString],
        token: Option<&SecretString>,
    ) -> Option<Self> {
        kinds::prepare(credential, variables, token)
    }

    /// Sets it in a request, and replaces anything with the same name.
    pub(super) fn apply(&self, request: &mut reqwest::Request) -> Result<(), Violation> {
        match self {
            Self::Header(name, value) => drop(request.headers_mut().insert(name.clone(), value.clone())),
            Self::Query(name, value) => {
                remove_query(request.url_mut(), &[name]);
                append_query(request.url_mut(), name, value);
            }
            Self::Cookie(name, value) => {
                let others = request.headers().get(COOKIE).map(|value| String::from_utf8_lossy(value.as_bytes()));
                let others = others.map(|others| without(|other| other == *name, &others, "; "));
                let own = format!("{name}={}", value.expose_secret());
                let all = match others.filter(|others| !others.is_empty()) {
                    Some(others) => format!("{others}; {own}"),
                    None => own,
                };
                let value = header(&all).ok_or_else(|| Violation::new("cookie", "must be a valid header value"))?;
                request.headers_mut().insert(COOKIE, value);
            }
        }
        Ok(())
    }

    /// The name of the query parameter, if the credential is one.
    #[cfg(feature = "test-util")]
    pub(super) fn query_name(&self) -> Option<&'static str> {
        match self {
            Self::Query(name, _) => Some(name),
            Self::Header(..) | Self::Cookie(..) => None,
        }
    }

    /// The secret as it is on the wire, without the name of its scheme.
    pub(super) fn secret(&self) -> Option<&str> {
        match self {
            Self::Header(_, value) => value.to_str().ok()?.rsplit(' ').next(),
            Self::Query(_, value) | Self::Cookie(_, value) => Some(value.expose_secret()),
        }
    }
}

/// The text of a template without arguments.
pub fn render(template: &Template, variables: &[SecretString]) -> SecretString {
    let mut text = String::new();
    for part in template.parts.iter() {
        match part {
            TemplatePart::Literal(literal) => text.push_str(literal),
            TemplatePart::Variable(id) => {
                text.push_str(variables.get(id.index()).map_or("", |variable| variable.expose_secret()));
            }
            TemplatePart::Parameter(_) => {}
        }
    }
    text.into()
}

/// A header value that `Debug` does not show.
fn header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}
