//! The keys of an authorization server, fetched when the first token comes, and kept for a while.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::Header;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::discovery::{self, Key};
use crate::error::causes;

/// How long keys are taken for those of the moment.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// How long they serve where the authorization server cannot be asked.
const STALE: Duration = Duration::from_secs(60 * 60);
/// Tokens with unknown keys make the server ask again this often at most: anybody can send them.
const SEARCH_PAUSE: Duration = Duration::from_secs(30);
/// After a failure nobody asks again for this long.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

/// Cloning is cheap, and clones share the keys.
#[derive(Clone)]
pub(super) struct Keys(Arc<Inner>);

struct Inner {
    issuer: Url,
    known: RwLock<Option<Arc<Known>>>,
    /// Held while the authorization server is asked, so that one request does it for all that wait.
    asking: Mutex<Asked>,
}

/// The keys of a moment.
pub(super) struct Known {
    keys: Vec<Key>,
    since: Instant,
}

/// When the authorization server was asked in vain.
#[derive(Default)]
struct Asked {
    for_unknown: Option<Instant>,
    failed: Option<Instant>,
}

/// There are no keys, and it is worth asking again after this long.
#[derive(Debug)]
pub(super) struct Unavailable(pub(super) Duration);

impl Known {
    /// The keys with which a token may be signed.
    pub(super) fn fitting(&self, header: &Header) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| key.fits(header))
    }

    fn serves(&self, header: &Header, age: Duration) -> bool {
        self.since.elapsed() < age && self.fitting(header).next().is_some()
    }
}

impl Keys {
    pub(super) fn new(issuer: Url) -> Self {
        Self(Arc::new(Inner { issuer, known: RwLock::new(None), asking: Mutex::default() }))
    }

    /// The keys, with one for a token with this header if there is any.
    pub(super) async fn for_token(&self, header: &Header) -> Result<Arc<Known>, Unavailable> {
        if let Some(known) = self.0.known().filter(|known| known.serves(header, FRESH)) {
            return Ok(known);
        }
        // Others wait for what one request has begun, so it goes on when that one is given up.
        let (inner, header) = (Arc::clone(&self.0), header.clone());
        let asked = tokio::spawn(async move { inner.ask(&header).await }).await;
        asked.unwrap_or(Err(Unavailable(FAILURE_PAUSE)))
    }
}

impl Inner {
    fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ask(&self, header: &Header) -> Result<Arc<Known>, Unavailable> {
        let mut asked = self.asking.lock().await;
        // Whoever had the lock before may have been here for the same.
        let known = self.known();
        if let Some(fresh) = known.as_ref().filter(|known| known.since.elapsed() < FRESH) {
            let recently = asked.for_unknown.is_some_and(|at| at.elapsed() < SEARCH_PAUSE);
            if recently || fresh.serves(header, FRESH) {
                return Ok(Arc::clone(fresh));
            }
            asked.for_unknown = Some(Instant::now());
        }
        let pause = asked.failed.and_then(|at| FAILURE_PAUSE.checked_sub(at.elapsed()));
        let unavailable = match pause.filter(|pause| !pause.is_zero()) {
            Some(pause) => Unavailable(pause),
            None => match discovery::keys(&self.issuer).await {
                Ok(keys) => {
                    let known = Arc::new(Known { keys, since: Instant::now() });
                    *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&known));
                    asked.failed = None;
                    return Ok(known);
                }
                Err(error) => {
                    let error = error.as_ref();
                    tracing::warn!(%error, causes = causes(error), "the keys for access tokens cannot be fetched");
                    asked.failed = Some(Instant::now());
                    Unavailable(FAILURE_PAUSE)
                }
            },
        };
        known.filter(|known| known.serves(header, STALE)).ok_or(unavailable)
    }
}
