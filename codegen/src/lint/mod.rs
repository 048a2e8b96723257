//! Rules of style, over the YAML as it stands: they also see what the compiler refuses or leaves out.
//!
//! What the compiler reports by itself is not repeated here: queries in paths (NK0317), namespaces of consumed APIs
//! that are used twice (NK0209), imports of what is not there (NK0116) or of the file itself (NK0117).

mod access;
mod addresses;
mod behaviour;
mod namespaces;
mod steps;
mod texts;
mod tree;

#[cfg(test)]
mod tests;

use crate::diagnostic::Sink;
use crate::read::yaml::Node;

/// Reports everything that works and could be better, and what other tools for the format refuse. YAML of another kind
/// has a style of its own.
pub(crate) fn lint(root: &Node, sink: &mut Sink) {
    if ["naftiko", "ikanos", "capability"].iter().all(|key| root.get(key).is_none()) {
        return;
    }
    namespaces::check(root, sink);
    addresses::check(root, sink);
    access::check(root, sink);
    texts::check(root, sink);
    behaviour::check(root, sink);
    steps::check(root, sink);
}
