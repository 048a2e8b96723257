//! Which groups there are: those that settings name, and the capabilities of each folder that has several.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use serde_json::Value;

use super::{Member, group};
use crate::codes::Code;
use crate::diagnostic::{Diagnostics, Sink, Span};
use crate::emit::group::{Parts, emit};
use crate::model::Model;
use crate::names::{CRATE_RULE, crate_name, is_crate_name};
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
    /// The OpenAPI documents of its REST adapters, in order.
    pub(crate) documents: Vec<Value>,
}

/// The names of groups, each with the specifications that may be its members.
pub(crate) fn names(sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    plans(sources, &mut Diagnostics::default()).into_iter().map(|plan| (plan.name, plan.members)).collect()
}

/// The files of groups whose capabilities are all made in this run, by the names of their crates. `is_wanted` says whether a
/// specification was compiled, and `taken` has the names of other packages.
pub(crate) fn make(
    sources: &Sources,
    mut made: BTreeMap<&str, Made<'_>>,
    is_wanted: impl Fn(&str) -> bool,
    taken: impl Fn(&str) -> bool,
    diagnostics: &mut Diagnostics,
) -> Vec<(String, Files)> {
    let mut crates = Vec::new();
    let plans = plans(sources, diagnostics);
    // In how many of the groups that are left a capability is.
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    plans.iter().flat_map(|plan| &plan.members).for_each(|path| *left.entry(path).or_default() += 1);
    for plan in &plans {
        if !plan.members.iter().all(|path| is_wanted(path)) {
            continue;
        }
        let mut sink = Sink::new(&plan.origin);
        let members = plan.members.iter().map(String::as_str).filter(|path| made.contains_key(path));
        let members: Vec<&str> = members.collect();
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
                let members = members.into_iter().filter_map(|path| {
                    let (made, left) = (made.get_mut(path)?, left.get_mut(path)?);
                    *left -= 1;
                    let last = *left == 0;
                    Some((made.model, if last { take(&mut made.documents) } else { made.documents.clone() }))
                });
                crates.extend(made_of(plan, members.collect(), &mut sink));
            }
        }
        diagnostics.extend(sink.finish(sources));
    }
    crates
}

fn made_of(plan: &Plan, members: Vec<(&Model, Vec<Value>)>, sink: &mut Sink) -> Option<(String, Files)> {
    let models = members.iter().map(|(model, _)| *model).collect();
    let members = members.into_iter();
    let members = members.flat_map(|(model, documents)| Member::all(&model.capability, &model.adapters, documents));
    match group(&plan.name, members.collect()) {
        Ok(mut group) => {
            let openapi = take(&mut group.openapi).into_owned();
            Some((plan.name.clone(), emit(Parts { group, openapi, models, origin: plan.origin.clone() })))
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
                sink.report(Code::GroupSettings, setting.span, message).help(CRATE_RULE);
                continue;
            }
            if let Some(other) = plans.get(&setting.name).filter(|plan| plan.is_named) {
                let message = format!("`{}` is a group of {}, too", setting.name, other.origin);
                sink.report(Code::GroupSettings, setting.span, message)
                    .help("name one of them otherwise, or remove one");
                continue;
            }
            if setting.members.is_empty() && !plans.contains_key(&setting.name) {
                let message = format!("no folder has a crate of the name `{}`", setting.name);
                let known = plans.keys().map(String::as_str);
                let meant = sink.nearest(Code::GroupSettings, &setting.name, known);
                let help =
                    "an empty list leaves out the crate of a folder; remove it, or say which capabilities are members";
                let report = sink.report(Code::GroupSettings, setting.span, message);
                report.nearest(setting.span, &setting.name, meant, help);
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
