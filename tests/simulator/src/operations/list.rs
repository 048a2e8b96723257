//! The two lists: filters, order and pages.

use serde_json::json;

use crate::answers::{Answer, ApiError};
use crate::arguments::{self, Paging, Query};
use crate::secret::{Secret, TYPES};
use crate::service::Call;
use crate::version::STATUSES;
use crate::{ORGANIZATION_ID, PROJECT_ID};

const ORDERS: [&str; 6] =
    ["name_asc", "name_desc", "created_at_asc", "created_at_desc", "updated_at_asc", "updated_at_desc"];

pub(super) fn secrets(call: &Call<'_>) -> Result<Answer, ApiError> {
    let paging = Paging::read(&call.query)?;
    let order = match call.query.text("order_by") {
        None => "name_asc",
        Some(text) => arguments::choice("order_by", text, &ORDERS)?,
    };
    let filter = Filter::read(&call.query)?;
    allow(&call.query)?;

    let mut found: Vec<&Secret> = call.store.in_region(&call.region).filter(|secret| filter.keeps(secret)).collect();
    sort(&mut found, order);
    let total_count = found.len();
    let page = paging.cut(found.into_iter().map(Secret::to_json));
    Ok(Answer::ok(json!({"secrets": page, "total_count": total_count})))
}

pub(super) fn versions(call: &mut Call<'_>, id: &str) -> Result<Answer, ApiError> {
    let paging = Paging::read(&call.query)?;
    let mut statuses = Vec::new();
    for text in call.query.all("status") {
        statuses.push(arguments::choice("status", text, &STATUSES)?);
    }
    statuses.retain(|status| *status != "unknown_status");

    let secret = call.store.find_to_read(&call.region, id)?;
    let found = secret.versions.iter().rev();
    let found: Vec<_> = found.filter(|version| statuses.is_empty() || statuses.contains(&version.status())).collect();
    let total_count = found.len();
    let page = paging.cut(found.into_iter().map(|version| version.to_json()));
    Ok(Answer::ok(json!({"versions": page, "total_count": total_count})))
}

/// A key that is bound to one project may list that project, or the projects of its organization
/// that it can see; a project wins over an organization.
fn allow(query: &Query) -> Result<(), ApiError> {
    let allowed = match (query.uuid("project_id")?, query.uuid("organization_id")?) {
        (Some(project_id), _) => project_id == PROJECT_ID,
        (None, Some(organization_id)) => organization_id == ORGANIZATION_ID,
        (None, None) => false,
    };
    if allowed { Ok(()) } else { Err(ApiError::Forbidden { action: "list" }) }
}

struct Filter<'a> {
    name: Option<&'a str>,
    path: Option<&'a str>,
    kind: Option<&'static str>,
    tags: Vec<&'a str>,
    ephemeral: Option<bool>,
    scheduled: bool,
}

impl<'a> Filter<'a> {
    fn read(query: &'a Query) -> Result<Filter<'a>, ApiError> {
        let kind = match query.text("type") {
            None | Some("unknown_type") => None,
            Some(text) => Some(arguments::choice("type", text, &TYPES)?),
        };
        Ok(Filter {
            name: query.text("name"),
            path: query.text("path"),
            kind,
            tags: query.all("tags"),
            ephemeral: query.flag("ephemeral")?,
            scheduled: query.flag("scheduled_for_deletion")?.unwrap_or_default(),
        })
    }

    fn keeps(&self, secret: &Secret) -> bool {
        secret.is_scheduled() == self.scheduled
            && self.name.is_none_or(|name| secret.name == name)
            && self.path.is_none_or(|path| secret.path == path)
            && self.kind.is_none_or(|kind| secret.kind == kind)
            && self.ephemeral.is_none_or(|ephemeral| secret.policy.is_some() == ephemeral)
            && self.tags.iter().all(|wanted| secret.tags.iter().any(|tag| tag == wanted))
    }
}

fn sort(secrets: &mut [&Secret], order: &str) {
    secrets.sort_by(|one, other| {
        let ascending = match order.trim_end_matches("_asc").trim_end_matches("_desc") {
            "created_at" => one.created_at.cmp(&other.created_at),
            "updated_at" => one.updated_at.cmp(&other.updated_at),
            _ => one.name.cmp(&other.name),
        };
        let ordered = if order.ends_with("_desc") { ascending.reverse() } else { ascending };
        ordered.then_with(|| one.id.cmp(&other.id))
    });
}
