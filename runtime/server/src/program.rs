//! The program of a server.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use naftiko_adapter::{without_runner, without_transform};
use naftiko_client::ScriptRunners;
use naftiko_schema::{
    Adapter, Capability, Group, GroupMember, List, Mcp, Parameter, Ref, Rest, Variable, distinguished,
};

use super::failure::Failure;

/// What a server serves: capabilities, each with its adapters. Every adapter has its own listener and its own authentication, unless
/// the program is *joined*: then the adapters of a type share one.
#[derive(Clone, Debug)]
pub struct Program {
    served: List<Ref<Served>>,
    group: Option<Ref<Group>>,
}

/// A capability, and the adapters that expose it.
#[derive(Clone, Debug)]
pub struct Served {
    pub(crate) capability: Ref<Capability>,
    pub(crate) adapters: List<Adapter>,
}

/// An adapter of a program.
#[derive(Clone, Copy)]
pub(crate) struct Exposed {
    pub(crate) served: &'static Served,
    pub(crate) adapter: &'static Adapter,
    /// Its namespace, if it is not the first adapter of its type; else empty.
    pub(crate) further: &'static str,
    /// What callers call its capability; empty unless the program is joined.
    pub(crate) member: &'static str,
}

impl Exposed {
    /// Its namespace, if it has a listener of its own beside that of the first adapter of its type.
    pub(crate) fn apart(&self) -> Option<&'static str> {
        Some(self.further).filter(|further| !further.is_empty() && self.member.is_empty())
    }

    /// A name of something that it has, as lists for operators have it.
    pub(crate) fn listed(&self, name: &str) -> String {
        self.apart().map_or_else(|| name.to_owned(), |namespace| format!("{name} ({namespace})"))
    }

    /// Whether rules of the policy file are for its callers. The control adapter is for operators.
    pub(crate) fn has_rules(&self) -> bool {
        !matches!(self.adapter, Adapter::Control(_))
    }

    /// The name by which operators choose the capability.
    pub(crate) fn toolset(&self) -> &'static str {
        if self.member.is_empty() { &self.served.capability.name } else { self.member }
    }
}

/// The name of the adapter at a port, in the audit and for rules: its namespace. Adapters that share a port have the name of their
/// type, and so has one without a namespace.
pub(crate) fn name_of(exposed: &[Exposed]) -> &'static str {
    let Some(Exposed { adapter, member, .. }) = exposed.first() else { return "" };
    let namespace = adapter.namespace();
    if namespace.is_empty() || !member.is_empty() { adapter.name() } else { namespace }
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

    /// The same with the names of a group.
    fn renamed(&self, group: &Group) -> Self {
        let adapters = distinguished(&self.adapters).map(|(adapter, further)| {
            let member = group.member(&self.capability.name, further);
            let renamed = adapter.mcp().and_then(|mcp| member?.renamed(mcp));
            renamed.map_or_else(|| adapter.clone(), |mcp| Adapter::Mcp(Ref::Shared(Arc::new(mcp))))
        });
        Self { capability: self.capability.clone(), adapters: List::Owned(adapters.collect()) }
    }
}

impl Program {
    /// A program in a `static`.
    pub const fn new(served: &'static [Ref<Served>]) -> Self {
        Self { served: List::Borrowed(served), group: None }
    }

    /// The program of a group in a `static`: its members, or some of them, on shared ports.
    pub const fn joined(group: &'static Group, served: &'static [Ref<Served>]) -> Self {
        Self { served: List::Borrowed(served), group: Some(Ref::Static(group)) }
    }

    /// A program of capabilities that were compiled by this process; on shared ports if they are a group.
    pub fn compiled(group: Option<Group>, served: Vec<Served>) -> Self {
        let served = served.into_iter().map(|served| Ref::Shared(Arc::new(served))).collect();
        Self { served: List::Owned(served), group: group.map(|group| Ref::Shared(Arc::new(group))) }
    }

