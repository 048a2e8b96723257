//! Skills: their files, which are embedded in the crate, and the routes and tools of other adapters that they name.

use std::collections::BTreeSet;

use naftiko_schema::{SkillAction, SkillFile, SkillSource};

use super::files::{MOST, below, content, folders, from_location, is_beside, path_of};
use super::{adapters, duplicates};
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Skill, SkillTool};
use crate::read::document::{self, AdapterKind, Document, Text};

/// How much the files of a skill may have together, in bytes: they become part of the program.
const MOST_BYTES: usize = 8 << 20;

/// The skills of all adapters, in order.
pub(super) fn skills<'d>(
    document: &'d Document,
    listeners: &[usize],
    sources: &Sources,
    sink: &mut Sink,
) -> Vec<Skill<'d>> {
    let declared = adapters(document, listeners).filter_map(|(listener, adapter)| match &adapter.kind {
        AdapterKind::Skill(skills) => Some(skills.iter().map(move |skill| (listener, skill))),
        _ => None,
    });
    let declared: Vec<(usize, &document::Skill)> = declared.flatten().collect();
    for listener in declared.iter().map(|(listener, _)| *listener).collect::<BTreeSet<_>>() {
        let own = declared.iter().filter(|(of, _)| *of == listener);
        duplicates(own.map(|(_, skill)| &skill.name), "skill", "the first one is served", sink);
    }
    let mut linked: Vec<Skill<'d>> = Vec::new();
    for (listener, skill) in declared {
        let files = skill.location.as_ref().and_then(|location| files(location, sources, sink));
        let tools = skill.tools.iter().filter_map(|tool| link(tool, skill, files.as_deref(), document, sink)).collect();
        let is_same = |known: &Skill<'_>| known.listener == listener && known.declared.name.value == skill.name.value;
        if !linked.iter().any(is_same) {
            linked.push(Skill { listener, declared: skill, tools, files: files.unwrap_or_default() });
        }
    }
    linked
}

/// Links a tool; `None` if it is not clear what it is, which is reported.
fn link<'d>(
    tool: &'d document::SkillTool,
    skill: &document::Skill,
    files: Option<&[SkillFile]>,
    document: &'d Document,
    sink: &mut Sink,
) -> Option<SkillTool<'d>> {
    let (name, description) = (&tool.name, tool.description.as_ref());
    let (span, message, help) = match (&tool.from, &tool.instruction) {
        (Some(from), None) => {
            let (action, about) = derived(from, document, sink)?;
            let source = SkillSource::Derived(action);
            return Some(SkillTool { name, description: description.or(about), source });
        }
        (None, Some(file)) => match (&skill.location, files) {
            (None, _) => {
                let message = format!("the instruction `{}` is a file, and the skill has no location", file.value);
                (file.span, message, "add the folder of the file to the skill: `location: file:///./skills/NAME`")
            }
            (Some(_), Some(files)) if !files.iter().any(|known| known.path == from_location(&file.value)) => {
                let message = format!("the skill has no file `{}`", file.value);
                (file.span, message, "write its path from the location of the skill, without `..`")
            }
            // Where a location has no files, that was reported.
            (Some(_), _) => {
                let source = SkillSource::Instruction(from_location(&file.value).to_owned().into());
                return Some(SkillTool { name, description, source });
            }
        },
        (None, None) => {
            let message = format!("the tool `{}` of the skill has neither `from` nor `instruction`", name.value);
            (tool.span, message, "name a route or tool of this capability, or a file of the skill")
        }
        (Some(_), Some(file)) => {
            let message = format!("the tool `{}` of the skill has both `from` and `instruction`", name.value);
            (file.span, message, "remove one of the two")
        }
    };
    sink.report(Code::SkillTool, span, message).help(help);
    None
}

