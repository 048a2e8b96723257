//! Everything that is stored: the secrets of each region.

use std::collections::BTreeMap;

use crate::answers::ApiError;
use crate::clock::Timestamp;
use crate::secret::Secret;

/// The regions that have a Secret Manager.
pub(crate) const REGIONS: [&str; 3] = ["fr-par", "nl-ams", "pl-waw"];

/// Secrets by region and identifier. Nothing is ever shared between regions.
#[derive(Default)]
pub(crate) struct Store {
    secrets: BTreeMap<(String, String), Secret>,
}

impl Store {
    /// Brings all records up to this time; comes before any operation.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        self.secrets.retain(|_, secret| !secret.is_gone(now));
        for secret in self.secrets.values_mut() {
            for version in &mut secret.versions {
                version.sweep(now);
            }
        }
    }

    pub(crate) fn insert(&mut self, secret: Secret) {
        let key = (secret.region.clone(), secret.id.clone());
        self.secrets.insert(key, secret);
    }

    pub(crate) fn remove(&mut self, region: &str, id: &str) {
        self.secrets.remove(&(region.to_owned(), id.to_owned()));
    }

    pub(crate) fn in_region(&self, region: &str) -> impl Iterator<Item = &Secret> {
        let secrets = self.secrets.values();
        secrets.filter(move |secret| secret.region == region)
    }

    pub(crate) fn len(&self) -> usize {
        self.secrets.len()
    }

    pub(crate) fn find(&mut self, region: &str, id: &str) -> Result<&mut Secret, ApiError> {
        self.secrets.get_mut(&(region.to_owned(), id.to_owned())).ok_or_else(|| not_found(id))
    }

    /// Finds a secret for a read, which a new secret may not answer yet.
    pub(crate) fn find_to_read(&mut self, region: &str, id: &str) -> Result<&mut Secret, ApiError> {
        let secret = self.find(region, id)?;
        if secret.unseen_reads > 0 {
            secret.unseen_reads -= 1;
            return Err(not_found(id));
        }
        Ok(secret)
    }

    /// Refuses a name that another live secret of the same project, region and path has.
    pub(crate) fn ensure_name_free(
        &self,
        region: &str,
        project_id: &str,
        path: &str,
        name: &str,
        own_id: Option<&str>,
    ) -> Result<(), ApiError> {
        let taken = self.named(region, project_id, path, name);
        if taken.is_some_and(|other| own_id != Some(other.id.as_str())) {
            return Err(ApiError::duplicate_name());
        }
        Ok(())
    }

    /// The live secret with this name. A secret that is scheduled for deletion does not hold its name.
    pub(crate) fn named(&self, region: &str, project_id: &str, path: &str, name: &str) -> Option<&Secret> {
        self.in_region(region).find(|secret| {
            secret.name == name && secret.path == path && secret.project_id == project_id && !secret.is_scheduled()
        })
    }
}

fn not_found(id: &str) -> ApiError {
    ApiError::NotFound { resource: "secret", id: id.to_owned() }
}
