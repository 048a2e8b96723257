//! Forms: `application/x-www-form-urlencoded` (WHATWG URL §5.2).

use naftiko_schema::{BodyMember, BodyNode, Parameter};

use super::texts;
use crate::argument::Argument;
use crate::encoding::{form_encode, form_pair};
use crate::style;
use crate::template::Values;

pub(super) fn pairs(values: &Values<'_>, members: &[BodyMember]) -> String {
    let mut pairs = Vec::new();
    for member in members {
        let name = match &member.made {
            Some(template) => values.fill(template),
            None => Some(member.name.clone().into_owned()),
        };
        let Some(name) = name else { continue };
        let styled = argument(values, &member.value);
        let styled = styled.and_then(|(parameter, argument)| style::pairs(parameter, &name, argument, form_encode));
        let usual = || texts(values, &member.value).iter().map(|value| form_pair(&name, value)).collect();
        pairs.extend(styled.unwrap_or_else(usual));
    }
    pairs.join("&")
}

/// The parameter that a value is, and its argument.
fn argument<'v>(values: &Values<'v>, node: &BodyNode) -> Option<(&'v Parameter, &'v Argument)> {
    let (BodyNode::Parameter(id) | BodyNode::Quoted(id)) = node else { return None };
    values.operation.parameter(*id).zip(values.arguments.get(*id))
}
