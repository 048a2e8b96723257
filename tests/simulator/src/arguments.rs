//! Reading and checking what a client sends: body fields, query parameters and path arguments.

use serde_json::{Map, Value};
use url::form_urlencoded;
use uuid::Uuid;

use crate::answers::ApiError;

const SEGMENT_PATTERN: &str = "^[_a-zA-Z0-9]([-_.a-zA-Z0-9]*[_a-zA-Z0-9])?$";
const LONGEST_SEGMENT: usize = 255;
const DEFAULT_PAGE_SIZE: usize = 50;
const LARGEST_PAGE_SIZE: usize = 100;

/// A JSON object of a request. A field that is null counts as absent.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a request body; an absent one is the same as an empty object.
    pub(crate) fn parse(body: &[u8]) -> Result<Fields, ApiError> {
        if body.is_empty() {
            return Ok(Fields(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Fields(fields)),
            _ => Err(undecodable("the body is not a JSON object")),
        }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, ApiError> {
        self.read(key, |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, ApiError> {
        self.read(key, |value| {
            let texts = value.as_array()?.iter();
            texts.map(|text| text.as_str().map(str::to_owned)).collect()
        })
    }

    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, ApiError> {
        self.read(key, Value::as_bool)
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<u32>, ApiError> {
        self.read(key, |value| u32::try_from(value.as_u64()?).ok())
    }

    pub(crate) fn object(&self, key: &str) -> Result<Option<Fields>, ApiError> {
        self.read(key, |value| value.as_object().cloned().map(Fields))
    }

    fn read<T>(&self, key: &str, convert: impl Fn(&Value) -> Option<T>) -> Result<Option<T>, ApiError> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match convert(value) {
                Some(converted) => Ok(Some(converted)),
                None => Err(undecodable(&format!("field {key} has a wrong type"))),
            },
        }
    }
}

fn undecodable(what: &str) -> ApiError {
    ApiError::Undecodable { what: what.to_owned() }
}

/// The parameters of a query. A parameter with an empty value counts as absent.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Query {
        Query(form_urlencoded::parse(raw.as_bytes()).into_owned().filter(|(_, value)| !value.is_empty()).collect())
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.all(key).first().copied()
    }

    pub(crate) fn all(&self, key: &str) -> Vec<&str> {
        let wanted = self.0.iter().filter(|(name, _)| name == key);
        wanted.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn uuid(&self, key: &str) -> Result<Option<String>, ApiError> {
        self.text(key).map(|text| uuid(key, text)).transpose()
    }

    /// Reads a bool the way Go does, which is what the SDKs for other languages rely on.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, ApiError> {
        match self.text(key) {
            None => Ok(None),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(Some(true)),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(Some(false)),
            Some(_) => Err(ApiError::format(key, "value must be a boolean")),
        }
    }
}

/// Which part of a list is asked for.
pub(crate) struct Paging {
    page: usize,
    page_size: usize,
}

impl Paging {
    pub(crate) fn read(query: &Query) -> Result<Paging, ApiError> {
        let page: i32 = match query.text("page") {
            None => 1,
            Some(text) => text.parse().map_err(|_| ApiError::format("page", "value must be an integer"))?,
        };
        let page = usize::try_from(page)
            .ok()
            .filter(|page| *page > 0)
            .ok_or_else(|| ApiError::constraint("page", "value must be at least 1"))?;
        let page_size: u32 = match query.text("page_size") {
            None => 0,
            Some(text) => {
                text.parse().map_err(|_| ApiError::format("page_size", "value must be an unsigned integer"))?
            }
        };
        // Real clients send zero and expect the default.
        let page_size = match usize::try_from(page_size).unwrap_or(LARGEST_PAGE_SIZE) {
            0 => DEFAULT_PAGE_SIZE,
            size => size.min(LARGEST_PAGE_SIZE),
        };
        Ok(Paging { page, page_size })
    }

    pub(crate) fn cut<T>(&self, all: impl Iterator<Item = T>) -> Vec<T> {
        let before = (self.page - 1).saturating_mul(self.page_size);
        all.skip(before).take(self.page_size).collect()
    }
}

