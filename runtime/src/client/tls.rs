//! What speaks TLS.

/// Whether there is anything that speaks TLS.
pub(super) const BUILT_IN: bool = cfg!(any(feature = "ring", feature = "aws-lc-rs", feature = "native-tls"));

/// Settings of reqwest with the TLS of our features: with several kinds in one program it would choose by itself.
pub(super) fn choose(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    return builder.tls_backend_rustls();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    return builder;
}

/// Gives rustls its cryptography, unless the application did: without any it panics on first use. A client does this when
/// it is built; call it before you build one of reqwest yourself.
pub fn install_crypto_provider() {
    #[cfg(feature = "ring")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
