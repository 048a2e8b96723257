//! How far an attempt got when it ends without a response.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// Whether the request still waits for a connection. This is known only if the transport tracks the body.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Tracks a request by its body.
    pub(super) fn track(&self, body: reqwest::Body) -> TrackedBody {
        self.0.store(true, Ordering::Relaxed);
        TrackedBody { body, progress: self.clone() }
    }

    /// Whether nothing was sent.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
        self.progress.0.store(false, Ordering::Relaxed);
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        self.sending();
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.sending();
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
