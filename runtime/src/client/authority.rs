//! How an authorization server is asked.

use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::credential::is_local;
use super::{BoxError, ConfigError, tls};

/// A client for an authorization server: what it says is taken from nowhere else, so no redirect is followed.
pub(crate) fn client(server: &Url, patience: Duration) -> Result<reqwest::Client, ConfigError> {
    tls::install_crypto_provider();
    let http = tls::choose(reqwest::Client::builder())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(patience);
    let http = if is_local(server) { http.no_proxy() } else { http };
    http.build().map_err(|error| ConfigError::Http(error.without_url()))
}

/// The answer to a request, as far as that many bytes.
pub(crate) async fn answer(request: reqwest::RequestBuilder, limit: usize) -> Result<(StatusCode, Vec<u8>), BoxError> {
    let mut answer = request.send().await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > limit {
            return Err("the authorization server's answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((answer.status(), body))
}
