//! The secrets of a client: where they come from, the credentials made of them, and keeping them out of texts.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use secrecy::{ExposeSecret as _, SecretString};

use super::credential::Credential;
use super::token::TokenProvider;
use super::{BoxError, ConfigError};
use crate::encoding::encode;
use crate::operation::Capability;

/// Where the value of a variable comes from.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(SecretString),
    Provider(Arc<dyn TokenProvider>),
}

/// The sources of all variables, in the order of the capability.
pub(super) struct Keyring {
    capability: &'static Capability,
    sources: Vec<Source>,
    current: Mutex<Option<Arc<Keys>>>,
}

/// The values of all variables at one time, and what is made of them. It has no `Debug`.
pub(super) struct Keys {
    pub(super) variables: Vec<SecretString>,
    /// The credentials of each API.
    pub(super) credentials: Vec<Vec<Credential>>,
    /// The texts that must not appear anywhere.
    telling: Vec<SecretString>,
}

/// Shorter values, such as user names, stand in many a text by chance. In bytes.
const TELLING: usize = 8;
const BLOT: &str = "[redacted]";

impl Keyring {
    /// Checks what is known at once, so that a credential which no request can hold is found when the client is built.
    pub(super) fn new(capability: &'static Capability, sources: Vec<Source>) -> Result<Self, ConfigError> {
        let fixed = sources.iter().map(|source| match source {
            Source::Fixed(value) => Some(value.clone()),
            Source::Provider(_) => None,
        });
        let current = match fixed.collect::<Option<Vec<_>>>() {
            Some(values) => Some(Arc::new(Keys::new(capability, values)?)),
            None => None,
        };
        Ok(Self { capability, sources, current: Mutex::new(current) })
    }

    /// The values of now.
    pub(super) async fn keys(&self) -> Result<Arc<Keys>, BoxError> {
        let known = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = &known
            && !self.rotates()
        {
            return Ok(Arc::clone(keys));
        }
        let mut values = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            values.push(match source {
                Source::Fixed(value) => value.clone(),
                Source::Provider(provider) => provider.token().await?,
            });
        }
        if let Some(keys) = known.filter(|keys| keys.hold(&values)) {
            return Ok(keys);
        }
        let keys = Arc::new(Keys::new(self.capability, values)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }

    fn rotates(&self) -> bool {
        self.sources.iter().any(|source| matches!(source, Source::Provider(_)))
    }

    /// Tells the providers that the upstream refused these values, and says whether any of them wants to try again.
    pub(super) async fn refused(&self, keys: &Keys) -> bool {
        let mut again = false;
        for (source, value) in self.sources.iter().zip(&keys.variables) {
            if let Source::Provider(provider) = source {
                again |= provider.refused(value).await;
            }
        }
        again
    }
}

impl Keys {
    fn new(capability: &'static Capability, variables: Vec<SecretString>) -> Result<Self, ConfigError> {
        let credential =
            |a| Credential::new(a, &variables).ok_or(ConfigError::Credential { capability: capability.name });
        let apis = capability.apis.iter();
        let credentials: Vec<Vec<_>> =
            apis.map(|api| api.authentication.iter().map(credential).collect()).collect::<Result<_, _>>()?;
        let plain = variables.iter().map(|value| value.expose_secret().to_owned());
        let encoded = variables.iter().map(|value| encode(value.expose_secret()));
        let made = credentials.iter().flatten().filter_map(|credential| credential.telling().map(str::to_owned));
        let mut telling: Vec<String> = plain.chain(encoded).chain(made).filter(|text| text.len() >= TELLING).collect();
        // What contains another secret goes first, or a part of it would be left.
        telling.sort_by_key(|text| std::cmp::Reverse(text.len()));
        telling.dedup();
        let telling = telling.into_iter().map(SecretString::from).collect();
        Ok(Self { variables, credentials, telling })
    }

    fn hold(&self, values: &[SecretString]) -> bool {
        let texts = |values: &[SecretString]| values.iter().map(|v| v.expose_secret().to_owned()).collect::<Vec<_>>();
        texts(&self.variables) == texts(values)
    }

    /// Blots the secrets out of a text, and those `more` that are worth hiding.
    pub(super) fn redact(&self, body: Bytes, more: &[SecretString]) -> Bytes {
        let secrets = self.telling.iter().chain(more).map(|secret| secret.expose_secret());
        let leaked: Vec<_> =
            secrets.filter(|secret| secret.len() >= TELLING && contains(&body, secret.as_bytes())).collect();
        if leaked.is_empty() {
            return body;
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        leaked.into_iter().fold(text, |text, secret| text.replace(secret, BLOT)).into()
    }

    pub(super) fn redact_text(&self, text: &str) -> String {
        let secrets = self.telling.iter().map(|secret| secret.expose_secret());
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, BLOT))
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
