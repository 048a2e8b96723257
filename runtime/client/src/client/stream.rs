//! Streams: bytes of a response, pages of a list, items of all pages.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::error::Error;

/// A stream of results. It ends after the first error, and does nothing until it is polled.
#[must_use = "a stream does nothing until it is read"]
pub struct ResultStream<T>(Pin<Box<dyn Stream<Item = Result<T, Error>> + Send>>);

impl<T: Send + 'static> ResultStream<T> {
    /// A stream of the results of `step`, until it returns `None` or fails.
    pub(crate) fn new<S, F>(state: S, step: impl FnMut(S) -> F + Send + 'static) -> Self
    where
        S: Send + 'static,
        F: Future<Output = Result<Option<(T, S)>, Error>> + Send + 'static,
    {
        Self::of(futures_util::stream::try_unfold(state, step))
    }

    /// Wraps another stream.
    pub(crate) fn of(stream: impl Stream<Item = Result<T, Error>> + Send + 'static) -> Self {
        Self(Box::pin(stream))
    }

    /// The next result; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|context| self.0.as_mut().poll_next(context)).await
    }

    /// Collects all results.
    ///
    /// # Errors
    /// The first error.
    pub async fn into_vec(mut self) -> Result<Vec<T>, Error> {
        let mut results = Vec::new();
        while let Some(next) = self.next().await {
            results.push(next?);
        }
        Ok(results)
    }
}

impl<T> Stream for ResultStream<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl<T> fmt::Debug for ResultStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultStream").finish_non_exhaustive()
    }
}
