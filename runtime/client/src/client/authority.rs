//! Requests to authorization servers.

use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::address::is_local;
use super::{ConfigError, tls};
use crate::transport::BoxError;

/// An HTTP client for an authorization server. It follows no redirects, so that responses come from no other server.
pub fn client(server: &Url, timeout: Duration) -> Result<reqwest::Client, ConfigError> {
    tls::install_crypto_provider();
    let http = tls::choose(reqwest::Client::builder())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(timeout);
    let http = if is_local(server) { http.no_proxy() } else { http };
    http.build().map_err(|error| ConfigError::Http(error.without_url()))
}

/// Sends a request and reads the whole response.
///
/// # Errors
/// If the request fails, or the body is longer than `limit` bytes.
pub async fn send(request: reqwest::RequestBuilder, limit: usize) -> Result<(StatusCode, Vec<u8>), BoxError> {
    let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > limit {
            return Err("the authorization server's response is too large".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((response.status(), body))
}
