//! Settings: `naftiko.toml`, in the folder of a capability or in one above it. Of several files the nearest counts, as a whole.
//!
//! Another section is a field of [`Settings`], and a line of [`SECTIONS`] with the function that reads it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Sources;
use crate::codes::{Code, Severity};
use crate::diagnostic::{Sink, Span, excerpt};
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
    /// The errors for which a part of a capability is left out.
    pub(crate) allowed: BTreeSet<Code>,
}

/// Reads the content of a section.
type Section = fn(&mut Settings, &[Entry], &mut Sink);

/// The sections.
const SECTIONS: [(&str, Section); 3] = [("defaults", defaults), ("diagnostics", diagnostics), (GROUPS, |_, _, _| {})];

/// The section of groups. They are about no capability alone, so [`groups`] reads them once for all.
const GROUPS: &str = "groups";

/// A group as settings have it.
pub(crate) struct GroupSetting {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// The capabilities: files below `spec`, without their ending.
    pub(crate) members: Vec<(String, Span)>,
}

/// The groups of a file of settings.
pub(crate) fn groups(text: &str, sink: &mut Sink) -> Vec<GroupSetting> {
    // Its syntax is reported where a capability is compiled.
    let Some(root) = toml::parse(text, 0, &mut Sink::new("")) else { return Vec::new() };
    let Some(Node { content: Content::Mapping(entries), .. }) = root.get(GROUPS) else { return Vec::new() };
    let group = |entry: &Entry| {
        let members = match &entry.value.content {
            Content::Sequence(members) => {
                members.iter().map(|member| Some((member.scalar_text()?, member.span))).collect()
            }
            _ => None,
        };
        let Some(members) = members else {
            let message = format!("`{}` is {}; it must be a list of texts", entry.key, entry.value.what());
            sink.report(Code::GroupSettings, entry.span, message).help("write `name = [\"provider/capability\"]`");
            return None;
        };
        Some(GroupSetting { name: entry.key.clone(), span: entry.span, members })
    };
    entries.iter().filter_map(group).collect()
}

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

/// `allow = ["NK0201"]`.
fn diagnostics(settings: &mut Settings, entries: &[Entry], sink: &mut Sink) {
    for entry in entries {
        let Content::Sequence(codes) = &entry.value.content else {
            let message = format!("`{}` is {}; it must be a list of codes", entry.key, entry.value.what());
            sink.report(Code::AllowedCode, entry.span, message).help("write `allow = [\"NK0201\"]`");
            continue;
        };
        if entry.key != "allow" {
            let message = format!("there is no setting `{}` for diagnostics", entry.key);
            sink.report(Code::AllowedCode, entry.span, message).help("use `allow`");
            continue;
        }
        for code in codes {
            match allowed(&code.scalar_text().unwrap_or_default()) {
                Ok(code) => drop(settings.allowed.insert(code)),
                Err(problem) => {
                    sink.report(Code::AllowedCode, code.span, problem).help(ALLOWED);
                }
            }
        }
    }
}

const ALLOWED: &str = "`cargo xtask explain` lists the codes and says which can be allowed";

/// A code that can be allowed.
///
/// # Errors
/// If there is no such code, or it is not about one part of a capability.
pub fn allowed(name: &str) -> Result<Code, String> {
    match Code::named(name.trim()) {
        None => Err(format!("there is no code `{}`", excerpt(name))),
        Some(code) if code.can_be_allowed() => Ok(code),
        Some(code) if code.severity() == Severity::Error => {
            Err(format!("{code} cannot be allowed, because it is about more than a part that can be left out"))
        }
        Some(code) => Err(format!("{code} is no error, so it need not be allowed")),
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
