//! Running flows: steps as soon as what they need is there, and a document or the last response at the end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use naftiko_client::__private::{Arguments, Connection, Options, Preview, Reading, ResponseBody, check_once};
use naftiko_client::{Error, Response};
use naftiko_schema::{
    Action, ArgumentSource, Flow, InputText, Operation, Output, Projection, Script, Step, StepCall, Target,
};
use serde_json::Value;
use tokio::time::Instant;

use crate::caller::Forwarded;
use crate::inputs::converted;
use crate::lookup::found;
use crate::numbers;
use crate::offload::offload;
use crate::output::apply;
use crate::script;
use crate::source::{Scope, Values};

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

/// How a step ended.
struct Ended {
    step: usize,
    output: Option<Value>,
    /// The response of a call.
    response: Option<Response<ResponseBody>>,
}

impl Run<'_> {
    /// Takes all steps. The first one that fails ends the flow; those that run beside it are cancelled.
    ///
    /// # Errors
    /// If a step fails. The error says which.
    pub(crate) async fn run(&self, inputs: Arguments) -> Result<Response<ResponseBody>, Error> {
        let inputs = inputs.into_values();
        let deadline = Instant::now() + self.connection.timeout();
        let steps = &self.flow.steps;
        let last_call = steps.iter().rposition(|step| matches!(step.action, Action::Call(_)));
        let mut outputs = Outputs { whole: vec![None; steps.len()], shown: self.view.map(|_| vec![None; steps.len()]) };
        let (mut started, mut ended) = (vec![false; steps.len()], vec![false; steps.len()]);
        let mut running = Vec::new();
        let mut response = None;
        loop {
            for (index, step) in steps.iter().enumerate() {
                let is_due = step.after.iter().all(|id| ended.get(id.index()) == Some(&true));
                if is_due && let Some(started) = started.get_mut(index).filter(|started| !**started) {
                    *started = true;
                    let reading = if Some(index) == last_call { self.last_reading(index) } else { Reading::Document };
                    running.push(Box::pin(self.take(index, step, &inputs, &outputs.whole, reading, deadline)?));
                }
            }
            let Some(step) = next(&mut running).await else { break };
            let Ended { step: index, output, response: of_step } = step?;
            if Some(index) == last_call {
                response = of_step;
            }
            self.keep(index, output, &mut outputs);
            if let Some(ended) = ended.get_mut(index) {
                *ended = true;
            }
        }
        let shown = outputs.shown.as_ref().unwrap_or(&outputs.whole);
        let scope = Scope { inputs: &inputs, outputs: shown };
        let document = self.flow.output.as_ref().and_then(|output| scope.value(output));
        match (document.as_ref().and_then(|document| document.to_json()), response) {
            (None, Some(response)) => Ok(response),
            (document, _) => {
                let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
                let document = document.map_or_else(|| b"{}".to_vec(), |document| document.into_owned());
                Ok(Response::own(HeaderMap::from_iter(json), ResponseBody::buffered(document.into())))
            }
        }
    }

    /// How much of the last response is read. If it is what the caller gets, and no other step sees it, that is as much as the
    /// caller wants.
    fn last_reading(&self, index: usize) -> Reading {
        let is_last_step = index + 1 == self.flow.steps.len();
        if self.flow.output.is_none() && is_last_step { self.reading } else { Reading::Document }
    }

    /// Starts a step: what it needs of earlier steps is taken at once, so that it can run beside them.
    fn take<'s>(
        &'s self,
        index: usize,
        step: &'static Step,
        inputs: &Values,
        outputs: &[Option<Value>],
        reading: Reading,
        deadline: Instant,
    ) -> Result<impl Future<Output = Result<Ended, Error>> + 's, Error> {
        let scope = Scope { inputs, outputs };
        enum Start {
            Call(&'static StepCall, Arguments),
            Script(&'static Script, Vec<u8>),
            Done(Option<Value>),
        }
        let start = match &step.action {
            Action::Lookup(lookup) => Start::Done(found(lookup, scope)),
            Action::Script(script) => Start::Script(script, script::context(script, scope)),
            Action::Call(call) => {
                Start::Call(call, arguments(call, scope, self.connection).map_err(|error| error.in_step(&step.name))?)
            }
        };
        Ok(async move {
            match start {
                Start::Done(output) => Ok(Ended { step: index, output, response: None }),
                Start::Script(script, context) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let outcome = script::run(script, context, self.connection, left).await;
                    let output = outcome.map_err(|error| Error::script(&self.flow.name, error).in_step(&step.name))?;
                    Ok(Ended { step: index, output, response: None })
                }
                Start::Call(call, arguments) => {
                    let outcome = self.call(call, arguments, reading, deadline).await;
                    let (output, response) = outcome.map_err(|error| error.in_step(&step.name))?;
                    Ok(Ended { step: index, output, response: Some(response) })
                }
            }
        })
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
                Box::pin(inner.run(arguments)).await?
            }
        };
        if reading != Reading::Document {
            return Ok((None, response));
        }
        let (head, body) = response.split();
        let body = body.into_buffered();
        let (length, read) = (body.len(), head.clone().map(|()| body.clone()));
        let output = offload(length, move || seen(call, read)).await;
        Ok((output, head.map(|()| ResponseBody::buffered(body))))
    }

    /// Keeps the output of a step, and what the caller may see of it.
    fn keep(&self, index: usize, output: Option<Value>, outputs: &mut Outputs) {
        if let (Some(shown), Some(view)) = (&mut outputs.shown, self.view) {
            let mut document = output.clone();
            if let (Some(document), Some(Action::Call(call))) =
                (&mut document, self.flow.steps.get(index).map(|step| &step.action))
            {
                view(&call.target, document);
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

/// The outcome of the step that ends next; `None` if no step runs. Steps are polled in their order, so that they send their
/// requests in that order, too.
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

/// A request that a call would send.
pub enum Planned {
    /// This one. The step of a flow that would send it has a name.
    Request(Option<&'static str>, Preview),
    /// One that depends on what earlier steps return: the step, the method, and the path with names for what is not known.
    Later(&'static str, &'static str, String),
}

/// The requests that a flow would send, in the order of its steps.
///
/// # Errors
/// If one that depends on the caller only cannot be built.
pub(crate) fn planned(flow: &'static Flow, connection: &Connection, inputs: Arguments) -> Result<Vec<Planned>, Error> {
    let inputs = inputs.into_values();
    let mut planned = Vec::new();
    for step in flow.steps.iter() {
        let Action::Call(call) = &step.action else { continue };
        let is_known = !call.sources.iter().any(has_output);
        match &call.target {
            Target::Operation(operation) if is_known => {
                let scope = Scope { inputs: &inputs, outputs: &[] };
                let preview = arguments(call, scope, connection)
                    .and_then(|arguments| connection.preview(operation, &arguments, &Options::default()));
                planned.push(Planned::Request(Some(&step.name), preview.map_err(|error| error.in_step(&step.name))?));
            }
            target => planned.extend(target.operations().into_iter().map(|operation: &'static Operation| {
                Planned::Later(&step.name, operation.method.as_str(), operation.path_template())
            })),
        }
    }
    Ok(planned)
}

/// What other steps see of the body of a response. Text and nothing are no output.
fn seen(call: &'static StepCall, response: Response<Bytes>) -> Option<Value> {
    let format = call.target.format();
    let document = if format.is_converted() {
        response.document(call.target.name(), format, numbers::number).ok()?.into_body()
    } else {
        numbers::read(response.in_utf8().body()).ok()?
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

/// The arguments of a call by a step.
///
/// # Errors
/// If they are wrong. That is a mistake of the caller, or of an earlier step whose output is a part of them.
fn arguments(call: &'static StepCall, scope: Scope<'_>, connection: &Connection) -> Result<Arguments, Error> {
    let target = &call.target;
    let values = call.sources.iter().map(|source| scope.value(source)).collect();
    let mut arguments = Arguments::of(converted(values, target.parameters()));
    let violations = match target {
        Target::Operation(operation) => {
            connection.defaults().complete(operation, &mut arguments);
            check_once(operation, &mut arguments)
        }
        Target::Flow(flow) => arguments.check(&flow.parameters),
    };
    if violations.is_empty() {
        return Ok(arguments);
    }
    let of_output = |name: &str| {
        let mut sources = target.parameters().iter().zip(call.sources.iter());
        sources.any(|(parameter, source)| parameter.name == name && has_output(source))
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

/// Whether an output of a step is a part of a source.
fn has_output(source: &ArgumentSource) -> bool {
    let in_text = |part: &InputText| matches!(part, InputText::Output(_));
    match source {
        ArgumentSource::Output(_) => true,
        ArgumentSource::Text(parts) | ArgumentSource::Filled(parts) => parts.iter().any(in_text),
        ArgumentSource::List(items) | ArgumentSource::First(items) => items.iter().any(has_output),
        ArgumentSource::Object(members) => members.iter().any(|member| has_output(&member.value)),
        ArgumentSource::Absent | ArgumentSource::Input(_) | ArgumentSource::Part(_) | ArgumentSource::Json(_) => false,
    }
}
