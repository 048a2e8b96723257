//! What a flow would send, for dry runs and confirmations.

use naftiko_client::__private::{Arguments, Connection, Options, Preview, VariableValues};
use naftiko_client::Error;
use naftiko_schema::{Action, ArgumentSource, Flow, Step, StepCall, StepId, Target};
use serde_json::Value;

use crate::elements::{elements, is_true};
use crate::source::{Scope, depends};
use crate::step_arguments::{Element, arguments};

/// A request that a call would send.
pub struct Planned {
    /// The step of a flow that would send it.
    pub step: Option<&'static str>,
    /// What is known of it.
    pub request: PlannedRequest,
    /// Whether it would be sent once for each element of a list that an earlier step returns.
    pub for_each: bool,
    /// Whether it would be sent only under a condition that depends on what earlier steps return.
    pub conditional: bool,
}

/// What is known of a request before earlier steps have run.
pub enum PlannedRequest {
    /// All of it.
    Known(Preview),
    /// The method, and the path with names for what is not known.
    Later(&'static str, String),
}

/// The requests that a flow would send, in the order of its steps.
///
/// # Errors
/// If one that depends on the caller only cannot be built.
pub(crate) fn planned(flow: &'static Flow, connection: &Connection, inputs: &Arguments) -> Result<Vec<Planned>, Error> {
    let is_hidden = inputs.are_hidden() || !flow.variables().is_empty();
    let variables = if is_hidden { connection.placeholders() } else { VariableValues::default() };
    let inputs = inputs.shown().clone().into_values();
    let scope = Scope { inputs: &inputs, renewal: None, outputs: &[], element: None, variables: &variables };
    let mut planned = Vec::new();
    for (index, step) in flow.steps.iter().enumerate() {
        let Action::Call(call) = &step.action else { continue };
        let conditional = step.condition.as_ref().is_some_and(|it| depends(it, None) || it.has_variable());
        let is_off = |condition: &ArgumentSource| !is_true(scope.value(condition).as_ref());
        if !conditional && step.condition.as_ref().is_some_and(is_off) {
            continue;
        }
        let plan = Plan { flow, step, call, id: index.into(), connection, conditional };
        plan.add(scope, &mut planned).map_err(|error| error.in_step(&step.name))?;
    }
    Ok(planned)
}

/// The plan of one step.
struct Plan<'p> {
    flow: &'static Flow,
    step: &'static Step,
    call: &'static StepCall,
    id: StepId,
    connection: &'p Connection,
    conditional: bool,
}

impl Plan<'_> {
    fn add(&self, scope: Scope<'_>, planned: &mut Vec<Planned>) -> Result<(), Error> {
        let list = self.step.for_each.as_ref();
        match list {
            Some(list) if depends(list, None) => planned.extend(self.requests(scope, None, true)?),
            Some(list) => {
                for element in elements(self.flow, self.call, list, scope)? {
                    planned.extend(self.requests(scope, Some(&element), false)?);
                }
            }
            None => planned.extend(self.requests(scope, None, false)?),
        }
        Ok(())
    }

    /// The requests of one call: one, unless it runs a flow.
    fn requests(&self, scope: Scope<'_>, element: Option<&Value>, for_each: bool) -> Result<Vec<Planned>, Error> {
        let known = element.map(|_| self.id);
        let element = element.map(|value| Element { step: self.id, index: 0, value });
        let of = |request| Planned { step: Some(&self.step.name), request, for_each, conditional: self.conditional };
        match &self.call.target {
            Target::Operation(operation) if !self.call.sources.iter().any(|source| depends(source, known)) => {
                let arguments = arguments(self.call, scope, element, known, self.connection, None)?;
                let preview = self.connection.preview(operation, &arguments, &Options::default())?;
                Ok(vec![of(PlannedRequest::Known(preview))])
            }
            target => {
                let operations = target.operations().into_iter();
                let later = operations
                    .map(|operation| of(PlannedRequest::Later(operation.method.as_str(), operation.path_template())));
                Ok(later.collect())
            }
        }
    }
}
