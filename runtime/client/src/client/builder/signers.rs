//! Which signer signs the requests to which API.

use std::sync::Arc;

use naftiko_schema::{Api, ApiId, Credential};

use super::ClientBuilder;
use crate::client::connection::Handle;
use crate::client::{ConfigError, Signer};

/// Signers in order, each with its API if it has one.
type Signers = Vec<(Option<ApiId>, Arc<dyn Signer>)>;

impl<C: Handle> ClientBuilder<C> {
    /// The signers, with those of the registry for APIs that need one and have none of their own.
    pub(super) fn resolve_signers(&self) -> Result<Signers, ConfigError> {
        let apis: &'static [Api] = &self.capability.apis;
        let mut signers = Signers::new();
        for (namespace, signer) in &self.signers {
            let api = match namespace {
                Some(namespace) => {
                    let index = apis.iter().position(|api| api.namespace == **namespace);
                    Some(index.ok_or_else(|| ConfigError::UnknownApi { namespace: namespace.clone() })?.into())
                }
                None => None,
            };
            signers.push((api, Arc::clone(signer)));
        }
        for (index, api) in apis.iter().enumerate() {
            let id = ApiId::from(index);
            let signed = api.credentials.iter().find(|credential| matches!(credential, Credential::Signed(_)));
            let Some(signed) = signed.filter(|_| signers.iter().all(|(known, _)| *known != Some(id))) else { continue };
            let Some(signer) = self.scripts.signer(&api.namespace) else {
                return Err(ConfigError::NoSigner { namespace: &api.namespace, kind: signed.kind() });
            };
            signers.push((Some(id), signer));
        }
        Ok(signers)
    }
}
