//! What a cache does, for metrics.

/// What a cache did for a call of an operation whose responses it may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheEvent {
    /// The kept response was fresh, and nothing was sent.
    Hit,
    /// No response was kept, or not the current one, so that the upstream was asked for it.
    Miss,
    /// The upstream said that the kept response is still right.
    Revalidated,
    /// A response was kept that was not there before, or another one in its place.
    Stored,
    /// A kept response made room for another one.
    Evicted,
}

impl CacheEvent {
    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Revalidated => "revalidated",
            Self::Stored => "stored",
            Self::Evicted => "evicted",
        }
    }
}

/// Hears what a cache does, for the capability with a name.
pub(super) type Observer = Box<dyn Fn(&'static str, CacheEvent) + Send + Sync>;
