//! Masks secrets in responses, so that models do not read them.

use naftiko_adapter::numbers;
use naftiko_client::__private::{is_json, rank, without_byte_order_mark};
use naftiko_schema::{PathPart, Target};
use serde_json::Value;

/// The text in place of a secret.
pub(super) const MASK: &str = "***";

/// Names of members that hold a credential, as lower-case letters and digits.
const CREDENTIALS: &[&str] = &[
    "accesstoken",
    "apikey",
    "apisecret",
    "authtoken",
    "bearertoken",
    "clientsecret",
    "connectionstring",
    "credential",
    "credentials",
    "idtoken",
    "masterpassword",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "privatekeypem",
    "refreshtoken",
    "rootpassword",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sessiontoken",
    "sharedsecret",
    "signingkey",
    "signingsecret",
    "token",
    "userpassword",
    "webhooksecret",
];

/// Last path segments of operations that return a secret: `…/secrets/{id}/versions/{revision}/access`.
const REVEALING: &[&str] = &["access", "accessversion", "decrypt", "reveal", "unseal", "unwrap", "value"];
/// Path segments of which such an operation has at least one.
const VAULTS: &[&str] = &["secret", "secrets", "secretmanager", "key", "keys", "keymanager", "vault", "vaults"];
/// Names of members that hold the secret in responses of such operations.
const PAYLOADS: &[&str] = &["data", "payload", "plaintext", "value", "secretvalue", "secretstring", "secretbinary"];

/// Masks the secrets of a response, and returns whether it had any.
pub(super) fn mask(target: &Target, document: &mut Value) -> bool {
    let payloads = returns_secrets(target);
    let masked = if payloads && document.is_string() { mask_texts(document) } else { mask_members(document, payloads) };
    masked > 0
}

/// A response with its secrets masked. Text, and JSON that is nested too deeply to be parsed, is masked whole if it may
/// contain a secret.
pub(super) fn masked(target: &Target, body: Vec<u8>) -> Vec<u8> {
    match numbers::read(without_byte_order_mark(&body)) {
        Ok(mut document) => {
            if mask(target, &mut document) {
                numbers::write(&document).into_bytes()
            } else {
                body
            }
        }
        Err(_) if returns_secrets(target) || is_json(&body) => MASK.into(),
        Err(_) => body,
    }
}

/// Whether a target returns secrets by design.
pub(super) fn returns_secrets(target: &Target) -> bool {
    match target {
        Target::Operation(operation) => path_returns_secrets(&operation.path),
    }
}

fn path_returns_secrets(path: &[PathPart]) -> bool {
    let literals = path.iter().filter_map(|part| match part {
        PathPart::Literal(text) => Some(text.split(['/', ':'])),
        PathPart::Parameter(_) => None,
    });
    let segments: Vec<&str> = literals.flatten().filter(|segment| !segment.is_empty()).collect();
    let ends = matches!(path.last(), Some(PathPart::Literal(_)));
    ends && segments.last().is_some_and(|last| rank(last, REVEALING).is_some())
        && segments.iter().any(|segment| rank(segment, VAULTS).is_some())
}

/// Masks the secret members, and returns how many.
fn mask_members(value: &mut Value, payloads: bool) -> usize {
    match value {
        Value::Object(members) => {
            let masked = members.iter_mut().map(|(name, value)| {
                let secret = rank(name, CREDENTIALS).is_some() || (payloads && rank(name, PAYLOADS).is_some());
                if secret { mask_texts(value) } else { mask_members(value, payloads) }
            });
            masked.sum()
        }
        Value::Array(items) => items.iter_mut().map(|item| mask_members(item, payloads)).sum(),
        _ => 0,
    }
}

/// Masks all texts of a secret member, which may be a list or an object.
fn mask_texts(value: &mut Value) -> usize {
    match value {
        Value::String(text) if text.is_empty() || numbers::is_marked(text) => 0,
        Value::String(text) => {
            MASK.clone_into(text);
            1
        }
        Value::Object(members) => members.values_mut().map(mask_texts).sum(),
        Value::Array(items) => items.iter_mut().map(mask_texts).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{ParameterId, text};
    use serde_json::json;

    use super::*;

    #[test]
    fn only_credentials_are_masked_at_any_depth() {
        let mut document = json!({
            "id": "1", "secret_id": "2", "nextPageToken": "3", "token_count": 4, "secret": {"name": "a", "keys": ["b"]},
            "users": [{"apiKey": "k", "Password": "", "client-secret": "s", "token": null}],
        });
        assert_eq!(mask_members(&mut document, false), 4);
        let expected = json!({
            "id": "1", "secret_id": "2", "nextPageToken": "3", "token_count": 4,
            "secret": {"name": "***", "keys": ["***"]},
            "users": [{"apiKey": "***", "Password": "", "client-secret": "***", "token": null}],
        });
        assert_eq!(document, expected);
        assert_eq!(mask_members(&mut json!({"data": "d", "n": 1}), false), 0);
        let mut payload = json!({"secret_id": "2", "data": "ZA==", "data_crc32": 7});
        assert_eq!(mask_members(&mut payload, true), 1);
        assert_eq!(payload, json!({"secret_id": "2", "data": "***", "data_crc32": 7}));
    }

    #[test]
    fn operations_that_return_secrets_are_recognised_by_path() {
        use PathPart::{Literal, Parameter};

        for (path, returns) in [
            (
                &[
                    Literal(text("/secrets/")),
                    Parameter(ParameterId(0)),
                    Literal(text("/versions/")),
                    Parameter(ParameterId(1)),
                    Literal(text("/access")),
                ][..],
                true,
            ),
            (&[Literal(text("/secrets/")), Parameter(ParameterId(0)), Literal(text("/versions/latest:access"))], true),
            (&[Literal(text("/key-manager/keys/")), Parameter(ParameterId(0)), Literal(text("/decrypt"))], true),
            (
                &[
                    Literal(text("/secrets/")),
                    Parameter(ParameterId(0)),
                    Literal(text("/versions/")),
                    Parameter(ParameterId(1)),
                ],
                false,
            ),
            (&[Literal(text("/secrets/access/")), Parameter(ParameterId(0))], false),
            (&[Literal(text("/rooms/")), Parameter(ParameterId(0)), Literal(text("/access"))], false),
        ] {
            assert_eq!(path_returns_secrets(path), returns, "{path:?}");
        }
    }
}
