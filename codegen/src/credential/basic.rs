//! `basic`: a user name and a password in `Authorization: Basic` (RFC 7617).

use naftiko_schema::{Basic, Credential};
use serde_json::{Value, json};

use super::{Kind, Linker};

pub(super) const KIND: Kind = Kind { names: &["basic"], link };

fn link(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    let username = linker.template(source.username.as_ref(), "username");
    let password = linker.template(source.password.as_ref(), "password");
    vec![Credential::Basic(Basic { username, password })]
}

pub(super) fn openapi_scheme() -> (&'static str, Value) {
    ("basic", json!({"type": "http", "scheme": "basic"}))
}
