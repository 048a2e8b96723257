//! Responses of read-only operations that are kept (RFC 9111), behind the feature `cache`.

mod body;
mod event;
mod freshness;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{
    AGE, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
    LAST_MODIFIED, PRAGMA, RANGE, TRANSFER_ENCODING,
};
use http::{Response, StatusCode};
use naftiko_schema::{Credential, Method, Operation, RetrySafety};
use reqwest::ResponseBuilderExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use url::Url;

use super::attempt::Attempt;
use super::reading::copied;
use super::transport::Transport;
use crate::compression::{is_weak, weaken};
use crate::request::remove_framing;
use crate::secrets::returns_secrets;
use crate::transport::{BoxFuture, TransportError, on_heap};
use body::Copied;
pub use event::CacheEvent;
use freshness::{Freshness, Received};
use store::{Entry, Key, Store};

/// Fields of requests that identify one request only. No response depends on them.
const OF_ONE_REQUEST: [&str; 3] = ["traceparent", "tracestate", "x-request-id"];
/// Fields with which a request asks for something else than the current response.
const CONDITIONAL: [HeaderName; 8] =
    [CACHE_CONTROL, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, PRAGMA, RANGE];
/// Fields of a 304 that are not about the response that is kept (RFC 9111 §3.2).
const NOT_UPDATED: [HeaderName; 6] =
    [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, TRANSFER_ENCODING];

/// Statuses of a change that may not have happened yet, and may still.
const MAY_STILL_CHANGE: [StatusCode; 2] = [StatusCode::ACCEPTED, StatusCode::GATEWAY_TIMEOUT];

/// Responses of operations that change nothing, as long as they are fresh (`Cache-Control: max-age`, `Expires`), and after that
/// if the upstream says that they are still right (`ETag`, `Last-Modified`). Clients share it by its clones.
///
/// A response is only for requests with the same operation, URI and header fields, credentials included: no caller gets what
/// another one with other credentials got. Responses that are `private` or `no-store` are not kept, nor are those that set
/// cookies, or of operations that return secrets. A call that may change something makes all responses of its upstream
/// unusable; one whose end is not known, because its caller left or its time was over, also those of the minute after it.
#[derive(Clone)]
pub struct ResponseCache {
    store: Arc<Store>,
    assumed: Duration,
}

impl ResponseCache {
    /// Keeps responses of at most so many bytes together, and none that is longer than an eighth of it.
    pub fn new(bytes: usize) -> Self {
        Self { store: Arc::new(Store::new(bytes)), assumed: Duration::ZERO }
    }

    /// The same responses, for a client of an upstream whose responses are fresh for so long if they do not say how long they are.
    #[must_use]
    pub fn assuming(&self, lifetime: Duration) -> Self {
        Self { store: Arc::clone(&self.store), assumed: lifetime }
    }

    /// Lets an observer hear what is done for the capability with a name, such as for metrics. It must not block. The first one
    /// that clones of a cache are given hears of all of them.
    #[must_use]
    pub fn observed(self, observer: impl Fn(&'static str, CacheEvent) + Send + Sync + 'static) -> Self {
        self.store.observe(Box::new(observer));
        self
    }

    /// A transport that sends what is not here by another one.
    pub(super) fn over(&self, transport: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Cached { cache: self.clone(), transport })
    }
}

impl fmt::Debug for ResponseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseCache").field("assumed", &self.assumed).finish_non_exhaustive()
    }
}

struct Cached {
    cache: ResponseCache,
    transport: Arc<dyn Transport>,
}

impl Transport for Cached {
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        attempt: &'a Attempt<'_>,
    ) -> BoxFuture<'a, Result<reqwest::Response, TransportError>> {
        let operation = attempt.operation;
        if operation.method.is_safe() && operation.retry_safety != RetrySafety::Never {
            return match key(&request, attempt) {
                Some(key) => on_heap(|| self.get(key, request, attempt)),
                None => self.transport.send(request, attempt),
            };
        }
        on_heap(|| async move {
            let change = self.cache.store.change(origin(request.url()));
            let sent = self.transport.send(request, attempt).await;
            let is_settled = match &sent {
                Ok(response) => !MAY_STILL_CHANGE.contains(&response.status()),
                Err(error) => !error.may_be_processed_later(),
            };
            if is_settled {
                change.settle();
            }
            sent
        })
    }
}

impl Cached {
    /// The response that is kept, if it may be used, or else one of the upstream.
    async fn get(
        &self,
        key: Key,
        mut request: reqwest::Request,
        attempt: &Attempt<'_>,
    ) -> Result<reqwest::Response, TransportError> {
        let (store, url, capability) = (&self.cache.store, request.url().clone(), attempt.capability());
        let origin = origin(&url);
        let (changes, kept) = store.get(&key, &origin);
        if let Some(kept) = &kept {
            if kept.is_fresh() {
                store.tell(capability, CacheEvent::Hit);
                return kept.response(url);
            }
            kept.ask_whether_current(request.headers_mut());
        }
        let asked = Instant::now();
        let response = self.transport.send(request, attempt).await;
        let is_current = response.as_ref().is_ok_and(|response| response.status() == StatusCode::NOT_MODIFIED);
        let kept = kept.filter(|_| is_current);
        store.tell(capability, if kept.is_some() { CacheEvent::Revalidated } else { CacheEvent::Miss });
        let response = response?;
        let received = Received { at: SystemTime::now(), delay: asked.elapsed() };
        if let Some(kept) = kept {
            let (fields, freshness) = kept.updated(response.headers(), received, self.cache.assumed);
            let current = |freshness| Entry {
                capability,
                status: kept.status,
                fields: fields.clone(),
                body: kept.body.clone(),
                received: Instant::now(),
                freshness,
            };
            let shown = current(freshness.unwrap_or(Freshness { age: Duration::ZERO, lifetime: Duration::ZERO }));
            match freshness {
                Some(freshness) => drop(store.put(key, &origin, changes, current(freshness))),
                None => store.remove(&key),
            }
            return shown.response(url);
        }
        let status = response.status();
        let freshness = Freshness::of(response.headers(), received, self.cache.assumed, &OF_ONE_REQUEST);
        match freshness.filter(|_| status == StatusCode::OK) {
            Some(freshness) => Ok(self.keeping(response, freshness, (key, origin, changes), capability)),
            None => {
                // What the upstream cannot say now, it may say again.
                if !status.is_server_error() {
                    store.remove(&key);
                }
                Ok(response)
            }
        }
    }

