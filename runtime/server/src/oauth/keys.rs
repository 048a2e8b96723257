//! The keys of an authorization server, fetched with the first token and cached.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::Header;
use naftiko_client::__private::{TARGET, causes};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::discovery::{self, Key};

/// How long keys are used without fetching them again.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// How long they are used if the authorization server is unavailable.
const STALE: Duration = Duration::from_secs(60 * 60);
/// The minimum time between fetches for tokens with unknown keys, which any caller can send.
const SEARCH_PAUSE: Duration = Duration::from_secs(30);
/// The minimum time between a failed fetch and the next.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// Cloning is cheap, and clones share the keys.
#[derive(Clone)]
pub(super) struct Keys(Arc<Inner>);

struct Inner {
    issuer: Url,
    cached: RwLock<Option<Arc<CachedKeys>>>,
    /// Held during a fetch, so that one request fetches for all that wait.
    fetching: Mutex<FetchState>,
}

/// Keys, and when they were fetched.
pub(super) struct CachedKeys {
    keys: Vec<Key>,
    since: Instant,
}

/// The times of fetches that found no key, or failed.
#[derive(Default)]
struct FetchState {
    for_unknown: Option<Instant>,
    failed: Option<Instant>,
}

/// The authorization server does not say what is needed to check a token. A retry makes sense after this long.
#[derive(Clone, Debug)]
pub(super) struct Unavailable(pub(super) Duration);

impl CachedKeys {
    /// The keys that may have signed a token with this header.
    pub(super) fn fitting(&self, header: &Header) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.fits(header))
    }

    fn serves(&self, header: &Header, age: Duration) -> bool {
        self.since.elapsed() < age && self.fitting(header).next().is_some()
    }
}

impl Keys {
    pub(super) fn new(issuer: Url) -> Self {
        Self(Arc::new(Inner { issuer, cached: RwLock::new(None), fetching: Mutex::default() }))
    }

    /// The keys, including one for a token with this header if it exists.
    pub(super) async fn for_token(&self, header: &Header) -> Result<Arc<CachedKeys>, Unavailable> {
        if let Some(cached) = self.0.cached().filter(|cached| cached.serves(header, FRESH)) {
            return Ok(cached);
        }
        // Other requests wait for this fetch too, so it continues if this request is cancelled.
        let (inner, header) = (Arc::clone(&self.0), header.clone());
        let fetched = tokio::spawn(async move { inner.fetch(&header).await }).await;
        fetched.unwrap_or(Err(Unavailable(FAILURE_PAUSE)))
    }
}

impl Inner {
    fn cached(&self) -> Option<Arc<CachedKeys>> {
        self.cached.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn fetch(&self, header: &Header) -> Result<Arc<CachedKeys>, Unavailable> {
        let mut state = self.fetching.lock().await;
        // The previous holder of the lock may have fetched the same keys.
        let cached = self.cached();
        if let Some(fresh) = cached.as_ref().filter(|cached| cached.since.elapsed() < FRESH) {
            let recently = state.for_unknown.is_some_and(|at| at.elapsed() < SEARCH_PAUSE);
            if recently || fresh.serves(header, FRESH) {
                return Ok(Arc::clone(fresh));
            }
            state.for_unknown = Some(Instant::now());
        }
        let pause = state.failed.and_then(|at| FAILURE_PAUSE.checked_sub(at.elapsed()));
        let unavailable = match pause.filter(|pause| !pause.is_zero()) {
            Some(pause) => Unavailable(pause),
            None => match discovery::keys(&self.issuer).await {
                Ok(keys) => {
                    let cached = Arc::new(CachedKeys { keys, since: Instant::now() });
                    *self.cached.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&cached));
                    state.failed = None;
                    return Ok(cached);
                }
                Err(error) => {
                    let error = error.as_ref();
                    tracing::warn!(target: TARGET, %error, causes = causes(error), "the keys for access tokens cannot be fetched");
                    state.failed = Some(Instant::now());
                    Unavailable(FAILURE_PAUSE)
                }
            },
        };
        cached.filter(|cached| cached.serves(header, STALE)).ok_or(unavailable)
    }
}
