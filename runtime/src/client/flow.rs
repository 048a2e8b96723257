//! Answers that are passed on without being looked at.

use bytes::{Bytes, BytesMut};
use tracing::Instrument as _;

use super::connection::Connection;
use super::execution::{Order, Run};
use super::options::Options;
use super::stream::ResultStream;
use crate::arguments::Arguments;
use crate::error::Error;
use crate::operation::Operation;
use crate::response::Response;

/// The body of an answer that is passed on: what is short is whole, and may have taken several attempts; what is long comes
/// as it comes.
pub(crate) enum Flow {
    Whole(Bytes),
    /// With its length in bytes, where the upstream says it.
    Stream(ResultStream<Bytes>, Option<u64>),
}

/// The longest answer that is read before it is passed on, in bytes.
const SHORT: usize = 64 << 10;

impl Connection {
    /// Like [`Connection::execute`], for an answer that is passed on.
    pub(crate) async fn flow(
        &self,
        operation: &'static Operation,
        arguments: &Arguments,
        options: &Options,
    ) -> Result<Response<Flow>, Error> {
        let mut run = Run::new(self, Order { operation, arguments, options })?;
        loop {
            let span = run.span();
            let answer = async {
                let mut answer = run.attempt(&span).await?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                let length = answer.content_length();
                let mut start = BytesMut::new();
                let flow = if run.read_on(&mut answer, &mut start, SHORT).await? {
                    Flow::Whole(start.freeze())
                } else {
                    Flow::Stream(run.stream(answer, start.freeze(), Some(run.response_limit())), length)
                };
                Ok(Response::new(status, headers, run.number, flow))
            };
            let outcome = answer.instrument(span.clone()).await;
            if let Some(response) = run.settle(outcome, span).await? {
                return Ok(response);
            }
        }
    }
}
