//! Secrets on the command line.

use std::convert::Infallible;

use secrecy::SecretString;

/// Reads a secret, so that nothing prints it. Mounted secrets often end with a line break, which no header can hold.
pub(super) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

/// Compares in constant time for a given length.
pub(super) fn same(sent: &[u8], secret: &[u8]) -> bool {
    let difference = sent
        .iter()
        .zip(secret)
        .fold(sent.len() ^ secret.len(), |found, (one, other)| std::hint::black_box(found | usize::from(one ^ other)));
    difference == 0
}
