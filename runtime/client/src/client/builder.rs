//! The configuration of a client.

mod endpoints;
mod signers;
mod variables;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use naftiko_schema::{Api, Capability, Parameter};
use secrecy::SecretString;

use super::attempt::{After, Before};
use super::connection::{Connection, Handle, Shared};
use super::credential::Challenges;
use super::environment::Environment;
use super::keys::{Keyring, Source};
use super::on_behalf::Demanded;
use super::registered::ScriptRunners;
use super::retry::{Budget, RetryPolicy};
use super::room::Room;
use super::signer::Signer;
use super::token::TokenProvider;
use super::transport::Transport;
use super::{Attempt, ConfigError, Outcome, tls};
use crate::defaults::Defaults;

/// The default time limit for making a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Builds a client. `C` is the typed client of the generated crate.
#[must_use]
pub struct ClientBuilder<C> {
    capability: &'static Capability,
    base_uris: Vec<(Option<String>, String)>,
    token: Option<Source>,
    variables: Vec<(String, Source)>,
    defaults: Vec<(String, String)>,
    environment: Option<Environment>,
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
    /// Each with the namespace of its API, if it is for one.
    signers: Vec<(Option<String>, Arc<dyn Signer>)>,
    scripts: ScriptRunners,
    allow_plain_http: bool,
    allow_dot_segments: bool,
    room: Option<Room>,
    demanded: Vec<Demanded>,
    providers: Vec<(String, Source)>,
    #[cfg(feature = "cache")]
    cache: Option<super::ResponseCache>,
    client: PhantomData<fn() -> C>,
}

