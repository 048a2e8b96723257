//! The arguments of the calls of a step, and how they are made again where the upstream rejects a variable in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use naftiko_client::__private::{Arguments, Connection, Renewal, check_once};
use naftiko_client::Error;
use naftiko_client::secrecy::SecretString;
use naftiko_schema::{StepCall, StepId, Target, VariableId};
use serde_json::Value;

use crate::inputs::converted;
use crate::source::{Scope, Values, depends};

/// What the arguments of a step with variables in them are made of. The calls for the elements of a list share it.
pub(crate) struct Kept {
    used: BTreeSet<VariableId>,
    /// The values of the variables, by their ids.
    values: Vec<SecretString>,
    inputs: Values,
    of_inputs: Option<Arc<Renewal>>,
    outputs: Vec<Option<Value>>,
}

impl Kept {
    /// `None` if there are no variables in the arguments, or only placeholders for them.
    pub(crate) fn of(call: &StepCall, scope: Scope<'_>) -> Option<Arc<Self>> {
        let mut used = BTreeSet::new();
        call.sources.iter().for_each(|source| source.variables(&mut |id| used.extend([id])));
        used.extend(scope.renewal.iter().flat_map(|of_inputs| &of_inputs.used));
        if used.is_empty() || scope.variables.are_placeholders() {
            return None;
        }
        let mut values = scope.variables.clone().into_values();
        if let Some(of_inputs) = scope.renewal {
            values.resize_with(values.len().max(of_inputs.values.len()), Default::default);
            for index in of_inputs.used.iter().map(|id| id.index()) {
                if let (Some(known), Some(value)) = (values.get_mut(index), of_inputs.values.get(index)) {
                    known.clone_from(value);
                }
            }
        }
        let (inputs, of_inputs, outputs) = (scope.inputs.clone(), scope.renewal.cloned(), scope.outputs.to_vec());
        Some(Arc::new(Self { used, values, inputs, of_inputs, outputs }))
    }

    /// The arguments with other values of variables; `None` if that is impossible.
    fn remade(
        &self,
        call: &'static StepCall,
        element: Option<(StepId, &Value)>,
        known: Option<StepId>,
        connection: &Connection,
        values: Vec<SecretString>,
    ) -> Option<Arguments> {
        let inputs = match &self.of_inputs {
            Some(of_inputs) => Some(of_inputs.with(values.clone())?.into_values()),
            None => None,
        };
        let (inputs, outputs) = (inputs.as_ref().unwrap_or(&self.inputs), &*self.outputs);
        let scope = Scope { inputs, renewal: None, outputs, element, variables: &values.into() };
        made(call, scope, known, connection).ok()
    }
}

/// The arguments of a call by a step. `known` is the step whose output is what the caller sent: an element of its list.
///
/// # Errors
/// If they are wrong. That is a mistake of the caller, or of an earlier step whose output is a part of them.
pub(crate) fn arguments(
    call: &'static StepCall,
    scope: Scope<'_>,
    known: Option<StepId>,
    connection: &Connection,
    kept: Option<&Arc<Kept>>,
) -> Result<Arguments, Error> {
    let arguments = made(call, scope, known, connection)?;
    let Some(kept) = kept.cloned() else { return Ok(arguments) };
    let (used, values, connection) = (kept.used.clone(), kept.values.clone(), connection.clone());
    let element = scope.element.map(|(step, element)| (step, element.clone()));
    let make = move |values| {
        let element = element.as_ref().map(|(step, element)| (*step, element));
        kept.remade(call, element, known, &connection, values)
    };
    Ok(arguments.renewable(used, values, make))
}

/// The same, without a way to make them of other values of variables.
fn made(
    call: &'static StepCall,
    scope: Scope<'_>,
    known: Option<StepId>,
    connection: &Connection,
) -> Result<Arguments, Error> {
    let target = &call.target;
    let values = call.sources.iter().map(|source| scope.value(source)).collect();
    let mut arguments = Arguments::of(converted(values, target.parameters()));
    if let Target::Operation(operation) = target {
        connection.defaults().complete(operation, &mut arguments);
    }
    if scope.variables.are_placeholders() {
        return Ok(arguments.unchecked());
    }
    arguments.hide(scope.variables.secrets(), None);
    let violations = match target {
        Target::Operation(operation) => check_once(operation, &mut arguments),
        Target::Flow(flow) => arguments.check(&flow.parameters),
    };
    if violations.is_empty() {
        return Ok(arguments);
    }
    let of_output = |name: &str| {
        let mut sources = target.parameters().iter().zip(call.sources.iter());
        sources.any(|(parameter, source)| parameter.name == name && depends(source, known))
    };
    let (list, _) = violations.clone().into_parts();
    match list.iter().find(|violation| of_output(&violation.parameter)) {
        Some(violation) => {
            let problem = format!("nothing was sent, an earlier step did not return what it needs: {violation}");
            Err(Error::step(target.name(), problem))
        }
        None => Err(Error::arguments(target.name(), violations)),
    }
}
