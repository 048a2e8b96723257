//! The operations of the API, one function each.
//!
//! Every function keeps the same order: arguments, permission, existence, state, effect.

mod list;
mod secrets;
mod versions;

use crate::answers::{Answer, ApiError};
use crate::arguments;
use crate::routes::{SecretAction, Target, VersionAction};
use crate::service::Call;

pub(crate) fn carry_out(mut call: Call<'_>, target: Target) -> Result<Answer, ApiError> {
    match target {
        Target::ListSecrets => list::secrets(&call),
        Target::CreateSecret => secrets::create(&mut call),
        Target::Secret { id, action } => {
            let id = arguments::uuid("secret_id", &id)?;
            let operation = match action {
                SecretAction::Get => secrets::get,
                SecretAction::Update => secrets::update,
                SecretAction::Delete => secrets::delete,
                SecretAction::AddOwner => secrets::add_owner,
                SecretAction::Protect => secrets::protect,
                SecretAction::Unprotect => secrets::unprotect,
                SecretAction::Restore => secrets::restore,
                SecretAction::ListVersions => list::versions,
                SecretAction::CreateVersion => versions::create,
            };
            operation(&mut call, &id)
        }
        Target::Version { id, revision, action } => {
            let id = arguments::uuid("secret_id", &id)?;
            let wanted = versions::Wanted::parse(revision)?;
            let operation = match action {
                VersionAction::Get => versions::get,
                VersionAction::Update => versions::update,
                VersionAction::Delete => versions::delete,
                VersionAction::Access => versions::access,
                VersionAction::Disable => versions::disable,
                VersionAction::Enable => versions::enable,
                VersionAction::Restore => versions::restore,
            };
            operation(&mut call, &id, &wanted)
        }
        Target::AccessByPath { revision } => versions::access_by_path(&mut call, &versions::Wanted::parse(revision)?),
    }
}
