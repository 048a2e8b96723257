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

/// The setters of what has a choice.
macro_rules! choosing {
    ($chooser:ident) => {
        impl $chooser {
            /// Chooses only what changes nothing.
            pub fn read_only(mut self) -> Self {
                self.choice.read_only = true;
                self
            }

            /// Chooses only tools whose names match one of these patterns, where `*` matches anything and `?` one character. Patterns
            /// are case-sensitive; [`check`](Self::check) finds those that match nothing.
            pub fn tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
                self.choice.only = Patterns::new(patterns);
                self
            }

            /// Does not choose tools whose names match one of these patterns.
            pub fn exclude_tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
                self.choice.excluded = Patterns::new(patterns);
                self
            }

            /// Chooses only what capabilities have whose names match one of these patterns. On a server of several capabilities
            /// these are the names below its endpoint.
            pub fn toolsets(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
                self.choice.toolsets = Patterns::new(patterns);
                self
            }

            /// Chooses only what is about a resource of the upstream whose name, in the singular, matches one of these patterns.
            pub fn resources(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
                self.choice.resources = Patterns::new(patterns);
                self
            }

            /// Chooses only what has one of these verbs: `read`, `create`, `update`, `action`, `delete`.
            pub fn verbs(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
                self.choice.verbs = Patterns::new(patterns);
                self
            }
        }
    };
}
pub(super) use choosing;

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
