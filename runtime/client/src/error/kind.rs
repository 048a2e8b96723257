//! The kinds of errors, and how far their calls got.

use http::StatusCode;

use crate::argument::Violation;

/// How far a call got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Building the request. Nothing was sent.
    Prepare,
    /// Making a connection. Nothing was sent.
    Connect,
    /// Sending the request, or waiting for its response. The upstream may have processed it.
    Send,
    /// Receiving the response. The upstream has processed the request.
    Receive,
    /// Decoding the response. The upstream has processed the request.
    Decode,
}

/// The kinds of [`Error`](super::Error).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Arguments are invalid. Nothing was sent. These are the first violations, at most 20.
    Arguments(Vec<Violation>),
    /// The upstream could not be reached.
    Connect,
    /// The upstream refused the request and said that it did not process it (RFC 9113 §8.7).
    Refused,
    /// The upstream did not respond in time.
    Timeout,
    /// The connection broke during the request or the response.
    Transport,
    /// The stream that the body of the request is read from failed. The upstream may have got a part of it.
    Body,
    /// The upstream responded with a status other than 2xx (RFC 9110 §15).
    Status(StatusCode),
    /// The upstream's response is larger than the configured limit.
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The upstream's response cannot be decoded as the operation declares, or into the requested type.
    Decode,
    /// The token provider returned no token. Nothing was sent.
    Token,
    /// The call lacks the credential that it must bring, or what it brings is not accepted. Nothing was sent. The text says why.
    Unauthorized(String),
    /// The authorization server gives no token for this caller. Nothing was sent. The text says why.
    Forbidden(String),
    /// The transport can never send this request. Nothing was sent.
    Unsendable,
    /// The application's own HTTP client followed a redirect, and sent the credential to its target. Build that client without
    /// redirects.
    Redirected,
    /// The call was cancelled. Only interceptors see this.
    Cancelled,
    /// The runtime for blocking calls failed. Nothing was sent.
    Runtime,
    /// The pages of a list cannot be followed. The text says why.
    Paging(String),
    /// A step of a flow cannot be taken because of what an earlier one returned. The text says why.
    Step(String),
    /// The script or the transform of a step refused what it was given. The text is its message.
    Thrown(String),
    /// The script of a step cannot run, or went beyond a limit. The text says why.
    Script(String),
    /// The application did not make the output of a step of type `transform`. The text says why.
    Transform(String),
}

impl ErrorKind {
    /// The name of the kind, for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "arguments",
            Self::Connect => "connect",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Body => "body",
            Self::Status(_) => "status",
            Self::TooLarge { .. } => "too_large",
            Self::Decode => "decode",
            Self::Token => "token",
            Self::Unauthorized(_) => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::Unsendable => "unsendable",
            Self::Redirected => "redirected",
            Self::Cancelled => "cancelled",
            Self::Runtime => "runtime",
            Self::Paging(_) => "paging",
            Self::Step(_) => "step",
            Self::Thrown(_) => "thrown",
            Self::Script(_) => "script",
            Self::Transform(_) => "transform",
        }
    }
}
