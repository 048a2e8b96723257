//! The words of an operation's name, recovered where the file lost their borders.

use std::borrow::Cow;

use heck::ToSnakeCase as _;

/// Verbs that operation names start with, besides the words of the operation's own path, in order.
const VERBS: [&str; 30] = [
    "access", "add", "attach", "cancel", "check", "create", "delete", "detach", "disable", "download", "enable",
    "execute", "export", "find", "get", "import", "list", "move", "patch", "post", "put", "query", "remove", "reset",
    "restore", "search", "set", "update", "upload", "validate",
];

/// Cuts an operation's name into words and joins them with `_`.
///
/// Names with separators or case borders keep them. A name in one run of small letters is cut where it is made up of
/// verbs and of words of the operation's path, if that can be done in exactly one way; else it stays whole.
pub(crate) fn operation_words(name: &str, path: &str) -> String {
    let one_run = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    if one_run { segment(name, &Words::of(path)).unwrap_or_else(|| name.to_owned()) } else { name.to_snake_case() }
}

/// The words of a path, as it writes them.
struct Words<'p>(Vec<Cow<'p, str>>);

impl<'p> Words<'p> {
    fn of(path: &'p str) -> Self {
        let mut words: Vec<Cow<'p, str>> = Vec::new();
        for word in path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() > 1) {
            words.push(if let Some(stem) = word.strip_suffix("ies") {
                format!("{stem}y").into()
            } else if let Some(stem) = word.strip_suffix('s').filter(|stem| stem.len() > 1 && !stem.ends_with('s')) {
                stem.into()
            } else {
                format!("{word}s").into()
            });
            words.push(word.into());
        }
        Self(words)
    }

    /// How a word of a name is written, if it is one of the path or a verb. Of two ways to write it, the later in the path counts.
    fn written(&self, word: &str) -> Option<&str> {
        let own = self.0.iter().rev().find(|own| own.eq_ignore_ascii_case(word)).map(|own| &**own);
        own.or_else(|| VERBS.binary_search(&word).ok().and_then(|index| VERBS.get(index).copied()))
    }

    /// The length of the longest.
    fn longest(&self) -> usize {
        let own = self.0.iter().map(|word| word.len());
        own.chain(VERBS.iter().map(|verb| verb.len())).max().unwrap_or_default()
    }
}

/// The only way to write `name` as a row of words, if there is exactly one.
fn segment(name: &str, words: &Words<'_>) -> Option<String> {
    let longest = words.longest();
    // ways[i]: how often the first i bytes can be cut, and where the last word of the first way starts.
    let mut ways = vec![(0_u32, 0_usize); name.len() + 1];
    if let Some(first) = ways.first_mut() {
        first.0 = 1;
    }
    for end in 1..=name.len() {
        for start in end.saturating_sub(longest)..end {
            let count = ways.get(start).map_or(0, |way| way.0);
            if count > 0
                && name.get(start..end).is_some_and(|word| words.written(word).is_some())
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
        cut.push(words.written(name.get(start..end)?)?.to_snake_case());
        end = start;
    }
    cut.reverse();
    Some(cut.join("_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/secret-manager/v1beta1/regions/{region}/secrets/{secret_id}/versions/{revision}/restore";

    #[test]
    fn lost_word_borders_are_recovered_where_that_is_certain() {
        assert!(VERBS.is_sorted());
        assert_eq!(operation_words("restoresecretversion", PATH), "restore_secret_version");
        assert_eq!(operation_words("addsecretowner", "/secrets/{id}/add-owner"), "add_secret_owner");
        assert_eq!(operation_words("unprotectsecret", "/secrets/{id}/unprotect"), "unprotect_secret");
        assert_eq!(operation_words("listpolicies", "/policies"), "list_policies");
        assert_eq!(operation_words("getpolicy", "/policies/{id}"), "get_policy");
        assert_eq!(operation_words("getmanagedapps", "/managedApps/{id}"), "get_managed_apps");
        assert_eq!(operation_words("frobnicatesecret", PATH), "frobnicatesecret");
        // `setup` + `s` or `set` + `ups`: two ways, so the name stays.
        assert_eq!(operation_words("setups", "/setup/ups"), "setups");
        assert_eq!(operation_words("getUserById", "/users/{id}"), "get_user_by_id");
        assert_eq!(operation_words("list-issues", "/issues"), "list_issues");
    }
}
