//! The secrets of a client: their sources, the credentials made from them, and redacting them in texts.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use naftiko_schema::http::percent_encode;
use naftiko_schema::{Api, ApiId, Capability, Credential};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::ConfigError;
use super::credential::Prepared;
use super::oauth2::ClientCredentials;
use super::on_behalf::{Place, fits, place};
use super::token::TokenProvider;
use crate::error::NotForCaller;
use crate::text::REDACTED;
use crate::transport::BoxError;
use crate::transport::without_url;

/// Where the value of a variable comes from.
#[derive(Clone)]
pub(super) enum Source {
    Fixed(SecretString),
    Provider(Arc<dyn TokenProvider>),
    /// Each call brings its own.
    OfCalls,
}

impl Source {
    async fn value(&self) -> Result<SecretString, BoxError> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Provider(provider) => provider.token().await.map_err(without_url),
            Self::OfCalls => Ok(SecretString::default()),
        }
    }

    /// Notifies a provider that the upstream rejected its value. Returns whether there is a new one.
    pub(super) async fn refused(&self, value: &SecretString) -> bool {
        match self {
            Self::Provider(provider) => provider.refused(value).await,
            Self::Fixed(_) | Self::OfCalls => false,
        }
    }
}

/// The sources of all variables, in the order of the capability.
pub(super) struct Keyring {
    capability: &'static Capability,
    sources: Vec<Source>,
    /// The authorization servers of APIs, each with the values that it was set up with.
    servers: Mutex<Vec<(ApiId, Vec<SecretString>, ClientCredentials)>>,
    current: Mutex<Option<Arc<Keys>>>,
}

/// The values of all variables at one time, and the credentials made from them. It has no `Debug`.
pub(super) struct Keys {
    pub(super) variables: Vec<SecretString>,
    /// The token of the authorization server of an API, if these are the values for calls to it.
    token: Option<(ApiId, SecretString)>,
    /// The credentials of each API.
    pub(super) credentials: Vec<Vec<Prepared>>,
    /// The texts to redact, in all their encodings.
    texts_to_redact: Vec<SecretString>,
    /// What the call brought in place of the client's.
    own: Option<SecretString>,
}

/// The shortest text that is redacted, in bytes. Shorter values, such as user names, occur in texts by chance.
const MIN_SECRET_LENGTH: usize = 8;
/// The shortest text of a secret body that is redacted, in bytes. It is smaller because such a text was marked as secret.
const MIN_BODY_SECRET_LENGTH: usize = 4;

impl Keyring {
    /// Checks fixed values immediately, so that an invalid credential is found when the client is built.
    pub(super) fn new(capability: &'static Capability, sources: Vec<Source>) -> Result<Self, ConfigError> {
        let fixed = sources.iter().map(|source| match source {
            Source::Fixed(value) => Some(value.clone()),
            Source::OfCalls => Some(SecretString::default()),
            Source::Provider(_) => None,
        });
        let fixed = fixed.collect::<Option<Vec<_>>>();
        let ring = Self { capability, sources, servers: Mutex::default(), current: Mutex::default() };
        if let Some(values) = fixed {
            for api in 0..capability.apis.len() {
                ring.server(ApiId::from(api), &values)?;
            }
            let keys = Arc::new(Keys::new(capability, values, None)?);
            *ring.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys);
        }
        Ok(ring)
    }

    /// The authorization server of an API, if it has one.
    fn server(&self, api: ApiId, values: &[SecretString]) -> Result<Option<ClientCredentials>, ConfigError> {
        let credentials = self.capability.apis.get(api.index()).map_or(&[][..], |api| &api.credentials);
        let source = credentials.iter().find_map(|credential| match credential {
            Credential::OAuth2(source) => Some(source),
            _ => None,
        });
        let Some(source) = source else { return Ok(None) };
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., server)) = servers.iter().find(|(known, used, _)| *known == api && same(used, values)) {
            return Ok(Some(server.clone()));
        }
        let server = ClientCredentials::of(source, values)?;
        servers.retain(|(known, ..)| *known != api);
        servers.push((api, values.to_vec(), server.clone()));
        Ok(Some(server))
    }

    /// The current values, for a call to an API.
    pub(super) async fn keys(&self, api: ApiId) -> Result<Arc<Keys>, BoxError> {
        let known = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keys) = &known
            && !self.rotates()
        {
            return Ok(Arc::clone(keys));
        }
        let mut values = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            values.push(source.value().await?);
        }
        let token = match self.server(api, &values)? {
            Some(server) => Some((api, server.token().await.map_err(without_url)?)),
            None => None,
        };
        if let Some(keys) = known.filter(|keys| keys.hold(&values, token.as_ref())) {
            return Ok(keys);
        }
        let keys = Arc::new(Keys::new(self.capability, values, token)?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// The values for one call to an API that brings a credential of its own. No other call gets them.
    pub(super) async fn keys_with(&self, api: ApiId, own: &Source) -> Result<Arc<Keys>, BoxError> {
        let place = place(self.capability, api)?;
        let secret = own.value().await?;
        if self.capability.api(api).is_none_or(|api| !fits(api, &secret)) {
            let problem = "the credential that the call brings is empty, or has characters that it cannot have";
            return Err(match own {
                Source::Provider(_) => "the provider returned a token that cannot be sent".into(),
                Source::Fixed(_) | Source::OfCalls => NotForCaller::Unauthorized(problem.to_owned()).into(),
            });
        }
        let mut values = Vec::with_capacity(self.sources.len());
        for (index, source) in self.sources.iter().enumerate() {
            values.push(if place == Place::Variable(index) { secret.clone() } else { source.value().await? });
        }
        let token = (place == Place::Token).then(|| (api, secret.clone()));
        let mut keys = Keys::new(self.capability, values, token)?;
        keys.own = Some(secret);
        Ok(Arc::new(keys))
    }

    fn rotates(&self) -> bool {
        let mut credentials = self.capability.apis.iter().flat_map(|api| api.credentials.iter());
        credentials.any(|credential| matches!(credential, Credential::OAuth2(_)))
            || self.sources.iter().any(|source| matches!(source, Source::Provider(_)))
    }

    /// Notifies the providers that the upstream rejected these values. Returns whether any of them has a new value.
    pub(super) async fn refused(&self, keys: &Keys) -> bool {
        let mut retry = false;
        if let Some((api, token)) = &keys.token
            && let Ok(Some(server)) = self.server(*api, &keys.variables)
        {
            retry |= server.refused(token).await;
        }
        for (source, value) in self.sources.iter().zip(&keys.variables) {
            retry |= source.refused(value).await;
        }
        retry
    }
}

