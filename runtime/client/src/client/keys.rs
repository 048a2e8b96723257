//! The secrets of a client: their sources, the credentials made from them, and redacting them in texts.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use naftiko_schema::http::percent_encode;
use naftiko_schema::{ApiId, Capability, Credential, Operation, VariableId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::ConfigError;
use super::credential::Prepared;
use super::needs;
use super::oauth2::ClientCredentials;
use super::on_behalf::{Place, fits, place};
use super::token::TokenProvider;
use crate::argument::Renewal;
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
            Self::Provider(provider) => {
                let value = provider.token().await.map_err(without_url)?;
                // As a variable that is empty, it counts as one that is not there: a file may just be written.
                if value.expose_secret().trim().is_empty() { Err("the token is empty".into()) } else { Ok(value) }
            }
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
    /// The latest values for each API.
    current: Mutex<Vec<Option<Arc<Keys>>>>,
}

/// The values of variables at one time for calls to an API, and the credentials made from them. It has no `Debug`.
pub(super) struct Keys {
    /// The values of all variables. Those that no call needed yet are empty.
    pub(super) variables: Vec<SecretString>,
    /// The token of the authorization server of the API, if it has one.
    token: Option<SecretString>,
    /// The credentials of the API.
    pub(super) credentials: Vec<Prepared>,
    /// The texts to redact, in all their encodings.
    texts_to_redact: Vec<SecretString>,
    /// What the call brought in place of the client's.
    own: Option<SecretString>,
}

