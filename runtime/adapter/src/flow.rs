//! Running flows: steps as soon as what they need is there, and a document or the last response at the end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use naftiko_client::__private::{Arguments, Connection, Reading, ResponseBody, VariableValues, on_heap};
use naftiko_client::{Error, Response, ScriptError};
use naftiko_schema::{
    Action, ArgumentSource, Flow, Output, Projection, Script, Step, StepCall, StepId, Target, Transform,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::caller::Forwarded;
use crate::elements::{elements, is_true};
use crate::lookup::found;
use crate::numbers;
use crate::offload::offload;
use crate::script;
use crate::shaped::apply;
use crate::source::{Scope, depends};
use crate::step_arguments::{Element, Kept, arguments};
use crate::transform;

/// How many calls for elements of a list run at once, if they change nothing.
const AT_ONCE: usize = 4;

/// What callers may see of the output of a target, where that is less than what other steps see.
pub type View<'v> = &'v (dyn Fn(&'static Target, &mut Value) + Sync);

/// A flow that runs for one caller.
pub(crate) struct Run<'r> {
    pub(crate) flow: &'static Flow,
    pub(crate) connection: &'r Connection,
    pub(crate) forwarded: &'r Forwarded,
    /// How the caller gets the last response, if that is what the flow returns.
    pub(crate) reading: Reading,
    pub(crate) view: Option<View<'r>>,
}

/// The outputs of the steps that have ended.
struct Outputs {
    /// What other steps see.
    whole: Vec<Option<Value>>,
    /// What the caller may see, where a step's output has less for the caller.
    shown: Option<Vec<Option<Value>>>,
}

/// The step that failed, and its error. Of several that run at once it is the first one in the order of the file, so that it does not
/// depend on which of them is faster.
struct Failed(Option<(usize, Error)>);

impl Failed {
    fn add(&mut self, step: usize, error: Error) {
        if self.0.as_ref().is_none_or(|(first, _)| step < *first) {
            self.0 = Some((step, error));
        }
    }

    /// Fails if no earlier step runs that may fail as well.
    fn check(&mut self, is_running: impl Fn(usize) -> bool) -> Result<(), Error> {
        let is_first = |(step, _): &mut (usize, Error)| !(0..*step).any(&is_running);
        self.0.take_if(is_first).map_or(Ok(()), |(_, error)| Err(error))
    }
}

/// How a step ended.
struct Ended {
    output: Option<Value>,
    /// The response of a call.
    response: Option<Response<ResponseBody>>,
}

impl Run<'_> {
    /// Takes all steps. The first one that fails ends the flow; later ones that run beside it are cancelled.
    ///
    /// # Errors
    /// If a step fails. The error says which.
    pub(crate) async fn run(&self, inputs: Arguments) -> Result<Response<ResponseBody>, Error> {
        let renewal = inputs.renewal().cloned();
        let inputs = inputs.into_values();
        let variables = self.connection.variables(&self.flow.name, &self.flow.variables()).await?;
        let deadline = Instant::now() + self.connection.timeout();
        let steps = &self.flow.steps;
        let last_calls = self.flow.last_calls();
        // The last of these that has run, and its response.
        let mut last = None;
        let mut outputs = Outputs { whole: vec![None; steps.len()], shown: self.view.map(|_| vec![None; steps.len()]) };
        let (mut started, mut ended) = (vec![false; steps.len()], vec![false; steps.len()]);
        let mut running = Vec::new();
        let (renewal, variables) = (renewal.as_ref(), &variables);
        let scope = Scope { inputs: &inputs, renewal, outputs: &[], element: None, variables };
        let mut failed = Failed(None);
        loop {
            let mut due = Vec::new();
            for (index, step) in steps.iter().enumerate().filter(|_| failed.0.is_none()) {
                let is_due = step.after.iter().all(|id| ended.get(id.index()) == Some(&true));
                if is_due && let Some(started) = started.get_mut(index).filter(|started| !**started) {
                    *started = true;
                    due.push((index, step));
                }
            }
            let scope = Scope { outputs: &outputs.whole, ..scope };
            let start = |(index, step)| self.take(index, step, scope, variables, self.reading(index), deadline);
            let (index, outcome) = match due.as_slice() {
                // A step that runs alone needs no place on the heap.
                [only] if running.is_empty() => (only.0, start(*only)?.await),
                several => {
                    for &(index, step) in several {
                        let step = start((index, step))?;
                        running.push(Box::pin(async move { (index, step.await) }));
                    }
                    let Some(ended) = next(&mut running).await else { break };
                    ended
                }
            };
            if let Some(ended) = ended.get_mut(index) {
                *ended = true;
            }
            match outcome {
                Err(error) => failed.add(index, error),
                Ok(_) if failed.0.is_some() => {}
                Ok(Ended { output, response }) => {
                    let is_last =
                        last_calls.contains(&index.into()) && last.as_ref().is_none_or(|(known, _)| *known < index);
                    if is_last && (response.is_some() || output.is_some()) {
                        last = Some((index, response));
                    }
                    self.keep(index, output, &mut outputs);
                }
            }
            failed.check(|step| started.get(step) == Some(&true) && ended.get(step) == Some(&false))?;
        }
        let shown = outputs.shown.as_ref().unwrap_or(&outputs.whole);
        let scope = Scope { outputs: shown, ..scope };
        let document = self.flow.output.as_ref().and_then(|output| scope.value(output));
        if let Some(json) = document.as_ref().and_then(|document| document.to_json()) {
            return Ok(own(json.into_owned()));
        }
        let Some((index, response)) = last else { return Ok(own(b"{}".to_vec())) };
        let of_last = shown.get(index).and_then(Option::as_ref).map(numbers::write).map(String::into_bytes);
        match (response, of_last) {
            // Where no one operation says what the response is, the view cannot be applied to it later.
            (Some(_), Some(json)) if self.view.is_some() && self.flow.responding().is_none() => Ok(own(json)),
            (Some(response), _) => Ok(response),
            (None, json) => Ok(own(json.unwrap_or_else(|| b"{}".to_vec()))),
        }
    }

    /// How much of a response is read. If it is what the caller gets, and no other step sees it, that is as much as the caller
    /// wants.
    fn reading(&self, index: usize) -> Reading {
        let is_last_step = index + 1 == self.flow.steps.len();
        let is_passed_on = self.flow.output.is_none() && (self.view.is_none() || self.flow.responding().is_some());
        if is_last_step && is_passed_on { self.reading } else { Reading::Document }
    }

    /// Starts a step: what it needs of earlier steps is taken at once, so that it can run beside them.
    fn take<'s>(
        &'s self,
        index: usize,
        step: &'static Step,
        scope: Scope<'_>,
        variables: &'s VariableValues,
        reading: Reading,
        deadline: Instant,
    ) -> Result<impl Future<Output = Result<Ended, Error>> + 's, Error> {
        enum Start {
            Call(&'static StepCall, Arguments),
            ForEach(&'static StepCall, Vec<Arguments>),
            Script(&'static Script, Vec<u8>),
            Transform(&'static Transform, transform::Given),
            Done(Option<Value>),
        }
        let is_off = |condition: &ArgumentSource| !is_true(scope.value(condition).as_ref());
        let start = match &step.action {
            _ if step.condition.as_ref().is_some_and(is_off) => Start::Done(None),
            Action::Lookup(lookup) => Start::Done(found(lookup, scope)),
            Action::Script(script) => Start::Script(script, script::context(script, scope)),
            Action::Transform(transform) => Start::Transform(transform, transform::given(transform, scope)),
            Action::Call(call) => match &step.for_each {
                Some(list) => {
                    let all = self.for_elements(index.into(), call, list, scope);
                    Start::ForEach(call, all.map_err(|error| error.in_step(&step.name))?)
                }
                None => {
                    let kept = Kept::of(call, None, scope);
                    let arguments = arguments(call, scope, None, None, self.connection, kept.as_ref());
                    Start::Call(call, arguments.map_err(|error| error.in_step(&step.name))?)
                }
            },
        };
        Ok(async move {
            match start {
                Start::Done(output) => Ok(Ended { output, response: None }),
                Start::Script(script, context) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let outcome = script::run(script, context, self.connection, left).await;
                    let error = |error| Error::script(&self.flow.name, redacted(error, variables)).in_step(&step.name);
                    let output = outcome.map_err(error)?;
                    Ok(Ended { output, response: None })
                }
                Start::Transform(transform, given) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let (flow, step) = (&*self.flow.name, &*step.name);
                    let outcome = transform::run(flow, step, transform, given, self.connection, left).await;
                    let error = |error| Error::transform(flow, redacted(error, variables)).in_step(step);
                    let output = outcome.map_err(error)?;
                    Ok(Ended { output: Some(output), response: None })
                }
                Start::Call(call, arguments) => {
                    let outcome = self.call(call, arguments, reading, deadline).await;
                    let (output, response) = outcome.map_err(|error| error.in_step(&step.name))?;
                    Ok(Ended { output, response: Some(response) })
                }
                Start::ForEach(call, all) => {
                    let outcome = self.call_each(call, all, deadline).await;
                    let outputs = outcome.map_err(|error| error.in_step(&step.name))?;
                    Ok(Ended { output: Some(outputs), response: None })
                }
            }
        })
    }

    /// The arguments for each element of the list of a step. All are checked before anything is sent.
    fn for_elements(
        &self,
        step: StepId,
        call: &'static StepCall,
        list: &'static ArgumentSource,
        scope: Scope<'_>,
    ) -> Result<Vec<Arguments>, Error> {
        let elements = elements(self.flow, call, list, scope)?;
        let known = (!depends(list, None)).then_some(step);
        let kept = Kept::of(call, Some(list), scope);
        let of_element = |(index, value): (usize, &_)| {
            let element = Some(Element { step, index, value });
            let arguments = arguments(call, scope, element, known, self.connection, kept.as_ref());
            arguments.map_err(|error| error.for_element(index, elements.len()))
        };
        elements.iter().enumerate().map(of_element).collect()
    }

    /// Calls the target of a step for each element: several at once if they change nothing, else one after the other. What
    /// other steps see of the responses is a list in the order of the elements.
    async fn call_each(&self, call: &'static StepCall, all: Vec<Arguments>, deadline: Instant) -> Result<Value, Error> {
        let (count, limit) = (all.len(), self.connection.response_limit());
        let at_once = if call.target.is_safe() { AT_ONCE } else { 1 };
        let mut outputs = vec![Value::Null; count];
        let (mut waiting, mut running, mut length) = (all.into_iter().enumerate(), Vec::new(), 0_usize);
        loop {
            for (index, arguments) in waiting.by_ref().take(at_once - running.len()) {
                running.push(Box::pin(async move {
                    let outcome = self.call(call, arguments, Reading::Document, deadline).await;
                    let outcome =
                        outcome.map(|(output, response)| (index, output, response.split().1.into_buffered().len()));
                    outcome.map_err(|error| error.for_element(index, count))
                }));
            }
            let Some(outcome) = next(&mut running).await else { break };
            let (index, output, of_one) = outcome?;
            length = length.saturating_add(of_one);
            if length > limit {
                let problem = format!("the responses for all elements together are longer than {limit} bytes");
                return Err(Error::step(call.target.name(), problem));
            }
            if let (Some(place), Some(output)) = (outputs.get_mut(index), output) {
                *place = output;
            }
        }
        Ok(outputs.into())
    }

    /// Calls the target of a step, and reads what other steps see of its response.
    async fn call(
        &self,
        call: &'static StepCall,
        arguments: Arguments,
        reading: Reading,
        deadline: Instant,
    ) -> Result<(Option<Value>, Response<ResponseBody>), Error> {
        let response = match &call.target {
            Target::Operation(operation) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let options = self.forwarded.clone().options().within(left);
                self.connection.execute(operation, &arguments, &options, reading).await?
            }
            Target::Flow(flow) => {
                let inner = Run { flow, view: None, reading, ..*self };
                on_heap(|| inner.run(arguments)).await?
            }
        };
        if reading != Reading::Document {
            return Ok((None, response));
        }
        let response = response.map(ResponseBody::into_buffered);
        let length = response.body().len();
        let read = move || (seen(call, &response), response);
        let (output, response) = offload(length, read).await;
        Ok((output, response.map(ResponseBody::buffered)))
    }

    /// Keeps the output of a step, and what the caller may see of it.
    fn keep(&self, index: usize, output: Option<Value>, outputs: &mut Outputs) {
        if let (Some(shown), Some(view)) = (&mut outputs.shown, self.view) {
            let mut document = output.clone();
            if let (Some(document), Some(step)) = (&mut document, self.flow.steps.get(index))
                && let Action::Call(call) = &step.action
            {
                match document {
                    Value::Array(items) if step.for_each.is_some() => {
                        items.iter_mut().for_each(|item| view(&call.target, item));
                    }
                    document => view(&call.target, document),
                }
            }
            if let Some(shown) = shown.get_mut(index) {
                *shown = document;
            }
        }
        if let Some(whole) = outputs.whole.get_mut(index) {
            *whole = output;
        }
    }
}

