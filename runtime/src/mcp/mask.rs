//! Secrets in answers: what an upstream hands out is not for every model to read.

use serde_json::Value;

use crate::operation::{Operation, PathPart};
use crate::paging::rank;
use crate::response::is_json;

/// What stands in the place of a secret.
pub(super) const MASK: &str = "***";

/// Members that hold a credential, by their letters.
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

/// What the path of an operation ends with that hands a secret out: `…/secrets/{id}/versions/{revision}/access`.
const GIVING: &[&str] = &["access", "accessversion", "decrypt", "reveal", "unseal", "unwrap", "value"];
/// What its path has in it.
const VAULTS: &[&str] = &["secret", "secrets", "secretmanager", "key", "keys", "keymanager", "vault", "vaults"];
/// Members that hold the secret then.
const PAYLOADS: &[&str] = &["data", "payload", "plaintext", "value", "secretvalue", "secretstring", "secretbinary"];

/// Masks the secrets of an answer, and says whether there were any.
pub(super) fn mask(operation: &Operation, document: &mut Value) -> bool {
    let payloads = gives_secrets(operation);
    let masked = if payloads && document.is_string() { mask_texts(document) } else { mask_members(document, payloads) };
    masked > 0
}

/// An answer with its secrets masked. Nobody knows what is in a text, or in JSON that is nested too deeply to be read.
pub(super) fn masked(operation: &Operation, body: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice(&body) {
        Ok(mut document) => {
            if mask(operation, &mut document) {
                document.to_string().into_bytes()
            } else {
                body
            }
        }
        Err(_) if gives_secrets(operation) || is_json(&body) => MASK.into(),
        Err(_) => body,
    }
}

/// Whether the operation is there to hand out a secret.
pub(super) fn gives_secrets(operation: &Operation) -> bool {
    leads_to_secrets(operation.path)
}

fn leads_to_secrets(path: &[PathPart]) -> bool {
    let literals = path.iter().filter_map(|part| match part {
        PathPart::Literal(text) => Some(text.split(['/', ':'])),
        PathPart::Parameter(_) => None,
    });
    let segments: Vec<&str> = literals.flatten().filter(|segment| !segment.is_empty()).collect();
    let ends = matches!(path.last(), Some(PathPart::Literal(_)));
    ends && segments.last().is_some_and(|last| rank(last, GIVING).is_some())
        && segments.iter().any(|segment| rank(segment, VAULTS).is_some())
}

/// Says how many it has masked.
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

/// Masks all texts of a member that is a secret; some have it in a list or an object.
fn mask_texts(value: &mut Value) -> usize {
    match value {
        Value::String(text) if text.is_empty() => 0,
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
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_masked_wherever_they_stand_and_nothing_else() {
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
    fn operations_that_hand_out_secrets_are_known_by_their_paths() {
        use PathPart::{Literal, Parameter};

        for (path, gives) in [
            (&[Literal("/secrets/"), Parameter(0), Literal("/versions/"), Parameter(1), Literal("/access")][..], true),
            (&[Literal("/secrets/"), Parameter(0), Literal("/versions/latest:access")], true),
            (&[Literal("/key-manager/keys/"), Parameter(0), Literal("/decrypt")], true),
            (&[Literal("/secrets/"), Parameter(0), Literal("/versions/"), Parameter(1)], false),
            (&[Literal("/secrets/access/"), Parameter(0)], false),
            (&[Literal("/rooms/"), Parameter(0), Literal("/access")], false),
        ] {
            assert_eq!(leads_to_secrets(path), gives, "{path:?}");
        }
    }
}
