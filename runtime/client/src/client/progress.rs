//! How far an attempt got when it ends without a response.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::transport::TransportError;

/// What became of the body of a request. This is known only if the transport tracks the body.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// Whether the request still waits for a connection.
    waits: AtomicBool,
    /// Why the body cannot be read. Over HTTP/2, the error of the request does not say it.
    failed: Mutex<Option<reqwest::Error>>,
}

impl Progress {
    /// Tracks a request by its body.
    pub(super) fn track(&self, body: reqwest::Body) -> TrackedBody {
        self.0.waits.store(true, Ordering::Relaxed);
        TrackedBody { body, progress: self.clone() }
    }

    /// The error of a request, with what is known of its body.
    pub(super) fn explain(&self, error: TransportError) -> TransportError {
        match self.0.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failed) => TransportError::body(failed),
            // Nothing was sent.
            None if self.0.waits.load(Ordering::Relaxed) => error.before_sending(),
            None => error,
        }
    }
}

/// The body of a request, which notes when it is sent. A connection has to ask the body whether it is empty before it can
/// write the first byte of the request.
#[derive(Debug)]
pub struct TrackedBody {
    body: reqwest::Body,
    progress: Progress,
}

impl TrackedBody {
    fn sending(&self) {
        self.progress.0.waits.store(false, Ordering::Relaxed);
    }
}

/// The body cannot be read. Its progress knows why.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body cannot be read")]
pub struct BodyFailed;

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = BodyFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFailed>>> {
        self.sending();
        Pin::new(&mut self.body).poll_frame(context).map_err(|error| {
            *self.progress.0.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            BodyFailed
        })
    }

    fn is_end_stream(&self) -> bool {
        self.sending();
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