/// The route or tool of another adapter, and its description. That it exists is not sure: agents may know another name.
fn derived<'d>(
    from: &document::SkillAction,
    document: &'d Document,
    sink: &mut Sink,
) -> Option<(SkillAction, Option<&'d Text>)> {
    let (namespace, action) = (&from.namespace, &from.action);
    let named = document.adapters.iter().filter_map(|adapter| {
        let (mode, actions): (_, Vec<_>) = match &adapter.kind {
            AdapterKind::Rest(resources) => {
                let operations = resources.iter().flat_map(|resource| &resource.operations);
                let named = operations.filter_map(|operation| Some((operation.name.as_ref()?, operation)));
                let actions = named.map(|(name, operation)| (name.value.as_str(), operation.description.as_ref()));
                ("rest", actions.collect())
            }
            AdapterKind::Mcp(mcp) => {
                let actions = mcp.tools.iter().map(|tool| (tool.name.value.as_str(), tool.description.as_ref()));
                ("mcp", actions.collect())
            }
            _ => return None,
        };
        Some((adapter.namespace.as_ref()?.value.as_str(), mode, actions))
    });
    let named: Vec<_> = named.collect();
    let Some((_, mode, actions)) = named.iter().find(|(known, ..)| *known == namespace.value) else {
        let message = format!("no adapter of type `rest` or `mcp` has the namespace `{}`", namespace.value);
        let meant = sink.nearest(Code::SkillTool, &namespace.value, named.iter().map(|(known, ..)| *known));
        let report = sink.report(Code::SkillTool, namespace.span, message);
        report.nearest(namespace.span, &namespace.value, meant, "write the namespace of one of them");
        return None;
    };
    let found = actions.iter().find(|(known, _)| *known == action.value);
    if found.is_none() {
        let message =
            format!("`{}` has no route or tool `{}`; the skill names it all the same", namespace.value, action.value);
        let meant = sink.nearest(Code::SkillAction, &action.value, actions.iter().map(|(known, _)| *known));
        let report = sink.report(Code::SkillAction, action.span, message);
        report.nearest(action.span, &action.value, meant, "write the name of one of its routes or tools");
    }
    let (name, mode) = (action.value.clone().into(), (*mode).to_owned().into());
    let action = SkillAction { namespace: namespace.value.clone().into(), action: name, mode };
    Some((action, found.and_then(|(_, description)| *description)))
}

/// The files below a location; `None` if there are none, which is reported.
fn files(location: &Text, sources: &Sources, sink: &mut Sink) -> Option<Vec<SkillFile>> {
    let given = &location.value;
    let candidates = folders(sink.path(location.span.file), given);
    let found = candidates.iter().map(|folder| below(sources, folder)).find(|found| !found.is_empty());
    let Some(found) = found else {
        if is_beside(path_of(given)) {
            let message = format!("the location `{given}` is no folder with files, in the folder of the capabilities");
            let help = "write a path relative to this file, to a folder in the folder of the capabilities";
            sink.report(Code::BadLocation, location.span, message).help(help);
        } else {
            let message = format!("no folder beside this file ends like `{given}`; the skill is served without files");
            let help = "put the folder beside this file: it is found by the end of the path";
            sink.report(Code::SkillAdapter, location.span, message).help(help);
        }
        return None;
    };
    let mut files: Vec<SkillFile> = found.into_iter().map(|(path, text)| file(path, text)).collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let (count, size) = (files.len(), files.iter().map(|file| file.content.bytes().len()).sum::<usize>());
    if count > MOST || size > MOST_BYTES {
        let message =
            format!("`{given}` has {count} files with {size} bytes, more than {MOST} files or {MOST_BYTES} bytes");
        sink.report(Code::BadLocation, location.span, message).help("a skill becomes part of the program; split it");
        return None;
    }
    Some(files)
}

fn file(path: &str, text: &str) -> SkillFile {
    let (path, content) = content(path, text);
    SkillFile { path: path.to_owned().into(), content }
}
