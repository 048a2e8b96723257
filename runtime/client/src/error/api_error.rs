//! Parses the body of an error response, in any of the usual formats.

use http::HeaderMap;
use serde_json::Value;

use crate::format::{is_json, without_byte_order_mark};
use crate::headers::content_type;

/// How much of an upstream's text is repeated, in characters.
pub(super) const TEXT_LIMIT: usize = 500;

/// An error response of the upstream, parsed. All fields may be missing: a gateway's 429 often has no body.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// The error code, such as `not_found` or the URI of a problem type (RFC 9457 §3.1.1).
    pub kind: Option<String>,
    /// The message for people, at most 500 characters.
    pub message: Option<String>,
    /// Details, such as invalid arguments or an exceeded quota, in the upstream's own format.
    pub details: Option<Value>,
    /// The whole document, if the body is JSON.
    pub document: Option<Value>,
}

const KINDS: [&str; 5] = ["type", "code", "error_code", "errorCode", "status"];
const MESSAGES: [&str; 8] =
    ["message", "detail", "error_description", "title", "error_message", "errorMessage", "description", "reason"];
const DETAILS: [&str; 6] = ["details", "errors", "fields", "violations", "invalid_params", "help_message"];

impl ApiError {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let body = without_byte_order_mark(body);
        if let Ok(document) = serde_json::from_slice(body) {
            return Self::of_document(document);
        }
        // JSON that cannot be read, such as 1e400 or with a comma too many, is no message: secrets in it could not be masked. Nor is
        // text in UTF-16 that breaks off.
        if is_json(body) || body.trim_ascii_start().starts_with(b"{") || body.contains(&0) {
            return Self::default();
        }
        let text = String::from_utf8_lossy(body);
        let message = if content_type(headers).is_some_and(|t| t.to_ascii_lowercase().contains("html")) {
            title(&text)
        } else {
            text.lines().map(str::trim).find(|line| !line.is_empty())
        };
        Self { message: message.map(short), ..Self::default() }
    }

    fn of_document(document: Value) -> Self {
        // The message may be at the root, in `error`, or in the first of several errors.
        let inner = ["error", "errors", "fault"].iter().find_map(|key| document.get(key));
        let inner = inner.map(|inner| inner.get(0).unwrap_or(inner)).filter(|inner| inner.is_object());
        let places: Vec<&Value> = [Some(&document), document.get(0), inner].into_iter().flatten().collect();
        let text =
            |names: &[&str]| places.iter().find_map(|place| names.iter().find_map(|name| word(place.get(name)?)));
        // OAuth has the error code in `error` (RFC 6749 §5.2); other APIs have the message there.
        let bare = document.get("error").and_then(Value::as_str).map(short);
        let quoted = document.as_str().map(short);
        let message = text(&MESSAGES);
        let (kind, message) = match (text(&KINDS), message, bare) {
            (None, Some(message), bare) => (bare, Some(message)),
            (kind, None, bare) => (kind, bare.or(quoted)),
            (kind, message, _) => (kind, message),
        };
        let details = places.iter().find_map(|place| DETAILS.iter().find_map(|name| place.get(name)));
        let details = details.filter(|details| !details.is_null()).cloned();
        Self { kind, message, details, document: Some(document) }
    }
}

/// A non-empty text or a number, as text.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(short(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn short(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_LIMIT).collect()
}

/// The `<title>` of an HTML page.
fn title(page: &str) -> Option<&str> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let length = lower.get(start..)?.find("</title")?;
    page.get(start..start + length).map(str::trim).filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use http::header::{CONTENT_TYPE, HeaderValue};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(media_type: &'static str, body: &str) -> ApiError {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        ApiError::read(&headers, body.as_bytes())
    }

    #[test]
    fn all_usual_formats_are_parsed() {
        let cases = [
            (json!({"message": "m"}), None, Some("m")),
            (json!({"type": "not_found", "message": "m", "resource": "secret"}), Some("not_found"), Some("m")),
            (
                json!({"type": "https://e.test/p", "title": "t", "detail": "d", "status": 400}),
                Some("https://e.test/p"),
                Some("d"),
            ),
            (json!({"error": "invalid_grant", "error_description": "d"}), Some("invalid_grant"), Some("d")),
            (json!({"error": "no such thing"}), None, Some("no such thing")),
            (json!({"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}}), Some("404"), Some("m")),
            (json!({"errors": [{"code": "E1", "detail": "first"}, {"detail": "second"}]}), Some("E1"), Some("first")),
            (json!([{"errorCode": "E2", "message": "m"}]), Some("E2"), Some("m")),
            (json!("only text"), None, Some("only text")),
            (json!({}), None, None),
            (json!(null), None, None),
        ];
        for (document, kind, message) in cases {
            let api_error = read("application/json", &document.to_string());
            assert_eq!(api_error.kind.as_deref(), kind, "{document}");
            assert_eq!(api_error.message.as_deref(), message, "{document}");
            assert_eq!(api_error.document, Some(document));
        }
    }

    #[test]
    fn details_are_unchanged() {
        let details = json!([{"argument_name": "name", "reason": "format", "help_message": "taken"}]);
        let body = json!({"type": "invalid_arguments", "message": "invalid argument(s)", "details": details});
        assert_eq!(read("application/json", &body.to_string()).details, Some(details));
    }

    #[test]
    fn html_and_plain_text_are_parsed() {
        let page = "<html><head><TITLE lang=en> 502 Bad Gateway </TITLE></head><body>long</body></html>";
        assert_eq!(read("text/html; charset=utf-8", page).message.as_deref(), Some("502 Bad Gateway"));
        assert_eq!(read("text/html", "<html>no title</html>").message, None);
        assert_eq!(
            read("text/plain", "\n upstream connect error\nmore").message.as_deref(),
            Some("upstream connect error")
        );
        assert_eq!(read("text/plain", ""), ApiError::default());
        let long = read("text/plain", &"x".repeat(10_000)).message.expect("there is a message");
        assert_eq!(long.len(), TEXT_LIMIT);
    }

    #[test]
    fn byte_order_marks_are_ignored_and_text_that_is_not_utf8_is_no_message() {
        assert_eq!(read("application/json", "\u{feff}{\"message\": \"m\"}").message.as_deref(), Some("m"));
        assert_eq!(read("text/plain", "\u{feff}m").message.as_deref(), Some("m"));
        assert_eq!(read("text/plain", "\0m\0y\0 \0s\0e\0c\0r\0e\0t"), ApiError::default());
    }

    proptest! {
        #[test]
        fn any_body_is_parsed_without_panic(html in any::<bool>(), body in any::<Vec<u8>>(), page in "(<title|İ|>|</title|\\PC){0,12}") {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(if html { "text/html" } else { "a/b" }))]);
            ApiError::read(&headers, &body);
            ApiError::read(&headers, page.as_bytes());
        }
    }
}
