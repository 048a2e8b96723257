//! Media types of files, as the reference engine has them.

use naftiko_schema::http;

/// Files that are bytes to it, although other servers know what they are.
const UNKNOWN: [&str; 3] = ["md", "webp", "yml"];
/// Media types that it has for other files than resources have, or others for the same ones.
const MEDIA_TYPES: [(&str, &str); 18] = [
    ("doc", "application/msword"),
    ("ico", "image/x-icon"),
    ("jar", "application/java-archive"),
    ("java", "text/plain"),
    ("js", "application/x-javascript"),
    ("mov", "video/quicktime"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("rtf", "application/rtf"),
    ("tex", "application/x-tex"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("wav", "audio/x-wav"),
    ("xhtml", "application/xhtml+xml"),
    ("xls", "application/vnd.ms-excel"),
    ("xml", "text/xml"),
    ("xsd", "application/x-xsd+xml"),
    ("yaml", "application/x-yaml"),
];

/// The media type of a file, by its name.
pub(crate) fn media_type(file: &str) -> &'static str {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_it = |known: &str| known.eq_ignore_ascii_case(extension);
    let own = MEDIA_TYPES.iter().find(|(known, _)| is_it(known)).map(|(_, media_type)| *media_type);
    let shared = || http::media_type(file).filter(|_| !UNKNOWN.iter().any(|known| is_it(known)));
    own.or_else(shared).unwrap_or("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_the_media_types_of_the_reference_engine() {
        for (file, expected) in [
            ("data.json", "application/json"),
            ("DATA.JSON", "application/json"),
            ("docs/a.b.txt", "text/plain"),
            ("page.html", "text/html"),
            ("feed.xml", "text/xml"),
            ("run.js", "application/x-javascript"),
            ("values.yaml", "application/x-yaml"),
            ("values.yml", "application/octet-stream"),
            ("all.zip", "application/zip"),
            ("song.mp3", "audio/mpeg"),
            ("SKILL.md", "application/octet-stream"),
            ("run.py", "application/octet-stream"),
            ("LICENSE", "application/octet-stream"),
            (".hidden", "application/octet-stream"),
        ] {
            assert_eq!(media_type(file), expected, "{file}");
        }
    }
}
