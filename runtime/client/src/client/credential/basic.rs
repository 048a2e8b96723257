//! `Authorization: Basic` (RFC 7617).

use base64::Engine as _;
use http::header::AUTHORIZATION;
use naftiko_schema::Basic;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Prepared, header, render};

pub(super) fn prepare(credential: &Basic, variables: &[SecretString]) -> Option<Prepared> {
    let (username, password) = (render(&credential.username, variables), render(&credential.password, variables));
    let value = basic(username.expose_secret(), password.expose_secret());
    Some(Prepared::Header(AUTHORIZATION, header(&value)?))
}

/// The value of `Authorization` for a user name and a password (RFC 7617 §2).
pub fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}")))
}
