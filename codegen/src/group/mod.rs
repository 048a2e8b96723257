//! Groups: what callers call the members of a group and their tools, and what keeps capabilities from being one.

mod openapi;
pub(crate) mod plan;

use std::collections::{BTreeMap, BTreeSet};

use heck::ToKebabCase as _;
use naftiko_schema::http::percent_decode;
use naftiko_schema::{Adapter, Capability, Group, GroupMember, Mcp, Renamed, Rest, distinguished};
use serde_json::Value;

use crate::names::distinct;
use crate::{Sources, Tables};

/// The names of the crates of groups, each with the paths of the specifications that it has.
pub fn groups(sources: &Sources) -> BTreeMap<String, BTreeSet<String>> {
    plan::names(sources)
}

/// The group of capabilities that were compiled to tables: what their server is called and what callers call them.
///
/// # Errors
/// What keeps them from being served on shared ports, in words.
pub fn group_of(tables: &[Tables]) -> Result<Group, Vec<String>> {
    let members = tables.iter().flat_map(|Tables { capability, adapters }| {
        let rest = adapters.iter().filter_map(Adapter::rest);
        Member::all(capability, adapters, rest.map(|rest| serde_json::from_str(&rest.openapi).unwrap_or_default()))
    });
    let names: Vec<_> = tables.iter().map(|tables| &*tables.capability.name).collect();
    let repeated = repeated(names.iter().copied());
    if !repeated.is_empty() {
        return Err(repeated.into_iter().map(|name| format!("two capabilities are called `{name}`")).collect());
    }
    let common = common_name(&names);
    let name = if common.is_empty() { "capabilities" } else { &common };
    group(name, members.collect()).map_err(|conflicts| conflicts.into_iter().map(|conflict| conflict.message).collect())
}

/// A capability that is to be a member, with the first adapter of each type; or with further adapters of one namespace.
pub(crate) struct Member<'m> {
    pub(crate) capability: &'m Capability,
    /// The namespace of the further adapters; else empty.
    pub(crate) adapter: &'m str,
    pub(crate) rest: Option<&'m Rest>,
    pub(crate) mcp: Option<&'m Mcp>,
    /// The document of its routes, if it has any.
    pub(crate) openapi: Option<Value>,
}

impl<'m> Member<'m> {
    /// The members that a capability with these adapters is, with the documents of its REST adapters, in order.
    pub(crate) fn all(
        capability: &'m Capability,
        adapters: &'m [Adapter],
        documents: impl IntoIterator<Item = Value>,
    ) -> Vec<Self> {
        let mut documents = documents.into_iter();
        let mut members = vec![Self { capability, adapter: "", rest: None, mcp: None, openapi: None }];
        for (adapter, further) in distinguished(adapters) {
            let known = members.iter().position(|member| member.adapter == further);
            let index = known.unwrap_or(members.len());
            if known.is_none() {
                members.push(Self { capability, adapter: further, rest: None, mcp: None, openapi: None });
            }
            let Some(member) = members.get_mut(index) else { continue };
            match adapter {
                Adapter::Rest(rest) => {
                    member.rest = Some(rest);
                    member.openapi = documents.next();
                }
                Adapter::Mcp(mcp) => member.mcp = Some(mcp),
                Adapter::Skill(_) | Adapter::Control(_) => {}
            }
        }
        members
    }

    /// What messages call it.
    fn title(&self) -> String {
        let name = &self.capability.name;
        if self.adapter.is_empty() { name.to_string() } else { format!("{name}/{}", self.adapter) }
    }
}

/// Why two capabilities cannot be in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The index of the member that has the same as an earlier one.
    pub(crate) member: usize,
    /// What both have, in words.
    pub(crate) message: String,
}

