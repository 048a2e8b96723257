//! Blocking calls, for programs that do not use `async`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{OnceLock, mpsc};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};

use super::call::Call;
use super::list;
use super::request::Request;
use super::stream::ResultStream;
use crate::error::{Error, ErrorKind, Phase};
use crate::response::Response;
use crate::transport::BoxError;

/// A call that blocks the thread until it is done: for programs without `async`, and for code in `spawn_blocking`. Do not use
/// it on a thread that runs asynchronous code.
#[must_use = "a call does nothing until it is sent"]
pub struct Blocking<C> {
    request: Request,
    call: PhantomData<fn() -> C>,
}

impl<C: Call> Blocking<C> {
    pub(super) fn new(call: C) -> Self {
        Self { request: call.parts().0, call: PhantomData }
    }

    /// Sends the request and decodes the response.
    ///
    /// # Errors
    /// If an argument is invalid, the upstream cannot be reached, or it responds with an error.
    pub fn send(self) -> Result<Response<C::Output>, Error> {
        wait(&self.request.operation.name, self.request.receive())?
    }

    /// Sends the request and decodes the response into your own type.
    ///
    /// # Errors
    /// Those of `send`, and if the response does not match the type.
    pub fn send_as<T: DeserializeOwned + Send + 'static>(self) -> Result<Response<T>, Error> {
        wait(&self.request.operation.name, Call::send_as(self.request))?
    }

    /// Sends the request and returns the raw body of the response.
    ///
    /// # Errors
    /// Those of `send`, except for decoding.
    pub fn send_bytes(self) -> Result<Response<Bytes>, Error> {
        wait(&self.request.operation.name, Call::send_bytes(self.request))?
    }

    /// The pages of a list, as an iterator.
    pub fn pages(self) -> BlockingResults<Response<C::Output>> {
        BlockingResults { operation: &self.request.operation.name, stream: Some(list::pages(self.request)) }
    }

    /// The items of all pages of a list, as an iterator.
    pub fn items(self) -> BlockingResults<C::Item> {
        self.items_as()
    }

    /// The items of all pages of a list, decoded into your own type, as an iterator.
    pub fn items_as<T: DeserializeOwned + Send + 'static>(self) -> BlockingResults<T> {
        BlockingResults { operation: &self.request.operation.name, stream: Some(list::items(self.request)) }
    }
}

impl<C> fmt::Debug for Blocking<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.request).finish()
    }
}

/// A [`ResultStream`] as an iterator. It ends after the first error.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is read"]
pub struct BlockingResults<T> {
    operation: &'static str,
    stream: Option<ResultStream<T>>,
}

impl<T: Send + 'static> Iterator for BlockingResults<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut stream = self.stream.take()?;
        match wait(self.operation, async move { (stream.next().await, stream) }) {
            Ok((next, stream)) => {
                self.stream = Some(stream);
                next
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Waits for a future on the runtime that all blocking calls of the process share. The calling thread drives nothing, so it
/// may belong to another runtime.
fn wait<F>(operation: &'static str, future: F) -> Result<F::Output, Error>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let failed = |cause: BoxError| Error::new(operation, ErrorKind::Runtime, Phase::Prepare).caused_by(cause);
    let runtime = RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(1).enable_all().build());
    let runtime = runtime.as_ref().map_err(|error| failed(error.to_string().into()))?;
    let (done, result) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // The receiver cannot have been dropped: this function waits for it.
        let _ = done.send(future.await);
    });
    result.recv().map_err(|_| failed("the call panicked".into()))
}
