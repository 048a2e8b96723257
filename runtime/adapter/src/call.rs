//! Calls of operations on behalf of callers.

use bytes::Bytes;
use naftiko_client::__private::{
    Argument, Arguments, Connection, Options, Passed, Reading, ResponseBody, TARGET, on_heap,
};
use naftiko_client::{Error, RawBody, Response};
use naftiko_schema::{Binding, Operation, Output, Target};

use crate::caller::Forwarded;
use crate::flow::{Run, View};
use crate::plan::{Planned, PlannedRequest, planned};

/// Responses up to this length are read whole before they are passed through, in bytes.
const READ_AHEAD: usize = 64 << 10;

/// Calls the target with checked arguments, and reads its whole response. A projection needs one document. `view` takes from
/// outputs of steps what the caller must not see.
///
/// # Errors
/// If the call fails.
pub async fn execute(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
    view: Option<View<'_>>,
) -> Result<Response<Bytes>, Error> {
    let reading = match &binding.output {
        Output::Whole => Reading::Whole,
        Output::Projected(_) => Reading::Document,
    };
    Ok(read(binding, connection, arguments, forwarded, reading, view).await?.map(ResponseBody::into_buffered))
}

/// Calls the target, and returns its response before the body has arrived whole.
///
/// # Errors
/// If the call fails before its response begins.
pub async fn execute_streaming(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
) -> Result<Response<ResponseBody>, Error> {
    read(binding, connection, arguments, forwarded, Reading::Ahead(READ_AHEAD), None).await
}

/// Sends a request that is passed on as it came, and returns the response before its body has arrived whole.
///
/// # Errors
/// If the call fails before its response begins.
pub async fn pass_on(
    operation: &'static Operation,
    connection: &Connection,
    body: Option<RawBody>,
    forwarded: Forwarded,
    passed: Passed,
) -> Result<Response<ResponseBody>, Error> {
    let arguments = Arguments::of(vec![body.map(Argument::Raw)]);
    let options = forwarded.options().passing(passed);
    let response = connection.execute(operation, &arguments, &options, Reading::Ahead(READ_AHEAD)).await;
    response.inspect_err(log_for_operator)
}

async fn read(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
    reading: Reading,
    view: Option<View<'_>>,
) -> Result<Response<ResponseBody>, Error> {
    let limit = binding.limit().map(|limit| limit.min(connection.response_limit()));
    let outcome = match &binding.target {
        Target::Operation(operation) => {
            let options = forwarded.options().limited(limit);
            connection.execute(operation, &arguments, &options, reading).await
        }
        // On the heap, to keep the future of all other calls small.
        Target::Flow(flow) => {
            let run = Run { flow, connection, forwarded: &forwarded, reading, view };
            on_heap(|| run.run(arguments)).await
        }
    };
    outcome.inspect_err(log_for_operator)
}

/// Builds the requests of a call without sending them.
///
/// # Errors
/// If no request can be built from the arguments.
pub fn preview(
    binding: &'static Binding,
    connection: &Connection,
    arguments: &Arguments,
) -> Result<Vec<Planned>, Error> {
    match &binding.target {
        Target::Operation(operation) => {
            let preview = connection.preview(operation, arguments, &Options::default())?;
            let request = PlannedRequest::Known(preview);
            Ok(vec![Planned { step: None, request, for_each: false, conditional: false }])
        }
        Target::Flow(flow) => planned(flow, connection, arguments),
    }
}

/// Checks that a call can be sent with the credentials that it brings. One of a flow can if one of its operations can be called.
///
/// # Errors
/// If each operation of the target needs a credential that the call does not bring.
pub fn check_credential(
    binding: &'static Binding,
    connection: &Connection,
    forwarded: &Forwarded,
) -> Result<(), Error> {
    let operations = binding.target.operations();
    let mut checked = operations.iter().map(|operation| connection.check_credential(operation, &forwarded.1));
    let Some(first) = checked.next() else { return Ok(()) };
    first.or_else(|error| if checked.any(|other| other.is_ok()) { Ok(()) } else { Err(error) })
}

/// Checks that a call can be sent: its requests can be built, and it brings the credentials that they need.
///
/// # Errors
/// As of [`preview`] and [`check_credential`].
pub fn check_sendable(
    binding: &'static Binding,
    connection: &Connection,
    arguments: &Arguments,
    forwarded: &Forwarded,
) -> Result<(), Error> {
    preview(binding, connection, arguments)?;
    check_credential(binding, connection, forwarded)
}

/// Logs what callers must not see: the causes contain the upstream's address.
fn log_for_operator(error: &Error) {
    if error.is_for_the_operator() {
        tracing::warn!(target: TARGET, operation = error.operation(), kind = ?error.kind(), causes = error.causes(), "the upstream call failed");
    }
}
