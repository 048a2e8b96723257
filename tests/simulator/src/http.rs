//! The listener: connections, the reading of requests, and the place where faults strike.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::answers::{Answer, ApiError};
use crate::fault::Kind;
use crate::frame::{self, Payload};
use crate::recorder::Recorded;
use crate::routes;
use crate::service::Service;

const LARGEST_BODY: usize = 1024 * 1024;

/// Accepts connections until the task is aborted, which closes all of them.
pub(crate) async fn serve(listener: TcpListener, service: Arc<Service>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&service)));
                }
                // Running out of descriptors is a matter of time, not a reason to stop.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, service: Arc<Service>) {
    let _ = stream.set_nodelay(true);
    let answering = service_fn(move |request| Box::pin(answer(Arc::clone(&service), request)));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answering);
    let end = poll_fn(|context| connection.poll_without_shutdown(context)).await;
    let stream = connection.into_parts().io.into_inner();
    if end.is_err_and(|error| is_cut(&error)) {
        // Without lingering, closing means a reset.
        let _ = stream.set_zero_linger();
    }
}

async fn answer(service: Arc<Service>, request: Request<Incoming>) -> Result<Response<Payload>, Cut> {
    let (request, complete) = read(request).await?;
    service.recorder.add(request.clone());
    let regular = || {
        let answer = if complete { service.answer(&request) } else { Answer::from(ApiError::BodyTooLarge) };
        frame::regular(answer, service.settings())
    };

    let Some(fault) = service.faults.next(&request.method, &request.path) else {
        return Ok(regular());
    };
    let early = fault.after_effect.then(&regular);
    let waiting = service.recorder.wait();
    tokio::time::sleep(fault.delay).await;
    waiting.answered();
    match fault.kind {
        Kind::Regular => Ok(early.unwrap_or_else(regular)),
        Kind::Reset => Err(Cut),
        Kind::Whole | Kind::Truncated => Ok(frame::faulty(fault)),
    }
}

/// Reads a whole request; says whether the body was within the limit.
async fn read(request: Request<Incoming>) -> Result<(Recorded, bool), Cut> {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    let mut complete = true;
    // A body over the limit is read to its end all the same: closing the connection on a client
    // that still writes would cost it the answer.
    while let Some(frame) = incoming.frame().await {
        let bytes = frame.map_err(|_| Cut)?.into_data().unwrap_or_default();
        complete = complete && body.len() + bytes.len() <= LARGEST_BODY;
        if complete {
            body.extend_from_slice(&bytes);
        } else {
            body.clear();
        }
    }
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    });
    let method = head.method.as_str().to_owned();
    let path = head.uri.path().to_owned();
    let recorded = Recorded {
        known_route: routes::find(&method, &path).is_some(),
        method,
        path,
        query: head.uri.query().map(str::to_owned),
        headers: headers.collect(),
        body,
    };
    Ok((recorded, complete))
}

/// Ends a connection without an answer.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl Error for Cut {}

fn is_cut(error: &hyper::Error) -> bool {
    error.source().is_some_and(|source| source.is::<Cut>())
}