/// The title of a group: its name in words.
pub(crate) fn title(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The words that all names begin with, as one name; empty if there are none.
fn common_name(names: &[&str]) -> String {
    let Some((first, rest)) = names.split_first() else { return String::new() };
    let words: Vec<_> = first.split('-').collect();
    let same = |other: &&str| words.iter().zip(other.split('-')).take_while(|(one, other)| **one == *other).count();
    let count = rest.iter().map(same).min().unwrap_or(words.len());
    words.get(..count).unwrap_or_default().join("-")
}

/// What callers call capabilities with these names: without the words that all of them begin with, as far as every name keeps one.
fn short_names(names: &[&str]) -> Vec<String> {
    let shortest = names.iter().map(|name| name.split('-').count()).min().unwrap_or_default();
    let common = common_name(names).split('-').filter(|word| !word.is_empty()).count();
    let without = common.min(shortest.saturating_sub(1));
    names.iter().map(|name| name.split('-').skip(without).collect::<Vec<_>>().join("-")).collect()
}

/// What callers call members: capabilities without the words that all of them begin with, and further adapters with their namespace
/// after that. All are different.
fn member_names(members: &[Member<'_>]) -> Vec<String> {
    let capabilities: Vec<&str> =
        members.iter().filter(|member| member.adapter.is_empty()).map(|member| &*member.capability.name).collect();
    let short = short_names(&capabilities);
    let name = |member: &Member<'_>| {
        let own = capabilities.iter().zip(&short).find(|(name, _)| **name == member.capability.name);
        let own = own.map_or("", |(_, short)| short);
        if member.adapter.is_empty() { own.to_owned() } else { format!("{own}-{}", member.adapter.to_kebab_case()) }
    };
    // Those of capabilities stay as they are.
    let is_further = |member: &&Member<'_>| !member.adapter.is_empty();
    let all = short.iter().cloned().chain(members.iter().filter(is_further).map(name)).collect::<Vec<_>>();
    let all = distinct(&all.iter().map(String::as_str).collect::<Vec<_>>());
    let (mut own, mut further) = (all.iter().take(short.len()), all.iter().skip(short.len()));
    let next = |member: &Member<'_>| if member.adapter.is_empty() { own.next() } else { further.next() };
    members.iter().map(next).map(|name| name.cloned().unwrap_or_default()).collect()
}

/// The group of capabilities, whose names are different.
///
/// # Errors
/// Everything that two of them have, and only one can have.
fn group(name: &str, members: Vec<Member<'_>>) -> Result<Group, Vec<Conflict>> {
    let short = member_names(&members);
    let tools = |mcp: &Mcp| mcp.tools.iter().map(|tool| tool.name.to_string()).collect();
    let prompts = |mcp: &Mcp| mcp.prompts.iter().map(|prompt| prompt.name.to_string()).collect();
    let of = |names: &dyn Fn(&Mcp) -> Vec<String>| -> Vec<Vec<String>> {
        members.iter().map(|member| member.mcp.map(names).unwrap_or_default()).collect()
    };
    let (tools, prompts) = (renamed(&short, &of(&tools)), renamed(&short, &of(&prompts)));
    let conflicts = conflicts(&members, &[("tool", &tools), ("prompt", &prompts)]);
    if !conflicts.is_empty() {
        return Err(conflicts);
    }
    let changed = |names: &[(String, String)]| -> Vec<Renamed> {
        let changed = names.iter().filter(|(from, to)| from != to);
        changed.map(|(from, to)| Renamed { from: from.clone().into(), to: to.clone().into() }).collect()
    };
    let made = members.iter().zip(&short).zip(tools.iter().zip(&prompts)).map(|((member, name), (tools, prompts))| {
        GroupMember {
            capability: member.capability.name.clone(),
            name: name.clone().into(),
            adapter: member.adapter.to_owned().into(),
            tools: changed(tools).into(),
            prompts: changed(prompts).into(),
        }
    });
    let mut about = Capability::new("", "", "");
    about.name = name.to_owned().into();
    about.title = title(name).into();
    about.version = members.first().map(|member| member.capability.version.clone()).unwrap_or_default();
    let mut group = Group { about, members: made.collect::<Vec<_>>().into(), openapi: "".into() };
    group.openapi = openapi::document(&group, members).into();
    Ok(group)
}

/// Names, each with the one in its place.
type Names = Vec<(String, String)>;

/// The names of each member's tools or prompts, each with the one in its place. A name that several members have gets that of the
/// member before it, in all of them.
fn renamed(members: &[String], names: &[Vec<String>]) -> Vec<Names> {
    let same = |names: &Vec<String>| names.iter().map(|name| (name.clone(), name.clone())).collect();
    let mut all: Vec<Names> = names.iter().map(same).collect();
    loop {
        let mut owners: BTreeMap<String, usize> = BTreeMap::new();
        for (_, name) in all.iter().flatten() {
            *owners.entry(name.clone()).or_default() += 1;
        }
        let mut has_changed = false;
        for (member, names) in members.iter().zip(&mut all) {
            // A name gets that of its member once.
            for (from, to) in names.iter_mut().filter(|(from, to)| from == to && owners.get(to).is_some_and(|n| *n > 1))
            {
                *to = format!("{member}-{from}");
                has_changed = true;
            }
        }
        if !has_changed {
            return all;
        }
    }
}

/// What two routes do that are a conflict.
const REQUESTS: &str = "take the same requests";

fn conflicts(members: &[Member<'_>], renamed: &[(&str, &Vec<Names>)]) -> Vec<Conflict> {
    let mut all = Vec::new();
    let mut known: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut claim = |member: usize, key: String, what: String, both: &str| {
        if let Some((first, same)) = known.get(&key) {
            if *first != member {
                let [first, own] =
                    [*first, member].map(|index| members.get(index).map(Member::title).unwrap_or_default());
                let message = format!("{what} of `{own}` and {same} of `{first}` {both}");
                all.push(Conflict { member, message });
            }
            return;
        }
        known.insert(key, (member, what));
    };
    for (index, member) in members.iter().enumerate() {
        for route in member.rest.iter().flat_map(|rest| rest.routes.iter()) {
            let method = route.method.as_str();
            claim(
                index,
                format!("route {method} {}", shape(&route.path)),
                format!("the route `{method} {}`", route.path),
                REQUESTS,
            );
        }
        for forward in member.rest.iter().flat_map(|rest| rest.forwards.iter()) {
            claim(
                index,
                format!("forward {}", shape(&forward.path)),
                format!("what is passed on at `{}`", forward.path),
                REQUESTS,
            );
        }
        for resource in member.mcp.iter().flat_map(|mcp| mcp.resources.iter()) {
            claim(
                index,
                format!("resource {}", shape(&resource.uri)),
                format!("the resource `{}`", resource.uri),
                "have the same URI",
            );
        }
    }
    for (kind, names) in renamed {
        for (index, names) in names.iter().enumerate() {
            for (from, to) in names {
                claim(index, format!("{kind} {to}"), format!("the {kind} `{from}`"), "have the same name");
            }
        }
    }
    all
}

/// A path or a URI, decoded, with all placeholders made equal.
fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut rest = path;
    while let Some((before, (placeholder, after))) =
        rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?)))
    {
        shape.push_str(&percent_decode(before));
        shape.push_str(if placeholder.ends_with('+') { "{+}" } else { "{}" });
        rest = after;
    }
    shape + &percent_decode(rest)
}

