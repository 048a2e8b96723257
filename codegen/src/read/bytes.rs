//! What a capability says about responses that are bytes: their longest length, and their media type.

use super::document::Text;
use super::fields::Fields;
use super::yaml::{Content, Node};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::vocabulary::is_token;

/// The units of lengths, with their bytes.
const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

/// The longest response, in bytes.
pub(super) fn limit(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<u64> {
    let text = fields.text(&["maxBinarySize"], sink)?;
    let limit = length(text.value.trim());
    if limit.is_none() {
        let message = format!("`maxBinarySize` must be a number of bytes, but it is `{}`", text.value);
        let help = "write a number, with `B`, `KiB`, `MiB` or `GiB` after it: `10MiB`";
        sink.report(Code::WrongType, text.span, message).help(help);
    }
    limit
}

/// A length in bytes, rounded down: digits, perhaps a fraction, and perhaps a unit.
fn length(text: &str) -> Option<u64> {
    let unit = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let (number, bytes) = unit.unwrap_or((text, 1));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(bytes)?;
    // Nine digits are less than a byte of the largest unit.
    let fraction = fraction.get(..fraction.len().min(9))?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(bytes)? / 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    whole.checked_add(part)
}

/// A media type without parameters (RFC 6838 §4.2).
pub(super) fn media_type(text: Text, sink: &mut Sink) -> Option<Text> {
    let is_one = text.value.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    if !is_one {
        let message = format!("`{}` is not a media type", text.value);
        sink.report(Code::WrongType, text.span, message).help("write a type and a subtype, such as `image/png`");
    }
    is_one.then_some(text)
}

/// The media type of binary responses that a route declares: the first, in either spelling.
pub(super) fn contract(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let short = fields.get(&["responseBinary"]).and_then(|entry| {
        let mut fields = Fields::of(&entry.value, "`responseBinary`", sink);
        let media_type = fields.required_text(&["mediaType"], sink);
        fields.ignore(&["status", "description"]);
        fields.finish(sink);
        media_type
    });
    let long = fields.get(&["responses"]);
    let declared = long.and_then(|entry| binary(&entry.value));
    if let Some(entry) = long.filter(|_| declared.is_none()) {
        let message = "`responses` has no effect: callers get the response of the upstream, or the declared outputs";
        sink.report(Code::NoEffect, entry.span, message).help("remove it, or say `binary: true` for a media type");
    }
    short.or(declared).and_then(|text| media_type(text, sink))
}

/// The first media type that is binary: status, `content`, media type, `binary`.
fn binary(responses: &Node) -> Option<Text> {
    let members = |node: &Node| match &node.content {
        Content::Mapping(entries) => entries.clone(),
        _ => Vec::new(),
    };
    let contents = members(responses).into_iter().filter_map(|response| response.value.get("content").cloned());
    let is_binary = |value: &Node| value.get("binary").and_then(Node::scalar_text).as_deref() == Some("true");
    let found = contents.flat_map(|content| members(&content)).find(|entry| is_binary(&entry.value))?;
    Some(Text { value: found.key, span: found.span })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units_and_fractions() {
        for (text, expected) in [
            ("4096", Some(4096)),
            ("10B", Some(10)),
            ("512KiB", Some(512 << 10)),
            ("1.5MiB", Some(3 << 19)),
            ("1.3333333333333KiB", Some(1365)),
            ("2GiB", Some(2 << 30)),
            ("99999999999GiB", None),
            ("10 MiB", None),
            ("10MB", None),
            ("1.", None),
            (".5KiB", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(length(text), expected, "{text}");
        }
    }
}
