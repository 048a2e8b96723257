//! Rust names for wire names: valid, unique in their scope, and the same on every run.
//!
//! A name is cut into words (at separators and case borders; where the file lost the borders, at known words, if there
//! is exactly one way to do so), written in the case that Rust wants, and given a `_` if it is a keyword or reserved.
//! When two wire names of one scope come out equal, the later one gets a number.

use std::collections::BTreeSet;

use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};

/// Verbs that operation names start with, besides the words of the operation's own path.
const VERBS: [&str; 30] = [
    "access", "add", "attach", "cancel", "check", "create", "delete", "detach", "disable", "download", "enable",
    "execute", "export", "find", "get", "import", "list", "move", "patch", "post", "put", "query", "remove", "reset",
    "restore", "search", "set", "update", "upload", "validate",
];

/// The form in which an exposed placeholder and a parameter name are compared: `-` and `_`, and small and capital
/// letters, mean the same.
pub(crate) fn fold(name: &str) -> String {
    name.replace('-', "_").to_lowercase()
}

/// Names that cargo, the compiler or this workspace keep for themselves.
const RESERVED_CRATES: [&str; 15] = [
    "alloc",
    "build",
    "compile-tests",
    "core",
    "deps",
    "examples",
    "incremental",
    "naftiko-codegen",
    "naftiko-runtime",
    "naftiko-tests",
    "proc-macro",
    "scaleway-simulator",
    "std",
    "test",
    "xtask",
];

/// The crate of a specification file: the folders below `spec/` and the file's stem, as one kebab-case name. Paths that
/// hold more than letters, digits, dots, hyphens and underscores give none, nor do names that somebody else keeps.
pub fn crate_name(path: &str) -> Option<String> {
    let path = path.strip_prefix("spec/").unwrap_or(path);
    let (stem, extension) = path.rsplit_once('.')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if !matches!(extension, "yaml" | "yml") || !stem.chars().all(plain) {
        return None;
    }
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    let usable = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !RESERVED_CRATES.contains(&name.as_str())
        && syn::parse_str::<syn::Ident>(&name.replace('-', "_")).is_ok();
    usable.then_some(name)
}

/// Cuts an operation's name into words and joins them with `_`.
///
/// Names with separators or case borders keep them. A name in one run of small letters is cut where it is made up of
/// verbs and of words of the operation's path, if that can be done in exactly one way; else it stays whole.
pub(crate) fn operation_words(name: &str, path: &str) -> String {
    let one_run = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if one_run { segment(name, &path_words(path)).unwrap_or_else(|| name.to_owned()) } else { name.to_snake_case() }
}

fn path_words(path: &str) -> BTreeSet<String> {
    let mut words: BTreeSet<String> = VERBS.iter().map(|verb| (*verb).to_owned()).collect();
    for word in path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1) {
        let word = word.to_ascii_lowercase();
        if let Some(stem) = word.strip_suffix("ies") {
            words.insert(format!("{stem}y"));
        } else if let Some(stem) = word.strip_suffix('s').filter(|stem| stem.len() > 1 && !stem.ends_with('s')) {
            words.insert(stem.to_owned());
        } else {
            words.insert(format!("{word}s"));
        }
        words.insert(word);
    }
    words
}

/// The only way to write `name` as a row of words, if there is exactly one.
fn segment(name: &str, words: &BTreeSet<String>) -> Option<String> {
    // ways[i]: how often the first i bytes can be cut, and where the last word of the first way starts.
    let mut ways = vec![(0_u32, 0_usize); name.len() + 1];
    if let Some(first) = ways.first_mut() {
        first.0 = 1;
    }
    for end in 1..=name.len() {
        for start in 0..end {
            let count = ways.get(start).map_or(0, |way| way.0);
            if count > 0
                && name.get(start..end).is_some_and(|word| words.contains(word))
                && let Some(way) = ways.get_mut(end)
            {
                *way = (way.0.saturating_add(count), start);
            }
        }
    }
    if ways.last()?.0 != 1 {
        return None;
    }
    let mut cut = Vec::new();
    let mut end = name.len();
    while end > 0 {
        let start = ways.get(end)?.1;
        cut.push(name.get(start..end)?);
        end = start;
    }
    cut.reverse();
    Some(cut.join("_"))
}

/// The names of one scope.
pub(crate) struct Scope {
    reserved: BTreeSet<String>,
    taken: BTreeSet<String>,
}

/// Types and traits that a generated client module names itself.
const CLIENT_TYPES: &str = "Client ClientBuilder ConfigError Connection Debug Err Error Handle Into IntoIterator Item \
    None Ok Option Request Response Result Serialize Some String Value";
/// Methods of a generated client itself.
const CLIENT_METHODS: &str = "builder connection from_env";
/// Methods that clippy keeps for what the standard traits mean by them.
const TRAIT_METHODS: &str = "add as_mut as_ref bitand bitor bitxor borrow borrow_mut clone cmp default deref deref_mut \
    div drop eq from from_iter from_str hash index index_mut into_iter mul neg new next not rem shl shr sub";

impl Scope {
    /// A scope in which these names, parted by blanks, belong to somebody else.
    fn new(reserved: &[&str]) -> Self {
        let names = reserved.iter().flat_map(|names| names.split_whitespace());
        Self { reserved: names.map(str::to_owned).collect(), taken: BTreeSet::new() }
    }

    /// The methods of a client.
    pub(crate) fn client_methods() -> Self {
        Self::new(&[CLIENT_METHODS, TRAIT_METHODS])
    }

