//! What speaks TLS.

/// Whether there is anything that speaks TLS.
pub(super) const BUILT_IN: bool = cfg!(any(feature = "ring", feature = "aws-lc-rs", feature = "native-tls"));

/// rustls panics on first use when no provider is installed. An application that installed its own keeps it.
pub(super) fn install_crypto_provider() {
    #[cfg(feature = "ring")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