/// Checks for the hyphenated form and returns it in lower case.
pub(crate) fn uuid(argument: &str, text: &str) -> Result<String, ApiError> {
    parse_uuid(text).ok_or_else(|| ApiError::format(argument, "value must be a valid UUID"))
}

pub(crate) fn parse_uuid(text: &str) -> Option<String> {
    // The parser of the crate also takes other notations of other lengths.
    let id = Uuid::parse_str(text).ok().filter(|_| text.len() == 36)?;
    Some(id.to_string())
}

/// Checks a name, or one segment of a path.
pub(crate) fn segment(argument: &str, text: &str) -> Result<(), ApiError> {
    if text.is_empty() {
        return Err(ApiError::required(argument));
    }
    if text.len() > LONGEST_SEGMENT {
        let help = format!("value length must be at most {LONGEST_SEGMENT} characters");
        return Err(ApiError::constraint(argument, &help));
    }
    let outer = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    let inner = |byte: u8| outer(Some(byte)) || byte == b'-' || byte == b'.';
    if outer(text.bytes().next()) && outer(text.bytes().last()) && text.bytes().all(inner) {
        return Ok(());
    }
    let help = format!("value does not match regex pattern \"{SEGMENT_PATTERN}\"");
    Err(ApiError::format(argument, &help))
}

/// Checks a secret's path and returns it without a slash at the end.
pub(crate) fn secret_path(text: &str) -> Result<String, ApiError> {
    if matches!(text, "" | "/") {
        return Ok("/".to_owned());
    }
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    let Some(segments) = trimmed.strip_prefix('/') else {
        return Err(ApiError::format("path", "value must start with a slash"));
    };
    for part in segments.split('/') {
        if part.is_empty() {
            return Err(ApiError::format("path", "value has an empty segment"));
        }
        segment("path", part)?;
    }
    Ok(trimmed.to_owned())
}

/// A revision of a path: a number or one of the two aliases.
pub(crate) enum Revision {
    Number(u32),
    Latest,
    LatestEnabled,
}

impl Revision {
    pub(crate) fn parse(text: &str) -> Result<Revision, ApiError> {
        match text {
            "latest" => Ok(Revision::Latest),
            "latest_enabled" => Ok(Revision::LatestEnabled),
            number => number
                .parse()
                .map(Revision::Number)
                .map_err(|_| ApiError::format("revision", "value must be a number or a known alias")),
        }
    }
}

/// Returns the entry of `choices` that equals the text.
pub(crate) fn choice(argument: &str, text: &str, choices: &[&'static str]) -> Result<&'static str, ApiError> {
    let known = choices.iter().find(|choice| **choice == text);
    known.copied().ok_or_else(|| ApiError::constraint(argument, "value is not one of the known ones"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_pattern() {
        for name in ["a", "_", "db-password", "A.b_c-1", &"x".repeat(255)] {
            assert!(segment("name", name).is_ok(), "{name}");
        }
        for name in ["", "-a", "a-", ".a", "a/b", "a b", "é", &"x".repeat(256)] {
            assert!(segment("name", name).is_err(), "{name}");
        }
    }

    #[test]
    fn paths_lose_one_trailing_slash() {
        for (sent, kept) in [
            ("", Some("/")),
            ("/", Some("/")),
            ("/a/b/", Some("/a/b")),
            ("/a", Some("/a")),
            ("a", None),
            ("//", None),
            ("/a//b", None),
            ("/a//", None),
            ("/..", None),
        ] {
            assert_eq!(secret_path(sent).ok().as_deref(), kept, "{sent}");
        }
    }

    #[test]
    fn only_hyphenated_identifiers_are_accepted() {
        let id = "8B1C7F5E-2D3A-4B6C-9E8F-0A1B2C3D4E5F";
        assert_eq!(parse_uuid(id), Some(id.to_lowercase()));
        assert_eq!(parse_uuid(&id.replace('-', "")), None);
        assert_eq!(parse_uuid(&format!("{{{id}}}")), None);
    }
}
