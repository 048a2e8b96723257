//! The TLS implementation of this build.

/// Whether this build has TLS.
pub(super) const BUILT_IN: bool = cfg!(any(feature = "ring", feature = "aws-lc-rs", feature = "native-tls"));

/// Makes reqwest use the TLS of our features. Otherwise, with several implementations in one program, it would choose itself.
pub(super) fn choose(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    return builder.tls_backend_rustls();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    return builder;
}

/// Installs the cryptography provider of rustls, unless the application has installed one: without a provider rustls panics.
/// Building a client calls this function. Call it before you build a reqwest client yourself.
pub fn install_crypto_provider() {
    #[cfg(feature = "ring")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
