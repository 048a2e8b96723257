//! Names that all MCP clients take: letters, digits, `_`, `-` and `.`, up to 64 of them.

use std::collections::BTreeSet;

/// The longest name of a tool or of its input that all clients take.
const MCP_LIMIT: usize = 64;

/// A tool's name as all MCP clients take it: itself, where it can be. The second tool of a name gets a number, and so on.
pub(crate) fn tool_name(name: &str, number: usize) -> String {
    let name: String = name.trim().chars().map(|c| if is_mcp(c) { c } else { '-' }).collect();
    let name = if name.is_empty() { "unnamed".to_owned() } else { name };
    limit(&name, if number > 1 { format!("-{number}") } else { String::new() })
}

/// The names of a tool's inputs as all MCP clients take them: themselves, where they can be.
pub(crate) fn tool_inputs(names: &[&str]) -> Vec<String> {
    let portable: Vec<String> = names.iter().map(|name| tool_input(name)).collect();
    let kept = names.iter().zip(&portable).filter(|(name, portable)| name == portable);
    let mut taken: BTreeSet<String> = kept.map(|(_, portable)| portable.clone()).collect();
    let fresh = |(name, portable): (&&str, &String)| {
        if name == portable {
            return portable.clone();
        }
        let numbered = (1..).map(|number| match number {
            1 => portable.clone(),
            number => limit(portable, format!("_{number}")),
        });
        let chosen = numbered.into_iter().find(|candidate| !taken.contains(candidate)).unwrap_or_default();
        taken.insert(chosen.clone());
        chosen
    };
    names.iter().zip(&portable).map(fresh).collect()
}

fn tool_input(name: &str) -> String {
    let portable: String = name.chars().map(|c| if is_mcp(c) { c } else { '_' }).collect();
    if portable == name && !name.is_empty() && name.len() <= MCP_LIMIT {
        return portable;
    }
    let words: Vec<&str> = portable.split('_').filter(|word| !word.is_empty()).collect();
    limit(&if words.is_empty() { "unnamed".to_owned() } else { words.join("_") }, String::new())
}

fn is_mcp(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// The name with a suffix; a hash stands for what is too long of it.
fn limit(name: &str, suffix: String) -> String {
    if name.len() + suffix.len() <= MCP_LIMIT {
        return format!("{name}{suffix}");
    }
    let hash = format!("-{:08x}", fnv(name));
    let room = MCP_LIMIT - hash.len() - suffix.len().min(8);
    format!("{}{hash}{suffix}", name.get(..room).unwrap_or_default())
}

/// The 32-bit FNV-1a hash: the same on every machine and in every version of the compiler.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_names_that_they_take() {
        assert_eq!(
            tool_inputs(&["$select", "select", "fields[]", "a.b", "x y", ""]),
            ["select_2", "select", "fields", "a.b", "x_y", "unnamed"]
        );
        assert_eq!(tool_name("list things", 1), "list-things");
        assert_eq!(tool_name("list", 2), "list-2");
        let long = tool_name(&"x".repeat(80), 1);
        assert_eq!(long.len(), 64);
        assert_ne!(long, tool_name(&"x".repeat(81), 1));
    }

    proptest::proptest! {
        #[test]
        fn inputs_of_tools_are_portable_and_different(wire in proptest::collection::btree_set(".{0,70}", 1..8)) {
            let names: Vec<&str> = wire.iter().map(String::as_str).collect();
            let portable = tool_inputs(&names);
            proptest::prop_assert!(portable.iter().all(|n| !n.is_empty() && n.len() <= MCP_LIMIT && n.chars().all(is_mcp)));
            proptest::prop_assert_eq!(portable.iter().collect::<BTreeSet<_>>().len(), names.len());
        }
    }
}
