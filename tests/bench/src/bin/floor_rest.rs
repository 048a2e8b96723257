//! The floor: what a server by hand would do at least. It passes requests on with the credential, and answers as they come:
//! no checks, no limits, no ids, no metrics.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use clap::Parser;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderName, StatusCode};
use naftiko_bench::PREFIX;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;

#[derive(Parser)]
struct Arguments {
    /// The port to listen on
    port: u16,
    /// The base URI of the upstream
    base_uri: String,
}

struct Upstream {
    client: reqwest::Client,
    base_uri: String,
    token: HeaderValue,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Arguments { port, base_uri } = Arguments::parse();
    // It fails only where a provider is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build()?;
    let token = std::env::var("SCALEWAY_API_KEY").context("SCALEWAY_API_KEY is not set")?.try_into()?;
    let router = Router::new()
        .route(&format!("{PREFIX}/secret-manager/v1beta1/regions/{{region}}/secrets/{{secret}}"), get(pass_on))
        .with_state(Arc::new(Upstream { client, base_uri, token }));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?.tap_io(|stream| {
        // What cannot be set only costs time.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

async fn pass_on(
    State(upstream): State<Arc<Upstream>>,
    Path((region, secret)): Path<(String, String)>,
) -> Result<Response, StatusCode> {
    let uri = format!("{}/secret-manager/v1beta1/regions/{region}/secrets/{secret}", upstream.base_uri);
    let request = upstream.client.get(uri).header(HeaderName::from_static("x-auth-token"), upstream.token.clone());
    let answer = request.send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let mut response = http::Response::<reqwest::Body>::from(answer).map(Body::new);
    response.headers_mut().remove(CONNECTION);
    response.headers_mut().remove(TRANSFER_ENCODING);
    Ok(response)
}
