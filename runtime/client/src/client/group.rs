//! Clients of several capabilities, set up together.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::builder::ClientBuilder;
use super::config_error::ConfigError;
use super::connection::{Connection, Handle};
use super::transport::Transport;

type Setting = Box<dyn Fn(ClientBuilder<Connection>) -> ClientBuilder<Connection> + Send + Sync>;

/// The clients of a group: the client of its generated crate, which has one of each capability.
pub trait Clients: Sized {
    /// Builds them.
    ///
    /// # Errors
    /// If one of them cannot be built.
    fn build(builder: &mut GroupBuilder<Self>) -> Result<Self, ConfigError>;
}

/// Builds the clients of a group. `G` is the client of the generated crate. Each client has its own settings, to which
/// [`each`](Self::each) applies what is common to all.
#[must_use]
pub struct GroupBuilder<G> {
    settings: Vec<Setting>,
    variables: Vec<(String, SecretString)>,
    /// The variables of the capabilities whose clients are built.
    declared: BTreeSet<&'static str>,
    group: PhantomData<fn() -> G>,
}

impl<G: Clients> GroupBuilder<G> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default, reason = "only generated crates make one")]
    pub fn new() -> Self {
        Self { settings: Vec::new(), variables: Vec::new(), declared: BTreeSet::new(), group: PhantomData }
    }

    /// Changes the builder of each client: `each(|builder| builder.retry_budget(10))`.
    pub fn each(
        mut self,
        setting: impl Fn(ClientBuilder<Connection>) -> ClientBuilder<Connection> + Send + Sync + 'static,
    ) -> Self {
        self.settings.push(Box::new(setting));
        self
    }

    /// Reads everything that is not set otherwise from the environment, as [`ClientBuilder::from_env`] does.
    pub fn from_env(self) -> Self {
        self.each(ClientBuilder::from_env)
    }

    /// Sends the requests of all clients to this base URI, such as that of a test server.
    pub fn base_uri(self, uri: impl Into<String>) -> Self {
        let uri = uri.into();
        self.each(move |builder| builder.base_uri_of_all(&uri))
    }

    /// Sets a variable, by the name of its environment variable, for each capability that has it.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<SecretString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The time limit of a call, as [`ClientBuilder::timeout`] sets it.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.each(move |builder| builder.timeout(timeout))
    }

    /// Uses one reqwest client and its connections for all. See [`ClientBuilder::http_client`].
    pub fn http_client(self, client: reqwest::Client) -> Self {
        self.transport(client)
    }

    /// Uses one transport for all.
    pub fn transport(self, transport: impl Transport) -> Self {
        let transport: Arc<dyn Transport> = Arc::new(transport);
        self.each(move |builder| builder.shared_transport(Arc::clone(&transport)))
    }

    /// Builds the clients.
    ///
    /// # Errors
    /// If one of them cannot be built, or no capability has a variable that is set.
    pub fn build(mut self) -> Result<G, ConfigError> {
        let clients = G::build(&mut self)?;
        match self.variables.into_iter().find(|(name, _)| !self.declared.contains(&**name)) {
            Some((name, _)) => Err(ConfigError::UnknownVariable { name }),
            None => Ok(clients),
        }
    }

    /// A client of one capability.
    ///
    /// # Errors
    /// If it cannot be built.
    #[doc(hidden)]
    pub fn client<C: Handle>(&mut self, builder: &ClientBuilder<C>) -> Result<C, ConfigError> {
        let capability = builder.capability();
        let names = capability.variables.iter().map(|variable| &*variable.name);
        let builder = self.settings.iter().fold(ClientBuilder::new(capability), |builder, setting| setting(builder));
        let declared = self.variables.iter().filter(|(name, _)| names.clone().any(|known| known == name));
        let builder = declared.fold(builder, |builder, (name, value)| builder.variable(name.clone(), value.clone()));
        self.declared.extend(names);
        Ok(C::over(builder.build()?))
    }
}
