//! The configuration of a client.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::config::ConfiguredApi;
use super::connection::{Connection, Handle, Shared};
use crate::operation::Capability;

/// Why a client cannot be built. Values never appear in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Variables are set neither in the builder nor in the environment. All of them are named at once.
    #[error("missing environment {}: {}", if .names.len() == 1 { "variable" } else { "variables" }, .names.join(", "))]
    MissingVariables {
        /// The names of the missing environment variables.
        names: Vec<&'static str>,
    },
    /// `token` was called, but the capability does not have exactly one variable for it.
    #[error("`token` sets the only variable of a capability, and this one has {count}; use `variable`")]
    Token {
        /// How many variables the capability has.
        count: usize,
    },
    /// `variable` was called with a name that the capability does not bind.
    #[error("the capability binds no variable `{name}`")]
    UnknownVariable {
        /// The name that was given.
        name: String,
    },
    /// The capability names no base URI and none was given.
    #[error("no base URI for `{namespace}`: the capability leaves it to you, set one with `base_uri`")]
    NoBaseUri {
        /// The consumed namespace.
        namespace: &'static str,
    },
    /// `base_uri` was called, but the capability consumes several APIs.
    #[error(
        "`base_uri` sets the base URI of the only API of a capability, and this one has {count}; use `base_uri_of`"
    )]
    SeveralApis {
        /// How many APIs the capability consumes.
        count: usize,
    },
    /// `base_uri_of` was called with a namespace that the capability does not consume.
    #[error("the capability consumes no API `{namespace}`")]
    UnknownApi {
        /// The namespace that was given.
        namespace: String,
    },
    /// The base URI is not an absolute `http` or `https` URI without user, query and fragment.
    #[error("the base URI must be an absolute http or https URI without user, query and fragment")]
    BaseUri,
    /// The base URI would send credentials in clear text to another machine.
    #[error(
        "the base URI is plain http to another machine; use https, or allow it (`allow_plain_http`, `--allow-plain-http`)"
    )]
    PlainHttp,
    /// A credential cannot be a header value.
    #[error("a credential of `{capability}` holds characters that no header value may have")]
    Credential {
        /// The capability.
        capability: &'static str,
    },
    /// The HTTP client cannot be made, for want of trusted root certificates, say.
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}

/// Builds a client. `C` is the typed client of the generated crate.
#[must_use]
pub struct ClientBuilder<C> {
    capability: &'static Capability,
    base_uris: Vec<(Option<String>, String)>,
    token: Option<SecretString>,
    variables: Vec<(String, SecretString)>,
    environment: bool,
    http: reqwest::ClientBuilder,
    connect_timeout: Duration,
    timeout: Duration,
    response_limit: usize,
    allow_plain_http: bool,
    client: PhantomData<fn() -> C>,
}

impl<C: Handle> ClientBuilder<C> {
    #[doc(hidden)]
    pub fn new(capability: &'static Capability) -> Self {
        install_crypto_provider();
        Self {
            capability,
            base_uris: Vec::new(),
            token: None,
            variables: Vec::new(),
            environment: false,
            http: reqwest::Client::builder(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            response_limit: 10 << 20,
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
        self.token = Some(token.into());
        self
    }

    /// Sets a variable of the capability by the name of its environment variable.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Reads the variables that are not set otherwise from the environment.
    pub fn from_env(mut self) -> Self {
        self.environment = true;
        self
    }

    /// Brings your own settings of reqwest: proxies, root certificates, local addresses.
    ///
    /// It takes a builder and no finished client because redirects must stay off: reqwest would carry a credential in
    /// a custom header to whatever host an answer names. Redirects, timeouts and the user agent are set by this builder
    /// in any case, and where all upstreams are on this machine over plain http, no proxy is used.
    pub fn http(mut self, builder: reqwest::ClientBuilder) -> Self {
        self.http = builder;
        self
    }

    /// How long to wait for a connection; 5 seconds unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a call may take in all, from its start to the last byte of the answer; 30 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer to accept, in bytes; 10 MiB unless set.
    pub fn response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
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
        let variables = self.resolve_variables()?;
        let base_uris = self.resolve_base_uris()?;
        let apis: Vec<_> = self
            .capability
            .apis
            .iter()
            .zip(&base_uris)
            .map(|(api, uri)| {
                ConfiguredApi::new(self.capability, api, uri.as_deref(), self.allow_plain_http, &variables)
            })
            .collect::<Result<_, _>>()?;
        let base_uris: Vec<_> = apis.iter().map(|api: &ConfiguredApi| &api.base_uri).collect();
        // A proxy from the environment would carry the credential off this machine in clear text.
        let local = !self.allow_plain_http && base_uris.iter().all(|uri| uri.scheme() == "http");
        let http = if local { self.http.no_proxy() } else { self.http };
        let http = http
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .timeout(self.timeout)
            .user_agent(format!("{}/{}", self.capability.name, self.capability.version))
            .build()
            .map_err(|error| ConfigError::Http(error.without_url()))?;
        let shared = Shared { capability: self.capability, http, apis, variables, response_limit: self.response_limit };
        Ok(C::over(Connection::new(Arc::new(shared))))
    }

    fn resolve_variables(&mut self) -> Result<Vec<SecretString>, ConfigError> {
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
            let environment = || {
                let value = if self.environment { std::env::var(variable.name).ok() } else { None };
                // Mounted secrets often end with a line break.
                value.map(|value| SecretString::from(value.trim_end_matches(['\r', '\n'])))
            };
            // An empty secret is a missing one: it would be sent and refused with a message that leads astray.
            match given.or_else(environment).filter(|value| !value.expose_secret().trim().is_empty()) {
                Some(value) => values.push(value),
                None => missing.push(variable.name),
            }
        }
        if missing.is_empty() { Ok(values) } else { Err(ConfigError::MissingVariables { names: missing }) }
    }

    fn resolve_base_uris(&self) -> Result<Vec<Option<String>>, ConfigError> {
        let apis = self.capability.apis;
        let mut uris = vec![None; apis.len()];
        for (namespace, uri) in &self.base_uris {
            let index = match namespace {
                None if apis.len() == 1 => Some(0),
                None => return Err(ConfigError::SeveralApis { count: apis.len() }),
                Some(namespace) => apis.iter().position(|api| api.namespace == namespace),
            };
            match index.and_then(|index| uris.get_mut(index)) {
                Some(slot) => *slot = Some(uri.clone()),
                None => return Err(ConfigError::UnknownApi { namespace: namespace.clone().unwrap_or_default() }),
            }
        }
        Ok(uris)
    }
}

/// rustls panics on first use when no provider is installed. An application that installed its own keeps it.
fn install_crypto_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
