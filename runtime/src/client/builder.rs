//! The configuration of a client.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::attempt::{After, Before};
use super::connection::{Connection, Endpoint, Handle, Shared};
use super::credential::{is_local, parse_base_uri};
use super::keys::{Keyring, Source};
use super::retry::{Budget, RetryPolicy};
use super::token::TokenProvider;
use super::transport::Transport;
use super::{Attempt, ConfigError, Outcome, tls};
use crate::operation::Capability;

/// How long to wait for a connection, unless a client says otherwise.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds a client. `C` is the typed client of the generated crate.
#[must_use]
pub struct ClientBuilder<C> {
    capability: &'static Capability,
    base_uris: Vec<(Option<String>, String)>,
    token: Option<Source>,
    variables: Vec<(String, Source)>,
    environment: bool,
    network: Network,
    connect_timeout: Duration,
    attempt_timeout: Option<Duration>,
    timeout: Duration,
    response_limit: usize,
    retry: RetryPolicy,
    retry_budget: u32,
    user_agent: Option<String>,
    before: Vec<Before>,
    after: Vec<After>,
    allow_plain_http: bool,
    client: PhantomData<fn() -> C>,
}

/// What brings requests to the upstream.
enum Network {
    Settings(Box<reqwest::ClientBuilder>),
    Transport(Arc<dyn Transport>),
}

impl Default for Network {
    fn default() -> Self {
        Self::Settings(Box::new(tls::choose(reqwest::Client::builder())))
    }
}

impl<C: Handle> ClientBuilder<C> {
    #[doc(hidden)]
    pub fn new(capability: &'static Capability) -> Self {
        Self {
            capability,
            base_uris: Vec::new(),
            token: None,
            variables: Vec::new(),
            environment: false,
            network: Network::default(),
            connect_timeout: CONNECT_TIMEOUT,
            attempt_timeout: None,
            timeout: Duration::from_secs(30),
            response_limit: 10 << 20,
            retry: RetryPolicy::default(),
            retry_budget: 50,
            user_agent: None,
            before: Vec::new(),
            after: Vec::new(),
            allow_plain_http: false,
            client: PhantomData,
        }
    }

    /// Sends requests to this base URI instead of the capability's, a test server, say.
    pub fn base_uri(mut self, uri: impl Into<String>) -> Self {
        self.base_uris.push((None, uri.into()));
        self
    }

    /// Sends the requests of one consumed namespace to this base URI.
    pub fn base_uri_of(mut self, namespace: impl Into<String>, uri: impl Into<String>) -> Self {
        self.base_uris.push((Some(namespace.into()), uri.into()));
        self
    }

