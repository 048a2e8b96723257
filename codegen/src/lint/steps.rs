//! Rules for orchestration in steps.

use super::tree::{self, Member};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::read::yaml::Node;

/// The keys that a script needs, and their defaults in the control adapter.
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
        let message = format!("the step name `{}` cannot be used in references", name.text);
        let help = "use letters, digits, `-` and `_`";
        sink.report_once(Code::StepName, "", name.span, message).help(help);
    }
}

fn check_script(step: &Member<'_>, scripting: Option<&Node>, sink: &mut Sink) {
    for (key, default) in NEEDS {
        if tree::is_empty(step.node, key) && scripting.is_none_or(|scripting| tree::is_empty(scripting, default)) {
            let message = format!("`{key}` is missing in the script step {}, and there is no default", step.called());
            let help = format!("add `{key}:`, or `{default}:` under `management.scripting` of a control adapter");
            sink.report(Code::ScriptDefaults, step.span(), message).help(help);
        }
    }
}
