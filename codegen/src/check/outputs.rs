//! Rules for output parameters.

use std::collections::BTreeSet;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::json_path;
use crate::linked::Linked;
use crate::read::document::Output;
use crate::read::yaml::Node;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    let calls = linked.routes.iter().map(|route| &route.call).chain(linked.tools.iter().map(|tool| &tool.call));
    for outputs in calls.map(|call| call.outputs) {
        if outputs.len() > 1 {
            check_names(outputs, sink);
        }
        for output in outputs {
            check_output(output, sink);
        }
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
                let message = format!("the output `{}` is defined twice", name.value);
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
