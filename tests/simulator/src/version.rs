//! One version of a secret and the rules of its states.

use serde_json::{Value, json};

use crate::answers::ApiError;
use crate::clock::{RECOVERY_WINDOW, Timestamp};
use crate::policy::{Expiry, Policy, Properties};

/// Every status that a list of versions can be filtered by.
pub(crate) const STATUSES: [&str; 5] = ["unknown_status", "enabled", "disabled", "deleted", "scheduled_for_deletion"];

/// The status of a version follows from its two deletion times and from `enabled`, which a
/// deletion leaves alone. That is how a restored version gets back the status it had.
pub(crate) struct Version {
    pub(crate) revision: u32,
    pub(crate) secret_id: String,
    pub(crate) region: String,
    pub(crate) description: String,
    pub(crate) data: String,
    pub(crate) data_crc32: Option<u32>,
    pub(crate) latest: bool,
    pub(crate) enabled: bool,
    pub(crate) ephemeral: Option<Properties>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deletion_requested_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
}

impl Version {
    pub(crate) fn status(&self) -> &'static str {
        if self.deleted_at.is_some() {
            "deleted"
        } else if self.deletion_requested_at.is_some() {
            "scheduled_for_deletion"
        } else if self.enabled {
            "enabled"
        } else {
            "disabled"
        }
    }

    pub(crate) fn disable(&mut self, now: Timestamp) -> Result<(), ApiError> {
        self.ensure_live()?;
        if self.enabled {
            self.enabled = false;
            self.updated_at = now;
        }
        Ok(())
    }

    /// Enables the version and gives it a new lease under the current policy of its secret.
    pub(crate) fn enable(&mut self, policy: Option<Policy>, now: Timestamp) -> Result<(), ApiError> {
        self.ensure_live()?;
        if !self.enabled {
            self.enabled = true;
            self.ephemeral = policy.map(|policy| policy.properties(now));
            self.updated_at = now;
        }
        Ok(())
    }

    /// Changes what is sent; the value never changes.
    pub(crate) fn update(
        &mut self,
        description: Option<String>,
        ephemeral: Option<Properties>,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        self.ensure_live()?;
        if description.is_some() || ephemeral.is_some() {
            self.updated_at = now;
        }
        if let Some(description) = description {
            self.description = description;
        }
        self.ephemeral = ephemeral.or(self.ephemeral);
        Ok(())
    }

    /// Deletes softly, or at once when the version is ephemeral.
    pub(crate) fn delete(&mut self, now: Timestamp) -> Result<(), ApiError> {
        self.ensure_live()?;
        if self.ephemeral.is_some() {
            self.erase(now);
        } else {
            self.schedule(now);
        }
        Ok(())
    }

    /// Starts the recovery window, unless it runs already or is over.
    pub(crate) fn schedule(&mut self, now: Timestamp) {
        if self.deleted_at.is_none() {
            self.deletion_requested_at.get_or_insert(now);
        }
    }

    pub(crate) fn is_scheduled(&self) -> bool {
        self.deletion_requested_at.is_some() && self.deleted_at.is_none()
    }

    pub(crate) fn restore(&mut self) {
        if self.is_scheduled() {
            self.deletion_requested_at = None;
        }
    }

    /// Shows the value to a client, which can be the end of the version.
    pub(crate) fn access(&mut self, kind: &str, now: Timestamp) -> Result<Value, ApiError> {
        self.ensure_live()?;
        if !self.enabled {
            return Err(ApiError::NotUsable { help: "cannot access disabled version" });
        }
        let shown = json!({
            "secret_id": self.secret_id,
            "revision": self.revision,
            "data": self.data,
            "data_crc32": self.data_crc32,
            "type": kind,
        });
        if let Some(properties) = self.ephemeral
            && properties.expires_once_accessed == Some(true)
        {
            self.expire(properties.action, now);
        }
        Ok(shown)
    }

    /// Does what the passing of time demands.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        if let Some(requested) = self.deletion_requested_at {
            let end = requested.after(RECOVERY_WINDOW);
            if self.deleted_at.is_none() && end <= now {
                self.erase(end);
            }
        } else if let Some(properties) = self.ephemeral
            && let Some(end) = properties.expires_at
            && self.enabled
            && end <= now
        {
            self.expire(properties.action, end);
        }
    }

    fn expire(&mut self, action: Expiry, now: Timestamp) {
        match action {
            Expiry::Delete => self.erase(now),
            Expiry::Disable => {
                self.enabled = false;
                self.updated_at = now;
            }
        }
    }

    fn erase(&mut self, now: Timestamp) {
        self.deleted_at.get_or_insert(now);
        self.data.clear();
    }

    fn ensure_live(&self) -> Result<(), ApiError> {
        if self.deleted_at.is_some() || self.deletion_requested_at.is_some() {
            return Err(ApiError::NotUsable { help: "cannot act on deleted version" });
        }
        Ok(())
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "revision": self.revision,
            "secret_id": self.secret_id,
            "status": self.status(),
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "deleted_at": self.deleted_at.map(|at| at.to_string()),
            "description": self.description,
            "latest": self.latest,
            "ephemeral_properties": self.ephemeral.map(Properties::to_json),
            "deletion_requested_at": self.deletion_requested_at.map(|at| at.to_string()),
            "region": self.region,
        })
    }
}
