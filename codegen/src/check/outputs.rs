//! Rules for output parameters.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::OperationId;

use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink};
use crate::linked::{Call, Linked, Operation, Target, Unreadable};
use crate::read::document::Output;
use crate::read::yaml::Node;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    let responding = |call: &Call<'_>| match call.target {
        Target::Operation(id) => Some(id),
        Target::Flow(id) => linked.flows.get(id.index()).and_then(|flow| Some(flow.calls().last()?.operation)),
    };
    let mapped = linked.calls().filter(|call| !call.outputs.is_empty()).filter_map(responding);
    let mapped: BTreeSet<OperationId> = mapped.collect();
    for (index, operation) in linked.operations.iter().enumerate() {
        check_format(operation, mapped.contains(&index.into()), sink);
    }
    for call in linked.calls() {
        let outputs = &call.outputs;
        if outputs.iter().any(|output| output.name.is_some()) {
            check_names(outputs, sink);
        }
        for output in outputs.iter() {
            check_output(output, sink);
        }
    }
}

/// Responses whose format cannot be read cannot be mapped. Elsewhere they are passed on, which is worth a warning.
fn check_format(operation: &Operation<'_>, is_mapped: bool, sink: &mut Sink) {
    let Err(Unreadable { span, message, help }) = &operation.format else { return };
    if is_mapped {
        sink.report(Code::OutputFormat, *span, format!("{message}, so responses cannot be mapped")).help(*help);
    } else {
        let message = format!("{message}; responses are passed on as they come");
        sink.report(Code::NoEffect, *span, message).help(*help);
    }
}

/// Outputs with names become members of one object, whose names must differ.
fn check_names(outputs: &[Output], sink: &mut Sink) {
    let mut known = BTreeMap::new();
    for output in outputs {
        match &output.name {
            None => {
                let message = "`name` is missing in one of several output parameters";
                let report = sink.report(Code::MissingKey, output.span, message);
                report.help("name all of them, or none: then callers get the first that is not null");
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
        let message = format!("the fixed value `{text}` is text: callers get it as it is written");
        let help = "use `mapping:` to select a part of the response";
        sink.report(Code::NoEffect, output.span, message).help(help);
    }
    for child in output.properties.iter().chain(output.items.as_deref()).chain(output.values.as_deref()) {
        check_output(child, sink);
    }
}
