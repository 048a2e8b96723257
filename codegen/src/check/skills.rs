//! Rules for skills.

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Linked;
use crate::read::document::AdapterType;

/// The longest name of a skill, in characters (SEP-2640, "Skill names").
const LONGEST: usize = 64;

pub(super) fn check(linked: &Linked<'_>, sink: &mut Sink) {
    let over_mcp = |of: usize| {
        let own = linked.inbound.get(&of);
        linked.listeners_of(AdapterType::Mcp).any(|listener| Some(listener.auth) == own)
    };
    let skills = linked.skills.iter().filter(|skill| over_mcp(skill.listener));
    for name in skills.map(|skill| &skill.declared.name).filter(|name| !is_name(&name.value)) {
        let message = format!("MCP has no skills with names such as `{}`; it is served over HTTP only", name.value);
        let help = "use up to 64 lower-case letters and digits of any script, and single hyphens between them";
        sink.report(Code::SkillAdapter, name.span, message).help(help);
    }
}

/// Whether a name of the format is one that MCP has.
fn is_name(name: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase());
    name.chars().count() <= LONGEST && name.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_skills_have_lower_case_letters_and_digits_of_any_script() {
        for name in ["a", "plan-2-beds", "blühen", "花", &"ü".repeat(64)] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Plan", "plan beds", "-a", "a--b", "a-", "a_b", &"a".repeat(65)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