    /// Sets the only variable of the capability: its token, API key or the like.
    pub fn token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(Source::Fixed(token.into()));
        self
    }

    /// Asks for the only variable of the capability before every attempt: for tokens that are rotated.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.token = Some(Source::Provider(Arc::new(provider)));
        self
    }

    /// Sets a variable of the capability by the name of its environment variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.variables.push((name.into(), Source::Fixed(value.into())));
        self
    }

    /// Asks for a variable of the capability before every attempt.
    pub fn variable_provider(mut self, name: impl Into<String>, provider: impl TokenProvider) -> Self {
        self.variables.push((name.into(), Source::Provider(Arc::new(provider))));
        self
    }

    /// Reads what is not set otherwise from the environment: the variables of the capability, and its base URI from
    /// `<CRATE>_BASE_URI`, or from `<CRATE>_<NAMESPACE>_BASE_URI` where it consumes several APIs.
    pub fn from_env(mut self) -> Self {
        self.environment = true;
        self
    }

    /// Brings your own settings of reqwest: proxies, root certificates, local addresses.
    ///
    /// Redirects, the connect timeout and the user agent are set by this builder in any case. No proxy is used for an
    /// upstream on this machine over plain http; where there are others too, that one has a client with none of your
    /// settings.
    pub fn http(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.network = Network::Settings(Box::new(builder));
        self
    }

    /// Brings your own client of reqwest, and its connections with it. Its settings stay as they are, so build it with
    /// `redirect::Policy::none()`: reqwest would carry a credential in a custom header to whatever host an answer names.
    /// An answer that came by a redirect is an error. Where it is built before any client of ours,
    /// [`install_crypto_provider`](crate::install_crypto_provider) comes first.
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.transport(client)
    }

    /// Brings your own way to the upstream, or something that takes the upstream's place in a test.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.network = Network::Transport(Arc::new(transport));
        self
    }

    /// How long to wait for a connection; 5 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long one attempt may take, to the last byte of its answer; as long as the call unless set. Set it to have an
    /// attempt that hangs followed by another.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// How long a call may take in all, attempts and the pauses between them; 30 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer to accept, in bytes after decompression; 10 MiB unless set. Streams have no limit.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }

    /// How calls are repeated that fail for a reason which may pass.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries the client and its clones have in reserve; 50 unless set. Ten successful calls earn another one.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Names the application in the `User-Agent`, before the name of the crate (RFC 9110 §10.1.5).
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Runs before every attempt, when it is ready to be sent. The hook may add headers. Credentials and what the capability
    /// fixes come later, so it neither sees nor replaces them, and fields that frame the message are taken out again.
    pub fn before(mut self, hook: impl Fn(&Attempt<'_>, &mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.before.push(Box::new(hook));
        self
    }

    /// Runs once for every time that `before` hooks ran, also when nobody waits for the call any more: for metrics and audit
    /// logs.
    pub fn after(mut self, hook: impl Fn(&Attempt<'_>, &Outcome<'_>) + Send + Sync + 'static) -> Self {
        self.after.push(Box::new(hook));
        self
    }

    /// Allows a base URI with plain `http` to another machine. Credentials then travel in clear text.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// When variables are missing, when a base URI is not usable, or when TLS cannot be set up.
    pub fn build(mut self) -> Result<C, ConfigError> {
        let keyring = Keyring::new(self.capability, self.resolve_variables()?)?;
        let endpoints = self.endpoints()?;
        let name = format!("{}/{}", self.capability.name, self.capability.version);
        let user_agent = self.user_agent.take().map_or(name.clone(), |product| format!("{product} {name}"));
        let user_agent = user_agent.try_into().map_err(|_| ConfigError::UserAgent)?;
        let shared = Shared {
            capability: self.capability,
            endpoints,
            keyring,
            user_agent,
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            response_limit: self.response_limit,
            retry: self.retry,
            budget: Budget::new(self.retry_budget),
            before: self.before,
            after: self.after,
        };
        Ok(C::over(Connection::new(shared)))
    }

    fn endpoints(&mut self) -> Result<Vec<Endpoint>, ConfigError> {
        let uris = self.resolve_base_uris()?;
        let (network, local): (Arc<dyn Transport>, Arc<dyn Transport>) = match std::mem::take(&mut self.network) {
            Network::Transport(transport) => (Arc::clone(&transport), transport),
            Network::Settings(_) if !tls::BUILT_IN && uris.iter().any(|uri| uri.scheme() == "https") => {
                return Err(ConfigError::NoTls);
            }
            // A proxy from the environment would carry the credential off this machine in clear text.
            Network::Settings(own) if uris.iter().all(is_local) => {
                let client = Arc::new(self.client(own.no_proxy())?);
                (Arc::clone(&client) as _, client)
            }
            Network::Settings(own) => {
                let network = Arc::new(self.client(*own)?);
                let local = if uris.iter().any(is_local) {
                    Arc::new(self.client(tls::choose(reqwest::Client::builder()).no_proxy())?)
                } else {
                    Arc::clone(&network)
                };
                (network, local)
            }
        };
        let endpoint = |base_uri: Url| {
            let transport = Arc::clone(if is_local(&base_uri) { &local } else { &network });
            Endpoint { base_uri, transport }
        };
        Ok(uris.into_iter().map(endpoint).collect())
    }

    fn client(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ConfigError> {
        tls::install_crypto_provider();
        let builder = builder.redirect(reqwest::redirect::Policy::none()).connect_timeout(self.connect_timeout);
        builder.build().map_err(|error| ConfigError::Http(error.without_url()))
    }

    fn resolve_variables(&mut self) -> Result<Vec<Source>, ConfigError> {
        let declared = self.capability.variables;
        if let Some(token) = self.token.take() {
            let [variable] = declared else { return Err(ConfigError::Token { count: declared.len() }) };
            self.variables.push((variable.name.to_owned(), token));
        }
        if let Some((name, _)) = self.variables.iter().find(|(name, _)| !declared.iter().any(|d| d.name == name)) {
            return Err(ConfigError::UnknownVariable { name: name.clone() });
        }
        let mut missing = Vec::new();
        let mut values = Vec::new();
        for variable in declared {
            let given =
                self.variables.iter().rev().find(|(name, _)| name == variable.name).map(|(_, value)| value.clone());
            // Mounted secrets often end with a line break.
            let environment = || {
                self.environment_variable(variable.name)
                    .map(|value| Source::Fixed(value.trim_end_matches(['\r', '\n']).into()))
            };
            // An empty secret is a missing one: it would be sent and refused with a message that leads astray.
            let filled = |source: &Source| match source {
                Source::Fixed(value) => !value.expose_secret().trim().is_empty(),
                Source::Provider(_) => true,
            };
            match given.or_else(environment).filter(filled) {
                Some(value) => values.push(value),
                None => missing.push(variable.name),
            }
        }
        if missing.is_empty() { Ok(values) } else { Err(ConfigError::MissingVariables { names: missing }) }
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        if self.environment { std::env::var(name).ok() } else { None }
    }

    fn resolve_base_uris(&self) -> Result<Vec<Url>, ConfigError> {
        let apis = self.capability.apis;
        let mut given = vec![None; apis.len()];
        for (namespace, uri) in &self.base_uris {
            let index = match namespace {
                None if apis.len() == 1 => Some(0),
                None => return Err(ConfigError::SeveralApis { count: apis.len() }),
                Some(namespace) => apis.iter().position(|api| api.namespace == namespace),
            };
            match index.and_then(|index| given.get_mut(index)) {
                Some(slot) => *slot = Some(uri.clone()),
                None => return Err(ConfigError::UnknownApi { namespace: namespace.clone().unwrap_or_default() }),
            }
        }
        let uris = apis.iter().zip(given).map(|(api, given)| {
            let name = if apis.len() == 1 { String::new() } else { format!("_{}", api.namespace) };
            let name = shouty(&format!("{}{name}_BASE_URI", self.capability.name));
            let uri = given.or_else(|| self.environment_variable(&name)).or_else(|| api.base_uri.map(str::to_owned));
            parse_base_uri(&uri.ok_or(ConfigError::NoBaseUri { namespace: api.namespace })?, self.allow_plain_http)
        });
        uris.collect()
    }
}

/// A name as environment variables are written.
fn shouty(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}
