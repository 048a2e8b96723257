//! Secrets on the command line.

use std::convert::Infallible;

use secrecy::SecretString;

/// Reads a secret, so that nothing prints it. Mounted secrets often end with a line break, which no header can hold.
pub(super) fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.trim_end_matches(['\r', '\n']).into())
}
