//! Encoding of names and values in queries, cookies and JSON pointers.

use naftiko_schema::http::percent_encode;

/// A name or a value of a query or a cookie, encoded.
pub(crate) fn encoded(text: &str) -> String {
    percent_encode(text).into_owned()
}

/// An encoded pair of a query or a cookie.
pub(crate) fn pair(name: &str, value: &str) -> String {
    format!("{}={}", percent_encode(name), percent_encode(value))
}

/// Bytes as hexadecimal digits, in lower case.
#[cfg(any(feature = "digest", feature = "sigv4"))]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text in a form, with `+` for blanks (WHATWG URL §5.2).
pub(crate) fn form_encode(text: &str) -> String {
    percent_encode(text).replace("%20", "+")
}

/// An encoded pair of a form.
pub(crate) fn form_pair(name: &str, value: &str) -> String {
    format!("{}={}", form_encode(name), form_encode(value))
}

/// A name, escaped for a JSON pointer (RFC 6901 §3).
pub fn pointer_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