/// The text in place of a secret in a preview.
pub(super) const PLACEHOLDER: &str = "REDACTED";
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
        let mut current = vec![None; capability.apis.len()];
        if let Some(values) = fixed {
            for (api, current) in current.iter_mut().enumerate() {
                ring.server(api.into(), &values)?;
                *current = Some(Arc::new(Keys::new(capability, api.into(), values.clone(), None)?));
            }
        }
        Ok(Self { current: Mutex::new(current), ..ring })
    }

    /// The authorization server of an API, if it has one.
    fn server(&self, api: ApiId, values: &[SecretString]) -> Result<Option<ClientCredentials>, ConfigError> {
        let credentials = self.credentials(api);
        let source = credentials.iter().find_map(|credential| match credential {
            Credential::OAuth2(source) => Some(source),
            _ => None,
        });
        let Some(source) = source else { return Ok(None) };
        let own = needs::of_credentials(credentials).into_iter().filter_map(|index| values.get(index).cloned());
        let own: Vec<_> = own.collect();
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((.., server)) = servers.iter().find(|(known, used, _)| *known == api && same(used, &own)) {
            return Ok(Some(server.clone()));
        }
        let server = ClientCredentials::of(source, values)?;
        servers.retain(|(known, ..)| *known != api);
        servers.push((api, own, server.clone()));
        Ok(Some(server))
    }

    fn credentials(&self, api: ApiId) -> &'static [Credential] {
        self.capability.api(api).map_or(&[], |api| &api.credentials)
    }

    /// The current values, for a call of an operation.
    pub(super) async fn keys(&self, operation: &Operation) -> Result<Arc<Keys>, BoxError> {
        let api = operation.api;
        let known = self.lock_current().get(api.index()).cloned().flatten();
        if let Some(keys) = &known
            && !self.rotates(api)
        {
            return Ok(Arc::clone(keys));
        }
        let values = self.values(operation, known.as_deref(), None).await?;
        let token = match self.server(api, &values)? {
            Some(server) => Some(server.token().await.map_err(without_url)?),
            None => None,
        };
        if let Some(keys) = known.filter(|keys| keys.hold(&values, token.as_ref())) {
            return Ok(keys);
        }
        let keys = Arc::new(Keys::new(self.capability, api, values, token)?);
        if let Some(current) = self.lock_current().get_mut(api.index()) {
            *current = Some(Arc::clone(&keys));
        }
        Ok(keys)
    }

    /// The values for one call of an operation that brings a credential of its own. No other call gets them.
    pub(super) async fn keys_with(&self, operation: &Operation, own: &Source) -> Result<Arc<Keys>, BoxError> {
        let api = operation.api;
        let place = place(self.capability, api)?;
        let secret = own.value().await?;
        if self.capability.api(api).is_none_or(|api| !fits(api, &secret)) {
            let problem = "the credential that the call brings is empty, or has characters that it cannot have";
            return Err(match own {
                Source::Provider(_) => "the provider returned a token that cannot be sent".into(),
                Source::Fixed(_) | Source::OfCalls => NotForCaller::Unauthorized(problem.to_owned()).into(),
            });
        }
        let values = self.values(operation, None, Some((place, &secret))).await?;
        let token = (place == Place::Token).then(|| secret.clone());
        let mut keys = Keys::new(self.capability, api, values, token)?;
        keys.own = Some(secret);
        Ok(Arc::new(keys))
    }

    /// The values of the variables that requests of an operation are made of, with a secret in its place. No provider is asked for
    /// others: those have the values that are known.
    async fn values(
        &self,
        operation: &Operation,
        known: Option<&Keys>,
        own: Option<(Place, &SecretString)>,
    ) -> Result<Vec<SecretString>, BoxError> {
        let needs = needs::of_operation(self.capability, operation);
        let mut values = Vec::with_capacity(self.sources.len());
        for (index, source) in self.sources.iter().enumerate() {
            values.push(match (own, source) {
                (Some((Place::Variable(place), secret)), _) if place == index => secret.clone(),
                (_, Source::Provider(_)) if !needs.contains(&index) => {
                    known.and_then(|keys| keys.variables.get(index).cloned()).unwrap_or_default()
                }
                _ => source.value().await?,
            });
        }
        Ok(values)
    }

    /// The values of these variables; others are empty.
    pub(super) async fn some(&self, used: &BTreeSet<VariableId>) -> Result<Vec<SecretString>, BoxError> {
        let mut values = vec![SecretString::default(); self.sources.len()];
        for id in used {
            let (Some(source), Some(value)) = (self.sources.get(id.index()), values.get_mut(id.index())) else {
                continue;
            };
            if matches!(source, Source::OfCalls) {
                let name = self.capability.variable(*id).unwrap_or_default();
                return Err(format!("`{name}` has no value here: each call brings its own credential").into());
            }
            *value = source.value().await?;
        }
        Ok(values)
    }

    /// The secrets that are known now, of all APIs, without asking a provider.
    pub(super) fn known(&self) -> Vec<SecretString> {
        let fixed = self.sources.iter().filter_map(|source| match source {
            Source::Fixed(value) => Some(value.clone()),
            Source::Provider(_) | Source::OfCalls => None,
        });
        let current = self.lock_current();
        let of_apis = current.iter().flatten().flat_map(|keys| keys.texts_to_redact.iter().cloned());
        fixed.chain(of_apis).collect()
    }

    fn lock_current(&self) -> MutexGuard<'_, Vec<Option<Arc<Keys>>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rotates(&self, api: ApiId) -> bool {
        self.credentials(api).iter().any(|credential| matches!(credential, Credential::OAuth2(_)))
            || self.sources.iter().any(|source| matches!(source, Source::Provider(_)))
    }

    /// Notifies the providers of what a request of an operation was made of that the upstream rejected these values. Returns
    /// whether any of them has a new value.
    pub(super) async fn refused(&self, operation: &Operation, keys: &Keys) -> bool {
        let mut retry = false;
        if let Some(token) = &keys.token
            && let Ok(Some(server)) = self.server(operation.api, &keys.variables)
        {
            retry |= server.refused(token).await;
        }
        for index in needs::of_operation(self.capability, operation) {
            if let (Some(source), Some(value)) = (self.sources.get(index), keys.variables.get(index)) {
                retry |= source.refused(value).await;
            }
        }
        retry
    }

    /// The same for the values in arguments, but for those that were notified already: those of `known`.
    pub(super) async fn refused_in_arguments(&self, renewal: &Renewal, known: Option<&Operation>) -> bool {
        let known = known.map(|operation| needs::of_operation(self.capability, operation)).unwrap_or_default();
        let mut retry = false;
        for index in renewal.used.iter().map(|id| id.index()).filter(|index| !known.contains(index)) {
            if let (Some(source), Some(value)) = (self.sources.get(index), renewal.values.get(index)) {
                retry |= source.refused(value).await;
            }
        }
        retry
    }
}

/// Whether values are the same.
pub(super) fn same(some: &[SecretString], others: &[SecretString]) -> bool {
    let same = |(one, other): (&SecretString, &SecretString)| one.expose_secret() == other.expose_secret();
    some.len() == others.len() && some.iter().zip(others).all(same)
}

impl Keys {
    fn new(
        capability: &'static Capability,
        api: ApiId,
        variables: Vec<SecretString>,
        token: Option<SecretString>,
    ) -> Result<Self, ConfigError> {
        let prepare = |source| {
            let prepared = Prepared::new(source, &variables, token.as_ref());
            prepared.ok_or(ConfigError::Credential { capability: &capability.name })
        };
        let credentials = capability.api(api).map_or(&[][..], |api| &api.credentials);
        let credentials: Vec<_> = credentials.iter().map(prepare).collect::<Result<_, _>>()?;
        let credential_secrets = credentials.iter().filter_map(Prepared::secret);
        let texts = variables.iter().map(|value| value.expose_secret()).chain(credential_secrets);
        let mut texts: Vec<_> = to_redact(texts).collect();
        // Most secrets are the same in all encodings.
        texts.dedup();
        let texts_to_redact = texts.into_iter().map(SecretString::from).collect();
        Ok(Self { variables, token, credentials, texts_to_redact, own: None })
    }

    /// What the call brought in place of the client's.
    pub(super) fn own(&self) -> Option<&SecretString> {
        self.own.as_ref()
    }

