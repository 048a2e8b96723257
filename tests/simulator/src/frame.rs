//! From an answer or a fault to an HTTP response, down to bodies that break off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, SERVER, TRANSFER_ENCODING};
use hyper::{Response, StatusCode};
use uuid::Uuid;

use crate::answers::Answer;
use crate::fault::{Fault, Kind};
use crate::rendering;
use crate::service::Settings;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const GATEWAY: HeaderValue = HeaderValue::from_static("Scaleway API Gateway (sim;edge01)");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How much more a truncated body announces than it has.
const WITHHELD: usize = 64;

/// Frames a regular answer. A 204 is declared as JSON too, which is what the real API does.
pub(crate) fn regular(answer: Answer, settings: Settings) -> Response<Payload> {
    let bytes = answer.body.map(|mut body| {
        if settings.unknown_field {
            rendering::add_unknown_field(&mut body);
        }
        settings.rendering.render(body)
    });
    let mut response = respond(answer.status, Payload::whole(bytes.unwrap_or_default()));
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

pub(crate) fn faulty(fault: Fault) -> Response<Payload> {
    let mut response = if fault.kind == Kind::Truncated {
        let announced = fault.body.len() + WITHHELD;
        let mut response = respond(fault.status, Payload::truncated(fault.body));
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(announced));
        response
    } else {
        respond(fault.status, Payload::whole(fault.body))
    };
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) = (name.parse(), HeaderValue::from_str(value))
            && name != CONTENT_LENGTH
            && name != TRANSFER_ENCODING
        {
            response.headers_mut().insert::<HeaderName>(name, value);
        }
    }
    response
}

/// Sets what every response has; the server adds the date and the length itself.
fn respond(status: u16, payload: Payload) -> Response<Payload> {
    let mut response = Response::new(payload);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(SERVER, GATEWAY);
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// A body that is sent in one piece and either ends there or breaks off.
pub(crate) struct Payload {
    bytes: Option<Bytes>,
    rest: Rest,
}

enum Rest {
    Nothing,
    /// What was sent so far has to reach the client before the connection closes.
    Flush,
    Break,
}

impl Payload {
    fn whole(bytes: Vec<u8>) -> Payload {
        let bytes = (!bytes.is_empty()).then(|| bytes.into());
        Payload { bytes, rest: Rest::Nothing }
    }

    fn truncated(bytes: Vec<u8>) -> Payload {
        Payload { bytes: Some(bytes.into()), rest: Rest::Flush }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(bytes) = self.bytes.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match self.rest {
            Rest::Nothing => Poll::Ready(None),
            Rest::Flush => {
                self.rest = Rest::Break;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Rest::Break => Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && matches!(self.rest, Rest::Nothing)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.rest, &self.bytes) {
            (Rest::Nothing, Some(bytes)) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            (Rest::Nothing, None) => SizeHint::with_exact(0),
            _ => SizeHint::default(),
        }
    }
}
