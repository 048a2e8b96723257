//! The prefixes that mean "what the caller sent", as in `rest.id`.

/// The prefixes under `with`. Any other text with a dot may be meant as it is written, such as a file name, so there are
/// no more than the words of the format.
pub(super) const IN_ARGUMENTS: [&str; 2] = ["rest", "tools"];

/// The prefixes in templates of bodies. Braces show that a placeholder is meant, so other words that files use are
/// accepted as well.
const IN_BODIES: [&str; 4] = ["rest", "tools", "args", "input"];

/// The name of a placeholder of a body, without its prefix.
pub(super) fn strip_in_body(name: &str) -> &str {
    strip(name, &IN_BODIES).unwrap_or(name)
}

/// The name behind one of the prefixes.
pub(super) fn strip<'t>(text: &'t str, prefixes: &[&str]) -> Option<&'t str> {
    let (prefix, name) = text.split_once('.')?;
    prefixes.contains(&prefix).then_some(name)
}