    /// The types of a client module.
    pub(crate) fn client_types() -> Self {
        Self::new(&[CLIENT_TYPES])
    }

    /// The constants of an operations module.
    pub(crate) fn constants() -> Self {
        Self::new(&["CAPABILITY"])
    }

    /// The methods of a call's builder.
    pub(crate) fn setters() -> Self {
        Self::new(&["send", TRAIT_METHODS])
    }

    /// A function, field or module name.
    pub(crate) fn snake(&mut self, name: &str) -> String {
        self.unique(identifier(&ascii(name).to_snake_case(), "n"), "_")
    }

    /// A type name.
    pub(crate) fn camel(&mut self, name: &str) -> String {
        self.unique(identifier(&ascii(name).to_upper_camel_case(), "N"), "")
    }

    /// A constant name.
    pub(crate) fn shouty(&mut self, name: &str) -> String {
        self.unique(identifier(&ascii(name).to_shouty_snake_case(), "N"), "_")
    }

    fn unique(&mut self, name: String, separator: &str) -> String {
        let name = if self.reserved.contains(&name) { format!("{name}_") } else { name };
        let mut candidate = name.clone();
        let mut number = 2;
        while !self.taken.insert(candidate.clone()) || self.reserved.contains(&candidate) {
            candidate = format!("{}{separator}{number}", name.trim_end_matches('_'));
            number += 1;
        }
        candidate
    }
}

/// The name with a blank for every character that is no ASCII letter or digit; a word for a name without any.
fn ascii(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    if name.trim().is_empty() { "unnamed".to_owned() } else { name }
}

/// Makes a valid identifier of a name that is in its case already.
fn identifier(name: &str, prefix: &str) -> String {
    let digit = name.starts_with(|c: char| c.is_ascii_digit());
    let name = if digit { format!("{prefix}{name}") } else { name.to_owned() };
    if syn::parse_str::<syn::Ident>(&name).is_err() { format!("{name}_") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/secret-manager/v1beta1/regions/{region}/secrets/{secret_id}/versions/{revision}/restore";

    #[test]
    fn lost_word_borders_are_recovered_where_that_is_certain() {
        assert_eq!(operation_words("restoresecretversion", PATH), "restore_secret_version");
        assert_eq!(operation_words("addsecretowner", "/secrets/{id}/add-owner"), "add_secret_owner");
        assert_eq!(operation_words("unprotectsecret", "/secrets/{id}/unprotect"), "unprotect_secret");
        assert_eq!(operation_words("listpolicies", "/policies"), "list_policies");
        assert_eq!(operation_words("getpolicy", "/policies/{id}"), "get_policy");
        assert_eq!(operation_words("frobnicatesecret", PATH), "frobnicatesecret");
        // `setup` + `s` or `set` + `ups`: two ways, so the name stays.
        assert_eq!(operation_words("setups", "/setup/ups"), "setups");
        assert_eq!(operation_words("getUserById", "/users/{id}"), "get_user_by_id");
        assert_eq!(operation_words("list-issues", "/issues"), "list_issues");
    }

    #[test]
    fn names_are_valid_and_unique() {
        let mut scope = Scope::new(&["send"]);
        assert_eq!(scope.snake("type"), "type_");
        assert_eq!(scope.snake("send"), "send_");
        assert_eq!(scope.snake("page-size"), "page_size");
        assert_eq!(scope.snake("page_size"), "page_size_2");
        assert_eq!(scope.snake("pageSize"), "page_size_3");
        assert_eq!(scope.snake("2fa"), "n2fa");
        assert_eq!(scope.snake("$"), "unnamed");
        assert_eq!(scope.snake("a_é_b"), "a_b");
        assert_eq!(scope.snake("self"), "self_");
        let mut scope = Scope::new(&["Client"]);
        assert_eq!(scope.camel("self"), "Self_");
        assert_eq!(scope.camel("client"), "Client_");
        assert_eq!(scope.camel("list"), "List");
        assert_eq!(scope.camel("List"), "List2");
    }

    #[test]
    fn crate_names_follow_the_path() {
        assert_eq!(
            crate_name("spec/scaleway/secret-manager-secrets.yaml").as_deref(),
            Some("scaleway-secret-manager-secrets")
        );
        assert_eq!(crate_name("spec/A.b/C_d.yml").as_deref(), Some("a-b-c-d"));
        for path in ["spec/a b.yaml", "spec/fn.yaml", "spec/naftiko/runtime.yaml", "spec/a\nb.yaml", "spec/-->.yaml"] {
            assert_eq!(crate_name(path), None, "{path}");
        }
        assert_eq!(crate_name("spec/1.yaml"), None);
        assert_eq!(crate_name("spec/readme.md"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_names_give_valid_and_different_identifiers(wire in proptest::collection::vec(".*", 1..8)) {
            let mut scope = Scope::new(&["send", "Client"]);
            for make in [Scope::snake, Scope::camel, Scope::shouty] {
                let names: Vec<_> = wire.iter().map(|name| make(&mut scope, name)).collect();
                for name in &names {
                    proptest::prop_assert!(syn::parse_str::<syn::Ident>(name).is_ok(), "{name:?} is no identifier");
                    proptest::prop_assert!(!["send", "Client"].contains(&name.as_str()));
                }
                let different: BTreeSet<_> = names.iter().collect();
                proptest::prop_assert_eq!(different.len(), names.len());
            }
        }
    }
}
