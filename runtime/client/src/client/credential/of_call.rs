//! Credentials with values of one caller in them.

use naftiko_schema::{Credential, Operation, Template, TemplatePart};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Prepared, kinds};
use crate::argument::Violation;
use crate::template::Values;

/// The credentials of a call, in place of those of its API; empty if these hold. A credential without any text is left out.
pub(in crate::client) fn of_call(
    operation: &'static Operation,
    values: &Values<'_>,
) -> Result<Vec<Prepared>, Violation> {
    let mut all = Vec::new();
    for credential in operation.credentials.iter() {
        let mut is_empty = true;
        for part in credential.templates().into_iter().flat_map(|template| template.parts.iter()) {
            let text = values.text(part);
            is_empty &= text.is_empty();
            if let TemplatePart::Parameter(id) = part
                && !fits(credential, &text)
            {
                return Err(Violation::new(values.name(*id), PROBLEM));
            }
        }
        if is_empty {
            continue;
        }
        let fill = |template: &Template| values.whole(template);
        let prepared = kinds::prepare(credential, &fill, None);
        all.push(prepared.ok_or_else(|| Violation::new(argument(values, credential), PROBLEM))?);
    }
    Ok(all)
}

/// What callers must not see of their own call: what they sent for a credential, and what was made of it.
pub(in crate::client) fn secrets_of_call(operation: &'static Operation, values: &Values<'_>) -> Vec<SecretString> {
    let templates = operation.credentials.iter().flat_map(Credential::templates);
    let texts = templates.flat_map(|template| {
        let arguments = template.parts.iter().filter(|part| matches!(part, TemplatePart::Parameter(_)));
        let arguments: Vec<SecretString> = arguments.map(|part| values.text(part).into_owned().into()).collect();
        arguments.into_iter().chain([values.whole(template)])
    });
    let made = of_call(operation, values).unwrap_or_default();
    let made: Vec<SecretString> = made.iter().filter_map(Prepared::secret).map(SecretString::from).collect();
    texts.chain(made).filter(|text| !text.expose_secret().is_empty()).collect()
}

const PROBLEM: &str = "has characters that a credential cannot have";

/// Whether a text of a caller stays what it is among the rest of a credential.
pub(in crate::client) fn fits(credential: &Credential, text: &str) -> bool {
    match credential {
        // RFC 6750 §2.1: another scheme, or a parameter, cannot follow.
        Credential::Bearer(_) => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)),
        // RFC 7617 §2: the first colon ends the user name. A password may have one, but callers send either.
        Credential::Basic(_) => !text.contains(|c: char| c.is_control() || c == ':'),
        _ => !text.contains(char::is_control),
    }
}

/// The first argument in a credential, which violations name.
fn argument<'a>(values: &Values<'a>, credential: &Credential) -> &'a str {
    let parts = credential.templates().into_iter().flat_map(|template| template.parts.iter());
    let id = parts.filter_map(|part| if let TemplatePart::Parameter(id) = part { Some(*id) } else { None }).next();
    id.map_or("credential", |id| values.name(id))
}
