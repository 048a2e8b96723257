//! What operators and clients choose tools and routes by: the resource of an operation, and its verb, from its method, path and name.

use crate::{Method, Operation, PathPart, Target, Verb};

/// Words with which the names of operations begin that make something.
const MAKING: [&str; 4] = ["create", "add", "insert", "new"];

/// The resource that an operation is about, in the singular, and what it does to it. The resource is empty if the path is only
/// placeholders.
fn of(operation: &Operation) -> (String, Verb) {
    let name = fold(&operation.name);
    let segments = segments(&operation.path);
    let last = segments.last().and_then(|(literal, _)| literal.as_deref());
    // The name of an action begins with its segment: `protectsecret` at `/secrets/{id}/protect`.
    let action = last.filter(|literal| {
        let word = literal.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| !word.is_empty());
        !is_plural(literal) && word.is_some_and(|word| name.starts_with(&fold(word)))
    });
    let verb = match operation.method {
        Method::Get | Method::Head | Method::Options => Verb::Read,
        Method::Put | Method::Patch => Verb::Update,
        Method::Delete => Verb::Delete,
        Method::Post if segments.last().is_some_and(|(_, has_verb)| *has_verb) || action.is_some() => Verb::Action,
        Method::Post if last.is_some_and(is_plural) || MAKING.iter().any(|word| name.starts_with(word)) => Verb::Create,
        Method::Post => Verb::Action,
    };
    let is_resource = |literal: &&str| Some(*literal) != action;
    let mut literals = segments.iter().rev().filter_map(|(literal, _)| literal.as_deref());
    let resource = match (last.filter(is_resource), action) {
        (Some(last), _) => Some(last),
        // The collection before the last placeholder.
        (None, _) => literals.find(is_resource),
    };
    (resource.map(|literal| singular(literal, &name)).unwrap_or_default(), verb)
}

impl Target {
    /// The resource that its worst operation is about, in the singular, and what that does to it. The resource is empty if the
    /// path does not say.
    pub fn purpose(&self) -> (String, Verb) {
        of_all(self.operations())
    }
}

fn of_all<'o>(operations: impl IntoIterator<Item = &'o Operation>) -> (String, Verb) {
    let none = (String::new(), Verb::Read);
    operations.into_iter().map(of).fold(none, |worst, other| {
        if other.1 > worst.1 || worst.0.is_empty() { (other.0, other.1.max(worst.1)) } else { worst }
    })
}

/// The segments of a path: its text, if it is literal, and whether a verb follows a colon (`{id}:start`).
fn segments(path: &[PathPart]) -> Vec<(Option<String>, bool)> {
    let mut text = String::new();
    for part in path {
        match part {
            PathPart::Literal(literal) => text.push_str(literal),
            // No literal has this character.
            PathPart::Parameter(_) | PathPart::Variable(_) => text.push('\0'),
        }
    }
    let segments = text.split('/').filter(|segment| !segment.is_empty());
    let segment = |segment: &str| {
        let (literal, verb) = segment.split_once(':').unwrap_or((segment, ""));
        (Some(literal.to_owned()).filter(|literal| !literal.contains('\0') && !literal.is_empty()), !verb.is_empty())
    };
    segments.map(segment).collect()
}

/// The form in which names are compared that may be spelled in different styles: separators, and whether letters are small or
/// capital, mean nothing.
pub fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')) {
        match c {
            c if c.is_ascii() => folded.push(c.to_ascii_lowercase()),
            c => folded.extend(c.to_lowercase()),
        }
    }
    folded
}

fn is_plural(word: &str) -> bool {
    word.ends_with('s') && !["ss", "us", "sis"].iter().any(|end| word.ends_with(end))
}

/// The singular of a word: as the name of the operation has it, or else by the usual rules.
fn singular(word: &str, name: &str) -> String {
    let word = word.to_lowercase().replace('_', "-");
    if !is_plural(&word) {
        return word;
    }
    let forms = [
        word.strip_suffix("ies").map(|stem| format!("{stem}y")),
        word.strip_suffix("es").map(str::to_owned),
        word.strip_suffix('s').map(str::to_owned),
    ];
    let [by_y, by_es, by_s] = forms;
    let hissing = |stem: &String| ["ch", "sh", "ss", "x", "z"].iter().any(|end| stem.ends_with(end));
    let usual = by_y.clone().or_else(|| by_es.clone().filter(hissing)).or_else(|| by_s.clone()).unwrap_or_default();
    // The plural has all of them in it, so the name must go on otherwise.
    let is_named = |form: &String| {
        let (form, plural) = (fold(form), fold(&word));
        name.match_indices(&form).any(|(at, _)| name.get(at..).is_some_and(|rest| !rest.starts_with(&plural)))
    };
    [by_s, by_es].into_iter().flatten().find(is_named).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OperationId, ParameterId, RetrySafety};

    fn operation(method: Method, name: &str, path: &str) -> Operation {
        let mut operation = Operation::new(OperationId(0), "", method, RetrySafety::Never);
        operation.name = name.to_owned().into();
        let mut parts = Vec::new();
        for (index, piece) in path.split("{}").enumerate() {
            if index > 0 {
                parts.push(PathPart::Parameter(ParameterId(0)));
            }
            parts.push(PathPart::Literal(piece.to_owned().into()));
        }
        operation.path = parts.into();
        operation
    }

    #[test]
    fn resources_and_verbs_are_those_of_path_and_name() {
        use Method::{Delete, Get, Patch, Post, Put};
        for (method, name, path, resource, verb) in [
            (Get, "listsecrets", "/v1/regions/{}/secrets", "secret", Verb::Read),
            (Post, "createsecret", "/v1/regions/{}/secrets", "secret", Verb::Create),
            (Patch, "updatesecret", "/v1/regions/{}/secrets/{}", "secret", Verb::Update),
            (Delete, "deletesecret", "/secrets/{}", "secret", Verb::Delete),
            (Post, "protectsecret", "/secrets/{}/protect", "secret", Verb::Action),
            (Post, "addsecretowner", "/secrets/{}/add-owner", "secret", Verb::Action),
            (Post, "createsecretversion", "/secrets/{}/versions", "version", Verb::Create),
            (Get, "accesssecretversion", "/secrets/{}/versions/{}/access", "version", Verb::Read),
            (Get, "accesssecretversionbypath", "/secrets-by-path/versions/{}/access", "version", Verb::Read),
            (Post, "start", "/servers/{}:start", "server", Verb::Action),
            (Get, "get-policy", "/policies/{}", "policy", Verb::Read),
            (Get, "list-boxes", "/boxes", "box", Verb::Read),
            (Get, "get-cache", "/caches/{}", "cache", Verb::Read),
            (Get, "list-databases", "/databases", "database", Verb::Read),
            (Put, "set-avatar", "/users/{}/avatar", "avatar", Verb::Update),
            (Post, "search", "/search", "", Verb::Action),
            (Post, "createtoken", "/token", "token", Verb::Create),
            (Get, "root", "/{}", "", Verb::Read),
        ] {
            let found = of(&operation(method, name, path));
            assert_eq!((found.0.as_str(), found.1), (resource, verb), "{name} {path}");
        }
    }

    #[test]
    fn of_several_operations_the_worst_counts() {
        let operations = [
            operation(Method::Get, "list", "/a"),
            operation(Method::Delete, "drop", "/b/{}"),
            operation(Method::Post, "create", "/c"),
        ];
        assert_eq!(of_all(&operations), ("b".to_owned(), Verb::Delete));
        assert_eq!(of_all([]), (String::new(), Verb::Read));
    }
}
