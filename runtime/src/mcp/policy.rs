//! What clients may do with the tools, as whoever runs the server says.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use rmcp::model::RequestStateCodec;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wildmatch::WildMatch;

use super::{Resource, ResourceSource, Tool};
use crate::operation::Method;

/// How long the text of a result may be, in bytes, unless somebody says otherwise.
const RESPONSE_BUDGET: usize = 100_000;
/// The shortest key that seals states, in bytes: that of the hash (RFC 2104 §3).
const KEY_LENGTH: usize = 32;

/// What clients may do with the tools. Clones share the limits and the key.
#[derive(Clone)]
#[must_use]
pub struct Policy {
    read_only: bool,
    only: Vec<WildMatch>,
    excluded: Vec<WildMatch>,
    revealed: Vec<WildMatch>,
    pub(super) confirmation: Confirmation,
    pub(super) response_budget: usize,
    pub(super) dry_run: bool,
    /// Seals what a client sends back with a confirmation.
    pub(super) seal: Option<Arc<RequestStateCodec>>,
    places: Option<Arc<Semaphore>>,
    rate: Option<Arc<DefaultDirectRateLimiter>>,
}

/// Whether somebody has to agree before a destructive tool is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirmation {
    /// Nobody is asked.
    Off,
    /// The user is asked by clients that can ask. Other clients call as they like.
    #[default]
    Ask,
    /// The user is asked. Clients that cannot ask call nothing destructive.
    Require,
}

/// A key that is too short to seal anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key that seals states is shorter than {KEY_LENGTH} bytes")]
pub struct ShortKey;

/// Why a call is not even looked at.
pub(super) struct TooMuch {
    pub(super) problem: &'static str,
    /// In seconds.
    pub(super) wait: u64,
}

impl Default for Policy {
    /// Every tool, with confirmations where clients can ask for them, sealed by a key that this process has made up.
    fn default() -> Self {
        let mut key = vec![0; KEY_LENGTH];
        let seal = getrandom::fill(&mut key).ok().and_then(|()| RequestStateCodec::try_new(key).ok());
        Self {
            read_only: false,
            only: Vec::new(),
            excluded: Vec::new(),
            revealed: Vec::new(),
            confirmation: Confirmation::default(),
            response_budget: RESPONSE_BUDGET,
            dry_run: false,
            seal: seal.map(Arc::new),
            places: None,
            rate: None,
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key stays out.
        f.debug_struct("Policy")
            .field("read_only", &self.read_only)
            .field("confirmation", &self.confirmation)
            .field("response_budget", &self.response_budget)
            .field("dry_run", &self.dry_run)
            .finish_non_exhaustive()
    }
}

impl Policy {
    /// Only tools and resources that change nothing. The others are neither listed nor called.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Only tools whose names match one of these, where `*` stands for anything and `?` for one character.
    pub fn tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.only = compiled(patterns);
        self
    }

    /// No tools whose names match one of these.
    pub fn exclude_tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.excluded = compiled(patterns);
        self
    }

    /// Shows the secrets in results of tools and resources whose names match one of these. Otherwise they are masked.
    pub fn reveal_secrets(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.revealed = compiled(patterns);
        self
    }

    /// Whether somebody has to agree before a destructive tool is called.
    pub fn confirmation(mut self, confirmation: Confirmation) -> Self {
        self.confirmation = confirmation;
        self
    }

    /// How long the text of a result may be, in bytes. A longer one is never cut in two: a smaller result takes its place, or
    /// an error that says how to ask for less.
    pub fn response_budget(mut self, bytes: usize) -> Self {
        self.response_budget = bytes;
        self
    }

    /// Calls show the request that they would send, without secrets, and send nothing.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The key that seals what clients send back with a confirmation. Servers of one endpoint need the same.
    ///
    /// # Errors
    /// When the key is shorter than 32 bytes.
    pub fn state_key(mut self, key: &SecretString) -> Result<Self, ShortKey> {
        let codec = RequestStateCodec::try_new(key.expose_secret().as_bytes()).map_err(|_| ShortKey)?;
        self.seal = Some(Arc::new(codec));
        Ok(self)
    }

    /// How many calls may run at once.
    pub fn calls_at_once(mut self, count: usize) -> Self {
        self.places = Some(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))));
        self
    }

    /// How many calls may begin in a second, and as many at once.
    pub fn calls_per_second(mut self, count: NonZeroU32) -> Self {
        self.rate = Some(Arc::new(RateLimiter::direct(Quota::per_second(count))));
        self
    }

    /// Whether a tool exists for clients.
    pub(super) fn shows(&self, tool: &Tool) -> bool {
        (tool.hints.read_only || !self.read_only)
            && (self.only.is_empty() || matches(&self.only, tool.name))
            && !matches(&self.excluded, tool.name)
    }

    /// Whether a resource exists for clients. What it calls may change something, whatever a resource is meant to do.
    pub(super) fn shows_resource(&self, resource: &Resource) -> bool {
        match &resource.source {
            ResourceSource::Call { call, .. } => {
                !self.read_only || matches!(call.operation.method, Method::Get | Method::Head | Method::Options)
            }
            ResourceSource::Text { .. } | ResourceSource::OfTheServer(_) => true,
        }
    }

    /// Whether what a tool or resource of this name gives may have secrets.
    pub(super) fn reveals(&self, name: &str) -> bool {
        matches(&self.revealed, name)
    }

    /// A place among the calls that run; none is wanted where their number has no limit.
    pub(super) fn admit(&self) -> Result<Option<OwnedSemaphorePermit>, TooMuch> {
        if let Some(rate) = &self.rate {
            rate.check().map_err(|until| {
                let wait = until.wait_time_from(DefaultClock::default().now());
                TooMuch { problem: "this client made too many calls", wait: wait.as_secs() + 1 }
            })?;
        }
        let Some(places) = &self.places else { return Ok(None) };
        let place = Arc::clone(places).try_acquire_owned();
        place.map(Some).map_err(|_| TooMuch { problem: "as many calls run as may run at once", wait: 1 })
    }
}

fn compiled(patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<WildMatch> {
    patterns.into_iter().map(|pattern| WildMatch::new(pattern.as_ref())).collect()
}

fn matches(patterns: &[WildMatch], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}
