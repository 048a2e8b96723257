//! The text of an error.

use std::fmt;

use serde_json::Value;

use super::api_error::TEXT_LIMIT;
use super::{ApiError, Error, ErrorKind};
use crate::text::{shortened, visible};

impl Error {
    /// The text of the error as if the upstream had responded with this body, from which secrets may be gone; without a body,
    /// nothing of the upstream is repeated.
    #[doc(hidden)]
    pub fn text_for(&self, body: Option<&[u8]>) -> String {
        let said = self.headers().zip(body).map(|(headers, body)| ApiError::read(headers, body));
        let mut text = String::new();
        // Writing to a string does not fail.
        self.write(&mut text, said.as_ref()).unwrap_or_default();
        text
    }

    fn write(&self, f: &mut impl fmt::Write, said: Option<&ApiError>) -> fmt::Result {
        if let Some(step) = self.0.step {
            write!(f, "step `{step}`, ")?;
        }
        if let Some((index, count)) = self.0.element {
            write!(f, "element {} of {count}, ", index + 1)?;
        }
        write!(f, "{}: ", self.0.operation)?;
        match &self.0.kind {
            ErrorKind::Arguments(violations) => {
                write!(f, "nothing was sent, the arguments are invalid: ")?;
                for (index, violation) in violations.iter().enumerate() {
                    write!(f, "{}{violation}", if index == 0 { "" } else { "; " })?;
                }
                if self.0.omitted > 0 {
                    write!(f, "; and {} more", self.0.omitted)?;
                }
            }
            ErrorKind::Connect => write!(f, "cannot connect to the upstream")?,
            ErrorKind::Refused => write!(f, "the upstream refused the request without processing it")?,
            ErrorKind::Timeout => write!(f, "the upstream did not respond in time")?,
            ErrorKind::Transport => write!(f, "the connection to the upstream broke")?,
            ErrorKind::Body => write!(f, "the body of the request cannot be read")?,
            ErrorKind::Status(status) => {
                write!(f, "the upstream responded with {}", status.as_str())?;
                if let Some(reason) = status.canonical_reason() {
                    write!(f, " {reason}")?;
                }
                let said = said.map(|said| [said.kind.as_deref(), said.message.as_deref()]);
                let said: Vec<_> = said.into_iter().flatten().flatten().collect();
                let said = said.join(": ");
                // Whose words these are must be clear, whatever they are.
                if !said.is_empty() {
                    write!(f, "; the upstream says: {}", quoted(&said))?;
                }
            }
            ErrorKind::TooLarge { limit } => write!(f, "the upstream's response is larger than {limit} bytes")?,
            ErrorKind::Decode => write!(f, "the upstream's response cannot be decoded")?,
            ErrorKind::Unsendable => write!(f, "the request cannot be sent")?,
            ErrorKind::Redirected => {
                write!(f, "the HTTP client followed a redirect; build it with `redirect::Policy::none()`")?;
            }
            ErrorKind::Cancelled => write!(f, "the call was cancelled")?,
            ErrorKind::Token => write!(f, "nothing was sent, no token is available")?,
            ErrorKind::Unauthorized(reason) | ErrorKind::Forbidden(reason) => {
                write!(f, "nothing was sent, {reason}")?;
            }
            ErrorKind::Runtime => write!(f, "nothing was sent, the runtime for blocking calls failed")?,
            ErrorKind::Paging(problem) | ErrorKind::Step(problem) => write!(f, "{problem}")?,
            ErrorKind::Thrown(message) => write!(f, "the input was refused: {message}")?,
            ErrorKind::Script(problem) => write!(f, "the script failed: {problem}")?,
            ErrorKind::Transform(problem) => write!(f, "the transform failed: {problem}")?,
        }
        if self.includes_cause()
            && let Some(source) = &self.0.source
        {
            write!(f, ": {source}")?;
        }
        if self.0.attempts > 1 {
            write!(f, " after {} attempts", self.0.attempts)?;
        }
        if let Some(id) = self.request_id() {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}

/// Words of the upstream in quotes, cut, and without characters that no one sees.
fn quoted(words: &str) -> String {
    Value::from(shortened(&visible(&words.replace(['\n', '\r', '\t'], " ")), TEXT_LIMIT)).to_string()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, self.api_error())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and body are left out, because responses may contain secrets.
        f.debug_struct("Error")
            .field("operation", &self.0.operation)
            .field("kind", &self.0.kind)
            .field("phase", &self.0.phase)
            .field("attempts", &self.0.attempts)
            .field("upstream_type", &self.upstream_type())
            .field("message", &self.message())
            .field("request_id", &self.request_id())
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}
