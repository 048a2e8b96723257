//! Credentials of requests: their values and how they are applied. `kinds.rs` lists the kinds.
//!
//! Credentials that the format does not describe are those of [`Signer`](super::Signer)s.

mod challenges;
#[cfg(feature = "digest")]
mod digest;
mod kinds;
mod of_call;
#[cfg(feature = "sigv4")]
mod sigv4;

use http::header::{COOKIE, HeaderName, HeaderValue};
use naftiko_schema::{ApiId, Credential, Template, TemplatePart};
use secrecy::{ExposeSecret as _, SecretString};

use super::pairs::{append_query, remove_query, without};
use crate::argument::Violation;
pub(super) use challenges::{Challenges, Demand};
pub use kinds::basic;
pub(super) use of_call::{fits, of_call, secrets_of_call};

/// A credential with its current value.
pub(super) enum Prepared {
    Header(HeaderName, HeaderValue),
    Query(&'static str, SecretString),
    Cookie(&'static str, SecretString),
    /// What a signer of the application gets, by name.
    OfSigner(Vec<(&'static str, SecretString)>),
    #[cfg(feature = "digest")]
    Digest(digest::Login),
    #[cfg(feature = "sigv4")]
    Signing(sigv4::Signing),
}

impl Prepared {
    /// The credential; `None` if the value is not valid in its location. Without the token of its authorization server, it is a
    /// placeholder.
    pub(super) fn new(
        credential: &'static Credential,
        variables: &[SecretString],
        token: Option<&SecretString>,
    ) -> Option<Self> {
        kinds::prepare(credential, &|template| render(template, variables), token)
    }

    /// Sets it in a request to an API, and replaces anything with the same name.
    pub(super) fn apply(
        &self,
        request: &mut reqwest::Request,
        api: ApiId,
        challenges: &Challenges,
    ) -> Result<(), Violation> {
        #[cfg(not(feature = "digest"))]
        let _ = (api, challenges);
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
            // The signer comes later, when the request is final.
            Self::OfSigner(_) => {}
            #[cfg(feature = "digest")]
            Self::Digest(login) => challenges.answer(request, api, login),
            #[cfg(feature = "sigv4")]
            Self::Signing(signing) => signing.sign(request)?,
        }
        Ok(())
    }

    /// The name of the query parameter, if the credential is one.
    #[cfg(feature = "test-util")]
    pub(super) fn query_name(&self) -> Option<&'static str> {
        match self {
            Self::Query(name, _) => Some(name),
            _ => None,
        }
    }

    /// The secret as it is on the wire, without the name of its scheme. One that is not sent itself is a value of a variable.
    pub(super) fn secret(&self) -> Option<&str> {
        match self {
            Self::Header(_, value) => value.to_str().ok()?.rsplit(' ').next(),
            Self::Query(_, value) | Self::Cookie(_, value) => Some(value.expose_secret()),
            Self::OfSigner(_) => None,
            #[cfg(feature = "digest")]
            Self::Digest(login) => Some(login.password.expose_secret()),
            #[cfg(feature = "sigv4")]
            Self::Signing(signing) => Some(signing.secret_key.expose_secret()),
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
