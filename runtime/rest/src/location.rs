//! Rewrites `Location`: from a URI of the upstream to a path of this server.

use naftiko_schema::{
    ArgumentMapping, InputId, Kind, Location, Method, Operation, ParameterId, PathPart, Route, Target,
};
use url::Url;

use super::pattern::Pattern;

/// The path of the route that reads what the upstream has at `location` (RFC 9110 §10.2.2). `None` if no route does: the
/// upstream's own address must not be passed through, because callers would bypass this server.
pub(super) fn relocated(location: &str, base_uri: &Url, routes: &[(Pattern, &'static Route)]) -> Option<String> {
    let url = base_uri.join(location).ok()?;
    let path = url.path().strip_prefix(base_uri.path().trim_end_matches('/'))?;
    if url.origin() != base_uri.origin() || url.query().is_some() {
        return None;
    }
    routes.iter().find_map(|(pattern, route)| {
        let reads = route.method == Method::Get && matches!(route.binding.arguments, ArgumentMapping::Identity);
        let Target::Operation(operation) = &route.binding.target;
        let values = values(operation, path).filter(|_| reads)?;
        let capture = |input: &Option<InputId>| {
            let input = (*input)?;
            values.iter().find(|(parameter, _)| parameter.0 == input.0).map(|(_, value)| *value)
        };
        let captures: Option<Vec<&str>> = route.captures.iter().map(capture).collect();
        pattern.filled(&captures?)
    })
}

/// The values of an operation's parameters in a path, percent-encoded. `None` if the path does not match, or the operation
/// requires more than its path.
fn values<'p>(operation: &Operation, path: &'p str) -> Option<Vec<(ParameterId, &'p str)>> {
    if operation.parameters.iter().any(|parameter| parameter.required && parameter.location != Location::Path) {
        return None;
    }
    let mut rest = path;
    let mut values = Vec::new();
    for part in operation.path.iter() {
        match part {
            PathPart::Literal(text) => rest = rest.strip_prefix(&**text)?,
            PathPart::Parameter(id) => {
                let (value, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let text = operation.parameter(*id).is_some_and(|parameter| parameter.kind == Kind::String);
                values.push((*id, Some(value).filter(|value| text && !value.is_empty())?));
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(values)
}
