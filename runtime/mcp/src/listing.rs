//! The tools of a server as lists show them; where lists show tools that find them instead, as texts, which need a fifth of the
//! memory.

use rmcp::model::Tool;

use super::Policy;
use super::choices::OutputSchemas;
use super::structure::name_repeated;

/// Tools, in the order of the server.
pub(super) enum Listing {
    /// As lists show them.
    Whole(Vec<Tool>),
    /// The JSON of each, and those that lists show all the same.
    #[cfg(feature = "search")]
    Texts(Vec<Box<str>>, Vec<Tool>),
}

impl Listing {
    #[cfg(not(feature = "search"))]
    pub(super) fn new(tools: impl Iterator<Item = Tool>, policy: &Policy) -> Self {
        Self::Whole(as_listed(tools.collect(), policy))
    }

    #[cfg(feature = "search")]
    pub(super) fn new(mut tools: impl Iterator<Item = Tool>, policy: &Policy) -> Self {
        if !policy.searches(usize::MAX) {
            return Self::Whole(as_listed(tools.collect(), policy));
        }
        // How long the list is at least, in bytes: what tools return may be said once for several of them.
        let (mut whole, mut least) = (Vec::new(), 0);
        while !policy.searches(least) {
            let Some(tool) = tools.next() else {
                let listed = as_listed(whole.clone(), policy);
                let searches = policy.searches(listed.iter().map(length).sum());
                return if searches { Self::texts(whole.into_iter(), policy) } else { Self::Whole(listed) };
            };
            least += length(&tool) - tool.output_schema.as_deref().map_or(0, length);
            whole.push(tool);
        }
        Self::texts(whole.into_iter().chain(tools), policy)
    }

    #[cfg(feature = "search")]
    fn texts(tools: impl Iterator<Item = Tool>, policy: &Policy) -> Self {
        let (mut texts, mut pinned) = (Vec::new(), Vec::new());
        for tool in tools {
            texts.push(serde_json::to_string(&tool).unwrap_or_default().into());
            pinned.extend(Some(tool).filter(|tool| policy.pins(&tool.name)));
        }
        Self::Texts(texts, pinned)
    }
}

/// Tools, of which each says what no other says.
fn as_listed(mut tools: Vec<Tool>, policy: &Policy) -> Vec<Tool> {
    if policy.output_schemas == OutputSchemas::Shape {
        name_repeated(&mut tools);
    }
    tools
}

/// The length of JSON, in bytes.
#[cfg(feature = "search")]
fn length(value: &impl serde::Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}
