//! Names that all MCP clients take: letters, digits, `_`, `-` and `.`, up to 64 of them. Those of tools are shorter, as
//! clients put the name of the server before them, and in lower case.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use heck::ToKebabCase as _;

use super::hash;
use super::scope::with_symbols;

/// The longest name of a tool's input that all clients take.
const MCP_LIMIT: usize = 64;
/// The longest name of a tool that leaves room for what clients put before it.
const TOOL_LIMIT: usize = 48;

/// The names of tools as all MCP clients take them. One that is fine stays; of equal ones, the first.
pub(crate) fn tool_names(names: &[&str]) -> Vec<String> {
    let made: Vec<String> = names.iter().map(|name| tool_name(name)).collect();
    portable(names, &made.iter().map(String::as_str).collect::<Vec<_>>(), TOOL_LIMIT, "-")
}

/// The names of a tool's inputs as all MCP clients take them: themselves, where they can be.
pub(crate) fn tool_inputs(names: &[&str]) -> Vec<String> {
    let made: Vec<String> = names.iter().map(|name| tool_input(name)).collect();
    let is_alone = |name: &String| made.iter().filter(|other| *other == name).count() == 1;
    // Names that differ only in symbols have these as words.
    let wishes = names.iter().zip(&made).map(|(name, made)| {
        if *name == made || is_alone(made) { made.clone() } else { tool_input(&with_symbols(name)) }
    });
    let wishes: Vec<String> = wishes.collect();
    let wishes: Vec<&str> = wishes.iter().map(String::as_str).collect();
    portable(names, &wishes, MCP_LIMIT, "_")
}

/// Different portable names: names that are portable already stay as they are, the others may get a number.
fn portable(names: &[&str], made: &[&str], most: usize, separator: &str) -> Vec<String> {
    let fine: BTreeSet<&str> =
        names.iter().zip(made).filter(|(name, made)| name == made).map(|(_, made)| *made).collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    // The number at which to look for a free name; lower ones are taken.
    let mut next: BTreeMap<String, usize> = BTreeMap::new();
    let fresh = |(name, made): (&&str, &&str)| {
        let start = next.get(*made).copied().unwrap_or(2);
        let numbered = iter::once(1).chain(start..).map(|number| match number {
            1 => (1, (*made).to_owned()),
            number => (number, limit(made, most, &format!("{separator}{number}"))),
        });
        let free = |candidate: &String| {
            !taken.contains(candidate) && (candidate == name || !fine.contains(candidate.as_str()))
        };
        let (number, chosen) = numbered.into_iter().find(|(_, candidate)| free(candidate)).unwrap_or_default();
        if number > 1 {
            next.insert((*made).to_owned(), number + 1);
        }
        taken.insert(chosen.clone());
        chosen
    };
    names.iter().zip(made).map(fresh).collect()
}

fn tool_name(name: &str) -> String {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let cased = if name.chars().any(|c| c.is_ascii_uppercase()) { name.to_kebab_case() } else { name.to_owned() };
    let clean: String = cased.chars().map(|c| if fits(c) { c } else { '-' }).collect();
    let clean = if clean == name { clean.trim_start_matches(['-', '_']) } else { clean.trim_matches(['-', '_']) };
    limit(if clean.is_empty() { "tool" } else { clean }, TOOL_LIMIT, "")
}

fn tool_input(name: &str) -> String {
    let portable: String = name.chars().map(|c| if is_mcp(c) { c } else { '_' }).collect();
    if portable == name && !name.is_empty() && name.len() <= MCP_LIMIT {
        return portable;
    }
    let words: Vec<&str> = portable.split('_').filter(|word| !word.is_empty()).collect();
    limit(&if words.is_empty() { "unnamed".to_owned() } else { words.join("_") }, MCP_LIMIT, "")
}

fn is_mcp(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The name with a suffix; a hash replaces what is too long.
fn limit(name: &str, most: usize, suffix: &str) -> String {
    if name.len() + suffix.len() <= most {
        return format!("{name}{suffix}");
    }
    let hash = format!("-{}", hash(name));
    let room = most - hash.len() - suffix.len().min(8);
    format!("{}{hash}{suffix}", name.get(..room).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_names_that_they_take() {
        assert_eq!(
            tool_inputs(&["$select", "select", "fields[]", "a.b", "x y", ""]),
            ["dollar_select", "select", "fields", "a.b", "x_y", "unnamed"]
        );
        assert_eq!(
            tool_inputs(&["DateCreated", "DateCreated<", "DateCreated>", "é", "ü"]),
            ["DateCreated", "DateCreated_less", "DateCreated_greater", "unnamed", "unnamed_2"]
        );
        assert_eq!(
            tool_names(&["list things", "list", "list", "x", "x-2", "x"]),
            ["list-things", "list", "list-2", "x", "x-2", "x-3"]
        );
        assert_eq!(
            tool_names(&["list all", "list-all", "名", "名", ""]),
            ["list-all-2", "list-all", "tool", "tool-2", "tool-3"]
        );
        assert_eq!(
            tool_names(&["listUsers", "list-users", "GET_All", "a.b", "-x", "_"]),
            ["list-users-2", "list-users", "get-all", "a-b", "x", "tool"]
        );
        let long = tool_name(&"x".repeat(80));
        assert_eq!(long.len(), TOOL_LIMIT);
        assert_ne!(long, tool_name(&"x".repeat(81)));
    }

    proptest::proptest! {
        #[test]
        fn names_of_tools_are_portable_and_different(names in proptest::collection::vec(".{0,70}", 1..8)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let portable = tool_names(&names);
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
            for name in &portable {
                proptest::prop_assert!((1..=TOOL_LIMIT).contains(&name.len()) && name.chars().all(fits), "{}", name);
                proptest::prop_assert!(!name.starts_with(['-', '_']), "{}", name);
            }
            proptest::prop_assert_eq!(portable.iter().collect::<BTreeSet<_>>().len(), names.len());
        }

        #[test]
        fn inputs_of_tools_are_portable_and_different(wire in proptest::collection::btree_set(".{0,70}", 1..8)) {
            let names: Vec<&str> = wire.iter().map(String::as_str).collect();
            let portable = tool_inputs(&names);
            proptest::prop_assert!(portable.iter().all(|n| !n.is_empty() && n.len() <= MCP_LIMIT && n.chars().all(is_mcp)));
            proptest::prop_assert_eq!(portable.iter().collect::<BTreeSet<_>>().len(), names.len());
        }
    }
}
