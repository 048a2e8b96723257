//! Where requests go, and what sends them there.

use std::sync::Arc;

use naftiko_schema::Api;
use url::Url;

use super::{ClientBuilder, Network};
use crate::client::address::{is_local, parse_base_uri};
use crate::client::connection::{Endpoint, Handle};
use crate::client::transport::{Transport, settings};
use crate::client::{ConfigError, tls};

impl<C: Handle> ClientBuilder<C> {
    /// Where requests go, for each API of the capability.
    ///
    /// # Errors
    /// If a base URI is missing or invalid, or is for an API that the capability does not have.
    #[doc(hidden)]
    pub fn base_uris(&self) -> Result<Vec<Url>, ConfigError> {
        let apis: &'static [Api] = &self.capability.apis;
        let mut configured = vec![None; apis.len()];
        for (namespace, uri) in &self.base_uris {
            let index = match namespace {
                None if apis.len() == 1 => Some(0),
                None => return Err(ConfigError::SeveralApis { count: apis.len() }),
                Some(namespace) => apis.iter().position(|api| api.namespace == **namespace),
            };
            match index.and_then(|index| configured.get_mut(index)) {
                Some(slot) => *slot = Some(uri.clone()),
                None => return Err(ConfigError::UnknownApi { namespace: namespace.clone().unwrap_or_default() }),
            }
        }
        let uris = apis.iter().zip(configured).map(|(api, configured)| {
            let name = self.capability.base_uri_variable(api);
            let declared = || api.base_uri.as_deref().map(str::to_owned);
            let uri = configured
                .or_else(|| self.environment_variable(&name).map(|uri| uri.trim().to_owned()))
                .or_else(declared);
            parse_base_uri(&uri.ok_or(ConfigError::NoBaseUri { namespace: &api.namespace })?, self.allow_plain_http)
        });
        uris.collect()
    }

    /// One endpoint for each API.
    pub(super) fn endpoints(&mut self) -> Result<Vec<Endpoint>, ConfigError> {
        let uris = self.base_uris()?;
        let (network, local): (Arc<dyn Transport>, Arc<dyn Transport>) = match std::mem::take(&mut self.network) {
            Network::Transport(transport) => (Arc::clone(&transport), transport),
            Network::Settings(_) if !tls::BUILT_IN && uris.iter().any(|uri| uri.scheme() == "https") => {
                return Err(ConfigError::NoTls);
            }
            // A proxy from the environment would send the credential to another machine in clear text.
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
            #[cfg(feature = "cache")]
            let transport = match &self.cache {
                Some(cache) => cache.over(transport),
                None => transport,
            };
            Endpoint { base_uri, transport }
        };
        Ok(uris.into_iter().map(endpoint).collect())
    }

    fn client(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::Client, ConfigError> {
        tls::install_crypto_provider();
        settings(builder)
            .connect_timeout(self.connect_timeout)
            .build()
            .map_err(|error| ConfigError::Http(error.without_url()))
    }
}
