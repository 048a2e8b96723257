//! What the environment may have, once for all operations.

use naftiko_schema::{Location, Parameter};

use crate::companion::Types;
use crate::companion::shape::Member;
use crate::model::Operation;
use crate::read::document::Rules;

/// Each parameter and each member of a body that a variable may have, without what differs between operations.
pub(super) fn lower(types: &Types, operations: &[Operation]) -> Vec<Parameter> {
    let mut defaults: Vec<Parameter> = Vec::new();
    for operation in operations {
        let parameters = operation.table.parameters.iter().filter(|parameter| parameter.configured.is_some());
        let parameters = parameters.map(|parameter| Parameter {
            description: "".into(),
            default: None,
            required: false,
            ..parameter.clone()
        });
        for default in parameters.chain(members(types, operation)) {
            if !defaults.contains(&default) {
                defaults.push(default);
            }
        }
    }
    defaults
}

fn members(types: &Types, operation: &Operation) -> Vec<Parameter> {
    let request = types.bodies.get(&operation.table.id).and_then(|bodies| bodies.request.as_ref());
    let (Some(request), Some(defaults)) = (request, types.defaults(operation.table.id)) else { return Vec::new() };
    let parameter = |member: &Member| {
        let variable = defaults.get(&member.name)?;
        let (kind, format, allowed) = types.shapes.get(member.value.shape).scalar()?;
        Some(Parameter {
            name: member.name.clone().into(),
            location: Location::Field,
            kind,
            required: false,
            default: None,
            configured: Some(variable.clone().into()),
            style: None,
            counts_from: None,
            rules: Rules::of_limits(&member.value.limits, format, allowed).of(kind, true),
            description: "".into(),
        })
    };
    types.shapes.scalars(request).into_iter().filter_map(parameter).collect()
}
