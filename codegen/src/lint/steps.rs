//! Rules for orchestration in steps.

use super::tree::{self, Member};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

/// What a script needs, and the default of the control adapter that may stand for it.
const NEEDS: [(&str, &str); 2] = [("language", "defaultLanguage"), ("location", "defaultLocation")];

pub(super) fn check(root: &Node, sink: &mut Sink) {
    let controls = tree::adapters(root, "control");
    let scripting = controls.iter().find_map(|control| tree::get(tree::get(control.node, "management")?, "scripting"));
    for caller in tree::callers(root) {
        for step in tree::members(caller.node, "steps", "name") {
            check_name(&step, sink);
            if tree::says(step.node, "type", "script") {
                check_script(&step, scripting, sink);
            }
        }
    }
}

fn check_name(step: &Member<'_>, sink: &mut Sink) {
    let usual = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(name) = step.name.filter(|name| name.text.is_empty() || !name.text.chars().all(usual)) {
        let message = format!("the step `{}` has a name that references cannot hold", name.text);
        let help = "use letters, digits, `-` and `_`";
        sink.report_once(Code::StepName, "", name.place, message, help);
    }
}

fn check_script(step: &Member<'_>, scripting: Option<&Node>, sink: &mut Sink) {
    for (key, default) in NEEDS {
        if tree::is_empty(step.node, key) && scripting.is_none_or(|scripting| tree::is_empty(scripting, default)) {
            let message = format!("the script step {} has no `{key}`, and there is no default", step.called());
            let help = format!("add `{key}:`, or `{default}:` under `management.scripting` of a control adapter");
            sink.report(Code::ScriptDefaults, step.place(), message, help);
        }
    }
}
