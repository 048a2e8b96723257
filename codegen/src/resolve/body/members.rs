//! Parameters and fixed values in the body, without a template or beside one.

use naftiko_schema::{Body, BodyContent, BodyMember, BodyNode, BodyPart, Location, Template};

use super::multipart::{BYTES_OF, file};
use super::{FORM, JSON, MULTIPART};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::linked::{Constant, Operation};
use crate::names::fold;
use crate::read::document::Input;

/// The names of a parameter that is the whole body, whatever its type.
const WHOLE: [&str; 4] = ["body", "payload", "requestbody", "data"];

/// Adds fixed members to a template, unless they are in it.
pub(super) fn add_fixed(operation: &mut Operation<'_>, span: Span, sink: &mut Sink) {
    let fixed = operation.constants.extract_if(.., |constant| constant.location.is_body()).collect::<Vec<_>>();
    for constant in fixed {
        let name = &constant.name.value;
        match operation.body.as_mut().map(|body| &mut body.content) {
            Some(BodyContent::Json(BodyNode::Object(members))) => {
                if !members.iter().any(|member| member.name == *name) {
                    members.to_mut().push(fixed_member(&constant));
                }
            }
            Some(BodyContent::Form(members)) => {
                if !members.iter().any(|member| member.name == *name) {
                    members.to_mut().push(fixed_member(&as_text(constant)));
                }
            }
            Some(BodyContent::Multipart(parts)) => {
                if !parts.iter().any(|part| part.name == *name) {
                    parts.to_mut().push(part(fixed_member(&as_text(constant))));
                }
            }
            _ => no_room(&constant, span, sink),
        }
    }
}

/// A form has texts only, so that the text that is written counts.
fn as_text(constant: Constant) -> Constant {
    let json = constant.json.clone().filter(|_| constant.value.parts.is_empty());
    Constant { json, ..constant }
}

fn no_room(constant: &Constant, span: Span, sink: &mut Sink) {
    let message = format!(
        "the fixed member `{}` cannot be added to a body that the caller sends as a whole",
        constant.name.value
    );
    sink.report(Code::Unsupported, span, message).help("declare the members of the body one by one");
}

/// Parameters in the body without a template: a single one may be the whole body; otherwise they are its members, or the fields
/// of a form if one is declared to be.
pub(super) fn link(operation: &mut Operation<'_>, declared: &[&Input], sink: &mut Sink) {
    let in_form = |input: &&&Input| input.location.as_ref().is_some_and(|location| location.value == "formData");
    let is_form = declared.iter().any(|input| in_form(&input));
    let in_body: Vec<usize> = indices(operation);
    let fixed: Vec<_> = operation.constants.extract_if(.., |constant| constant.location.is_body()).collect();
    if let ([only], false) = (in_body.as_slice(), is_form) {
        let Some(parameter) = operation.parameters.get_mut(*only) else { return };
        let kind = parameter.kind.as_ref().map(|kind| kind.value.as_str());
        let named = WHOLE.contains(&fold(&parameter.name).as_str());
        if named || matches!(kind, None | Some("object" | "array" | "any")) {
            // Converters of API descriptions write `string` where the type is unknown.
            if kind == Some("string") {
                parameter.kind = None;
            }
            let span = parameter.span;
            fixed.iter().for_each(|constant| no_room(constant, span, sink));
            return;
        }
    }
    let first = in_body.first().and_then(|index| operation.parameters.get(*index)).map(|first| first.span);
    if let Some(first) = first.filter(|_| !is_form) {
        let message =
            format!("the body parameters of `{}` are sent as members of one JSON object", operation.name.value);
        let help = "to send one parameter as the whole body, name it `body` and give it the type `object`";
        sink.report_once(Code::BodyMembers, "members", first, message).help(help);
    }
    if first.is_none() && fixed.is_empty() {
        return;
    }
    let mut members = Vec::new();
    let mut files = Vec::new();
    for index in in_body {
        if let Some(parameter) = operation.parameters.get_mut(index) {
            parameter.location = Location::Field;
            if parameter.kind.as_ref().is_some_and(|kind| kind.value == "file") {
                files.push(parameter.wire.clone());
                parameter.kind = None;
                parameter.description.get_or_insert_with(|| BYTES_OF.to_owned());
            }
            members.push(member(parameter.wire.clone(), BodyNode::Parameter(index.into())));
        }
    }
    let fixed = fixed.into_iter().map(|constant| if is_form { as_text(constant) } else { constant });
    members.extend(fixed.map(|constant| fixed_member(&constant)));
    let (media_type, content) = if !is_form {
        (JSON, BodyContent::Json(BodyNode::Object(members.into())))
    } else if files.is_empty() {
        (FORM, BodyContent::Form(members.into()))
    } else {
        let parts = members
            .into_iter()
            .map(part)
            .map(|it| if files.iter().any(|name| *name == it.name) { file(it) } else { it });
        (MULTIPART, BodyContent::Multipart(parts.collect()))
    };
    operation.body = Some(Body { media_type: media_type.into(), content });
}

fn indices(operation: &Operation<'_>) -> Vec<usize> {
    let parameters = operation.parameters.iter().enumerate();
    parameters.filter(|(_, parameter)| parameter.location.is_body()).map(|(index, _)| index).collect()
}

/// A member with a name that is written.
pub(super) fn member(name: String, value: BodyNode) -> BodyMember {
    BodyMember { name: name.into(), value, made: None }
}

/// The part of a multipart form that a field is.
pub(super) fn part(field: BodyMember) -> BodyPart {
    BodyPart { name: field.name, value: field.value, file_name: None, media_type: None, bytes: false }
}

fn fixed_member(constant: &Constant) -> BodyMember {
    let value = match &constant.json {
        Some(json) => BodyNode::Json(json.clone().into()),
        None => BodyNode::Text(Template::clone(&constant.value)),
    };
    member(constant.name.value.clone(), value)
}
