//! What makes XML well-formed besides what the parser checks (XML 1.0 §2, Namespaces in XML 1.0).

use std::collections::HashMap;

/// Whether a document may have a character (XML 1.0 §2.2).
pub(super) fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Whether an element or attribute may be called so: a name, maybe with a prefix (Namespaces in XML 1.0 §3).
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |part: &str| {
        let is_first = |c: char| c.is_alphabetic() || c == '_' || ('\u{f900}'..).contains(&c);
        let is_other = |c: char| is_first(c) || c.is_alphanumeric() || matches!(c, '-' | '.' | '\u{b7}') || is_mark(c);
        part.starts_with(is_first) && part.chars().all(is_other)
    };
    let (prefix, local) = text.split_once(':').unwrap_or(("_", text));
    is_part(prefix) && is_part(local)
}

/// Whether a character changes the one before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// The prefixes that are declared where the parser is, each with whether it is the one of `xsi:nil`.
pub(super) struct Prefixes(HashMap<String, Vec<bool>>);

impl Default for Prefixes {
    fn default() -> Self {
        // It needs no declaration.
        Self(HashMap::from([("xml".to_owned(), vec![false])]))
    }
}

impl Prefixes {
    /// Adds the declaration of an element.
    pub(super) fn declare(&mut self, prefix: &str, is_instance: bool) {
        self.0.entry(prefix.to_owned()).or_default().push(is_instance);
    }

    /// Takes back the declarations of an element that ends.
    pub(super) fn take_back(&mut self, prefixes: &[String]) {
        for prefix in prefixes {
            self.0.get_mut(prefix).map(Vec::pop);
        }
    }

    /// Whether a prefix is the one of `xsi:nil`.
    ///
    /// # Errors
    /// If it is not declared.
    pub(super) fn is_instance(&self, prefix: &str) -> Result<bool, &'static str> {
        self.0.get(prefix).and_then(|all| all.last().copied()).ok_or("a prefix is not declared")
    }
}
