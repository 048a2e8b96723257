//! Why the program stops early.

use naftiko_client::ConfigError;

/// Why the program stops early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("{what} cannot listen on {address}: {source}")]
    Listen { what: String, address: std::net::SocketAddr, source: std::io::Error },
}
