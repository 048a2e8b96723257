//! One secret with its versions, and the rules of its states.

use serde_json::{Map, Value, json};

use crate::answers::ApiError;
use crate::arguments::Revision;
use crate::clock::{RECOVERY_WINDOW, Timestamp};
use crate::policy::Policy;
use crate::version::Version;

/// The types that a secret can have.
pub(crate) const TYPES: [&str; 6] =
    ["opaque", "certificate", "key_value", "basic_credentials", "database_credentials", "ssh_key"];

pub(crate) struct Secret {
    pub(crate) id: String,
    pub(crate) region: String,
    pub(crate) project_id: String,
    pub(crate) name: String,
    pub(crate) path: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    pub(crate) kind: &'static str,
    pub(crate) protected: bool,
    pub(crate) locked: bool,
    pub(crate) policy: Option<Policy>,
    pub(crate) used_by: Vec<&'static str>,
    pub(crate) key_id: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) deletion_requested_at: Option<Timestamp>,
    /// Oldest first, and never removed one by one.
    pub(crate) versions: Vec<Version>,
    /// How many reads do not find the secret yet.
    pub(crate) unseen_reads: u32,
    /// Fields that a test shows in place of the real ones.
    pub(crate) overrides: Map<String, Value>,
}

impl Secret {
    pub(crate) fn is_scheduled(&self) -> bool {
        self.deletion_requested_at.is_some()
    }

    /// Whether the recovery window is over.
    pub(crate) fn is_gone(&self, now: Timestamp) -> bool {
        self.deletion_requested_at.is_some_and(|requested| requested.after(RECOVERY_WINDOW) <= now)
    }

    /// Whether anything but reading and restoring is allowed.
    pub(crate) fn ensure_usable(&self) -> Result<(), ApiError> {
        if self.is_scheduled() {
            return Err(ApiError::deleted_secret());
        }
        self.ensure_unlocked()
    }

    pub(crate) fn ensure_unlocked(&self) -> Result<(), ApiError> {
        if self.locked {
            return Err(ApiError::Locked { id: self.id.clone() });
        }
        Ok(())
    }

    pub(crate) fn schedule_deletion(&mut self, now: Timestamp) {
        self.deletion_requested_at = Some(now);
        self.updated_at = now;
        for version in &mut self.versions {
            version.schedule(now);
        }
    }

    pub(crate) fn restore(&mut self, now: Timestamp) {
        self.deletion_requested_at = None;
        self.updated_at = now;
        for version in &mut self.versions {
            version.restore();
        }
    }

    /// Finds a version; `text` is what the client wrote for it.
    pub(crate) fn version(&mut self, revision: &Revision, text: &str) -> Result<&mut Version, ApiError> {
        self.versions
            .iter_mut()
            .rev()
            .find(|version| match revision {
                Revision::Number(number) => version.revision == *number,
                Revision::Latest => version.latest,
                Revision::LatestEnabled => version.status() == "enabled",
            })
            .ok_or_else(|| ApiError::NotFound { resource: "secret_version", id: text.to_owned() })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({
            "id": self.id,
            "project_id": self.project_id,
            "name": self.name,
            "status": if self.locked { "locked" } else { "ready" },
            "created_at": self.created_at.to_string(),
            "updated_at": self.updated_at.to_string(),
            "tags": self.tags,
            "version_count": self.versions.len(),
            "description": self.description,
            "managed": false,
            "protected": self.protected,
            "type": self.kind,
            "path": self.path,
            "ephemeral_policy": self.policy.map(Policy::to_json),
            "used_by": self.used_by,
            "deletion_requested_at": self.deletion_requested_at.map(|at| at.to_string()),
            "key_id": self.key_id,
            "region": self.region,
        });
        if let Value::Object(fields) = &mut json {
            fields.extend(self.overrides.clone());
        }
        json
    }
}
