//! Challenges of upstreams, which later requests answer at once (RFC 7616 §3.6).

use http::HeaderMap;
use naftiko_schema::{ApiId, Capability};

#[cfg(feature = "digest")]
use super::digest::{Challenge, Login};

/// The latest challenge of each API.
#[derive(Default)]
pub(in crate::client) struct Challenges {
    #[cfg(feature = "digest")]
    latest: std::sync::Mutex<std::collections::BTreeMap<ApiId, Challenge>>,
}

/// What a response with status 401 asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum Demand {
    /// Nothing that the client can give.
    Nothing,
    /// An answer to a challenge, which the request did not have, or only an old one.
    Answer,
    /// Another answer than that of the request.
    OtherAnswer,
}

#[cfg(not(feature = "digest"))]
impl Challenges {
    pub(in crate::client) fn keep(&self, _: &'static Capability, _: ApiId, _: &HeaderMap, _: bool) -> Demand {
        Demand::Nothing
    }

    pub(in crate::client) fn read_info(&self, _: ApiId, _: &HeaderMap) {}
}

#[cfg(feature = "digest")]
impl Challenges {
    /// Keeps the challenge of a response with status 401, if the credential of the API is for challenges.
    pub(in crate::client) fn keep(
        &self,
        capability: &'static Capability,
        id: ApiId,
        headers: &HeaderMap,
        was_answered: bool,
    ) -> Demand {
        let is_digest = |credential| matches!(credential, &naftiko_schema::Credential::Digest(_));
        if !capability.api(id).is_some_and(|api| api.credentials.iter().any(is_digest)) {
            return Demand::Nothing;
        }
        let Some(challenge) = Challenge::of(headers) else { return Demand::Nothing };
        let is_stale = challenge.is_stale;
        let mut latest = self.lock();
        match latest.get_mut(&id) {
            Some(known) => known.replace(challenge),
            None => drop(latest.insert(id, challenge)),
        }
        if was_answered && !is_stale { Demand::OtherAnswer } else { Demand::Answer }
    }

    /// Keeps the nonce that a response names for the next request, so that it is not refused first.
    pub(in crate::client) fn read_info(&self, id: ApiId, headers: &HeaderMap) {
        if let Some(nonce) = Challenge::next_nonce(headers)
            && let Some(known) = self.lock().get_mut(&id)
        {
            known.take_nonce(nonce);
        }
    }

    /// Adds the answer to the latest challenge. Without a challenge, the request has no credential.
    pub(super) fn answer(&self, request: &mut reqwest::Request, id: ApiId, login: &Login) {
        let url = request.url();
        let uri = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let answer = self.lock().get_mut(&id).and_then(|it| it.answer(login, request.method().as_str(), &uri));
        match answer.and_then(|answer| super::header(&answer)) {
            Some(value) => drop(request.headers_mut().insert(http::header::AUTHORIZATION, value)),
            None => drop(request.headers_mut().remove(http::header::AUTHORIZATION)),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<ApiId, Challenge>> {
        self.latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
