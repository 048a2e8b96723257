//! The value of a version: what may be stored, and its checksum.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::answers::ApiError;

const LARGEST: usize = 64 * 1024;

/// Checks a value in base64 and, if the client sent one, its checksum.
pub(crate) fn check(data: &str, data_crc32: Option<u32>) -> Result<(), ApiError> {
    if data.is_empty() {
        return Err(ApiError::required("data"));
    }
    let bytes = STANDARD.decode(data).map_err(|_| ApiError::format("data", "value must be base64 text"))?;
    if bytes.len() > LARGEST {
        return Err(ApiError::constraint("data", "value must be at most 64 KiB"));
    }
    if data_crc32.is_some_and(|sent| sent != crc32(&bytes)) {
        let help = "value does not match the checksum of the data";
        return Err(ApiError::constraint("data_crc32", help));
    }
    Ok(())
}

/// The CRC-32 that zip and Ethernet use.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (low * 0xEDB8_8320);
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_has_the_known_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
