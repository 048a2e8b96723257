//! Calls of operations on behalf of callers.

use bytes::Bytes;
use naftiko_client::__private::{Arguments, Connection, Options, Preview, ResponseBody, TARGET};
use naftiko_client::{Error, Response};
use naftiko_schema::{Binding, Target};

use crate::caller::Forwarded;

/// Responses up to this length are read whole before they are passed through, in bytes.
const READ_AHEAD: usize = 64 << 10;

/// Calls the operation with checked arguments.
///
/// # Errors
/// If the call fails.
pub async fn execute(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
) -> Result<Response<Bytes>, Error> {
    let Target::Operation(operation) = &binding.target;
    let outcome = connection.execute(operation, &arguments, &Options::forwarding(forwarded.0)).await;
    outcome.inspect_err(log_for_operator)
}

/// Calls the operation, and returns its response before the body has arrived whole.
///
/// # Errors
/// If the call fails before its response begins.
pub async fn execute_streaming(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
) -> Result<Response<ResponseBody>, Error> {
    let Target::Operation(operation) = &binding.target;
    let outcome =
        connection.execute_streaming(operation, &arguments, &Options::forwarding(forwarded.0), READ_AHEAD).await;
    outcome.inspect_err(log_for_operator)
}

/// Builds the request of the operation without sending it.
///
/// # Errors
/// If no request can be built from the arguments.
pub fn preview(binding: &'static Binding, connection: &Connection, arguments: &Arguments) -> Result<Preview, Error> {
    let Target::Operation(operation) = &binding.target;
    connection.preview(operation, arguments, &Options::default())
}

/// Logs what callers must not see: the causes contain the upstream's address.
fn log_for_operator(error: &Error) {
    if error.is_for_the_operator() {
        tracing::warn!(target: TARGET, operation = error.operation(), kind = ?error.kind(), causes = error.causes(), "the upstream call failed");
    }
}
