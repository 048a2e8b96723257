//! What is wrong with the arguments of a call, the body that they make included.

use naftiko_schema::{BodyContent, BodyNode, Location, Operation};

use crate::argument::{Arguments, Schema, Violation, Violations};
use crate::body;
use crate::encoding::pointer_token;
use crate::template::Values;

/// The violations of all arguments. `by_schema` says whether the body is checked against the schema of the operation.
pub(crate) fn check(operation: &Operation, arguments: &Arguments, by_schema: bool) -> Violations {
    if arguments.are_checked() {
        return Violations::default();
    }
    let mut violations = arguments.check(&operation.parameters);
    if by_schema {
        violations.absorb(check_body(operation, arguments));
    }
    violations
}

/// The violations of all arguments. If there are none, the call does not look for them again.
pub fn check_once(operation: &Operation, arguments: &mut Arguments) -> Violations {
    let violations = check(operation, arguments, true);
    arguments.set_checked(violations.is_empty());
    violations
}

/// The violations of the schema of the body, where each argument has been checked by itself. If there are none, the call does
/// not look for them again.
pub fn check_body_once(operation: &Operation, arguments: &mut Arguments) -> Violations {
    let violations = check_body(operation, arguments);
    arguments.set_checked(violations.is_empty());
    violations
}

/// The violations of the schema of the body, where the body is an argument, or JSON that is made of arguments.
fn check_body(operation: &Operation, arguments: &Arguments) -> Violations {
    let Some(schema) = operation.request_schema.as_deref().map(Schema::of) else { return Violations::default() };
    let mut pairs = arguments.pairs(&operation.parameters);
    if let Some((parameter, argument)) = pairs.find(|(parameter, _)| parameter.location == Location::Body) {
        let violations = argument.map(|body| body.check_schema(&parameter.name, &schema, operation.lenient));
        return violations.unwrap_or_default();
    }
    // Values of variables are not known here. What is wrong with them is not a mistake of the caller.
    let values = Values { operation, arguments, variables: &[] };
    let Some(body) = &operation.body else { return Violations::default() };
    let BodyContent::Json(root) = &body.content else { return Violations::default() };
    let Ok(Some(built)) = body::build(&values, body) else { return Violations::default() };
    let (violations, omitted) = schema.violations_in("body", &built.bytes, operation.lenient).into_parts();
    let mut own: Violations = violations.iter().filter_map(|it| of_parameter(&values, root, it)).collect();
    own.omit(omitted);
    own
}

/// A violation of a body in terms of the parameter that is wrong. `None` if the capability has fixed what is wrong.
fn of_parameter(values: &Values<'_>, root: &BodyNode, violation: &Violation) -> Option<Violation> {
    let (mut node, mut pointer) = (root, violation.pointer.as_deref().unwrap_or_default());
    loop {
        if let BodyNode::Parameter(id) | BodyNode::Bare(id) | BodyNode::Quoted(id) = node {
            let name = &values.operation.parameter(*id)?.name;
            return Some(Violation::new(name, &*violation.problem).at(pointer.to_owned()));
        }
        let token = pointer.strip_prefix('/').map(|rest| rest.split_at(rest.find('/').unwrap_or(rest.len())));
        node = match (node, token) {
            (BodyNode::Object(members), Some((name, _))) => {
                &members.iter().find(|member| pointer_token(&member.name) == name)?.value
            }
            (BodyNode::Array(items), Some((index, _))) => {
                items.iter().filter(|item| body::has(values, item)).nth(index.parse().ok()?)?
            }
            // An object that is wrong as a whole is shown at its first parameter.
            (BodyNode::Object(members), None) => &members.first()?.value,
            _ => return None,
        };
        pointer = token.map_or("", |(_, rest)| rest);
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{
        Body, BodyMember, Kind, Method, OperationId, Parameter, ParameterId, RetrySafety, list, text,
    };
    use serde_json::json;

    use super::*;
    use crate::argument::Argument;

    const SCHEMA: &str = r#"{"type": "object", "required": ["name", "size", "owner"], "properties": {
        "name": {"type": "string", "minLength": 2}, "size": {"type": "object", "required": ["width"], "properties": {
            "width": {"type": "integer"}}}, "tags": {"items": {"type": "string"}}, "fixed": {"enum": ["a"]}}}"#;

    static OPERATION: Operation = Operation::new(OperationId(0), "op", Method::Post, RetrySafety::Idempotent)
        .parameters(
            const {
                &[
                    Parameter::new("called", Location::Field, Kind::String),
                    Parameter::new("wide", Location::Field, Kind::Any),
                    Parameter::new("first", Location::Field, Kind::Any),
                    Parameter::new("second", Location::Field, Kind::Any),
                ]
            },
        )
        .body(Body::new(
            "application/json",
            BodyContent::Json(BodyNode::Object(list(
                const {
                    &[
                        BodyMember::new("name", BodyNode::Parameter(ParameterId(0))),
                        BodyMember::new(
                            "size",
                            BodyNode::Object(list(
                                const { &[BodyMember::new("width", BodyNode::Parameter(ParameterId(1)))] },
                            )),
                        ),
                        BodyMember::new(
                            "tags",
                            BodyNode::Array(list(
                                const { &[BodyNode::Parameter(ParameterId(2)), BodyNode::Parameter(ParameterId(3))] },
                            )),
                        ),
                        BodyMember::new("fixed", BodyNode::Json(text("\"b\""))),
                    ]
                },
            ))),
        ))
        .request_schema(SCHEMA);

    #[test]
    fn violations_of_a_body_made_of_parameters_are_those_of_the_parameters() {
        for (values, expected) in [
            (vec![json!("ab"), json!(1), json!("t")], vec![]),
            (vec![], vec!["`called` is required", "`wide` is required"]),
            (
                vec![json!("a"), json!("b")],
                vec!["`called` must have at least 2 characters", "`wide` must be a whole number"],
            ),
            (vec![json!(1), json!(1)], vec!["`called` must be a string"]),
            (
                vec![json!("ab"), json!(1), json!(null), json!([1])],
                vec!["`first` must be a string", "`second` must be a string"],
            ),
        ] {
            let mut arguments = Arguments::new(&OPERATION);
            for (value, id) in values.iter().zip(0..) {
                arguments.set(ParameterId(id), Argument::Value(value.clone()));
            }
            let found: Vec<_> = check(&OPERATION, &arguments, true).first().iter().map(Violation::to_string).collect();
            assert_eq!(found, expected, "{values:?}");
            assert!(check(&OPERATION, &arguments, false).first().len() <= 1);
        }
    }
}
