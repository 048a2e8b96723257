//! The value of a version: what may be stored, what each type of secret holds, and the checksum.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::answers::ApiError;

const LARGEST: usize = 64 * 1024;

const ENGINES: [&str; 3] = ["postgres", "mysql", "other"];

/// Checks a value in base64 and, if the client sent one, its checksum. Returns the bytes of the value.
pub(crate) fn check(data: &str, data_crc32: Option<u32>) -> Result<Vec<u8>, ApiError> {
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
    Ok(bytes)
}

/// Checks that a value is what secrets of this type hold.
pub(crate) fn check_type(kind: &str, bytes: &[u8]) -> Result<(), ApiError> {
    let members = || serde_json::from_slice::<Map<String, Value>>(bytes).unwrap_or_default();
    let texts = |keys: &[&str]| {
        let members = members();
        keys.iter().all(|key| members.get(*key).is_some_and(Value::is_string))
    };
    let (fits, help) = match kind {
        "certificate" => (bytes.starts_with(b"-----BEGIN "), "value must be PEM blocks"),
        "key_value" => {
            let members = members();
            let scalar = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
            (!members.is_empty() && members.values().all(scalar), "value must be a flat JSON object")
        }
        "basic_credentials" => (texts(&["username", "password"]), "value must have a username and a password"),
        "database_credentials" => {
            let known = members().get("engine").and_then(Value::as_str).is_some_and(|engine| ENGINES.contains(&engine));
            let rest = texts(&["username", "password", "host", "port"]);
            (known && rest, "value must have an engine, a username, a password, a host and a port, all as text")
        }
        "ssh_key" => (texts(&["ssh_private_key"]), "value must have an ssh_private_key"),
        _ => (true, ""),
    };
    if fits { Ok(()) } else { Err(ApiError::format("data", help)) }
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
