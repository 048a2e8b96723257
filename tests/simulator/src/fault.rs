//! Scripted misbehaviour: what a fault answers, which requests it meets, and their queue.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

const JSON: &str = "application/json";

/// An answer that replaces the regular one for some requests.
///
/// A new fault meets the next request of any kind, and is then used up; [`Fault::on`] and
/// [`Fault::times`] change that. Unless [`Fault::after_effect`] is set, the operation behind the
/// request is not carried out.
#[derive(Debug, Clone)]
pub struct Fault {
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    pub(crate) after_effect: bool,
    method: String,
    path_contains: String,
    remaining: u32,
}

/// How the answer of a fault reaches the client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Whole,
    Truncated,
    Reset,
    /// The regular answer, only late.
    Regular,
}

impl Fault {
    /// Answers with this status, no body and no content type.
    pub fn status(status: u16) -> Fault {
        Fault::new(Kind::Whole, status)
    }

    /// Answers 429 the way the gateway does: no body, only the header of the rate limiter.
    pub fn rate_limited() -> Fault {
        Fault::status(429).header("x-envoy-ratelimited", "true")
    }

    /// Resets the connection instead of answering.
    pub fn reset() -> Fault {
        Fault::new(Kind::Reset, 0)
    }

    /// Announces more body than it sends, then closes the connection.
    pub fn truncated() -> Fault {
        Fault::new(Kind::Truncated, 200).body(JSON, r#"{"id":"11111111-1111-"#)
    }

    /// Answers 200 with a complete body that claims to be JSON and is not.
    pub fn malformed_json() -> Fault {
        Fault::status(200).body(JSON, r#"{"id": "11111111", "tags": [}"#)
    }

    /// Answers with an HTML page, like a proxy that knows nothing of the API.
    pub fn html(status: u16) -> Fault {
        let page = format!("<html><head><title>{status}</title></head><body></body></html>");
        Fault::status(status).body("text/html", page)
    }

    /// Answers 307 and points to another address.
    pub fn redirect(location: &str) -> Fault {
        Fault::status(307).header("location", location)
    }

    /// Answers regularly, but only after this time.
    pub fn slow(delay: Duration) -> Fault {
        Fault::new(Kind::Regular, 200).delay(delay)
    }

    /// Replaces the body with a JSON document.
    #[must_use]
    pub fn json(self, body: Value) -> Fault {
        self.body(JSON, body.to_string())
    }

    /// Replaces the body and its content type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Fault {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// Sets a header, also one that every answer has.
    ///
    /// Names and values that HTTP does not allow are left out, and so are the headers that frame
    /// the body: `content-length` and `transfer-encoding`.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Fault {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Waits before answering.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Fault {
        self.delay = delay;
        self
    }

    /// Meets only requests with this method whose raw path contains this text.
    ///
    /// An empty text fits everything.
    #[must_use]
    pub fn on(mut self, method: &str, path_contains: &str) -> Fault {
        method.clone_into(&mut self.method);
        path_contains.clone_into(&mut self.path_contains);
        self
    }

    /// Meets this many requests; `u32::MAX` means all.
    #[must_use]
    pub fn times(mut self, n: u32) -> Fault {
        self.remaining = n;
        self
    }

    /// Lets the operation happen first, then answers with the fault.
    #[must_use]
    pub fn after_effect(mut self) -> Fault {
        self.after_effect = true;
        self
    }

    fn new(kind: Kind, status: u16) -> Fault {
        Fault {
            kind,
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            after_effect: false,
            method: String::new(),
            path_contains: String::new(),
            remaining: 1,
        }
    }

    fn meets(&self, method: &str, path: &str) -> bool {
        self.remaining > 0
            && (self.method.is_empty() || self.method.eq_ignore_ascii_case(method))
            && path.contains(&self.path_contains)
    }
}

/// Faults in the order in which they were scripted; the first that fits a request meets it.
#[derive(Default)]
pub(crate) struct Faults {
    queue: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn push(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn next(&self, method: &str, path: &str) -> Option<Fault> {
        let mut queue = self.lock();
        let fault = queue.iter_mut().find(|fault| fault.meets(method, path))?;
        if fault.remaining != u32::MAX {
            fault.remaining -= 1;
        }
        let met = fault.clone();
        queue.retain(|fault| fault.remaining > 0);
        Some(met)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
