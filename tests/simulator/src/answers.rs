//! The responses of the API, and the fixed bodies of its errors.

use serde_json::{Value, json};

use crate::ORGANIZATION_ID;

/// A status and, unless it is 204, a JSON body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Answer {
    pub(crate) fn ok(body: Value) -> Answer {
        Answer { status: 200, body: Some(body) }
    }

    pub(crate) fn no_content() -> Answer {
        Answer { status: 204, body: None }
    }
}

/// Why a request is not carried out.
#[derive(Debug)]
pub(crate) enum ApiError {
    Unauthenticated {
        reason: &'static str,
    },
    UnknownRoute,
    BodyTooLarge,
    /// The body is not a JSON object, or a field of it has the wrong JSON type.
    Undecodable {
        what: String,
    },
    InvalidArgument {
        argument: String,
        reason: &'static str,
        help: String,
    },
    Forbidden {
        action: &'static str,
    },
    QuotaExceeded {
        resource: &'static str,
        quota: usize,
    },
    NotFound {
        resource: &'static str,
        id: String,
    },
    Protected,
    NotUsable {
        help: &'static str,
    },
    Locked {
        id: String,
    },
}

impl ApiError {
    pub(crate) fn required(argument: &str) -> ApiError {
        ApiError::invalid(argument, "required", "")
    }

    /// The text of the argument is not of the expected form.
    pub(crate) fn format(argument: &str, help: &str) -> ApiError {
        ApiError::invalid(argument, "format", help)
    }

    /// The argument is well-formed but its value is not allowed.
    pub(crate) fn constraint(argument: &str, help: &str) -> ApiError {
        ApiError::invalid(argument, "constraint", help)
    }

    pub(crate) fn duplicate_name() -> ApiError {
        ApiError::format("name", "cannot have same secret name in same path")
    }

    pub(crate) fn deleted_secret() -> ApiError {
        ApiError::NotUsable { help: "cannot act on deleted secret" }
    }

    fn invalid(argument: &str, reason: &'static str, help: &str) -> ApiError {
        ApiError::InvalidArgument { argument: argument.to_owned(), reason, help: help.to_owned() }
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Answer {
        let (status, body) = match error {
            ApiError::Unauthenticated { reason } => (
                401,
                json!({
                    "message": "authentication is denied",
                    "method": "api_key",
                    "reason": reason,
                    "type": "denied_authentication",
                }),
            ),
            ApiError::UnknownRoute => (501, json!({"message": "unknown service"})),
            ApiError::BodyTooLarge => (413, json!({"message": "request body is too large"})),
            ApiError::Undecodable { what } => (400, json!({"message": format!("cannot decode request: {what}")})),
            ApiError::InvalidArgument { argument, reason, help } => (
                400,
                json!({
                    "details": [{"argument_name": argument, "help_message": help, "reason": reason}],
                    "message": "invalid argument(s)",
                    "type": "invalid_arguments",
                }),
            ),
            ApiError::Forbidden { action } => (
                403,
                json!({
                    "details": [{"action": action, "resource": "secret"}],
                    "message": "insufficient permissions",
                    "type": "permissions_denied",
                }),
            ),
            ApiError::QuotaExceeded { resource, quota } => (
                403,
                json!({
                    "details": [{
                        "current": quota,
                        "organization_id": ORGANIZATION_ID,
                        "quota": quota,
                        "resource": resource,
                    }],
                    "message": "quota(s) exceeded for this resource",
                    "type": "quotas_exceeded",
                }),
            ),
            ApiError::NotFound { resource, id } => (
                404,
                json!({
                    "message": "resource is not found",
                    "resource": resource,
                    "resource_id": id,
                    "type": "not_found",
                }),
            ),
            ApiError::Protected => (412, precondition("protected_resource", "cannot delete a protected secret")),
            ApiError::NotUsable { help } => (412, precondition("resource_not_usable", help)),
            ApiError::Locked { id } => (
                423,
                json!({
                    "message": "resource is locked",
                    "resource": "secret",
                    "resource_id": id,
                    "type": "locked",
                }),
            ),
        };
        Answer { status, body: Some(body) }
    }
}

fn precondition(precondition: &str, help: &str) -> Value {
    json!({
        "help_message": help,
        "message": "precondition is not respected",
        "precondition": precondition,
        "type": "precondition_failed",
    })
}
