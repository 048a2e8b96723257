//! Requests that are running: from their head until their response is handed to the connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Error;
use axum::body::Body;
use hyper::body::{Bytes, Frame, SizeHint};

use super::connections::Caller;
use super::guard::Permit;
use super::metrics::Counted;
use super::peer::counted;
use super::turns::Turn;

/// The most that is handed to the connection at once, in bytes: that much may be unwritten when the request counts as
/// finished.
const CHUNK: usize = 256 << 10;

/// What a running request holds.
pub(super) struct Running {
    pub(super) permit: Option<Permit>,
    pub(super) _caller: Caller,
    pub(super) _counted: Counted,
    pub(super) turn: Turn,
}

/// The body of a response, whose request runs as long as the body exists.
pub(super) struct RunningBody {
    body: Body,
    /// The rest of a long chunk.
    rest: Bytes,
    running: Running,
}

impl RunningBody {
    pub(super) fn new(body: Body, running: Running) -> Self {
        Self { body, rest: Bytes::new(), running }
    }
}

impl hyper::body::Body for RunningBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            let Some(frame) = ready!(Pin::new(&mut this.body).poll_frame(context)?) else { return Poll::Ready(None) };
            match frame.into_data() {
                Ok(chunk) => {
                    this.rest = match &this.running.permit {
                        Some(permit) => counted(permit.peer(), chunk),
                        None => chunk,
                    };
                }
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let chunk = this.rest.split_to(this.rest.len().min(CHUNK));
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (body, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper().and_then(|upper| upper.checked_add(rest)) {
            hint.set_upper(upper);
        }
        hint
    }
}