    /// Placeholder values for a preview of a call to an API.
    pub(super) fn placeholders(capability: &'static Capability, api: ApiId) -> Result<Self, ConfigError> {
        Self::new(capability, api, vec![SecretString::from(PLACEHOLDER); capability.variables.len()], None)
    }

    fn hold(&self, values: &[SecretString], token: Option<&SecretString>) -> bool {
        let is_same_token = match (&self.token, token) {
            (Some(own), Some(other)) => own.expose_secret() == other.expose_secret(),
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

/// The texts to redact of the values of variables: those that are long enough, in all their encodings.
fn to_redact<'t>(texts: impl Iterator<Item = &'t str>) -> impl Iterator<Item = String> {
    texts.filter(|text| text.len() >= MIN_SECRET_LENGTH).flat_map(encodings)
}

/// Whether the value of a variable is long enough to be redacted.
pub(super) fn is_secret(value: &SecretString) -> bool {
    value.expose_secret().len() >= MIN_SECRET_LENGTH
}

/// A redactor for values of variables.
pub(super) fn redactor_of(values: &[SecretString]) -> Redactor {
    Redactor::new(to_redact(values.iter().map(|value| value.expose_secret())).collect())
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
    let mut ascii = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(own @ ..=0x7f) => ascii.push(own.into()),
            _ => ascii.push_str(&format!("\\u{unit:04x}")),
        }
    }
    [text.to_owned(), percent_encode(text).into_owned(), json, ascii]
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use naftiko_schema::{
        Api, ApiKey, Location, Method, OperationId, PathPart, RetrySafety, Template, TemplatePart, Variable,
        VariableId, list,
    };

    use super::*;
    use crate::transport::BoxFuture;

    /// Counts how often it is asked for a token, and notified that one was rejected.
    #[derive(Default)]
    struct Counting {
        is_down: bool,
        asked: AtomicUsize,
        refused: AtomicUsize,
    }

    impl TokenProvider for Counting {
        fn token(&self) -> BoxFuture<'_, Result<SecretString, BoxError>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { if self.is_down { Err("down".into()) } else { Ok("of-a-provider".into()) } })
        }

        fn refused<'a>(&'a self, _: &'a SecretString) -> BoxFuture<'a, bool> {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { true })
        }
    }

    const fn key(parts: &'static [TemplatePart]) -> Credential {
        Credential::ApiKey(ApiKey::new(Location::Header, "X-Key", Template::new(parts)))
    }

    static CAPABILITY: Capability = Capability::new("c", "", "")
        .apis(
            const {
                &[
                    Api::new("one").credentials(const { &[key(const { &[TemplatePart::Variable(VariableId(0))] })] }),
                    Api::new("two").credentials(const { &[key(const { &[TemplatePart::Variable(VariableId(1))] })] }),
                ]
            },
        )
        .variables(const { &[Variable::new("ONE"), Variable::new("TWO"), Variable::new("TENANT")] });

    #[tokio::test]
    async fn call_needs_only_the_variables_of_its_api_and_operation() {
        let [one, two, tenant] =
            [false, true, false].map(|is_down| Arc::new(Counting { is_down, ..Counting::default() }));
        let sources = [&one, &two, &tenant].map(|provider| Source::Provider(Arc::clone(provider) as _));
        let ring = Keyring::new(&CAPABILITY, sources.into()).expect("the ring is made");
        let operation = |api| Operation {
            api: ApiId(api),
            ..Operation::new(OperationId(0), "o", Method::Get, RetrySafety::Idempotent)
        };
        let (plain, other) = (operation(0), operation(1));
        let with_path = Operation { path: list(const { &[PathPart::Variable(VariableId(2))] }), ..plain.clone() };
        let values = |keys: &Keys| -> Vec<String> {
            keys.variables.iter().map(|value| value.expose_secret().to_owned()).collect()
        };
        let keys = ring.keys(&plain).await.expect("the endpoint of the other API does not matter");
        assert_eq!(values(&keys), ["of-a-provider", "", ""]);
        let keys = ring.keys(&with_path).await.expect("there are values");
        assert_eq!(values(&keys), ["of-a-provider", "", "of-a-provider"]);
        let again = ring.keys(&plain).await.expect("there are values");
        assert!(Arc::ptr_eq(&keys, &again), "operations of an API share credentials");
        assert!(ring.keys(&other).await.is_err());
        assert!(ring.refused(&plain, &keys).await);
        let counts = [&one, &two, &tenant]
            .map(|provider| (provider.asked.load(Ordering::Relaxed), provider.refused.load(Ordering::Relaxed)));
        assert_eq!(counts, [(3, 1), (1, 0), (1, 0)]);
        let own = ring.keys_with(&other, &Source::Fixed("of-a-caller".into())).await.expect("the call brings its own");
        assert_eq!(values(&own), ["", "of-a-caller", ""]);
    }
}