    /// The same response, which is kept when it has arrived whole.
    fn keeping(
        &self,
        response: reqwest::Response,
        freshness: Freshness,
        (key, origin, changes): (Key, String, u64),
        capability: &'static str,
    ) -> reqwest::Response {
        let store = Arc::clone(&self.cache.store);
        let is_long = response.content_length().is_some_and(|length| length > store.entry_limit() as u64);
        if is_long {
            store.remove(&key);
            return response;
        }
        let mut fields = copied(response.headers());
        remove_of_connection(&mut fields);
        let (status, received) = (response.status(), Instant::now());
        let room = store.arriving();
        let whole = Box::new(move |body: Bytes| {
            if store.put(key, &origin, changes, Entry { capability, status, fields, body, received, freshness }) {
                store.tell(capability, CacheEvent::Stored);
            }
        });
        let response: Response<reqwest::Body> = response.into();
        response.map(|body| reqwest::Body::wrap(Copied::new(body, room, whole))).into()
    }
}

impl Entry {
    fn age(&self) -> Duration {
        self.freshness.age.saturating_add(self.received.elapsed())
    }

    fn is_fresh(&self) -> bool {
        self.age() < self.freshness.lifetime
    }

    /// Makes a request conditional (RFC 9111 §4.3.1).
    fn ask_whether_current(&self, fields: &mut HeaderMap) {
        if let Some(tag) = self.fields.get(ETAG) {
            fields.insert(IF_NONE_MATCH, tag.clone());
        } else if let Some(time) = self.fields.get(LAST_MODIFIED) {
            fields.insert(IF_MODIFIED_SINCE, time.clone());
        }
    }

    /// The fields of the response after a 304 with these (RFC 9111 §3.2), and how long it is fresh then.
    fn updated(&self, newer: &HeaderMap, received: Received, assumed: Duration) -> (HeaderMap, Option<Freshness>) {
        let (mut fields, newer) = (self.fields.clone(), copied(newer));
        for name in newer.keys().filter(|name| !NOT_UPDATED.contains(name)) {
            fields.remove(name);
            fields.extend(newer.get_all(name).iter().map(|value| (name.clone(), value.clone())));
        }
        for name in [AGE, DATE].iter().filter(|name| !newer.contains_key(*name)) {
            fields.remove(name);
        }
        // The body that is kept is not, byte by byte, what the strong tag of a 304 is about, such as a compressed form.
        if self.fields.get(ETAG).is_some_and(is_weak) {
            weaken(&mut fields);
        }
        remove_of_connection(&mut fields);
        let freshness = Freshness::of(&fields, received, assumed, &OF_ONE_REQUEST);
        (fields, freshness)
    }

    /// The response to a request for this URL.
    fn response(&self, url: Url) -> Result<reqwest::Response, TransportError> {
        let response = Response::builder().status(self.status).url(url).body(reqwest::Body::from(self.body.clone()));
        let mut response = response.map_err(TransportError::broken)?;
        *response.headers_mut() = self.fields.clone();
        response.headers_mut().insert(AGE, HeaderValue::from(self.age().as_secs()));
        Ok(response.into())
    }
}

/// Identifies the response to a request; `None` if it is not kept.
fn key(request: &reqwest::Request, attempt: &Attempt<'_>) -> Option<Key> {
    let operation = attempt.operation;
    let is_kept = matches!(operation.method, Method::Get | Method::Head)
        && request.body().is_none()
        && !returns_secrets(operation, request.url().path())
        && !is_signed(operation, attempt)
        && !CONDITIONAL.iter().any(|name| request.headers().contains_key(name));
    if !is_kept {
        return None;
    }
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for text in [&*attempt.capability.name, &operation.name, request.method().as_str(), request.url().as_str()] {
        add(text.as_bytes());
    }
    let fields = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let mut fields: Vec<_> = fields.filter(|(name, _)| !OF_ONE_REQUEST.contains(name)).collect();
    // Values of one name keep their order.
    fields.sort_by_key(|(name, _)| *name);
    for (name, value) in fields {
        add(name.as_bytes());
        add(value);
    }
    Some(hash.finalize().into())
}

/// Whether each request has another credential, so that no response could be used twice.
fn is_signed(operation: &Operation, attempt: &Attempt<'_>) -> bool {
    let of_api = attempt.capability.api(operation.api).map_or(&[][..], |api| &api.credentials);
    let mut credentials = of_api.iter().chain(operation.credentials.iter());
    credentials
        .any(|credential| matches!(credential, Credential::Digest(_) | Credential::SigV4(_) | Credential::Signed(_)))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Removes what is about one connection (RFC 9111 §3.1).
fn remove_of_connection(fields: &mut HeaderMap) {
    let named: Vec<HeaderName> = fields
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    remove_framing(fields);
    for name in named {
        fields.remove(name);
    }
}