/// Whether values are the same.
fn same(some: &[SecretString], others: &[SecretString]) -> bool {
    let same = |(one, other): (&SecretString, &SecretString)| one.expose_secret() == other.expose_secret();
    some.len() == others.len() && some.iter().zip(others).all(same)
}

impl Keys {
    fn new(
        capability: &'static Capability,
        variables: Vec<SecretString>,
        token: Option<(ApiId, SecretString)>,
    ) -> Result<Self, ConfigError> {
        let credentials_of = |index: usize, api: &'static Api| {
            let token = token.as_ref().filter(|(of, _)| of.index() == index).map(|(_, token)| token);
            let prepared = api.credentials.iter().map(|source| {
                Prepared::new(source, &variables, token).ok_or(ConfigError::Credential { capability: &capability.name })
            });
            prepared.collect::<Result<Vec<_>, _>>()
        };
        let apis = capability.apis.iter().enumerate();
        let credentials: Vec<Vec<_>> =
            apis.map(|(index, api)| credentials_of(index, api)).collect::<Result<_, ConfigError>>()?;
        let credential_secrets = credentials.iter().flatten().filter_map(Prepared::secret);
        let texts = variables.iter().map(|value| value.expose_secret()).chain(credential_secrets);
        let texts_to_redact =
            texts.filter(|text| text.len() >= MIN_SECRET_LENGTH).flat_map(encodings).map(SecretString::from).collect();
        Ok(Self { variables, token, credentials, texts_to_redact, own: None })
    }

    /// What the call brought in place of the client's.
    pub(super) fn own(&self) -> Option<&SecretString> {
        self.own.as_ref()
    }

    /// Placeholder values for a preview.
    pub(super) fn placeholders(capability: &'static Capability) -> Result<Self, ConfigError> {
        Self::new(capability, vec![SecretString::from("REDACTED"); capability.variables.len()], None)
    }

    fn hold(&self, values: &[SecretString], token: Option<&(ApiId, SecretString)>) -> bool {
        let is_same_token = match (&self.token, token) {
            (Some((api, own)), Some((of, other))) => api == of && own.expose_secret() == other.expose_secret(),
            (_, None) => true,
            (None, Some(_)) => false,
        };
        is_same_token && same(&self.variables, values)
    }

    /// A redactor for the client's secrets and those of a call.
    pub(super) fn redactor(&self, more: &[SecretString]) -> Redactor {
        let own = self.texts_to_redact.iter().map(|text| text.expose_secret().to_owned());
        let more =
            more.iter().chain(self.own.iter()).filter(|text| text.expose_secret().len() >= MIN_BODY_SECRET_LENGTH);
        Redactor::new(own.chain(more.flat_map(|text| encodings(text.expose_secret()))).collect())
    }

    pub(super) fn redact_text(&self, text: &str) -> String {
        self.redactor(&[]).redact_text(text)
    }
}

/// Redacts secrets in texts, bodies and headers.
pub(super) struct Redactor(Vec<String>);

impl Redactor {
    fn new(mut texts: Vec<String>) -> Self {
        // Longer secrets come first: a secret that contains another one must be redacted whole.
        texts.sort_by(|one, other| (other.len(), one).cmp(&(one.len(), other)));
        texts.dedup();
        Self(texts)
    }

    pub(super) fn redact_bytes(&self, bytes: Bytes) -> Bytes {
        if !self.0.iter().any(|text| contains(&bytes, text.as_bytes())) {
            return bytes;
        }
        self.redact_text(&String::from_utf8_lossy(&bytes)).into()
    }

    pub(super) fn redact_text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }

    pub(super) fn redact_headers(&self, headers: &mut HeaderMap) {
        for value in headers.values_mut() {
            if self.0.iter().any(|text| contains(value.as_bytes(), text.as_bytes())) {
                *value = HeaderValue::from_static(REDACTED);
            }
        }
    }
}

/// The encodings in which a server may repeat a text: plain, in a URI, in JSON, in ASCII-only JSON.
fn encodings(text: &str) -> [String; 4] {
    let json = Value::from(text).to_string();
    let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(&json).to_owned();
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(ascii @ ..=0x7f) => char::from(ascii).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    let ascii: String = json.encode_utf16().map(unit).collect();
    [text.to_owned(), percent_encode(text).into_owned(), json, ascii]
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}