    /// The program with the names of its group. One without names of its own stays where it is. The others are made once for
    /// the rest of the process.
    pub(crate) fn named(&'static self) -> &'static Self {
        let names = |member: &GroupMember| !member.tools.is_empty() || !member.prompts.is_empty();
        match &self.group {
            Some(group) if group.members.iter().any(names) => {
                let served = self.served.iter().map(|served| Ref::Shared(Arc::new(served.renamed(group)))).collect();
                Box::leak(Box::new(Self { served: List::Owned(served), group: self.group.clone() }))
            }
            _ => self,
        }
    }

    /// The group, if the program is joined.
    pub(crate) fn group(&self) -> Option<&Group> {
        self.group.as_deref()
    }

    /// What the server calls itself: as its group, or as the first capability.
    pub(crate) fn about(&self) -> Option<&Capability> {
        self.group().map(|group| &group.about).or_else(|| Some(&*self.served.first()?.capability))
    }

    /// What the server calls itself where an adapter is.
    pub(crate) fn about_of(&'static self, exposed: &Exposed) -> &'static Capability {
        self.group().map_or(&exposed.served.capability, |group| &group.about)
    }

    /// The capabilities.
    pub(crate) fn served(&self) -> impl Iterator<Item = &Served> {
        self.served.iter().map(|served| &**served)
    }

    /// The adapters of each listener: one, or all of a type.
    pub(crate) fn exposed(&'static self) -> Vec<Vec<Exposed>> {
        let mut all: Vec<Vec<Exposed>> = Vec::new();
        let members = self.group().into_iter().flat_map(|group| group.members.iter());
        let members: HashMap<_, _> =
            members.map(|member| ((&*member.capability, &*member.adapter), &*member.name)).collect();
        for served in self.served() {
            for (adapter, further) in distinguished(&served.adapters) {
                let member = members.get(&(&*served.capability.name, further)).copied().unwrap_or_default();
                let exposed = Exposed { served, adapter, further, member };
                let is_shared = |shared: &&mut Vec<Exposed>| {
                    let first = shared.first().map(|exposed| exposed.adapter.name());
                    self.group.is_some() && first == Some(adapter.name())
                };
                match all.iter_mut().find(is_shared) {
                    Some(shared) => shared.push(exposed),
                    None => all.push(vec![exposed]),
                }
            }
        }
        all
    }

    /// All adapters.
    pub(crate) fn adapters(&self) -> impl Iterator<Item = &Adapter> {
        self.served().flat_map(|served| served.adapters.iter())
    }

    /// The MCP adapters, each with the name by which operators choose its capability.
    pub(crate) fn mcp(&'static self) -> impl Iterator<Item = (&'static str, &'static Mcp)> {
        let all = self.exposed().into_iter().flatten();
        all.filter_map(|exposed| Some((exposed.toolset(), exposed.adapter.mcp()?)))
    }

    /// The REST adapters.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &Rest> {
        self.adapters().filter_map(Adapter::rest)
    }

    /// Whether something runs the scripts of all adapters, and takes the steps that are left to the application.
    ///
    /// # Errors
    /// The languages that nothing runs, or the steps that nothing takes.
    pub(crate) fn check_scripts(&self, runners: &ScriptRunners) -> Result<(), Failure> {
        let missing: BTreeSet<_> = self.adapters().flat_map(|adapter| without_transform(adapter, runners)).collect();
        if !missing.is_empty() {
            let steps = missing.iter().map(|step| format!("`{step}`")).collect::<Vec<_>>().join(" and ");
            return Err(Failure::Refused(format!(
                "the capability has steps of type `transform`, {steps}, for which nothing is registered: write a program that \
                 registers a `Transform` under the name of each and starts the server with it (`run_with`)"
            )));
        }
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
        self.served().flat_map(|served| served.capability.defaults.iter())
    }

    /// The environment variables that the server needs, including those that authenticate its callers.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let clients = self.served().flat_map(|served| served.capability.variables.iter());
        clients.chain(self.adapters().flat_map(|adapter| adapter.auth().variables.iter()))
    }
}
