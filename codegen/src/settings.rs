//! Settings: `naftiko.toml`, in the folder of a capability or in one above it. Of several files the nearest counts, as a whole.
//!
//! Another section is a field of [`Settings`], and a line of [`SECTIONS`] with the function that reads it.

use std::collections::BTreeMap;

use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::toml;
use crate::read::yaml::{Content, Entry, Node};
use crate::resolve::variables::check_name;

/// The name of a file of settings.
const FILE: &str = "naftiko.toml";

/// What a file of settings says.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    /// By the name of an input, the environment variable that has the value where a caller leaves it out.
    pub(crate) defaults: BTreeMap<String, String>,
}

/// Reads the content of a section.
type Section = fn(&mut Settings, &[Entry], &mut Sink);

/// The sections.
const SECTIONS: [(&str, Section); 1] = [("defaults", defaults)];

/// Whether a path is that of a file of settings.
pub fn is_settings(path: &str) -> bool {
    path.rsplit('/').next() == Some(FILE)
}

/// The paths that the settings of a capability may have, the nearest first.
pub fn settings_paths(capability: &str) -> Vec<String> {
    let folders = capability.char_indices().rev().filter(|(_, c)| *c == '/');
    let above = folders.filter_map(|(at, _)| Some(format!("{}{FILE}", capability.get(..=at)?)));
    above.chain([FILE.to_owned()]).collect()
}

/// The settings of the capability that is compiled.
pub(crate) fn read(sources: &Sources, sink: &mut Sink) -> Settings {
    let mut settings = Settings::default();
    let mut paths = settings_paths(sink.path(0)).into_iter();
    let Some((path, text)) = paths.find_map(|path| Some((path.clone(), sources.get(&path)?))) else { return settings };
    let file = sink.enter(&path);
    let root = toml::parse(text, file, sink);
    let Some(Node { content: Content::Mapping(entries), .. }) = root else { return settings };
    for entry in &entries {
        let name = entry.key.as_str();
        match (SECTIONS.iter().find(|(known, _)| *known == name), &entry.value.content) {
            (Some((_, section)), Content::Mapping(entries)) => section(&mut settings, entries, sink),
            (Some(_), _) => {
                let message = format!("`{name}` is {}; it must be a section", entry.value.what());
                sink.report(Code::SettingsKey, entry.span, message).help(format!("write `[{name}]`"));
            }
            (None, _) => {
                let known = SECTIONS.map(|(name, _)| name);
                let meant = sink.nearest(Code::SettingsKey, name, known);
                let report = sink.report(Code::SettingsKey, entry.span, format!("there is no section `{name}`"));
                report.nearest(entry.span, name, meant, &format!("use `{}`", known.join("`, `")));
            }
        }
    }
    settings
}

fn defaults(settings: &mut Settings, entries: &[Entry], sink: &mut Sink) {
    for entry in entries {
        if let Some(variable) = variable(&entry.value, sink) {
            settings.defaults.insert(entry.key.clone(), variable);
        }
    }
}

/// The environment variable that a value names.
fn variable(value: &Node, sink: &mut Sink) -> Option<String> {
    match &value.content {
        Content::Text(name) => {
            check_name(name, value.span, sink);
            Some(name.clone())
        }
        _ => {
            let message = format!("a default is the name of an environment variable, and this is {}", value.what());
            sink.report(Code::SettingsValue, value.span, message).help("write the name in double quotes");
            None
        }
    }
}

/// The variable that the `x-naftiko-default` of a companion's parameter or member names.
pub(crate) fn of_companion(node: &Node, sink: &mut Sink) -> Option<String> {
    let default = node.get("x-naftiko-default")?;
    match default.get("env") {
        Some(value) => variable(value, sink),
        None => {
            let message = "`x-naftiko-default` does not say which environment variable has the value";
            sink.report(Code::SettingsValue, default.span, message).help("write `{env: NAME}`");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_looked_for_from_the_folder_of_the_capability_up() {
        let paths = ["spec/shop/naftiko.toml", "spec/naftiko.toml", "naftiko.toml"];
        assert_eq!(settings_paths("spec/shop/orders.yaml"), paths);
        assert_eq!(settings_paths("orders.yaml"), ["naftiko.toml"]);
        assert!(is_settings("spec/naftiko.toml") && is_settings(FILE) && !is_settings("spec/my-naftiko.toml"));
    }
}
