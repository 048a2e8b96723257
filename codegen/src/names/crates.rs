//! Names of generated crates: those that cargo, Rust and the file systems of all platforms take.

use super::is_identifier;

/// The longest name. Cargo puts more before and after it in names of files, which have at most 255 characters.
const LONGEST: usize = 128;
/// Names that cargo or the compiler reserve. The folder of a build has some of them, next to its programs.
const RESERVED: [&str; 9] = ["alloc", "build", "core", "deps", "examples", "incremental", "proc-macro", "std", "test"];
/// Devices on Windows, in every folder.
const DEVICES: [&str; 4] = ["aux", "con", "nul", "prn"];
/// The same, with a digit after them.
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];
/// What the name of a file has to be, in words.
pub(crate) const RULE: &str = "name it `spec/provider/capability.yaml`: letters, digits and hyphens, a letter first, at most 128 of \
     them, and no name that Rust, cargo or Windows reserves";
/// What the name of a crate has to be, in words.
pub(crate) const CRATE_RULE: &str = "it has small letters, digits and single hyphens, a letter first, at most 128 of them, and is no \
     name that Rust, cargo or Windows reserves";

/// The crate of a specification file: the folders below `spec/` and the file's stem, as one kebab-case name. Paths that
/// hold more than letters, digits, dots, hyphens and underscores have no name, nor do paths whose name is reserved or longer than
/// 128 characters.
pub fn crate_name(path: &str) -> Option<String> {
    let path = path.strip_prefix("spec/").unwrap_or(path);
    let (stem, extension) = path.rsplit_once('.')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !matches!(extension, "yaml" | "yml") || !stem.chars().all(plain) {
        return None;
    }
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    is_crate_name(&name).then_some(name)
}

/// Whether a crate can have this name.
pub(crate) fn is_crate_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let numbered = name.strip_suffix(|c: char| c.is_ascii_digit());
    let is_device = DEVICES.contains(&name) || numbered.is_some_and(|name| NUMBERED_DEVICES.contains(&name));
    name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(plain)
        && !name.split('-').any(str::is_empty)
        && !RESERVED.contains(&name)
        && !is_device
        && is_identifier(&name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crate_names_follow_the_path() {
        assert_eq!(
            crate_name("spec/scaleway/secret-manager-secrets.yaml").as_deref(),
            Some("scaleway-secret-manager-secrets")
        );
        assert_eq!(crate_name("spec/A.b/C_d.yml").as_deref(), Some("a-b-c-d"));
        for path in ["spec/a b.yaml", "spec/fn.yaml", "spec/proc/macro.yaml", "spec/a\nb.yaml", "spec/-->.yaml"] {
            assert_eq!(crate_name(path), None, "{path}");
        }
        assert_eq!(crate_name("spec/1.yaml"), None);
        assert_eq!(crate_name("spec/readme.md"), None);
    }

    #[test]
    fn names_that_some_platform_refuses_are_no_crate_names() {
        for name in [
            "con", "nul", "aux", "prn", "com1", "lpt0", "examples", "gen", "try", "r#a", "", "-", "a b", "é", "A",
            "a_b",
        ] {
            assert!(!is_crate_name(name), "{name}");
        }
        for name in ["com", "com10", "con-1", "console", "x1"] {
            assert!(is_crate_name(name), "{name}");
        }
        assert!(is_crate_name(&"a".repeat(128)) && !is_crate_name(&"a".repeat(129)));
    }
}
