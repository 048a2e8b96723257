//! REST adapters: resources and their operations.

use super::AdapterKind;
use crate::diagnostic::{Sink, Span};
use crate::read::consumes::input;
use crate::read::document::{ConsumedOperation, ConsumedResource, Input, Invocation, Text};
use crate::read::fields::Fields;
use crate::read::invocation::invocation;
use crate::read::yaml::Node;
use crate::read::{bytes, name_of, read_all, read_parts};

#[derive(Debug)]
pub(crate) struct RestResource {
    pub(crate) path: Text,
    /// What requests are passed on to that no operation takes.
    pub(crate) forward: Option<Forward>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) operations: Vec<RestOperation>,
}

/// The `forward` of a resource.
#[derive(Debug)]
pub(crate) struct Forward {
    /// The namespace of the API.
    pub(crate) namespace: Text,
    /// Names of header fields.
    pub(crate) trusted: Vec<Text>,
    /// An operation at the base URI, without parameters of its own.
    pub(crate) operation: ConsumedOperation,
    /// Its resource.
    pub(crate) resource: ConsumedResource,
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
    let forward = fields.get(&["forward"]).and_then(|entry| forward(&entry.value, sink));
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let (operations, _) = read_parts("route", fields.members(&["operations"], sink), operation, sink);
    fields.finish(sink);
    Some(RestResource { path: path?, forward, inputs, operations })
}

fn forward(node: &Node, sink: &mut Sink) -> Option<Forward> {
    let mut fields = Fields::of(node, "a `forward`", sink);
    let namespace = fields.required_text(&["targetNamespace"], sink);
    let trusted = fields.list("trustedHeaders", sink);
    fields.finish(sink);
    let namespace = namespace?;
    let path = Some(Text { value: "/".to_owned(), span: namespace.span });
    let operation = ConsumedOperation {
        name: Text { value: format!("forward to {}", namespace.value), span: namespace.span },
        method: Some(Text { value: "GET".to_owned(), span: namespace.span }),
        path: None,
        description: None,
        output_format: None,
        output_headers: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        body: None,
        limit: None,
        output_media_type: None,
        output_schema: None,
    };
    let resource = ConsumedResource { path, inputs: Vec::new(), operations: Vec::new(), left_out: Vec::new() };
    Some(Forward { namespace, trusted, operation, resource })
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
