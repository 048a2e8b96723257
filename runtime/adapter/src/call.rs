//! Calls of operations on behalf of callers.

use bytes::Bytes;
use naftiko_client::__private::{Arguments, Connection, Options, Preview, Reading, ResponseBody, TARGET};
use naftiko_client::{Error, Response};
use naftiko_schema::{Binding, Output, Target};

use crate::caller::Forwarded;

/// Responses up to this length are read whole before they are passed through, in bytes.
const READ_AHEAD: usize = 64 << 10;

/// Calls the operation with checked arguments, and reads its whole response. A projection needs one document.
///
/// # Errors
/// If the call fails.
pub async fn execute(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
) -> Result<Response<Bytes>, Error> {
    let reading = match &binding.output {
        Output::Whole => Reading::Whole,
        Output::Projected(_) => Reading::Document,
    };
    Ok(read(binding, connection, arguments, forwarded, reading).await?.map(ResponseBody::into_buffered))
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
    read(binding, connection, arguments, forwarded, Reading::Ahead(READ_AHEAD)).await
}

async fn read(
    binding: &'static Binding,
    connection: &Connection,
    arguments: Arguments,
    forwarded: Forwarded,
    reading: Reading,
) -> Result<Response<ResponseBody>, Error> {
    let Target::Operation(operation) = &binding.target;
    let outcome = connection.execute(operation, &arguments, &Options::forwarding(forwarded.0), reading).await;
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
