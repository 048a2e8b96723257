//! Which parameters, members of bodies and inputs may get their values from the environment.

use std::collections::BTreeMap;

use naftiko_schema::{Kind, Location, OperationId};

use crate::linked::{Linked, Parameter, Source};
use crate::settings::Settings;
use crate::vocabulary::kind;

/// Gives what is required, by name, the variables that the settings have for it. What is optional has a meaning when it is left
/// out, such as a list without a filter, so it has only what its companion says. Inputs get what they feed has.
pub(super) fn apply(settings: &Settings, linked: &mut Linked<'_>) {
    let Linked { operations, types, .. } = linked;
    for (index, operation) in operations.iter_mut().enumerate() {
        let parameters = operation.parameters.iter_mut().filter(|parameter| has_text(parameter));
        for parameter in parameters.filter(|parameter| parameter.required && parameter.configured.is_none()) {
            parameter.configured = settings.defaults.get(&parameter.wire).cloned();
        }
        if operation.parameters.iter().any(|parameter| parameter.location == Location::Body) {
            types.configure(OperationId::from(index), &settings.defaults);
        }
    }
    // An input that was made of a parameter may be only a part of its value.
    for flow in &mut linked.flows {
        flow.inputs.iter_mut().for_each(|input| input.configured = None);
    }
    for call in super::calls_mut(&mut linked.routes, &mut linked.tools, &mut linked.resources) {
        call.inputs.iter_mut().for_each(|input| input.configured = None);
    }
    super::each_use(linked, |of, id, sources, inputs| {
        let Some(operation) = of.operations.get(id.index()) else { return };
        let members = of.types.defaults(id);
        for (parameter, source) in operation.parameters.iter().zip(sources) {
            feed(inputs, source, parameter, members);
        }
    });
}

/// Whether an environment variable can have the value: a text, a number or a boolean.
fn has_text(parameter: &Parameter) -> bool {
    // Without a type, a text is taken as well.
    let kind = parameter.kind.as_ref().and_then(|declared| kind(Some(declared))).unwrap_or(Kind::String);
    parameter.location != Location::Body && !matches!(kind, Kind::Array | Kind::Object | Kind::Any)
}

fn feed(inputs: &mut [Parameter], source: &Source, parameter: &Parameter, members: Option<&BTreeMap<String, String>>) {
    let mut set = |source: &Source, variable: &str| {
        let Source::Input(id) = source else { return };
        if let Some(input) = inputs.get_mut(id.index()).filter(|input| has_text(input)) {
            input.configured = Some(variable.to_owned());
        }
    };
    match (source, &parameter.configured, members) {
        (_, Some(variable), _) => set(source, variable),
        (Source::Object(parts), None, Some(members)) if parameter.location == Location::Body => {
            for (name, part) in parts {
                if let Some(variable) = members.get(name) {
                    set(part, variable);
                }
            }
        }
        _ => {}
    }
}
