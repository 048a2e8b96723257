//! Rules of style for the YAML itself. They also apply to what the compiler refuses or leaves out.
//!
//! What the compiler reports is not repeated here: queries in paths (NK0317), duplicate namespaces of consumed APIs
//! (NK0209), and imports of missing files (NK0116) or of the file itself (NK0117).

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

/// Reports what works but could be better, and what other tools for the format refuse. YAML of another kind is ignored.
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
