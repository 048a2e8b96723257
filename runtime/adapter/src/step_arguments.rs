//! The arguments of the calls of a step, and how they are made again where the upstream rejects a variable in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use naftiko_client::__private::{Arguments, Connection, Renewal, check_once};
use naftiko_client::Error;
use naftiko_client::secrecy::SecretString;
use naftiko_schema::{ArgumentSource, StepCall, StepId, Target, VariableId};
use serde_json::Value;

use crate::inputs::converted;
use crate::source::{Scope, Values, depends, document};

/// What the arguments of a step with variables in them are made of. The calls for the elements of a list share it.
pub(crate) struct Kept {
    used: BTreeSet<VariableId>,
    /// The values of the variables, by their ids.
    values: Vec<SecretString>,
    inputs: Values,
    of_inputs: Option<Arc<Renewal>>,
    /// The outputs of earlier steps, as far as they are used.
    outputs: Vec<Option<Value>>,
    /// The list for whose elements the calls are, if variables can be a part of it.
    list: Option<&'static ArgumentSource>,
}

/// The element of a list for which a call is made.
#[derive(Clone, Copy)]
pub(crate) struct Element<'e> {
    /// The step that refers to it by its own id.
    pub(crate) step: StepId,
    /// Where it is in the list.
    pub(crate) index: usize,
    pub(crate) value: &'e Value,
}

impl Kept {
    /// `None` if there are no variables in the arguments and in the list of elements, or only placeholders for them.
    pub(crate) fn of(call: &StepCall, list: Option<&'static ArgumentSource>, scope: Scope<'_>) -> Option<Arc<Self>> {
        let mut used = BTreeSet::new();
        call.sources.iter().chain(list).for_each(|source| source.variables(&mut |id| used.extend([id])));
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
        let list = list.filter(|list| list.has_variable() || scope.renewal.is_some());
        let mut outputs = vec![None; scope.outputs.len()];
        call.sources.iter().chain(list).for_each(|source| {
            source.steps(&mut |step| {
                if let (Some(kept @ None), Some(output)) =
                    (outputs.get_mut(step.index()), scope.outputs.get(step.index()))
                {
                    kept.clone_from(output);
                }
            });
        });
        let (inputs, of_inputs) = (scope.inputs.clone(), scope.renewal.cloned());
        Some(Arc::new(Self { used, values, inputs, of_inputs, outputs, list }))
    }

    /// The arguments with other values of variables; `None` if that is impossible.
    fn remade(
        &self,
        call: &'static StepCall,
        element: Option<Element<'_>>,
        known: Option<StepId>,
        connection: &Connection,
        values: Vec<SecretString>,
    ) -> Option<Arguments> {
        let inputs = match &self.of_inputs {
            Some(of_inputs) => Some(of_inputs.with(values.clone())?.into_values()),
            None => None,
        };
        let (inputs, outputs) = (inputs.as_ref().unwrap_or(&self.inputs), &*self.outputs);
        let variables = &values.into();
        let scope = Scope { inputs, renewal: None, outputs, element: None, variables };
        // The element of the new list in the place of the old one.
        let list = self.list.filter(|_| element.is_some()).map(|list| document(&scope.value(list)?));
        let renewed = match &list {
            Some(list) => Some(list.as_ref()?.as_array()?),
            None => None,
        };
        let element = match (element, renewed) {
            (Some(element), Some(list)) => Some((element.step, list.get(element.index)?)),
            (element, _) => element.map(|element| (element.step, element.value)),
        };
        made(call, Scope { element, ..scope }, known, connection).ok()
    }
}

/// The arguments of a call by a step. `known` is the step whose output is what the caller sent: an element of its list.
///
/// # Errors
/// If they are wrong. That is a mistake of the caller, or of an earlier step whose output is a part of them.
pub(crate) fn arguments(
    call: &'static StepCall,
    scope: Scope<'_>,
    element: Option<Element<'_>>,
    known: Option<StepId>,
    connection: &Connection,
    kept: Option<&Arc<Kept>>,
) -> Result<Arguments, Error> {
    let scope = Scope { element: element.map(|element| (element.step, element.value)), ..scope };
    let arguments = made(call, scope, known, connection)?;
    let Some(kept) = kept.cloned() else { return Ok(arguments) };
    let (used, values, connection) = (kept.used.clone(), kept.values.clone(), connection.clone());
    let element = element.map(|element| (element.step, element.index, element.value.clone()));
    let make = move |values| {
        let element = element.as_ref().map(|(step, index, value)| Element { step: *step, index: *index, value });
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
