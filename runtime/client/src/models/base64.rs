//! Bytes in bodies.

use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use serde::{Deserialize, Serialize};

use super::Redacted;

/// Both alphabets, with or without padding.
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Bytes that travel as base64 (RFC 4648). It is made of bytes, and keeps the text of a response as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Base64(String);

/// A text is not base64. The text is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not base64")]
#[non_exhaustive]
pub struct InvalidBase64;

impl Base64 {
    /// A text that is base64 already.
    pub fn of_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as it travels.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes. Both alphabets are accepted (RFC 4648, sections 4 and 5), line breaks, and padding that is left out.
    ///
    /// # Errors
    /// If the text is not base64.
    pub fn bytes(&self) -> Result<Vec<u8>, InvalidBase64> {
        let text: String = self.0.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
        GeneralPurpose::new(alphabet, CONFIG).decode(text).map_err(|_| InvalidBase64)
    }
}

/// Makes base64 of what holds bytes, also where it is secret.
macro_rules! of_bytes {
    ($($bytes:ty $(, $size:ident)?);+) => {
        $(
            impl$(<const $size: usize>)? From<$bytes> for Base64 {
                fn from(bytes: $bytes) -> Self {
                    Self(STANDARD.encode(bytes))
                }
            }

            impl$(<const $size: usize>)? From<$bytes> for Redacted<Base64> {
                fn from(bytes: $bytes) -> Self {
                    Base64::from(bytes).into()
                }
            }
        )+
    };
}

of_bytes!(&[u8]; Vec<u8>; &Vec<u8>; [u8; N], N; &[u8; N], N);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_and_all_ways_to_write_them_are_read() {
        let bytes = [0xfb, 0xff, 0xfe, 0x01];
        let made = Base64::from(bytes);
        assert_eq!((made.as_str(), made.bytes()), ("+//+AQ==", Ok(bytes.to_vec())));
        assert_eq!(Redacted::<Base64>::from(&bytes[..]).into_inner(), made);
        for text in ["+//+AQ==", "+//+AQ", "-__-AQ==", "-__-AQ", "+//+\r\nAQ==\n"] {
            assert_eq!(Base64::of_text(text).bytes().as_deref(), Ok(&bytes[..]), "{text:?}");
        }
        let other: Base64 = serde_json::from_str("\"not base64!\"").expect("any text is kept");
        assert_eq!((other.as_str(), other.bytes()), ("not base64!", Err(InvalidBase64)));
        assert_eq!(serde_json::to_string(&other).expect("JSON"), "\"not base64!\"");
    }
}
