//! `Authorization: Bearer` (RFC 6750).

use http::header::AUTHORIZATION;
use naftiko_schema::Bearer;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Prepared, header, render};

pub(super) fn prepare(bearer: &Bearer, variables: &[SecretString]) -> Option<Prepared> {
    let token = render(&bearer.token, variables);
    Some(Prepared::Header(AUTHORIZATION, header(&format!("Bearer {}", token.expose_secret()))?))
}
