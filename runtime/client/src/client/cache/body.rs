//! Bodies that are kept while they pass.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

use super::store::Arriving;

/// What is done with a body that arrived whole.
pub(super) type Whole = Box<dyn FnOnce(Bytes) + Send + Sync>;

/// A body of which a copy is made. A copy that becomes too long, or of which the rest does not arrive, is dropped.
pub(super) struct Copied {
    body: reqwest::Body,
    copy: Option<Copy>,
}

struct Copy {
    bytes: BytesMut,
    room: Arriving,
    whole: Whole,
}

impl Copied {
    pub(super) fn new(body: reqwest::Body, room: Arriving, whole: Whole) -> Self {
        let mut copied = Self { body, copy: Some(Copy { bytes: BytesMut::new(), room, whole }) };
        // A body that has nothing is not read.
        copied.end_if_whole();
        copied
    }

    /// Ends the copy with the last byte: readers of a body of a known length do not read beyond it.
    fn end_if_whole(&mut self) {
        if self.body.is_end_stream() || self.body.size_hint().exact() == Some(0) {
            self.end();
        }
    }

    fn end(&mut self) {
        if let Some(Copy { bytes, whole, .. }) = self.copy.take() {
            // In memory of exactly its length.
            whole(Bytes::copy_from_slice(&bytes));
        }
    }
}

impl Body for Copied {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(chunk) = frame.data_ref() {
                    let fits = |copy: &mut Copy| {
                        let fits = copy.room.grow(chunk.len());
                        if fits {
                            copy.bytes.extend_from_slice(chunk);
                        }
                        fits
                    };
                    self.copy = self.copy.take().and_then(|mut copy| fits(&mut copy).then_some(copy));
                }
                self.end_if_whole();
            }
            Some(Err(_)) => self.copy = None,
            None => self.end(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
