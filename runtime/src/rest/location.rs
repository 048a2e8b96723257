//! Where an answer says that something is: the upstream's address, made one of this server's.

use url::Url;

use super::Route;
use super::pattern::Pattern;
use crate::exposure::Wiring;
use crate::operation::{Kind, Location, Method, Operation, PathPart};

/// The path of the route that reads what the upstream has at `location` (RFC 9110 §10.2.2). None where there is no such
/// route: the upstream's own address is nobody's business, and leads callers around this server.
pub(super) fn relocated(location: &str, base_uri: &Url, routes: &[(Pattern, &'static Route)]) -> Option<String> {
    let url = base_uri.join(location).ok()?;
    let path = url.path().strip_prefix(base_uri.path().trim_end_matches('/'))?;
    if url.origin() != base_uri.origin() || url.query().is_some() {
        return None;
    }
    routes.iter().find_map(|(pattern, route)| {
        let reads = route.method == Method::Get && matches!(route.call.wiring, Wiring::Direct);
        let values = values(route.call.operation, path).filter(|_| reads)?;
        let capture = |input: &Option<usize>| values.iter().find(|(index, _)| Some(*index) == *input).map(|(_, v)| *v);
        let captures: Option<Vec<&str>> = route.captures.iter().map(capture).collect();
        pattern.filled(&captures?)
    })
}

/// The parameters of an operation that has this path, as they stand there. It is none of the operation's where it needs more
/// than its path.
fn values<'p>(operation: &Operation, path: &'p str) -> Option<Vec<(usize, &'p str)>> {
    if operation.parameters.iter().any(|parameter| parameter.required && parameter.location != Location::Path) {
        return None;
    }
    let mut rest = path;
    let mut values = Vec::new();
    for part in operation.path {
        match part {
            PathPart::Literal(text) => rest = rest.strip_prefix(text)?,
            PathPart::Parameter(index) => {
                let (value, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let text = operation.parameters.get(*index).is_some_and(|parameter| parameter.kind == Kind::String);
                values.push((*index, Some(value).filter(|value| text && !value.is_empty())?));
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(values)
}
