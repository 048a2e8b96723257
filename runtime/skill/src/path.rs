//! What a path means.

use percent_encoding::percent_decode_str;

/// What a request is for. Names are decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The list of all skills.
    Catalog,
    /// A skill.
    Skill(String),
    /// The list of the files of a skill.
    Contents(String),
    /// The archive of a skill.
    Archive(String),
    /// A file of a skill, by its path.
    File(String, String),
}

/// A path that leads elsewhere when a client, a proxy or a file system resolves it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Traversal;

/// What a path means; `None` if it means nothing.
pub(crate) fn wanted(path: &str) -> Result<Option<Wanted>, Traversal> {
    let Some(below) = path.strip_prefix("/skills") else { return Ok(None) };
    if below.is_empty() {
        return Ok(Some(Wanted::Catalog));
    }
    let Some(below) = below.strip_prefix('/') else { return Ok(None) };
    // Some servers drop empty parts, so that it would be another path for them.
    if path.contains("//") {
        return Err(Traversal);
    }
    let parts = below.split('/').map(part).collect::<Result<Vec<String>, Traversal>>()?;
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    Ok(match parts.as_slice() {
        [""] => None,
        [name] => Some(Wanted::Skill((*name).to_owned())),
        [name, "contents"] => Some(Wanted::Contents((*name).to_owned())),
        [name, "download"] => Some(Wanted::Archive((*name).to_owned())),
        [name, "contents", file @ ..] => Some(Wanted::File((*name).to_owned(), file.join("/"))),
        _ => None,
    })
}

/// A decoded part of a path, which is the name of one file or folder.
fn part(text: &str) -> Result<String, Traversal> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| Traversal)?;
    let is_separator = |c: char| matches!(c, '/' | '\\') || c.is_control();
    if matches!(&*decoded, "." | "..") || decoded.contains(is_separator) {
        return Err(Traversal);
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_mean_documents_files_and_archives() {
        let text = |text: &str| text.to_owned();
        for (path, meaning) in [
            ("/skills", Some(Wanted::Catalog)),
            ("/skills/sow", Some(Wanted::Skill(text("sow")))),
            ("/skills/s%6Fw", Some(Wanted::Skill(text("sow")))),
            ("/skills/sow/contents", Some(Wanted::Contents(text("sow")))),
            ("/skills/sow/download", Some(Wanted::Archive(text("sow")))),
            ("/skills/sow/contents/a/b%20c.md", Some(Wanted::File(text("sow"), text("a/b c.md")))),
            ("/", None),
            ("/skills/", None),
            ("/skillset", None),
            ("/skills/sow/tools", None),
            ("/skills/sow/download/more", None),
        ] {
            assert_eq!(wanted(path), Ok(meaning), "{path}");
        }
    }

    #[test]
    fn paths_that_leave_their_folder_are_refused() {
        for path in [
            "/skills/sow/contents/../SKILL.md",
            "/skills/sow/contents/../../secret.txt",
            "/skills/sow/contents/%2e%2e/secret.txt",
            "/skills/sow/contents/.%2E/secret.txt",
            "/skills/sow/contents/a/./b",
            "/skills/sow/contents/..%2fsecret.txt",
            "/skills/sow/contents/..%5csecret.txt",
            "/skills/sow/contents/a%00b",
            "/skills/sow/contents/%ff",
            "/skills/../sow",
            "/skills//sow",
            "/skills/sow/contents//SKILL.md",
            "/skills/sow/contents/a//b",
        ] {
            assert_eq!(wanted(path), Err(Traversal), "{path}");
        }
    }

    proptest! {
        #[test]
        fn no_file_is_above_its_skill(path in "/skills/a/contents/([./\\\\%25eEfFcC]|[a-z]){0,20}") {
            if let Ok(Some(Wanted::File(_, file))) = wanted(&path) {
                prop_assert!(file.split('/').all(|part| !matches!(part, "." | "..")), "{}", file);
                prop_assert!(!file.contains('\\'), "{}", file);
            }
        }
    }
}
