//! What is chosen of the tools of capabilities, for all callers or for those of a rule.

use naftiko_schema::Tool;

use super::patterns::Patterns;

/// Where a list is empty, all are chosen.
#[derive(Clone, Default)]
pub(super) struct Choice {
    /// Only what changes nothing.
    pub(super) read_only: bool,
    pub(super) only: Patterns,
    pub(super) excluded: Patterns,
    pub(super) toolsets: Patterns,
    pub(super) resources: Patterns,
    pub(super) verbs: Patterns,
}

impl Choice {
    /// Whether anything of a capability is chosen.
    pub(super) fn has(&self, toolset: &str) -> bool {
        self.toolsets.choose(toolset)
    }

    /// Whether a tool is chosen, if its capability is.
    pub(super) fn shows(&self, tool: &Tool) -> bool {
        (tool.hints.read_only || !self.read_only)
            && self.only.choose(&tool.name)
            && self.resources.choose(&tool.resource)
            && self.verbs.choose(tool.verb.as_str())
            && !self.excluded.match_any(&tool.name)
    }
}
