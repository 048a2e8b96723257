//! The program of a server.

use std::collections::BTreeSet;

use naftiko_adapter::without_runner;
use naftiko_client::ScriptRunners;
use naftiko_schema::{Adapter, Capability, List, Mcp, Parameter, Ref, Rest, Variable};

use super::failure::Failure;

/// What a server serves: capabilities, each with its adapters. Every adapter has its own listener.
#[derive(Clone, Debug)]
pub struct Program(List<Served>);

/// A capability, and the adapters that expose it.
#[derive(Clone, Debug)]
pub struct Served {
    pub(crate) capability: Ref<Capability>,
    pub(crate) adapters: List<Adapter>,
}

impl Served {
    /// A capability in `static`s.
    pub const fn new(capability: &'static Capability, adapters: &'static [Adapter]) -> Self {
        Self { capability: Ref::Static(capability), adapters: List::Borrowed(adapters) }
    }

    /// A capability that was compiled by this process.
    pub fn compiled(capability: Ref<Capability>, adapters: Vec<Adapter>) -> Self {
        Self { capability, adapters: List::Owned(adapters) }
    }
}

impl Program {
    /// A program in a `static`.
    pub const fn new(served: &'static [Served]) -> Self {
        Self(List::Borrowed(served))
    }

    /// A program of capabilities that were compiled by this process.
    pub fn compiled(served: Vec<Served>) -> Self {
        Self(List::Owned(served))
    }

    /// The capabilities.
    pub(crate) fn served(&self) -> &[Served] {
        &self.0
    }

    /// All adapters.
    pub(crate) fn adapters(&self) -> impl Iterator<Item = &Adapter> {
        self.0.iter().flat_map(|served| served.adapters.iter())
    }

    /// The MCP adapters with their capabilities.
    pub(crate) fn mcp(&self) -> impl Iterator<Item = (&Capability, &Mcp)> {
        self.0
            .iter()
            .flat_map(|served| served.adapters.iter().filter_map(Adapter::mcp).map(|mcp| (&*served.capability, mcp)))
    }

    /// The REST adapters.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &Rest> {
        self.adapters().filter_map(Adapter::rest)
    }

    /// Whether something runs the scripts of all adapters.
    ///
    /// # Errors
    /// The languages that nothing runs.
    pub(crate) fn check_scripts(&self, runners: &ScriptRunners) -> Result<(), Failure> {
        let missing: BTreeSet<_> = self.adapters().flat_map(|adapter| without_runner(adapter, runners)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let languages = missing.iter().map(|language| format!("`{language}`")).collect::<Vec<_>>().join(" and ");
        Err(Failure::Refused(format!(
            "the capability has scripts in {languages}, and nothing runs them: write a program that registers a \
             `ScriptRunner` for the language and starts the server with it (`run_with`), or write them in JavaScript"
        )))
    }

    /// The inputs whose values the environment may have.
    pub(crate) fn defaults(&self) -> impl Iterator<Item = &Parameter> {
        self.0.iter().flat_map(|served| served.capability.defaults.iter())
    }

    /// The environment variables that the server needs, including those that authenticate its callers.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let clients = self.0.iter().flat_map(|served| served.capability.variables.iter());
        clients.chain(self.adapters().flat_map(|adapter| adapter.auth().variables.iter()))
    }
}
