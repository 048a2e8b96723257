//! Which adapters need the library that runs queries of JSONPath.

use naftiko_schema::{
    Action, Adapter, ArgumentMapping, ArgumentSource, Binding, Flow, InputText, List, Output, PathStep, Projection,
    StepValue, Target,
};

/// Whether a path in an adapter, or in what it runs, is a query.
pub(super) fn has_query(adapter: &Adapter) -> bool {
    let in_arguments = |arguments: &ArgumentMapping| match arguments {
        ArgumentMapping::Identity => false,
        ArgumentMapping::Mapped(mapping) => mapping.sources.iter().any(in_source),
    };
    let of_binding = |binding: &Binding| {
        in_output(&binding.output) || in_target(&binding.target) || in_arguments(&binding.arguments)
    };
    adapter.bindings().into_iter().any(of_binding)
}

fn in_target(target: &Target) -> bool {
    match target {
        Target::Operation(_) => false,
        Target::Flow(flow) => in_flow(flow),
    }
}

fn in_flow(flow: &Flow) -> bool {
    flow.output.iter().any(in_source)
        || flow
            .steps
            .iter()
            .any(|step| step.for_each.iter().chain(&step.condition).any(in_source) || in_action(&step.action))
}

fn in_action(action: &Action) -> bool {
    match action {
        Action::Call(call) => in_output(&call.output) || in_target(&call.target) || call.sources.iter().any(in_source),
        Action::Lookup(lookup) => in_source(&lookup.value),
        Action::Script(script) => in_source(&script.context),
        Action::Transform(transform) => in_source(&transform.inputs),
    }
}

fn in_output(output: &Output) -> bool {
    match output {
        Output::Whole => false,
        Output::Projected(projection) => in_projection(projection),
    }
}

fn in_projection(projection: &Projection) -> bool {
    match projection {
        Projection::Path(path) => in_path(path),
        Projection::Json(_) => false,
        Projection::Object(object) => {
            in_path(&object.at) || object.members.iter().any(|member| in_projection(&member.value))
        }
        Projection::Array(array) => in_path(&array.at) || array.item.iter().any(in_projection),
        Projection::Map(map) => in_path(&map.at) || map.value.iter().any(in_projection),
        Projection::Cut(cut) => in_path(&cut.at),
        Projection::First(several) => several.iter().any(in_projection),
    }
}

fn in_source(source: &ArgumentSource) -> bool {
    let in_value = |value: &StepValue| in_path(&value.at);
    let in_text = |part: &InputText| match part {
        InputText::Output(value) => in_value(value),
        InputText::Part(part) => in_path(&part.at),
        InputText::Literal(_) | InputText::Input(_) | InputText::Variable(_) => false,
    };
    match source {
        ArgumentSource::Part(part) => in_path(&part.at),
        ArgumentSource::Output(value) => in_value(value),
        ArgumentSource::Text(parts) | ArgumentSource::Filled(parts) => parts.iter().any(in_text),
        ArgumentSource::List(items) | ArgumentSource::First(items) => items.iter().any(in_source),
        ArgumentSource::Object(members) => members.iter().any(|member| in_source(&member.value)),
        ArgumentSource::Absent | ArgumentSource::Input(_) | ArgumentSource::Variable(_) | ArgumentSource::Json(_) => {
            false
        }
    }
}

fn in_path(path: &List<PathStep>) -> bool {
    path.iter().any(|step| matches!(step, PathStep::Query(_)))
}
