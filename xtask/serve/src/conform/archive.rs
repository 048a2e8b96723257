//! Compares the files of an archive with those that were recorded.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use anyhow::Result;

use super::compare::{Difference, brief, text};
use super::json::Json;

/// What differs. Bytes that are no text are written as the characters of their numbers.
pub(super) fn files(body: &[u8], expected: &[(String, Json)]) -> Difference {
    let own = match unpacked(body) {
        Ok(own) => own,
        Err(error) => return Some(format!("the body is no archive: {error}")),
    };
    let expected: BTreeMap<_, _> = expected.iter().map(|(name, content)| (name, content.shown())).collect();
    if !own.keys().eq(expected.keys().copied()) {
        let (own, expected) = (own.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        return Some(format!("an archive of {own:?}, expected {expected:?}"));
    }
    own.iter().zip(expected.values()).find_map(|((name, own), expected)| {
        let characters = || own.iter().copied().map(char::from).collect::<String>();
        let same = own.as_slice() == expected.as_bytes() || characters() == *expected;
        (!same).then(|| format!("`{name}` is `{}`, expected `{}`", brief(&text(own)), brief(expected)))
    })
}

fn unpacked(body: &[u8]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(body))?;
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        let mut content = Vec::new();
        file.read_to_end(&mut content)?;
        files.insert(file.name()?.into_owned(), content);
    }
    Ok(files)
}
