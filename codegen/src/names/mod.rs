//! Names: Rust names for wire names, and names that MCP clients take.
//!
//! A Rust name is made in these steps, and from nothing but the names of its own scope, so that edits elsewhere in the
//! file do not change it:
//!
//! 1. The wire name is cut into words, at separators and case borders. Where an operation's name has lost its borders
//!    (`listsecrets`), it is cut at words that are known, if that can be done in exactly one way.
//! 2. The words are written in the case that Rust uses. A digit at the start gets a letter before it; a keyword or a
//!    reserved name gets a `_` after it; a name without any letter or digit is spelled out (`$` is `dollar`).
//! 3. Where several names of a scope come out equal, the one whose wire name is that very word keeps it. The others say
//!    more: an operation its namespace, its method, its path; a parameter its symbols and style, then where it travels.
//!    The first of these that makes all of them different is used, and a number if none does.

mod crates;
mod index;
mod mcp;
mod scope;
mod words;

pub use crates::crate_name;
pub(crate) use crates::{CRATE_RULE, RULE, is_crate_name};
pub(crate) use index::Index;
pub(crate) use mcp::{tool_inputs, tool_names};
pub(crate) use naftiko_schema::fold;
pub(crate) use scope::{Scope, Wish};

use std::collections::{BTreeMap, BTreeSet};

/// The keywords of Rust that are words of letters, reserved ones and those of the edition of generated crates included.
const KEYWORDS: [&str; 52] = [
    "Self", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super",
    "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Whether Rust takes a text as an identifier.
pub(crate) fn is_identifier(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(is_plain) {
        return !KEYWORDS.contains(&text);
    }
    // Rust takes letters of all scripts.
    syn::parse_str::<syn::Ident>(text).is_ok()
}

/// Eight hexadecimal digits that make a name unique which had to be cut: FNV-1a, the same on every machine and in every version
/// of the compiler, which hashers of the standard library do not promise.
pub(crate) fn hash(name: &str) -> String {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

/// Different names: a name that occurs several times gets a number.
pub(crate) fn distinct<'n>(names: &[&'n str]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let all: BTreeSet<&str> = names.iter().copied().collect();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fresh = |name: &&'n str| {
        let mut chosen = (*name).to_owned();
        let number = numbers.entry(name).or_insert(1);
        while taken.contains(&chosen) || (*number > 1 && all.contains(chosen.as_str())) {
            *number += 1;
            chosen = format!("{name}-{number}");
        }
        taken.insert(chosen.clone());
        chosen
    };
    names.iter().map(&mut fresh).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_those_that_the_parser_knows_and_the_one_of_the_edition() {
        for word in KEYWORDS {
            assert!(!is_identifier(word) && (syn::parse_str::<syn::Ident>(word).is_err() || word == "gen"), "{word}");
        }
    }

    proptest::proptest! {
        #[test]
        fn identifiers_are_those_that_the_parser_takes(text in "[a-z]{1,3}|[a-zA-Z0-9_é -]{0,4}") {
            let other = text != "gen" && syn::parse_str::<syn::Ident>(&text).is_ok();
            proptest::prop_assert_eq!(is_identifier(&text), other, "{:?}", text);
        }
    }

    #[test]
    fn equal_names_get_an_unused_number() {
        assert_eq!(distinct(&["a", "a", "a-2"]), ["a", "a-3", "a-2"]);
    }
}
