//! What a browser must not do with content of the upstream, which it would take for content of this server.

use http::header::{
    CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS,
};

/// Nothing is loaded or run, and the content has an origin of its own (CSP Level 3 §6.3.2).
const POLICY: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
/// Which pages may load the content without CORS (Fetch, "Cross-Origin-Resource-Policy header").
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Only those of this server.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Fields that tell a browser what it may do with this server or all its pages. The upstream never sets them, even if an
/// operation names them.
const COMMANDS: [&str; 30] = [
    "accept-ch",
    "activate-storage-access",
    "alt-svc",
    "cdn-cache-control",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "document-policy",
    "expect-ct",
    "feature-policy",
    "nel",
    "origin-agent-cluster",
    "origin-trial",
    "permissions-policy",
    "public-key-pins",
    "referrer-policy",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "set-login",
    "sourcemap",
    "speculation-rules",
    "strict-transport-security",
    "supports-loading-mode",
    "surrogate-control",
    "timing-allow-origin",
    "use-as-dictionary",
    "x-sourcemap",
];
/// So begin the names of more such fields.
const FAMILIES: [&str; 3] = ["access-control-", "cross-origin-", "x-content-type-"];

/// Types that a browser shows without running or loading anything. Others are saved.
const PASSIVE: [&str; 12] = [
    "application/json",
    "application/octet-stream",
    "application/x-ndjson",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/csv",
    "text/event-stream",
    "text/plain",
];

/// Whether a field of the upstream says what a browser may do with this server.
pub(super) fn is_command(name: &HeaderName) -> bool {
    let name = name.as_str();
    FAMILIES.iter().any(|start| name.starts_with(start)) || COMMANDS.contains(&name)
}

/// Protects the pages of this server from content of the upstream.
pub fn contain(fields: &mut HeaderMap) {
    fields.insert(CONTENT_SECURITY_POLICY, POLICY);
    let Some(first) = fields.get(CONTENT_TYPE) else { return };
    if is_passive(fields) {
        return;
    }
    let first = first.clone();
    fields.insert(CONTENT_TYPE, first);
    let mut dispositions = fields.get_all(CONTENT_DISPOSITION).iter();
    let is_attachment = dispositions.next().is_some_and(is_attachment) && dispositions.next().is_none();
    if !is_attachment {
        fields.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
}

/// Says to browsers that the type of a response is right, and that pages of other origins cannot load it.
pub fn protect(fields: &mut HeaderMap) {
    fields.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    fields.insert(RESOURCE_POLICY, SAME_ORIGIN);
}

fn is_passive(fields: &HeaderMap) -> bool {
    let mut types = fields.get_all(CONTENT_TYPE).iter().map(|media_type| media_type.to_str().unwrap_or_default());
    let (Some(media_type), None) = (types.next(), types.next()) else { return false };
    // Browsers take the last of several types (Fetch, "extract a MIME type").
    if media_type.contains(',') {
        return false;
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is = |other: &&str| essence.eq_ignore_ascii_case(other);
    let is_of = |kind: &str| essence.get(..kind.len()).is_some_and(|start| start.eq_ignore_ascii_case(kind));
    let is_json = || is_of("application/") && essence.len() > 5 && essence.to_ascii_lowercase().ends_with("+json");
    PASSIVE.iter().any(is) || is_of("audio/") || is_of("video/") || is_json()
}

/// Whether a browser saves the content (RFC 6266 §4.2).
fn is_attachment(disposition: &HeaderValue) -> bool {
    let kind = disposition.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("attachment")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contained(list: &[(HeaderName, &str)]) -> Option<String> {
        let field = |(name, value): &(HeaderName, &str)| (name.clone(), HeaderValue::from_str(value).expect("a value"));
        let mut fields: HeaderMap = list.iter().map(field).collect();
        contain(&mut fields);
        assert_eq!(fields.get(CONTENT_SECURITY_POLICY), Some(&POLICY));
        fields.get(CONTENT_DISPOSITION).map(|value| value.to_str().expect("text").to_owned())
    }

    #[test]
    fn only_passive_types_are_shown() {
        for shown in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "text/plain",
            "image/png",
            "video/mp4",
            "text/event-stream",
        ] {
            assert_eq!(contained(&[(CONTENT_TYPE, shown)]), None, "{shown}");
        }
        for saved in [
            "text/html",
            "TEXT/HTML;charset=x",
            " text/html",
            "application/xhtml+xml",
            "image/svg+xml",
            "text/xml",
            "application/xml",
            "application/atom+xml",
            "text/xsl",
            "text/javascript",
            "application/javascript",
            "application/pdf",
            "text/css",
            "multipart/x-mixed-replace",
            "message/rfc822",
            "application/json, text/html",
            "",
            "json",
            "text/html+json",
            "application/vnd.wap.xhtml+xml",
            "application/wasm",
        ] {
            assert_eq!(contained(&[(CONTENT_TYPE, saved)]).as_deref(), Some("attachment"), "{saved}");
        }
        assert_eq!(contained(&[]), None, "there is no content, or none that is run without a type");
        let several = [(CONTENT_TYPE, "application/json"), (CONTENT_TYPE, "text/html")];
        assert_eq!(contained(&several).as_deref(), Some("attachment"));
    }

    #[test]
    fn names_of_files_are_kept_where_the_upstream_has_them_saved() {
        let with = |disposition| contained(&[(CONTENT_TYPE, "text/html"), (CONTENT_DISPOSITION, disposition)]);
        assert_eq!(with("Attachment; filename=a.html").as_deref(), Some("Attachment; filename=a.html"));
        assert_eq!(with("inline; filename=attachment").as_deref(), Some("attachment"));
        let two = [(CONTENT_DISPOSITION, "attachment"), (CONTENT_DISPOSITION, "inline"), (CONTENT_TYPE, "text/html")];
        assert_eq!(contained(&two).as_deref(), Some("attachment"));
    }
}
