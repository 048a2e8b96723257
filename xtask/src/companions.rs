//! Gives capabilities shared OpenAPI documents as companions.

use std::fmt;
use std::path::{Component, Path};

use anyhow::{Result, bail};
use naftiko_codegen::{Choice, Documents, Sources};

use crate::sources;

/// Where the documents are among the sources.
const FOLDER: &str = "openapi";

/// What became of the capabilities.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// How many got a document.
    pub chosen: usize,
    /// Those with operations that several documents describe differently, and the paths of these documents.
    pub ambiguous: Vec<(String, Vec<String>)>,
    /// How many have operations that no document has.
    pub without: usize,
}

impl fmt::Display for Joined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chosen, ambiguous, without } = self;
        write!(f, "{chosen} capabilities have a document, {without} have none, and {} several", ambiguous.len())?;
        for (path, documents) in ambiguous {
            let line = documents.iter().map(|document| format!("`$ref: {document}`")).collect::<Vec<_>>().join(" or ");
            write!(f, "\n{path}: write a companion with {line}")?;
        }
        Ok(())
    }
}

/// Adds a companion for each of these capabilities that a document describes, unless it has one.
///
/// # Errors
/// When no document can be read.
pub fn add<'p>(sources: &mut Sources, capabilities: impl Iterator<Item = &'p str>, path: &Path) -> Result<Joined> {
    let texts = sources::texts(path, &["yaml", "yml", "json"]);
    let (documents, _) = Documents::read(&texts);
    if documents.is_empty() {
        bail!("no OpenAPI document at {}", path.display());
    }
    let mut joined = Joined::default();
    for capability in capabilities {
        let Some((stem, _)) = capability.rsplit_once('.') else { continue };
        let companion = format!("{stem}.openapi.yaml");
        if sources.contains_key(&companion) {
            continue;
        }
        match documents.choose(sources, capability) {
            Choice::One(document) => {
                let up = "../".repeat(Path::new(capability).components().filter(is_name).count().saturating_sub(1));
                sources.insert(companion, format!("$ref: '{up}{FOLDER}/{document}'\n"));
                joined.chosen += 1;
            }
            Choice::None => joined.without += 1,
            Choice::Several(several) => {
                joined.ambiguous.push((capability.to_owned(), several.into_iter().map(str::to_owned).collect()));
            }
        }
    }
    sources.extend(texts.into_iter().map(|(path, text)| (format!("{FOLDER}/{path}"), text)));
    Ok(joined)
}

fn is_name(component: &Component<'_>) -> bool {
    matches!(component, Component::Normal(_))
}
