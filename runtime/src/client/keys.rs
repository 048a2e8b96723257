//! The secrets of a client: where they come from, the credentials made of them, and keeping them out of texts.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::credential::Credential;
use super::token::TokenProvider;
use super::transport::without_url;
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
    /// The texts that must not appear anywhere, in all their spellings.
    telling: Vec<SecretString>,
}

/// Shorter values, such as user names, stand in many a text by chance. In bytes.
const TELLING: usize = 8;
/// What somebody marks as secret is more likely to be one.
const TELLING_IN_BODIES: usize = 4;
/// What stands in the place of a secret.
pub(crate) const BLOT: &str = "[redacted]";

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
                Source::Provider(provider) => provider.token().await.map_err(without_url)?,
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
        let made = credentials.iter().flatten().filter_map(Credential::telling);
        let texts = variables.iter().map(|value| value.expose_secret()).chain(made);
        let telling = texts.filter(|text| text.len() >= TELLING).flat_map(spellings).map(SecretString::from).collect();
        Ok(Self { variables, credentials, telling })
    }

    /// Values that stand for those which are not to be shown.
    #[cfg(feature = "mcp")]
    pub(super) fn hidden(capability: &'static Capability) -> Result<Self, ConfigError> {
        Self::new(capability, vec![SecretString::from("REDACTED"); capability.variables.len()])
    }

    fn hold(&self, values: &[SecretString]) -> bool {
        let same = |(one, other): (&SecretString, &SecretString)| one.expose_secret() == other.expose_secret();
        self.variables.len() == values.len() && self.variables.iter().zip(values).all(same)
    }

    /// What must not be repeated: the client's secrets, and those of a call.
    pub(super) fn blots(&self, more: &[SecretString]) -> Blots {
        let own = self.telling.iter().map(|text| text.expose_secret().to_owned());
        let more = more.iter().filter(|text| text.expose_secret().len() >= TELLING_IN_BODIES);
        Blots::new(own.chain(more.flat_map(|text| spellings(text.expose_secret()))).collect())
    }

    pub(super) fn redact_text(&self, text: &str) -> String {
        self.blots(&[]).out_of_text(text)
    }
}

/// Texts that are blotted out of others.
pub(super) struct Blots(Vec<String>);

impl Blots {
    fn new(mut texts: Vec<String>) -> Self {
        // What contains another secret goes first, or a part of it would be left.
        texts.sort_by(|one, other| (other.len(), one).cmp(&(one.len(), other)));
        texts.dedup();
        Self(texts)
    }

    pub(super) fn out_of(&self, bytes: Bytes) -> Bytes {
        if !self.0.iter().any(|text| contains(&bytes, text.as_bytes())) {
            return bytes;
        }
        self.out_of_text(&String::from_utf8_lossy(&bytes)).into()
    }

    pub(super) fn out_of_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, BLOT))
    }

    pub(super) fn out_of_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if self.0.iter().any(|text| contains(value.as_bytes(), text.as_bytes())) {
                *value = HeaderValue::from_static(BLOT);
            }
        }
    }
}

/// How servers spell a text that they repeat: as it is, in a URI, in JSON.
fn spellings(text: &str) -> [String; 4] {
    let json = Value::from(text).to_string();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json).to_owned();
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(ascii @ ..=0x7f) => char::from(ascii).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    let ascii: String = json.encode_utf16().map(unit).collect();
    [text.to_owned(), encode(text).into_owned(), json, ascii]
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}
