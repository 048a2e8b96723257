//! Operations on one secret.

use serde_json::Map;
use uuid::Uuid;

use crate::PROJECT_ID;
use crate::answers::{Answer, ApiError};
use crate::arguments::{self, Fields};
use crate::policy::Policy;
use crate::secret::{Secret, TYPES};
use crate::service::Call;

/// Secrets that the organization may have, over all regions.
const QUOTA: usize = 250;
const PRODUCTS: [&str; 2] = ["edge_services", "s2s_vpn"];

pub(super) fn create(call: &mut Call<'_>) -> Result<Answer, ApiError> {
    let fields = Fields::parse(call.body)?;
    let project_id = fields.text("project_id")?.unwrap_or_default();
    if project_id.is_empty() {
        return Err(ApiError::required("project_id"));
    }
    let secret = Secret {
        id: Uuid::new_v4().to_string(),
        region: call.region.clone(),
        project_id: arguments::uuid("project_id", &project_id)?,
        name: fields.text("name")?.unwrap_or_default(),
        path: arguments::secret_path(&fields.text("path")?.unwrap_or_default())?,
        description: fields.text("description")?.unwrap_or_default(),
        tags: fields.texts("tags")?.unwrap_or_default(),
        kind: secret_type(&fields)?,
        protected: fields.flag("protected")?.unwrap_or_default(),
        locked: false,
        policy: policy(&fields)?,
        used_by: Vec::new(),
        key_id: fields.text("key_id")?.map(|key_id| arguments::uuid("key_id", &key_id)).transpose()?,
        created_at: call.now,
        updated_at: call.now,
        deletion_requested_at: None,
        versions: Vec::new(),
        unseen_reads: call.read_lag,
        overrides: Map::new(),
    };
    arguments::segment("name", &secret.name)?;
    if secret.project_id != PROJECT_ID {
        return Err(ApiError::Forbidden { action: "create" });
    }
    call.store.ensure_name_free(&call.region, &secret.project_id, &secret.path, &secret.name, None)?;
    if call.store.len() >= QUOTA {
        return Err(ApiError::QuotaExceeded { resource: "secret", quota: QUOTA });
    }
    let created = secret.to_json();
    call.store.insert(secret);
    Ok(Answer::ok(created))
}

pub(super) fn get(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    let secret = call.store.find_to_read(&call.region, id)?;
    Ok(Answer::ok(secret.to_json()))
}

pub(super) fn update(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    let fields = Fields::parse(call.body)?;
    let name = fields.text("name")?;
    let path = fields.text("path")?;
    let tags = fields.texts("tags")?;
    let description = fields.text("description")?;
    let policy = policy(&fields)?;
    if let Some(name) = &name {
        arguments::segment("name", name)?;
    }
    let path = path.as_deref().map(arguments::secret_path).transpose()?;
    let changes = name.is_some() || path.is_some() || tags.is_some() || description.is_some() || policy.is_some();

    let secret = call.store.find(&call.region, id)?;
    secret.ensure_usable()?;
    if policy.is_some() && secret.policy.is_none() {
        let help = "a policy can only be set at creation";
        return Err(ApiError::constraint("ephemeral_policy", help));
    }
    let name = name.unwrap_or_else(|| secret.name.clone());
    let path = path.unwrap_or_else(|| secret.path.clone());
    let project_id = secret.project_id.clone();
    call.store.ensure_name_free(&call.region, &project_id, &path, &name, Some(id))?;

    let secret = call.store.find(&call.region, id)?;
    secret.name = name;
    secret.path = path;
    if let Some(tags) = tags {
        secret.tags = tags;
    }
    if let Some(description) = description {
        secret.description = description;
    }
    if policy.is_some() {
        secret.policy = policy;
    }
    if changes {
        secret.updated_at = call.now;
    }
    Ok(Answer::ok(secret.to_json()))
}

pub(super) fn delete(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    let secret = call.store.find(&call.region, id)?;
    secret.ensure_usable()?;
    if secret.protected {
        return Err(ApiError::Protected);
    }
    if secret.policy.is_some() {
        // An ephemeral secret has no recovery window.
        call.store.remove(&call.region, id);
    } else {
        secret.schedule_deletion(call.now);
    }
    Ok(Answer::no_content())
}

pub(super) fn add_owner(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    let product = Fields::parse(call.body)?.text("product")?;
    let product = product.ok_or_else(|| ApiError::required("product"))?;
    let product = arguments::choice("product", &product, &PRODUCTS)?;
    let secret = call.store.find(&call.region, id)?;
    secret.ensure_usable()?;
    if !secret.used_by.contains(&product) {
        secret.used_by.push(product);
    }
    Ok(Answer::no_content())
}

pub(super) fn protect(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    set_protected(call, id, true)
}

pub(super) fn unprotect(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    set_protected(call, id, false)
}

pub(super) fn restore(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    Fields::parse(call.body)?;
    let secret = call.store.find(&call.region, id)?;
    if !secret.is_scheduled() {
        return Err(ApiError::NotUsable { help: "cannot restore a secret that is not deleted" });
    }
    secret.ensure_unlocked()?;
    let (project_id, path, name) = (secret.project_id.clone(), secret.path.clone(), secret.name.clone());
    call.store.ensure_name_free(&call.region, &project_id, &path, &name, Some(id))?;

    let secret = call.store.find(&call.region, id)?;
    secret.restore(call.now);
    Ok(Answer::ok(secret.to_json()))
}

fn set_protected(call: &mut Call<'_>, id: &str, protected: bool) -> Result<Answer, ApiError> {
    Fields::parse(call.body)?;
    let secret = call.store.find(&call.region, id)?;
    secret.ensure_usable()?;
    secret.protected = protected;
    Ok(Answer::ok(secret.to_json()))
}

fn secret_type(fields: &Fields) -> Result<&'static str, ApiError> {
    match fields.text("type")?.as_deref() {
        None | Some("" | "unknown_type") => Ok("opaque"),
        Some(text) => arguments::choice("type", text, &TYPES),
    }
}

fn policy(fields: &Fields) -> Result<Option<Policy>, ApiError> {
    let fields = fields.object("ephemeral_policy")?;
    fields.as_ref().map(Policy::read).transpose()
}
