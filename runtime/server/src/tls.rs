//! TLS between callers and the server.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use naftiko_client::install_crypto_provider;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{Error, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::cli::Serve;
use super::failure::Failure;
use super::socket::Socket;

/// Accepts TLS connections. Cloning is cheap, and all clones change together.
#[derive(Clone)]
pub(super) struct Tls {
    config: Arc<RwLock<Arc<ServerConfig>>>,
    timeout: Duration,
}

impl Tls {
    /// TLS as the options configure it; `None` if they do not.
    pub(super) fn new(options: &Serve) -> Result<Option<Self>, Failure> {
        let timeout = Duration::from_secs(options.head_timeout);
        Ok(Self::read(options)?.map(|config| Self { config: Arc::new(RwLock::new(config)), timeout }))
    }

    /// Serves all later connections with another configuration. Those that are open keep theirs.
    pub(super) fn replace(&self, config: Arc<ServerConfig>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Reads the files of the options.
    ///
    /// # Errors
    /// If one cannot be read, or they do not work together.
    pub(super) fn read(options: &Serve) -> Result<Option<Arc<ServerConfig>>, Failure> {
        let (Some(certificate), Some(key)) = (&options.tls_certificate, &options.tls_key) else { return Ok(None) };
        install_crypto_provider();
        let provider = CryptoProvider::get_default().cloned().ok_or_else(|| {
            Failure::Refused("https requires a build with the feature `ring` or `aws-lc-rs`".to_owned())
        })?;
        let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.and_then(|chain| if chain.is_empty() { Err(Error::NoItemsFound) } else { Ok(chain) });
        let chain = chain.map_err(|error| unreadable("certificate", certificate, error))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("private key", key, error))?;
        let mismatch = |error: &dyn Display| {
            let (certificate, key) = (certificate.display(), key.display());
            Failure::Refused(format!("the certificate in {certificate} does not work with the key in {key}: {error}"))
        };
        // TLS 1.2 and 1.3, without client certificates.
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| mismatch(&error))?.with_no_client_auth().with_single_cert(chain, secret);
        let mut config = config.map_err(|error| mismatch(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(config)))
    }

    /// Performs the TLS handshake, within the timeout.
    pub(super) async fn accept(&self, stream: Socket) -> io::Result<TlsStream<Socket>> {
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        tokio::time::timeout(self.timeout, TlsAcceptor::from(config).accept(stream)).await?
    }
}

/// The failure to read a file. It never quotes the file's content.
fn unreadable(what: &str, path: &Path, error: Error) -> Failure {
    let path = path.display();
    Failure::Refused(match error {
        Error::Io(error) => format!("the {what} in {path} cannot be read: {error}"),
        _ => format!("{path} contains no {what} in PEM format"),
    })
}
