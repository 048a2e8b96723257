//! Forms: `application/x-www-form-urlencoded` (WHATWG URL §5.2).

use naftiko_schema::BodyMember;

use super::texts;
use crate::encoding::form_pair;
use crate::template::Values;

pub(super) fn pairs(values: &Values<'_>, members: &[BodyMember]) -> String {
    let mut pairs = Vec::new();
    for member in members {
        let name = match &member.made {
            Some(template) => values.fill(template),
            None => Some(member.name.clone().into_owned()),
        };
        let Some(name) = name else { continue };
        pairs.extend(texts(values, &member.value).iter().map(|value| form_pair(&name, value)));
    }
    pairs.join("&")
}
