//! How requests are authenticated: the security schemes that the operations of a document require.

use super::{scalar, slug};
use crate::companion::document::{Document, Operation, entries};
use crate::names::distinct;
use crate::read::yaml::{Content, Node, quoted};
use crate::vocabulary::is_token;

/// How requests are authenticated.
#[derive(Default)]
pub(super) struct Credential {
    /// The lines of `authentication`.
    pub(super) lines: Vec<String>,
    /// The lines of `inputParameters` with the keys that `authentication` has no room for.
    pub(super) inputs: Vec<String>,
    /// The names of environment variables.
    pub(super) variables: Vec<String>,
}

/// A security scheme that a capability can have.
enum Scheme {
    ApiKey { name: String, place: String },
    Bearer { is_requested: bool },
    Password { kind: &'static str },
}

/// The names of the schemes that a request needs all of.
type Requirement = Vec<String>;

/// The credential of a document, of which these operations are imported.
pub(super) fn credential(
    root: &Node,
    operations: &[&Operation<'_>],
    start: &str,
    left_out: &mut Vec<String>,
) -> Option<Credential> {
    let schemes = root.get("components").and_then(|components| components.get("securitySchemes"));
    let schemes = schemes.or_else(|| root.get("securityDefinitions")).map(entries).unwrap_or_default();
    let mut known: Vec<(&str, Scheme)> = Vec::new();
    let document = Document::new(root);
    for scheme in schemes {
        let followed = document.as_ref().and_then(|document| document.followed(&scheme.value));
        match followed.and_then(read) {
            Some(read) => known.push((&scheme.key, read)),
            None => left_out.push(format!("security scheme `{}`: its kind is not supported", scheme.key)),
        }
    }
    let find = |name: &String| known.iter().find(|(key, _)| key == name);
    let of_operations: Vec<_> = operations.iter().map(|operation| required(root, operation)).collect();
    let chosen = if of_operations.iter().all(Option::is_none) {
        // Nothing says what is required. The token of a flow is one that somebody has to get, so that others are better.
        let plain = known.iter().find(|(_, scheme)| !matches!(scheme, Scheme::Bearer { is_requested: true }));
        vec![plain.or(known.first())?.0.to_owned()]
    } else {
        let is_known = |requirement: &Requirement| requirement.iter().all(|name| find(name).is_some());
        let is_token = |requirement: &Requirement| match requirement.as_slice() {
            [only] => matches!(find(only), Some((_, Scheme::Bearer { .. }))),
            _ => false,
        };
        let are_alike = |one: &String, other: &String| match (find(one), find(other)) {
            // The token of a flow is as good as one that is given.
            (Some((_, Scheme::Bearer { is_requested: one })), Some((_, Scheme::Bearer { is_requested: other }))) => {
                *one || *other
            }
            _ => false,
        };
        let is_same = |one: &Requirement, other: &Requirement| {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| one == other || are_alike(one, other))
        };
        let chosen = choose(&of_operations, is_known, is_token, is_same);
        report(operations, &of_operations, chosen.as_ref(), is_same, left_out);
        chosen?
    };
    let chosen: Vec<_> = chosen.iter().filter_map(find).collect();
    for (name, _) in chosen.iter().filter(|(_, scheme)| matches!(scheme, Scheme::Bearer { is_requested: true })) {
        left_out.push(format!("security scheme `{name}`: the token is not requested; set {start}_TOKEN"));
    }
    Some(written(&chosen, start))
}

/// A security scheme; `None` if no capability can have it.
fn read(scheme: &Node) -> Option<Scheme> {
    let text = |key: &str| scalar(scheme, &[key]).unwrap_or_default();
    let (kind, http) = (text("type").to_ascii_lowercase(), text("scheme").to_ascii_lowercase());
    match (kind.as_str(), http.as_str(), text("in").as_str()) {
        ("apikey", _, place @ ("header" | "query" | "cookie")) => {
            let name = Some(text("name")).filter(|name| match place {
                "query" => !name.is_empty() && !name.contains(['{', '}']) && !name.contains(char::is_control),
                _ => is_token(name),
            });
            name.map(|name| Scheme::ApiKey { name, place: place.to_owned() })
        }
        ("http", "bearer", _) => Some(Scheme::Bearer { is_requested: false }),
        ("http", "digest", _) => Some(Scheme::Password { kind: "digest" }),
        ("http", "basic", _) | ("basic", ..) => Some(Scheme::Password { kind: "basic" }),
        // The token of any flow is a bearer token.
        ("oauth2" | "openidconnect", ..) => Some(Scheme::Bearer { is_requested: true }),
        _ => None,
    }
}

/// The alternatives of an operation, in their order; `None` if the document says nothing. An empty one means that it needs none.
fn required(root: &Node, operation: &Operation<'_>) -> Option<Vec<Requirement>> {
    let security = operation.entry.value.get("security").or_else(|| root.get("security"))?;
    let Content::Sequence(alternatives) = &security.content else { return None };
    let names = |node: &Node| entries(node).iter().map(|entry| entry.key.clone()).collect();
    Some(alternatives.iter().map(names).collect())
}

/// The requirement that most operations accept; one of a single token if at least half of those do.
fn choose(
    of_operations: &[Option<Vec<Requirement>>],
    is_known: impl Fn(&Requirement) -> bool,
    is_token: impl Fn(&Requirement) -> bool,
    is_same: impl Fn(&Requirement, &Requirement) -> bool,
) -> Option<Requirement> {
    let mut counts: Vec<(&Requirement, usize)> = Vec::new();
    for alternatives in of_operations.iter().flatten() {
        let mut own: Vec<&Requirement> = Vec::new();
        for requirement in alternatives.iter().filter(|it| !it.is_empty() && is_known(it)) {
            // An operation counts once for what travels alike.
            if own.iter().any(|known| is_same(known, requirement)) {
                continue;
            }
            own.push(requirement);
            match counts.iter_mut().find(|(known, _)| is_same(known, requirement)) {
                Some((_, count)) => *count += 1,
                None => counts.push((requirement, 1)),
            }
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max()?;
    let token = counts.iter().find(|(requirement, count)| is_token(requirement) && *count * 2 >= most);
    token.or_else(|| counts.iter().find(|(_, count)| *count == most)).map(|(requirement, _)| (*requirement).clone())
}

/// Says which requirements of operations the chosen one does not meet.
fn report(
    operations: &[&Operation<'_>],
    of_operations: &[Option<Vec<Requirement>>],
    chosen: Option<&Requirement>,
    is_same: impl Fn(&Requirement, &Requirement) -> bool,
    left_out: &mut Vec<String>,
) {
    let name = |requirement: &Requirement| format!("`{}`", requirement.join("` with `"));
    let mut others: Vec<&Requirement> = Vec::new();
    let all = of_operations.iter().flatten().flatten();
    let is_other = |requirement: &&Requirement| !chosen.is_some_and(|chosen| is_same(chosen, requirement));
    for requirement in all.filter(|requirement| !requirement.is_empty()).filter(is_other) {
        if !others.contains(&requirement) {
            others.push(requirement);
        }
    }
    let others: Vec<String> = others.into_iter().map(name).collect();
    match chosen {
        Some(chosen) if !others.is_empty() => {
            left_out.push(format!("security: {} is used, and not {}", name(chosen), others.join(", ")));
        }
        None if !others.is_empty() => left_out.push(format!("security: {} is not supported", others.join(", "))),
        _ => {}
    }
    let Some(chosen) = chosen else { return };
    let mut count = |what: &str, is_so: &dyn Fn(&[Requirement]) -> bool| {
        let so = operations.iter().zip(of_operations).filter(|(_, of)| of.as_deref().is_some_and(is_so));
        let so: Vec<String> = so.map(|(it, _)| format!("{} {}", it.method.as_str(), it.path)).collect();
        match so.as_slice() {
            [] => {}
            [only] => left_out.push(format!("{only}: {what}")),
            [first, ..] => left_out.push(format!("{first} and {} others: {what}", so.len() - 1)),
        }
    };
    let needs_none = |of: &[Requirement]| of.iter().all(Vec::is_empty);
    count("no credential is needed, and it is sent", &needs_none);
    let is_met = |requirement: &Requirement| requirement.is_empty() || is_same(chosen, requirement);
    let is_refused = |of: &[Requirement]| !of.is_empty() && !of.iter().any(is_met);
    count(&format!("{} is not what it accepts", name(chosen)), &is_refused);
}

/// The lines for schemes that are all sent.
fn written(schemes: &[&(&str, Scheme)], start: &str) -> Credential {
    let mut credential = Credential::default();
    let reference = |variable: &str| format!("'{{{{env.{variable}}}}}'");
    let keys: Vec<_> = schemes
        .iter()
        .filter_map(|(key, scheme)| match scheme {
            Scheme::ApiKey { name, place } => Some((key, name, place)),
            _ => None,
        })
        .collect();
    // A name of its own for each key if there are several.
    let ends = keys.iter().map(|(key, ..)| match slug(key) {
        _ if keys.len() == 1 => "api-key".to_owned(),
        slug if slug.is_empty() => "key".to_owned(),
        slug => slug,
    });
    let ends: Vec<String> = ends.collect();
    let ends = distinct(&ends.iter().map(String::as_str).collect::<Vec<_>>());
    let variable = |end: &String| format!("{start}_{}", end.replace('-', "_").to_ascii_uppercase());
    let key_variables: Vec<String> = ends.iter().map(variable).collect();
    for (_, scheme) in schemes {
        let variables = match scheme {
            Scheme::Bearer { .. } if credential.lines.is_empty() => {
                let token = format!("{start}_TOKEN");
                credential.lines = vec!["type: bearer".to_owned(), format!("token: {}", reference(&token))];
                vec![token]
            }
            Scheme::Password { kind } if credential.lines.is_empty() => {
                let [user, password] = ["USERNAME", "PASSWORD"].map(|end| format!("{start}_{end}"));
                credential.lines = vec![
                    format!("type: {kind}"),
                    format!("username: {}", reference(&user)),
                    format!("password: {}", reference(&password)),
                ];
                vec![user, password]
            }
            _ => Vec::new(),
        };
        credential.variables.extend(variables);
    }
    if let ([(_, name, place)], [variable], true) =
        (keys.as_slice(), key_variables.as_slice(), credential.lines.is_empty())
    {
        credential.lines = vec![
            "type: apikey".to_owned(),
            format!("key: {}", quoted(name)),
            format!("value: {}", reference(variable)),
            format!("placement: {place}"),
        ];
        credential.variables.push(variable.clone());
        return credential;
    }
    // An `authentication` has room for several headers, and other keys are fixed parameters.
    let in_headers = credential.lines.is_empty() && keys.iter().all(|(_, _, place)| *place == "header");
    if in_headers {
        credential.lines = vec!["type: apikey".to_owned(), "headers:".to_owned()];
    }
    for ((_, name, place), variable) in keys.iter().zip(key_variables) {
        let (name, value) = (quoted(name), reference(&variable));
        if in_headers {
            credential.lines.push(format!("  {name}: {value}"));
        } else {
            let lines = [format!("- name: {name}"), format!("  in: {place}"), format!("  value: {value}")];
            credential.inputs.extend(lines);
        }
        credential.variables.push(variable);
    }
    credential
}
