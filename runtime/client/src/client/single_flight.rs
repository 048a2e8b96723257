//! Requests for tokens that everyone shares who needs the token at that time.

use std::future::Future;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::transport::BoxError;

/// A token and when it should be replaced, or why it was not granted.
pub(super) type Outcome<E> = Result<(SecretString, Instant), E>;

/// A request for a token that is running, or its outcome. All that wait for it get the same one, a failure too.
#[derive(Clone)]
pub(super) struct Flight<E>(watch::Receiver<Option<Outcome<E>>>);

impl<E: Clone + From<BoxError> + Send + Sync + 'static> Flight<E> {
    /// Starts a request. Others may wait for it too, so it continues if the call that needed it first is cancelled.
    pub(super) fn start(request: impl Future<Output = Outcome<E>> + Send + 'static) -> Self {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let outcome = request.await;
            sender.send_replace(Some(outcome));
        });
        Self(receiver)
    }

    /// Whether its token can be used, or may come.
    pub(super) fn is_usable(&self) -> bool {
        match &*self.0.borrow() {
            Some(outcome) => outcome.as_ref().is_ok_and(|(_, until)| Instant::now() < *until),
            None => self.0.has_changed().is_ok(),
        }
    }

    /// Whether its token is this one.
    pub(super) fn has_granted(&self, token: &SecretString) -> bool {
        let is_same = |(own, _): &(SecretString, Instant)| own.expose_secret() == token.expose_secret();
        matches!(&*self.0.borrow(), Some(Ok(granted)) if is_same(granted))
    }

    /// Its token, as soon as it is there.
    pub(super) async fn token(mut self) -> Result<SecretString, E> {
        let outcome = self.0.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        let stopped = || Err(BoxError::from("the request for a token was stopped").into());
        outcome.unwrap_or_else(stopped).map(|(token, _)| token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::{advance, sleep};

    use super::*;

    type Failed = Arc<dyn std::error::Error + Send + Sync>;

    #[tokio::test(start_paused = true)]
    async fn outcome_of_a_request_no_one_waited_for_is_not_used_when_it_is_old() {
        for is_granted in [true, false] {
            let until = Instant::now() + Duration::from_secs(60);
            let flight = Flight::<Failed>::start(async move {
                sleep(Duration::from_secs(1)).await;
                if is_granted { Ok(("a token".into(), until)) } else { Err(BoxError::from("down").into()) }
            });
            assert!(flight.is_usable(), "it is running");
            sleep(Duration::from_secs(2)).await;
            assert_eq!(flight.is_usable(), is_granted);
            advance(Duration::from_secs(60)).await;
            assert!(!flight.is_usable());
        }
    }

    #[tokio::test]
    async fn request_that_is_stopped_fails_for_all_that_wait() {
        let flight = Flight::<Failed>::start(async {
            tokio::task::yield_now().await;
            panic!("the request ends")
        });
        for outcome in join_all((0..3).map(|_| flight.clone().token())).await {
            assert_eq!(outcome.expect_err("it was stopped").to_string(), "the request for a token was stopped");
        }
        assert!(!flight.is_usable());
    }
}
