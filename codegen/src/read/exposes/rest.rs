//! REST adapters: resources and their operations.

use super::AdapterKind;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::read::consumes::input;
use crate::read::document::{Input, Invocation, Text};
use crate::read::fields::Fields;
use crate::read::invocation::invocation;
use crate::read::yaml::Node;
use crate::read::{bytes, name_of, read_all, read_parts, unsupported};

#[derive(Debug)]
pub(crate) struct RestResource {
    pub(crate) path: Text,
    pub(crate) inputs: Vec<Input>,
    pub(crate) operations: Vec<RestOperation>,
}

#[derive(Debug)]
pub(crate) struct RestOperation {
    pub(crate) span: Span,
    pub(crate) method: Option<Text>,
    /// The path of the operation itself, below that of the resource.
    pub(crate) path: Option<Text>,
    pub(crate) name: Option<Text>,
    pub(crate) description: Option<Text>,
    /// The media type of binary responses for which the upstream names none.
    pub(crate) media_type: Option<Text>,
    pub(crate) invocation: Invocation,
}

pub(super) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> AdapterKind {
    let shared = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let (mut resources, _) = read_parts("resource", fields.members(&["resources"], sink), resource, sink);
    for resource in &mut resources {
        resource.inputs.extend(shared.iter().cloned());
    }
    AdapterKind::Rest(resources)
}

fn resource(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<RestResource> {
    let mut fields = Fields::of(node, "a REST resource", sink);
    name_of(key, &mut fields, sink);
    let path = fields.required_text(&["path"], sink);
    fields.ignore(&["label", "display", "description", "tags"]);
    unsupported(&mut fields, "forward", Code::Forward, "forwarding of whole paths is not supported yet", sink);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let (operations, _) = read_parts("route", fields.members(&["operations"], sink), operation, sink);
    fields.finish(sink);
    Some(RestResource { path: path?, inputs, operations })
}

fn operation(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<RestOperation> {
    let mut fields = Fields::of(node, "a REST operation", sink);
    let name = name_of(key, &mut fields, sink);
    let method = fields.text(&["method"], sink);
    let path = fields.text(&["path"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["label", "display", "tags"]);
    let media_type = bytes::contract(&mut fields, sink);
    let invocation = invocation(&mut fields, sink);
    let span = fields.span;
    fields.finish(sink);
    Some(RestOperation { span, method, path, name, description, media_type, invocation })
}
