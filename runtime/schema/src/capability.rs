//! A capability: the APIs that it consumes and the variables that it reads.

use crate::table::table;
use crate::{ApiId, Credential, Parameter, Variable, VariableId};

table! {
    /// A capability.
    pub struct Capability {
        /// The name of the generated crate.
        name: text,
        /// The title for people.
        title: text,
        /// The version of the generated crate.
        version: text,
    } with {
        /// What it is for.
        description: text,
        /// The consumed APIs.
        apis: [Api],
        /// The environment variables that its client reads.
        variables: [Variable],
        /// The parameters, and members of bodies, whose values the environment may have: each with
        /// [`configured`](Parameter::configured), and once for all operations where it is the same.
        defaults: [Parameter],
    }
}

impl Capability {
    /// The API with this id.
    pub fn api(&self, id: ApiId) -> Option<&Api> {
        self.apis.get(id.index())
    }

    /// The name of the environment variable with this id.
    pub fn variable(&self, id: VariableId) -> Option<&str> {
        self.variables.get(id.index()).map(|variable| &*variable.name)
    }

    /// The environment variable that overrides the base URI of an API.
    pub fn base_uri_variable(&self, api: &Api) -> String {
        let namespace = if self.apis.len() == 1 { String::new() } else { format!("_{}", api.namespace) };
        let name = format!("{}{namespace}_BASE_URI", self.name);
        name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    }
}

table! {
    /// A consumed API: one `consumes` entry.
    pub struct Api {
        /// Its namespace.
        namespace: text,
    } with {
        /// The base URI. Without one, the user must configure it.
        base_uri: optional(text),
        /// The credentials of every request.
        credentials: [Credential],
    }
}