/// The names of capabilities that occur more than once.
fn repeated<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| !seen.insert(*name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn members_are_called_without_the_words_that_all_begin_with() {
        for (names, short) in [
            (&["s-manager-secrets", "s-manager-secret-versions"][..], &["secrets", "secret-versions"][..]),
            (&["a-b", "a-b-c"], &["b", "b-c"]),
            (&["a", "b"], &["a", "b"]),
            (&["shop-a"], &["a"]),
            (&["a", "a-b"], &["a", "a-b"]),
        ] {
            assert_eq!(short_names(names), short, "{names:?}");
        }
        assert_eq!(common_name(&["s-m-a", "s-m-b"]), "s-m");
        assert_eq!(title("secret-manager"), "Secret Manager");
    }

    #[test]
    fn a_name_that_several_members_have_gets_that_of_the_member_in_all_of_them() {
        let of = |names: &[&[&str]]| {
            let names: Vec<_> = names.iter().map(|names| texts(names)).collect();
            let renamed = renamed(&texts(&["a", "b", "c"]), &names).into_iter();
            renamed.map(|names| names.into_iter().map(|(_, to)| to).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert_eq!(of(&[&["get", "list"], &["get"], &["other"]]), [&["a-get", "list"][..], &["b-get"], &["other"]]);
        assert_eq!(of(&[&["get"], &["get"], &["a-get"]]), [["a-get"], ["b-get"], ["c-a-get"]]);
    }

    #[test]
    fn placeholders_of_shapes_have_no_names() {
        assert_eq!(shape("/a%20b/{c}:d/{e+}"), "/a b/{}:d/{+}");
        assert_eq!(shape("/a/{b"), "/a/{b");
    }
}
