//! `bearer`: a token in `Authorization: Bearer` (RFC 6750).

use naftiko_schema::{Bearer, Credential};
use serde_json::{Value, json};

use super::{Kind, Linker, api_key};

pub(super) const KIND: Kind = Kind { names: &["bearer"], link };

fn link(linker: &mut Linker<'_, '_>) -> Vec<Credential> {
    let source = linker.source;
    if source.token.is_none() && source.key.is_some() {
        // Some files place a bearer token in a header of their own.
        return api_key::link(linker);
    }
    let token = linker.template(source.token.as_ref().or(source.value.as_ref()), "token");
    vec![Credential::Bearer(Bearer { token })]
}

pub(super) fn openapi_scheme() -> (&'static str, Value) {
    ("bearer", json!({"type": "http", "scheme": "bearer"}))
}
