//! Rules for output parameters.

use std::collections::BTreeMap;

use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink};
use crate::linked::{Linked, Operation, Target};
use crate::read::document::Output;
use crate::read::yaml::Node;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for operation in &linked.operations {
        check_word(operation, sink);
    }
    for call in linked.calls() {
        let outputs = &call.outputs;
        let responding = match call.target {
            Target::Operation(id) => Some(id),
            Target::Flow(id) => linked.flows.get(id.index()).and_then(|flow| Some(flow.calls().last()?.operation)),
        };
        if let Some(operation) = responding.and_then(|id| linked.operations.get(id.index())) {
            check_format(operation, outputs, sink);
        }
        if outputs.len() > 1 {
            check_names(outputs, sink);
        }
        for output in outputs.iter() {
            check_output(output, sink);
        }
    }
}

/// Formats that the reference engine converts to JSON before mapping.
const STRUCTURED: [&str; 9] = ["xml", "yaml", "csv", "tsv", "psv", "html", "markdown", "avro", "protobuf"];

/// Formats that need no conversion.
const AS_THEY_ARE: [&str; 3] = ["json", "binary", "text"];

/// Responses in other formats cannot be mapped.
fn check_format(operation: &Operation<'_>, outputs: &[Output], sink: &mut Sink) {
    let Some(format) = operation.output_format else { return };
    if !AS_THEY_ARE.contains(&format.value.to_ascii_lowercase().as_str()) && !outputs.is_empty() {
        let message = format!("mapping responses in `{}` is not supported yet", format.value);
        let help = "remove `outputParameters` to pass the response on unchanged";
        sink.report_once(Code::OutputFormat, &format.value, format.span, message).help(help);
    }
}

/// Reports words that are no format.
fn check_word(operation: &Operation<'_>, sink: &mut Sink) {
    let Some(format) = operation.output_format else { return };
    let word = format.value.to_ascii_lowercase();
    let mut known = STRUCTURED.into_iter().chain(AS_THEY_ARE);
    if !known.any(|known| known == word) {
        let message = format!("unknown format `{}`; responses are passed on as they come", format.value);
        let report = sink.report_once(Code::NoEffect, &format.value, format.span, message);
        report.help("write `json` if they are JSON, or leave `outputRawFormat` out");
    }
}

/// Several outputs become members of one object, whose names must differ.
fn check_names(outputs: &[Output], sink: &mut Sink) {
    let mut known = BTreeMap::new();
    for output in outputs {
        match &output.name {
            None => {
                let message = "`name` is missing in one of several output parameters";
                sink.report(Code::MissingKey, output.span, message).help("add `name:`");
            }
            Some(name) => match known.get(&name.value) {
                Some(first) => {
                    let message = format!("duplicate output `{}`; the first one is used", name.value);
                    let report = sink.report(Code::DuplicateName, name.span, message);
                    report.label(*first, FIRST).help("rename one of the two");
                }
                None => drop(known.insert(&name.value, name.span)),
            },
        }
    }
}

fn check_output(output: &Output, sink: &mut Sink) {
    if let Some(mapping) = &output.mapping
        && let Err(problem) = &mapping.path
    {
        let message = format!("invalid mapping `{}`: {problem}", mapping.text.value);
        sink.report(Code::BadMapping, mapping.text.span, message).help("write a path such as `$.items[0].name`");
    }
    if let Some(text) = output.value.as_ref().and_then(Node::scalar_text)
        && (text.contains("{{") || text.starts_with("$."))
    {
        let message = format!("the fixed value `{text}` is a template or a path, which is not supported yet");
        let help = "use `mapping:` to select a part of the response";
        sink.report(Code::Unsupported, output.span, message).help(help);
    }
    for child in output.properties.iter().chain(output.items.as_deref()) {
        check_output(child, sink);
    }
}
