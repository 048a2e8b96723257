//! A case on disk: a capability, its upstream, and calls with the responses to expect.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::json::Json;

/// The port of the upstream in the files of a case. Runs use a free one in its place.
const UPSTREAM: &str = ":19999";
/// The folder of the case, as its files name it.
const FOLDER: &str = "__CASE_DIR__";

/// A case, as its files describe it.
pub(super) struct Case {
    pub(super) id: String,
    pub(super) area: String,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) start: Json,
    pub(super) calls: Vec<Call>,
    /// Its routes of the upstream.
    pub(super) routes: Vec<Json>,
    /// Whether steps run at once, so that their requests come in any order.
    pub(super) has_steps: bool,
    folder: PathBuf,
}

/// A call, and what is expected of it.
pub(super) struct Call {
    pub(super) name: String,
    pub(super) kind: String,
    /// All that the case says about it.
    pub(super) json: Json,
}

/// What is said about a recorded response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is to be matched.
    Reference,
    /// It is wrong; `intended` says what would be right.
    Defect,
}

impl Case {
    /// Reads the files of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let json = |name: &str| {
            let file = folder.join(name);
            let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            Json::parse(&text).with_context(|| format!("{} is not JSON", file.display()))
        };
        let calls = json("calls.json")?;
        let upstream = if folder.join("upstream.json").is_file() { Some(json("upstream.json")?) } else { None };
        let text = |name: &str| calls.text_of(name).unwrap_or_default().to_owned();
        let variables = calls.get("env").map_or(&[][..], Json::members);
        Ok(Self {
            id: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            area: text("area"),
            variables: variables.iter().map(|(name, value)| (name.clone(), value.shown())).collect(),
            start: calls.get("start").cloned().unwrap_or(Json::Members(Vec::new())),
            calls: calls.get("calls").map_or(&[][..], Json::list).iter().cloned().map(Call::new).collect(),
            routes: upstream.and_then(|json| Some(json.get("routes")?.list().to_vec())).unwrap_or_default(),
            has_steps: fs::read_to_string(folder.join("capability.yml")).is_ok_and(|text| text.contains("steps:")),
            folder: folder.to_owned(),
        })
    }

    /// A copy for one run, with an upstream on this port, and its folder.
    pub(super) fn copy(&self, port: u16) -> Result<(Self, TempDir)> {
        let copy = tempfile::Builder::new().prefix("case-").tempdir().context("there is no folder for a copy")?;
        let whole = copy.path().canonicalize()?;
        copy_folder(&self.folder, &whole, &|text| {
            text.replace(FOLDER, &whole.to_string_lossy()).replace(UPSTREAM, &format!(":{port}"))
        })?;
        Ok((Self { id: self.id.clone(), ..Self::read(&whole)? }, copy))
    }

    /// Where its files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Copies what is in a folder; texts are edited.
fn copy_folder(from: &Path, to: &Path, edit: &dyn Fn(&str) -> String) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let (file, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        let target = to.join(file.file_name().unwrap_or_default());
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy_folder(&file, &target, edit)?;
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let edited = match std::str::from_utf8(&bytes) {
            Ok(text) => edit(text).into_bytes(),
            Err(_) => bytes,
        };
        fs::write(&target, edited).with_context(|| format!("{} cannot be written", target.display()))?;
    }
    Ok(())
}

impl Call {
    pub(super) fn new(json: Json) -> Self {
        let text = |name: &str| json.text_of(name).unwrap_or_default().to_owned();
        Self { name: text("name"), kind: text("kind"), json }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.json.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.json.text_of(name).unwrap_or_default()
    }

    /// The recorded response.
    pub(super) fn expected(&self) -> Option<&Json> {
        self.get("expect")
    }

    pub(super) fn intended(&self) -> Option<&Json> {
        self.get("intended")
    }

    pub(super) fn verdict(&self) -> Option<Verdict> {
        verdict(&self.json)
    }
}

/// The verdict on a call or a start.
pub(super) fn verdict(json: &Json) -> Option<Verdict> {
    match json.text_of("verdict")? {
        "reference" => Some(Verdict::Reference),
        "defect" => Some(Verdict::Defect),
        _ => None,
    }
}

/// The folders below a folder that are cases, sorted.
pub(super) fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.join("calls.json").is_file() {
        found.push(folder.to_owned());
        return Ok(found);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(folders(&path)?);
        }
    }
    found.sort();
    Ok(found)
}
