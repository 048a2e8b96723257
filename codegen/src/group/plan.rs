//! Which groups there are: those that settings name, and the capabilities of each folder that has several.

use std::collections::{BTreeMap, BTreeSet};

use super::{Member, group};
use crate::codes::Code;
use crate::diagnostic::{Diagnostics, Sink, Span};
use crate::emit::group::{Parts, emit};
use crate::emit::{document, file_of};
use crate::model::Model;
use crate::names::{RULE, crate_name, is_crate_name};
use crate::{Files, Sources, is_specification, settings};

/// A group that may be made.
struct Plan {
    name: String,
    /// The folder, or the file of settings.
    origin: String,
    span: Span,
    /// The paths of the capabilities.
    members: BTreeSet<String>,
    is_named: bool,
}

/// A crate of this run.
pub(crate) struct Made<'m> {
    pub(crate) model: &'m Model,
    /// Its files.
    pub(crate) files: &'m Files,
}

/// The names of groups, each with the specifications that may be its members.
pub(crate) fn names(sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    plans(sources, &mut Diagnostics::default()).into_iter().map(|plan| (plan.name, plan.members)).collect()
}

/// The files of groups whose capabilities are all made in this run, by the names of their crates. `is_wanted` says whether a
/// specification was compiled, and `taken` has the names of other packages.
pub(crate) fn make(
    sources: &Sources,
    made: &BTreeMap<&str, Made<'_>>,
    is_wanted: impl Fn(&str) -> bool,
    taken: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Files)> {
    let mut crates = Vec::new();
    for plan in plans(sources, diagnostics) {
        if !plan.members.iter().all(|path| is_wanted(path)) {
            continue;
        }
        let mut sink = Sink::new(&plan.origin);
        let members: Vec<_> = plan.members.iter().filter_map(|path| made.get(path.as_str())).collect();
        if plan.is_named && members.len() < plan.members.len() {
            let other = plan.members.iter().find(|path| !made.contains_key(path.as_str()));
            let message = format!("`{}` is no capability", other.map_or("", String::as_str));
            sink.report(Code::GroupSettings, plan.span, message)
                .help("a file without `capability:` has parts for others");
        } else if members.len() >= if plan.is_named { 1 } else { 2 } {
            if taken(&plan.name) {
                let message = format!("`{}` is the name of another package of this workspace", plan.name);
                sink.report(Code::GroupSettings, plan.span, message).help("name the group otherwise in `[groups]`");
            } else {
                crates.extend(made_of(&plan, &members, &mut sink));
            }
        }
        diagnostics.extend(sink.finish(sources));
    }
    crates
}

fn made_of(plan: &Plan, members: &[&Made<'_>], sink: &mut Sink) -> Option<(String, Files)> {
    let joined: Vec<_> = members
        .iter()
        .flat_map(|made| {
            let rest = made.model.modules().filter(|(adapter, _)| adapter.rest().is_some());
            let documents = rest.map(|(_, module)| made.files.get(&file_of(made.model, &document(module))));
            let documents = documents.map(|document| document.map_or("", String::as_str));
            Member::all(&made.model.capability, &made.model.adapters, documents)
        })
        .collect();
    match group(&plan.name, &joined) {
        Ok(group) => {
            let models = members.iter().map(|made| made.model).collect();
            Some((plan.name.clone(), emit(&Parts { group, models, origin: plan.origin.clone() })))
        }
        Err(conflicts) => {
            let code = if plan.is_named { Code::GroupConflict } else { Code::FolderConflict };
            for conflict in conflicts {
                let what = if plan.is_named { "" } else { "; there is no crate of the folder" };
                sink.report(code, plan.span, format!("{}{what}", conflict.message))
                    .help("give one of them another path or name, or say in `[groups]` of a `naftiko.toml` which capabilities are a group");
            }
            None
        }
    }
}

/// All groups, by name. What is wrong with settings is reported.
fn plans(sources: &Sources, diagnostics: &mut Diagnostics) -> Vec<Plan> {
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    for path in sources.keys().filter(|path| is_specification(path)) {
        let Some((folder, _)) = path.rsplit_once('/').filter(|(folder, _)| folder.starts_with("spec/")) else {
            continue;
        };
        let Some(name) = crate_name(&format!("{folder}.yaml")) else { continue };
        let plan = plans.entry(name.clone()).or_insert_with(|| Plan {
            name,
            origin: folder.to_owned(),
            span: Span::start_of(0),
            members: BTreeSet::new(),
            is_named: false,
        });
        plan.members.insert(path.clone());
    }
    // Two folders may have one name.
    plans
        .retain(|_, plan| plan.members.iter().all(|path| path.rsplit_once('/').is_some_and(|(f, _)| f == plan.origin)));
    for (file, text) in sources.iter().filter(|(path, _)| settings::is_settings(path)) {
        let mut sink = Sink::new(file);
        for setting in settings::groups(text, &mut sink) {
            if !is_crate_name(&setting.name) {
                let message = format!("`{}` cannot be the name of a crate", setting.name);
                sink.report(Code::GroupSettings, setting.span, message).help(RULE);
                continue;
            }
            let mut members = BTreeSet::new();
            for (member, span) in &setting.members {
                let paths = ["yaml", "yml"].map(|ending| format!("spec/{member}.{ending}"));
                match paths.into_iter().find(|path| sources.contains_key(path)) {
                    Some(path) => drop(members.insert(path)),
                    None => {
                        let known = sources.keys().filter_map(|path| path.strip_prefix("spec/")?.strip_suffix(".yaml"));
                        let meant = sink.nearest(Code::GroupSettings, member, known);
                        let report =
                            sink.report(Code::GroupSettings, *span, format!("there is no `spec/{member}.yaml`"));
                        report.nearest(*span, member, meant, "name a file below `spec`, without `.yaml`");
                    }
                }
            }
            if members.is_empty() {
                plans.remove(&setting.name);
                continue;
            }
            let (name, origin, span) = (setting.name, file.clone(), setting.span);
            plans.insert(name.clone(), Plan { name, origin, span, members, is_named: true });
        }
        diagnostics.extend(sink.finish(sources));
    }
    plans.into_values().collect()
}
