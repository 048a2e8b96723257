//! Rules for output parameters.

use std::collections::BTreeSet;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::json_path;
use crate::linked::{Linked, Operation};
use crate::read::document::Output;
use crate::read::yaml::Node;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    for call in linked.calls() {
        let outputs = call.outputs;
        if let Some(operation) = linked.operations.get(call.operation) {
            check_format(operation, outputs, sink);
        }
        if outputs.len() > 1 {
            check_names(outputs, sink);
        }
        for output in outputs {
            check_output(output, sink);
        }
    }
}

/// Formats that the engine would convert to JSON before it maps them. Bytes and plain text pass as they are.
fn check_format(operation: &Operation<'_>, outputs: &[Output], sink: &mut Sink) {
    let Some(format) = operation.output_format else { return };
    let structured = ["xml", "yaml", "csv", "tsv", "psv", "html", "markdown", "avro", "protobuf"];
    if structured.contains(&format.value.to_ascii_lowercase().as_str()) && !outputs.is_empty() {
        let message = format!("answers in `{}` cannot be mapped yet", format.value);
        let help = "without `outputParameters` the answer is passed on as it comes";
        sink.report_once(Code::OutputFormat, &format.value, format.place, message, help);
    }
}

/// Several outputs are members of one object, and members have different names.
fn check_names(outputs: &[Output], sink: &mut Sink) {
    let mut known = BTreeSet::new();
    for output in outputs {
        match &output.name {
            None => {
                let message = "one of several output parameters has no name";
                sink.report(Code::MissingKey, output.place, message, "add `name:` to each of them");
            }
            Some(name) if !known.insert(&name.value) => {
                let message = format!("the output `{}` is defined twice; the first one counts", name.value);
                sink.report(Code::DuplicateName, name.place, message, "give one of the two another name");
            }
            Some(_) => {}
        }
    }
}

fn check_output(output: &Output, sink: &mut Sink) {
    if let Some(mapping) = &output.mapping
        && let Err(problem) = json_path::parse(&mapping.value)
    {
        let message = format!("the mapping `{}` cannot be followed: {problem}", mapping.value);
        sink.report(Code::BadMapping, mapping.place, message, "write a path such as `$.items[0].name`");
    }
    if let Some(text) = output.value.as_ref().and_then(Node::scalar_text)
        && (text.contains("{{") || text.starts_with("$."))
    {
        let message = format!("the fixed value `{text}` is a template or a path, and that is not supported yet");
        let help = "use `mapping:` to pick a part of the answer";
        sink.report(Code::Unsupported, output.place, message, help);
    }
    for child in output.properties.iter().chain(output.items.as_deref()) {
        check_output(child, sink);
    }
}
