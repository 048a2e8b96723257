//! Rules for output parameters.

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::json_path;
use crate::linked::Linked;
use crate::read::document::Output;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    let calls = linked.routes.iter().map(|route| &route.call).chain(linked.tools.iter().map(|tool| &tool.call));
    for output in calls.flat_map(|call| call.outputs) {
        check_output(output, sink);
    }
}

fn check_output(output: &Output, sink: &mut Sink) {
    if let Some(mapping) = &output.mapping
        && let Err(problem) = json_path::parse(&mapping.value)
    {
        let message = format!("the mapping `{}` cannot be followed: {problem}", mapping.value);
        sink.report(Code::BadMapping, mapping.place, message, "write a path such as `$.items[0].name`");
    }
    for child in output.properties.iter().chain(output.items.as_deref()) {
        check_output(child, sink);
    }
}
