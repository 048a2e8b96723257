//! Media types of files, as the reference engine has them.

use naftiko_schema::http;

/// Those that it does not know: such files are bytes.
const UNKNOWN: [&str; 4] = ["application/yaml", "audio/mpeg", "image/webp", "text/markdown"];

/// The media type of a file, by its name.
pub(crate) fn media_type(file: &str) -> &'static str {
    http::media_type(file).filter(|known| !UNKNOWN.contains(known)).unwrap_or("application/octet-stream")
}
