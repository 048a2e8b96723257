//! Operations on the versions of one secret.

use crate::PROJECT_ID;
use crate::answers::{Answer, ApiError};
use crate::arguments::{self, Fields, Revision};
use crate::payload;
use crate::policy::Properties;
use crate::secret::Secret;
use crate::service::Call;
use crate::version::Version;

/// Versions that a secret may have, erased ones aside.
const QUOTA: usize = 20;

/// The revision of a request, also as the client wrote it.
pub(super) struct Wanted {
    revision: Revision,
    text: String,
}

impl Wanted {
    pub(super) fn parse(text: String) -> Result<Wanted, ApiError> {
        Ok(Wanted { revision: Revision::parse(&text)?, text })
    }
}

pub(super) fn create(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    let fields = Fields::parse(call.body)?;
    let data = fields.text("data")?.unwrap_or_default();
    let data_crc32 = fields.number("data_crc32")?;
    let disable_previous = fields.flag("disable_previous")?.unwrap_or_default();
    let description = fields.text("description")?.unwrap_or_default();
    let bytes = payload::check(&data, data_crc32)?;

    let secret = call.store.find(&call.region, id)?;
    payload::check_type(secret.kind, &bytes)?;
    secret.ensure_usable()?;
    let kept = secret.versions.iter().filter(|v| v.deleted_at.is_none());
    if kept.count() >= QUOTA {
        return Err(ApiError::QuotaExceeded { resource: "secret_version", quota: QUOTA });
    }
    let mut revision = 1;
    if let Some(previous) = secret.versions.last_mut() {
        revision = previous.revision + 1;
        previous.latest = false;
        if disable_previous && previous.status() == "enabled" {
            previous.disable(call.now)?;
        }
    }
    let version = Version {
        revision,
        secret_id: id.to_owned(),
        region: call.region.clone(),
        description,
        data,
        data_crc32,
        latest: true,
        enabled: true,
        ephemeral: secret.policy.map(|policy| policy.properties(call.now)),
        created_at: call.now,
        updated_at: call.now,
        deletion_requested_at: None,
        deleted_at: None,
    };
    let created = version.to_json();
    secret.versions.push(version);
    Ok(Answer::ok(created))
}

pub(super) fn get(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    let secret = call.store.find_to_read(&call.region, id)?;
    let version = secret.version(&wanted.revision, &wanted.text)?;
    Ok(Answer::ok(version.to_json()))
}

pub(super) fn update(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    let fields = Fields::parse(call.body)?;
    let description = fields.text("description")?;
    let ephemeral = fields.object("ephemeral_properties")?;
    let ephemeral = ephemeral.as_ref().map(Properties::read).transpose()?;
    let secret = call.store.find(&call.region, id)?;
    let version = usable_version(secret, wanted)?;
    version.update(description, ephemeral, call.now)?;
    Ok(Answer::ok(version.to_json()))
}

/// Finds the secret by its name, and shows the value of a version of it.
pub(super) fn access_by_path(call: &mut Call<'_>, wanted: &Wanted) -> Result<Answer, ApiError> {
    let required = |key| call.query.text(key).ok_or_else(|| ApiError::required(key));
    let (path, name) = (required("secret_path")?, required("secret_name")?);
    let project_id = arguments::uuid("project_id", required("project_id")?)?;
    if project_id != PROJECT_ID {
        return Err(ApiError::Forbidden { action: "access" });
    }
    let secret = call.store.named(&call.region, &project_id, path, name);
    let id = secret.map(|secret| secret.id.clone());
    let id = id.ok_or_else(|| ApiError::NotFound { resource: "secret", id: name.to_owned() })?;
    access(call, &id, wanted)
}

pub(super) fn access(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    let secret = call.store.find_to_read(&call.region, id)?;
    let kind = secret.kind;
    let version = usable_version(secret, wanted)?;
    Ok(Answer::ok(version.access(kind, call.now)?))
}

pub(super) fn delete(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    let secret = call.store.find(&call.region, id)?;
    usable_version(secret, wanted)?.delete(call.now)?;
    Ok(Answer::no_content())
}

pub(super) fn disable(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    Fields::parse(call.body)?;
    let secret = call.store.find(&call.region, id)?;
    let version = usable_version(secret, wanted)?;
    version.disable(call.now)?;
    Ok(Answer::ok(version.to_json()))
}

pub(super) fn enable(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    Fields::parse(call.body)?;
    let secret = call.store.find(&call.region, id)?;
    let policy = secret.policy;
    let version = usable_version(secret, wanted)?;
    version.enable(policy, call.now)?;
    Ok(Answer::ok(version.to_json()))
}

pub(super) fn restore(call: &mut Call<'_>, id: &str, wanted: &Wanted) -> Result<Answer, ApiError> {
    Fields::parse(call.body)?;
    let secret = call.store.find(&call.region, id)?;
    let version = usable_version(secret, wanted)?;
    if !version.is_scheduled() {
        return Err(ApiError::NotUsable { help: "cannot restore a version that is not scheduled for deletion" });
    }
    version.restore();
    Ok(Answer::ok(version.to_json()))
}

/// Finds a version of a secret whose state allows more than reading.
fn usable_version<'a>(secret: &'a mut Secret, wanted: &Wanted) -> Result<&'a mut Version, ApiError> {
    let usable = secret.ensure_usable();
    let version = secret.version(&wanted.revision, &wanted.text)?;
    usable?;
    Ok(version)
}