/// How requests are sent to the upstream.
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
            defaults: Vec::new(),
            environment: None,
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
            signers: Vec::new(),
            scripts: ScriptRunners::default(),
            allow_plain_http: false,
            allow_dot_segments: false,
            room: None,
            demanded: Vec::new(),
            providers: Vec::new(),
            #[cfg(feature = "cache")]
            cache: None,
            client: PhantomData,
        }
    }

    /// Sends requests to this base URI instead of the capability's, such as that of a test server.
    pub fn base_uri(mut self, uri: impl Into<String>) -> Self {
        self.base_uris.push((None, uri.into()));
        self
    }

    /// Sends the requests of one consumed namespace to this base URI.
    pub fn base_uri_of(mut self, namespace: impl Into<String>, uri: impl Into<String>) -> Self {
        self.base_uris.push((Some(namespace.into()), uri.into()));
        self
    }

    /// Sets the only variable of the capability, such as a token or an API key.
    pub fn token(mut self, token: impl Into<SecretString>) -> Self {
        self.token = Some(Source::Fixed(token.into()));
        self
    }

    /// Gets the only variable of the capability from a provider before every attempt, for tokens that rotate.
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.token = Some(Source::Provider(Arc::new(provider)));
        self
    }

    /// Sets a variable of the capability by the name of its environment variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.variables.push((name.into(), Source::Fixed(value.into())));
        self
    }

    /// Gets a variable of the capability from a provider before every attempt that needs it.
    pub fn variable_provider(mut self, name: impl Into<String>, provider: impl TokenProvider) -> Self {
        self.variables.push((name.into(), Source::Provider(Arc::new(provider))));
        self
    }

    /// Sets what calls send for an input that they leave out, by the name of the input. There are defaults only for inputs for
    /// which the capability names an environment variable, of which this takes precedence.
    pub fn default_value(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.defaults.push((name.into(), value.into()));
        self
    }

    /// Reads everything that is not set otherwise from the environment: the variables of the capability, those of its defaults,
    /// of which none is needed, and its base URI from
    /// `<CRATE>_BASE_URI`, or from `<CRATE>_<NAMESPACE>_BASE_URI` if it consumes several APIs.
    pub fn from_env(mut self) -> Self {
        self.environment = Some(Environment::default());
        self
    }

    /// Reads the same from these variables.
    #[doc(hidden)]
    pub fn from_environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Uses your own settings of reqwest, such as proxies, root certificates or local addresses.
    ///
    /// This builder always sets redirects, the connect timeout, decompression, the limits of response heads and the user agent. No proxy is used for an upstream on this
    /// machine over plain http. If there are other upstreams too, the local one gets a client without your settings.
    pub fn http(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.network = Network::Settings(Box::new(builder));
        self
    }

    /// Uses your own reqwest client and its connections. Its settings are not changed, so build it with
    /// `redirect::Policy::none()`: reqwest would send a credential in a custom header to any host that a response redirects to.
    /// A response that it was redirected to is an error; this client follows redirects itself, and within the origin only. Build it with `no_gzip()` too if your reqwest has that feature: the client
    /// decompresses responses itself, as reqwest ends at the first member of a gzip file. If you build it before any client of this crate, call
    /// [`install_crypto_provider`](crate::install_crypto_provider) first.
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.transport(client)
    }

    /// Uses your own transport: another way to the upstream, or a test double.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.network = Network::Transport(Arc::new(transport));
        self
    }

    /// Keeps responses of operations that change nothing in a cache, which clients can share. If the client has a
    /// [`signer`](Self::signer), no two requests are the same, and it is of no use.
    #[cfg(feature = "cache")]
    pub fn response_cache(mut self, cache: super::ResponseCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The time limit for making a connection, including TLS; 5 seconds by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The time limit of one attempt, up to the last byte of its response; by default that of the call. Set it so that an
    /// attempt that hangs is retried.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// The time limit of a call, including all attempts and the pauses between them; 30 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest response to accept, in bytes after decompression; 10 MiB by default. Streams have no limit.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }

    /// How calls are retried that fail for a transient reason.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// The retry budget that the client shares with its clones; 50 retries by default. Ten successful calls earn one retry.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.retry_budget = retries;
        self
    }

    /// Adds the application to the `User-Agent`, before the name of the crate (RFC 9110 §10.1.5).
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Adds an interceptor that runs before every attempt. It may add headers. Credentials and fixed parameters are added
    /// later, so it cannot see or replace them, and header fields that frame the message are removed again.
    pub fn before(mut self, interceptor: impl Fn(&Attempt<'_>, &mut HeaderMap) + Send + Sync + 'static) -> Self {
        self.before.push(Box::new(interceptor));
        self
    }

    /// Signs every request as the last step, when its body is final: for credentials that a capability cannot describe.
    pub fn signer(mut self, signer: impl Signer) -> Self {
        self.signers.push((None, Arc::new(signer)));
        self
    }

    /// Signs every request to the API of one consumed namespace as the last step. An API whose `authentication` does not say how
    /// requests are signed needs one.
    pub fn signer_of(mut self, namespace: impl Into<String>, signer: impl Signer) -> Self {
        self.signers.push((Some(namespace.into()), Arc::new(signer)));
        self
    }

    /// Sets what an application registers: what runs the scripts of flows in languages other than JavaScript, what takes
    /// steps, and what signs requests to an API.
    pub fn script_runners(mut self, runners: ScriptRunners) -> Self {
        self.scripts = runners;
        self
    }

    /// Adds an interceptor that runs after every attempt for which the `before` interceptors ran, even if the call is
    /// cancelled: for metrics and audit logs.
    pub fn after(mut self, interceptor: impl Fn(&Attempt<'_>, &Outcome<'_>) + Send + Sync + 'static) -> Self {
        self.after.push(Box::new(interceptor));
        self
    }

    /// Allows a base URI with plain `http` to another machine. Credentials then travel in clear text.
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Allows path arguments that hold `.` or `..` between slashes, such as `../x`, encoded or not. They are sent encoded, as
    /// one segment, but some servers decode segments before they resolve dots, and would take them for another path.
    pub fn allow_dot_segments(mut self) -> Self {
        self.allow_dot_segments = true;
        self
    }

    /// Lets long responses that are read whole wait for room in memory. Bytes that a caller keeps take their room, so it is for
    /// callers that drop each response before they wait for the next one.
    #[doc(hidden)]
    pub fn room(mut self, room: Room) -> Self {
        self.room = Some(room);
        self
    }

    /// Gets the secret in the credential of an API from a provider before every attempt, whatever its variable is called.
    pub fn credential_provider_of(mut self, namespace: impl Into<String>, provider: impl TokenProvider) -> Self {
        self.providers.push((namespace.into(), Source::Provider(Arc::new(provider))));
        self
    }

    /// Refuses calls of an API that bring no credential of their own, as [`Call::credential`](crate::Call::credential) does, or
    /// calls of all APIs with a credential. A variable that is only in the place of what calls bring need not be set then. `how`
    /// says what a caller does to bring one.
    #[doc(hidden)]
    pub fn credentials_of_calls(mut self, namespace: Option<&str>, how: impl Into<String>) -> Self {
        self.demanded.push(Demanded { namespace: namespace.map(str::to_owned), how: how.into() });
        self
    }

    /// The capability of the client.
    pub(super) fn capability(&self) -> &'static Capability {
        self.capability
    }

    /// Sends all requests to this base URI.
    pub(super) fn base_uri_of_all(self, uri: &str) -> Self {
        let apis: &'static [Api] = &self.capability.apis;
        apis.iter().fold(self, |builder, api| builder.base_uri_of(&*api.namespace, uri))
    }

    /// Uses a transport that other clients use, too.
    #[doc(hidden)]
    pub fn shared_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.network = Network::Transport(transport);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// If variables are missing, an API needs a signer and has none, a default or a base URI is invalid, or TLS cannot be set up.
    pub fn build(mut self) -> Result<C, ConfigError> {
        let defaults = self.resolve_defaults()?;
        let keyring = Keyring::new(self.capability, self.resolve_variables()?)?;
        let signers = self.resolve_signers()?;
        let endpoints = self.endpoints()?;
        let name = format!("{}/{}", self.capability.name, self.capability.version);
        let user_agent = self.user_agent.take().map_or(name.clone(), |product| format!("{product} {name}"));
        let user_agent = user_agent.try_into().map_err(|_| ConfigError::UserAgent)?;
        let shared = Shared {
            capability: self.capability,
            endpoints,
            keyring,
            demanded: self.demanded,
            challenges: Challenges::default(),
            defaults,
            user_agent,
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            response_limit: self.response_limit,
            allow_dot_segments: self.allow_dot_segments,
            room: self.room.clone(),
            retry: self.retry,
            budget: Budget::new(self.retry_budget),
            before: self.before,
            after: self.after,
            signers,
            scripts: self.scripts,
        };
        Ok(C::over(Connection::new(shared)))
    }

    fn resolve_defaults(&self) -> Result<Defaults, ConfigError> {
        let declared: &'static [Parameter] = &self.capability.defaults;
        if let Some((name, _)) = self.defaults.iter().find(|(name, _)| !declared.iter().any(|d| d.name == **name)) {
            return Err(ConfigError::UnknownDefault { name: name.clone() });
        }
        let value = |parameter: &'static Parameter| {
            let variable = parameter.configured.as_deref()?;
            let has_name = |name: &str| declared.iter().any(|d| d.name == name && d.configured == parameter.configured);
            let set = self.defaults.iter().rev().find(|(name, _)| has_name(name));
            set.map(|(_, value)| value.clone())
                .or_else(|| self.environment_variable(variable).map(|value| value.trim().to_owned()))
        };
        Defaults::new(self.capability, value).map_err(|(parameter, violation)| ConfigError::Default {
            name: &parameter.name,
            variable: parameter.configured.as_deref().unwrap_or_default(),
            problem: violation.problem,
        })
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        self.environment.as_ref()?.get(name)
    }
}