/// A document that a flow makes, as a response.
fn own(json: Vec<u8>) -> Response<ResponseBody> {
    let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Response::own(HeaderMap::from_iter(headers), ResponseBody::buffered(json.into()))
}

/// The outcome of the step, or of the call, that ends next; `None` if none runs. They are polled in their order, so that they
/// send their requests in that order, too.
async fn next<F: Future>(running: &mut Vec<Pin<Box<F>>>) -> Option<F::Output> {
    if running.is_empty() {
        return None;
    }
    let (index, outcome) = poll_fn(|context| {
        for (index, step) in running.iter_mut().enumerate() {
            if let Poll::Ready(outcome) = step.as_mut().poll(context) {
                return Poll::Ready((index, outcome));
            }
        }
        Poll::Pending
    })
    .await;
    drop(running.remove(index));
    Some(outcome)
}

/// An error of a script or a transform, without the values of variables that it was given.
fn redacted(error: ScriptError, variables: &VariableValues) -> ScriptError {
    match error {
        ScriptError::Thrown(message) => ScriptError::Thrown(variables.redact(&message)),
        ScriptError::Failed(problem) => ScriptError::Failed(variables.redact(&problem)),
    }
}

/// What other steps see of the body of a response. Text and nothing are no output.
fn seen(call: &'static StepCall, response: &Response<Bytes>) -> Option<Value> {
    let format = call.target.format();
    let document = if format.is_converted() {
        response.clone().document(call.target.name(), format, numbers::number).ok()?.into_body()
    } else {
        numbers::read(&response.utf8()).ok()?
    };
    Some(match (&call.output, document) {
        (Output::Whole, document) => document,
        (Output::Projected(projection @ Projection::Object(_)), Value::Array(items)) => {
            let extended = |item: Value| {
                let more = apply(projection, &item).into_value();
                match (item, more) {
                    (Value::Object(mut item), Value::Object(more)) => {
                        item.extend(more);
                        Value::Object(item)
                    }
                    (item, _) => item,
                }
            };
            items.into_iter().map(extended).collect()
        }
        (Output::Projected(projection), document) => apply(projection, &document).into_value(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_failed_steps_that_run_at_once_the_first_of_the_file_ends_the_flow() {
        let error = |problem: &str| Error::step("call", problem.to_owned());
        let mut failed = Failed(None);
        assert!(failed.check(|step| step == 0).is_ok(), "none failed");
        failed.add(2, error("third"));
        assert!(failed.check(|step| [1, 3].contains(&step)).is_ok(), "the second may fail, too");
        failed.add(1, error("second"));
        failed.add(3, error("fourth"));
        let first = failed.check(|step| step == 3).expect_err("no earlier step runs");
        assert!(first.to_string().contains("second"), "{first}");
    }
}
