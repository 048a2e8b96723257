//! Groups: capabilities that one server serves on shared ports.

use crate::Capability;
use crate::adapter::Mcp;
use crate::table::table;

table! {
    /// A group of capabilities: what its server calls itself, and what callers call its members.
    pub struct Group {
        /// The name, title and version of the server. It consumes nothing itself.
        about: Capability,
    } with {
        /// The capabilities.
        members: [GroupMember],
        /// The OpenAPI document of the routes of all of them, as JSON. Operations have the name of their member as a tag.
        openapi: text,
    }
}

table! {
    /// A capability of a group.
    pub struct GroupMember {
        /// The name of the capability.
        capability: text,
        /// What callers call it: no other member of the group has the name.
        name: text,
    } with {
        /// The namespace of its adapters, if they are further ones of their types: each of these is a member of its own.
        adapter: text,
        /// Its tools that are called something else than in the capability, because other members have the same names.
        tools: [Renamed],
        /// The same for its prompts.
        prompts: [Renamed],
    }
}

table! {
    /// A name, and the one in its place.
    pub struct Renamed {
        /// What the capability says.
        from: text,
        /// What callers say.
        to: text,
    }
}

impl Group {
    /// The member that is this capability, with the first adapter of each type, or with a further adapter of this namespace.
    pub fn member(&self, capability: &str, adapter: &str) -> Option<&GroupMember> {
        self.members.iter().find(|member| member.capability == capability && member.adapter == adapter)
    }
}

impl GroupMember {
    /// An adapter of the capability with the names that callers say; `None` if they are those of the capability.
    pub fn renamed(&self, mcp: &Mcp) -> Option<Mcp> {
        if self.tools.is_empty() && self.prompts.is_empty() {
            return None;
        }
        let mut mcp = mcp.clone();
        let in_place = |renamed: &[Renamed], name: &str| {
            renamed.iter().find(|renamed| renamed.from == name).map(|renamed| renamed.to.clone())
        };
        for tool in mcp.tools.to_mut() {
            tool.name = in_place(&self.tools, &tool.name).unwrap_or_else(|| tool.name.clone());
        }
        for prompt in mcp.prompts.to_mut() {
            prompt.name = in_place(&self.prompts, &prompt.name).unwrap_or_else(|| prompt.name.clone());
        }
        Some(mcp)
    }
}
