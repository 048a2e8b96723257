//! References to resources of the upstream, rewritten to paths of this server.

use naftiko_client::__private::{Argument, Connection, from_texts, links};
use naftiko_schema::http::percent_encode;
use naftiko_schema::{
    ArgumentMapping, InputId, Location, Method, Operation, Output, Parameter, ParameterId, PathPart, Route, Target,
};
use percent_encoding::percent_decode_str;
use url::{Url, form_urlencoded};

use super::passage::Passage;
use super::pattern::{Pattern, decode};

/// The context of the references in a response of the upstream.
pub(super) struct References<'r> {
    /// What took the request.
    pub(super) taker: Taker<'r>,
    /// The path of the request.
    pub(super) path: &'r str,
    pub(super) connection: &'r Connection,
    /// The routes of the adapter.
    pub(super) routes: &'r [(Pattern<'static>, &'static Route)],
}

/// What takes a request.
#[derive(Clone, Copy)]
pub(super) enum Taker<'r> {
    Route(&'static Route),
    /// It is passed on with this operation.
    Forward(Passage<'r>, &'static Operation),
}

impl References<'_> {
    /// The route that took the request.
    pub(super) fn route(&self) -> Option<&'static Route> {
        match self.taker {
            Taker::Route(route) => Some(route),
            Taker::Forward(..) => None,
        }
    }

    /// The operation of the request; `None` if the route runs a flow.
    pub(super) fn operation(&self) -> Option<&'static Operation> {
        match self.taker {
            Taker::Route(route) => match &route.binding.target {
                Target::Operation(operation) => Some(operation),
                Target::Flow(_) => None,
            },
            Taker::Forward(_, operation) => Some(operation),
        }
    }

    /// The longest response that the route passes, in bytes, if the capability says so.
    pub(super) fn limit(&self) -> Option<usize> {
        self.route()?.binding.limit()
    }

    /// The inputs of the route.
    pub(super) fn inputs(&self) -> &'static [Parameter] {
        match self.taker {
            Taker::Route(route) => route.binding.inputs(),
            Taker::Forward(..) => &[],
        }
    }

    /// The path and query of the route that reads what the upstream has at `reference` (RFC 3986 §4.1). `None` if no route
    /// does: the upstream's own address must not be passed through, because callers would bypass this server.
    pub(super) fn rewritten(&self, reference: &str) -> Option<String> {
        let called = self.operation()?;
        let base_uri = self.connection.base_uri(called)?;
        let url = match self.request() {
            Some(request) => request.join(reference).ok()?,
            // These depend on nothing but the server.
            None if reference.starts_with('/') || Url::parse(reference).is_ok() => base_uri.join(reference).ok()?,
            None => return None,
        };
        let path = url.path().strip_prefix(base_uri.path().trim_end_matches('/'))?;
        if url.origin() != base_uri.origin() {
            return None;
        }
        let read_by = |(pattern, route): &(Pattern<'static>, &'static Route)| {
            let Target::Operation(operation) = &route.binding.target else { return None };
            let reads = route.method == Method::Get && matches!(route.binding.arguments, ArgumentMapping::Identity);
            if !reads || operation.api != called.api {
                return None;
            }
            let query = self.query(operation, url.query().unwrap_or_default())?;
            let values = values(operation, path)?;
            let capture = |input: &Option<InputId>| {
                let input = (*input)?;
                values.iter().find(|(parameter, _)| parameter.0 == input.0).map(|(_, value)| *value)
            };
            let captures: Option<Vec<&str>> = route.captures.iter().map(capture).collect();
            let mut own = pattern.filled(&captures?)?;
            for (mark, part) in [('?', Some(&*query).filter(|query| !query.is_empty())), ('#', url.fragment())] {
                if let Some(part) = part {
                    own.push(mark);
                    own.push_str(part);
                }
            }
            Some(own)
        };
        // A projection is less than what the upstream has there.
        let (whole, projected): (Vec<_>, Vec<_>) =
            self.routes.iter().partition(|(_, route)| matches!(route.binding.output, Output::Whole));
        whole.into_iter().chain(projected).find_map(read_by).or_else(|| self.passed_on(called, path, &url))
    }

    /// The path and query at which a request is passed on to this path of the upstream, if the present one is passed on.
    fn passed_on(&self, operation: &Operation, path: &str, url: &Url) -> Option<String> {
        let Taker::Forward(passage, _) = self.taker else { return None };
        let takes_all = passage.forward.path.ends_with("+}");
        let rest = path.trim_start_matches('/');
        if passage.rest.is_empty() || rest.is_empty() || (!takes_all && rest.contains('/')) {
            return None;
        }
        let pairs = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let of_callers = pairs.filter(|pair| {
            let name = form_urlencoded::parse(pair.as_bytes()).next();
            name.is_some_and(|(name, _)| !self.is_own(operation, &name))
        });
        let query = of_callers.collect::<Vec<_>>().join("&");
        let query = if query.is_empty() { query } else { format!("?{query}") };
        let fragment = url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
        Some(format!("{}{rest}{query}{fragment}", passage.before))
    }

    /// Whether this server adds a query parameter of this name.
    fn is_own(&self, operation: &Operation, name: &str) -> bool {
        let api = self.connection.capability().api(operation.api);
        let mut fixed = operation.fixed.iter().map(|fixed| (fixed.location, &*fixed.name));
        let mut credentials = api.into_iter().flat_map(|api| api.credentials.iter().map(|one| one.field()));
        fixed.any(|field| field == (Location::Query, name)) || credentials.any(|field| field == (Location::Query, name))
    }

    /// The links of a `Link` field, rewritten. Those to anything but a route are left out, and so are those whose parameters
    /// name the upstream.
    pub(super) fn links(&self, field: &str) -> Vec<String> {
        let base_uri = self.operation().and_then(|operation| self.connection.base_uri(operation));
        let host = base_uri.and_then(Url::host_str).unwrap_or_default();
        let own = links(field).into_iter().filter(|link| !link.has_anchor);
        let own = own.filter(|link| !link.parameters.to_ascii_lowercase().contains(host));
        own.filter_map(|link| Some(format!("<{}>{}", self.rewritten(link.target)?, link.parameters))).collect()
    }

    /// The URI of the request to the upstream without its query; `None` if it is not known from the path of the caller's
    /// request.
    fn request(&self) -> Option<Url> {
        let operation = self.operation()?;
        let mut url = self.connection.base_uri(operation)?.clone();
        let route = match self.taker {
            Taker::Route(route) => route,
            Taker::Forward(passage, _) => {
                url.set_path(&format!("{}/{}", url.path().trim_end_matches('/'), passage.rest));
                return Some(url);
            }
        };
        if !matches!(route.binding.arguments, ArgumentMapping::Identity) {
            return None;
        }
        let captured = Pattern::new(&route.path).captures(&decode(self.path)?)?;
        let mut path = url.path().trim_end_matches('/').to_owned();
        for part in operation.path.iter() {
            match part {
                PathPart::Literal(text) => path.push_str(text),
                // Only the upstream knows its value.
                PathPart::Variable(_) => return None,
                PathPart::Parameter(id) => {
                    let is_own = |input: &Option<InputId>| input.is_some_and(|input| input.0 == id.0);
                    let index = route.captures.iter().position(is_own)?;
                    path.push_str(&percent_encode(captured.get(index)?));
                }
            }
        }
        url.set_path(&path);
        url.set_query(None);
        Some(url)
    }

    /// The part of a query that callers give. `None` if the operation does not take all of it, or requires more.
    fn query(&self, operation: &Operation, query: &str) -> Option<String> {
        let mut pairs = Vec::new();
        let mut names = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, _) = form_urlencoded::parse(pair.as_bytes()).next()?;
            // This server adds these.
            if self.is_own(operation, &name) {
                continue;
            }
            let takes = |parameter: &Parameter| parameter.location == Location::Query && parameter.name == name;
            operation.parameters.iter().find(|parameter| takes(parameter))?;
            pairs.push(pair);
            names.push(name);
        }
        let is_given = |parameter: &Parameter| match parameter.location {
            Location::Path => true,
            Location::Query => names.contains(&parameter.name),
            _ => false,
        };
        let has_all = operation.parameters.iter().all(|parameter| !parameter.required || is_given(parameter));
        has_all.then(|| pairs.join("&"))
    }
}

/// The values of an operation's parameters in a path, percent-encoded. `None` if the path does not match.
fn values<'p>(operation: &Operation, path: &'p str) -> Option<Vec<(ParameterId, &'p str)>> {
    let mut rest = path;
    let mut values = Vec::new();
    for part in operation.path.iter() {
        match part {
            PathPart::Literal(text) => rest = rest.strip_prefix(&**text)?,
            PathPart::Variable(_) => return None,
            PathPart::Parameter(id) => {
                let (value, after) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                values.push((*id, Some(value).filter(|value| is_valid(operation.parameter(*id), value))?));
                rest = after;
            }
        }
    }
    rest.is_empty().then_some(values)
}

/// Whether a percent-encoded segment is a value of a parameter.
fn is_valid(parameter: Option<&Parameter>, segment: &str) -> bool {
    let (Some(parameter), Ok(text)) = (parameter, percent_decode_str(segment).decode_utf8()) else { return false };
    let argument = from_texts(parameter, std::iter::once(text.into_owned()));
    !segment.is_empty() && argument.is_ok_and(|argument| Argument::check(parameter, Some(&argument)).is_ok())
}
