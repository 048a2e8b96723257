//! `openapi.json`: the requests and responses of the REST adapter, in OpenAPI 3.1.

mod components;
mod path;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use self::components::Components;
pub(crate) use self::path::{Names, Template};
pub(crate) use self::schema::{describe, of_kind, with};
use super::{MARKER, rust};
use naftiko_schema::{
    AccessToken, ApiId, InboundAuth, InboundScheme, InputId, Method, Parameter, Rest, Route, Target, TemplatePart, Text,
};

use crate::credential::openapi_scheme;
use crate::model::Model;
use crate::vocabulary::is_invisible;

/// What all documents share: problem documents, and how callers prove themselves.
const COMPONENTS: &str = include_str!("components.json");

pub(super) fn document(model: &Model, rest: &Rest) -> String {
    let capability = &model.capability;
    let description = Some(&capability.description).filter(|text| !text.is_empty()).unwrap_or(&capability.title);
    let license = env!("CARGO_PKG_LICENSE");
    let components = components(&rest.auth);
    let mut schemas = Components::new(&components);
    let paths = paths(model, rest, &mut schemas);
    let document = json!({
        "x-generated": format!("{MARKER} from {}. Do not edit: change the specification instead.", model.spec),
        "openapi": "3.1.0",
        "info": {
            "title": capability.title,
            "description": description,
            "version": capability.version,
            "contact": {"name": "The operator of this server"},
            "license": {"name": license, "identifier": license},
        },
        "servers": [
            {"url": "/", "description": "The server that this document comes from."},
            {"url": format!("http://127.0.0.1:{}", rest.port), "description": "This machine, on the default port."},
        ],
        "security": security(&rest.auth),
        "tags": tags(model, rest),
    });
    let document = with(document, "paths", paths.into());
    let document = with(document, "components", with(components, "schemas", schemas.into_schemas()));
    visible(&format!("{document:#}\n"))
}

/// What callers send, as far as the capability says. Otherwise the operator decides, and each way is listed.
fn security(auth: &InboundAuth) -> Value {
    let scopes = auth.access_token().map_or(&[][..], |token| &token.scopes);
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.source(&auth.variables)).collect();
    let wanted: Map<_, _> = schemes(auth).into_iter().map(|(name, _)| (name, json!(scopes))).collect();
    if wanted.is_empty() { json!([{}, {"bearer": []}, {"api-key": []}]) } else { json!([wanted]) }
}

fn components(auth: &InboundAuth) -> Value {
    let mut components: Value = serde_json::from_str(COMPONENTS).unwrap_or_default();
    if let Some(Value::Object(known)) = components.get_mut("securitySchemes")
        && !auth.is_public()
    {
        *known = schemes(auth).into_iter().collect();
    }
    components
}

/// What callers send, each with a name.
fn schemes(auth: &InboundAuth) -> Vec<(String, Value)> {
    let credentials = match &auth.scheme {
        InboundScheme::Credentials(credentials) => credentials,
        InboundScheme::AccessToken(token) => return vec![("oauth2".to_owned(), access_token(token))],
    };
    let schemes = credentials.iter().map(openapi_scheme).enumerate();
    let numbered =
        |index: usize, name: &str| if index == 0 { name.to_owned() } else { format!("{name}-{}", index + 1) };
    schemes.map(|(index, (name, scheme))| (numbered(index, name), scheme)).collect()
}

/// OpenAPI 3.1 requires the endpoints of an authorization server, or where they can be found. If the operator configures the
/// server, the document can only describe a bearer token.
fn access_token(token: &AccessToken) -> Value {
    match &*token.issuer.parts {
        [TemplatePart::Literal(issuer)] => {
            let found = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
            json!({"type": "openIdConnect", "openIdConnectUrl": found})
        }
        _ => json!({"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}),
    }
}

/// Escapes what cannot be seen: it would make the text look like another one.
pub(crate) fn visible(json: &str) -> String {
    // Characters of ASCII are seen.
    if json.is_ascii() {
        return json.to_owned();
    }
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_invisible(c) {
            // Writing to a text cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// One tag for each consumed API, and one for what calls none.
fn tags(model: &Model, rest: &Rest) -> Vec<Value> {
    let exposed: BTreeSet<ApiId> = rest.routes.iter().filter_map(|route| about(model, route)?.api).collect();
    let apis = model.capability.apis.iter().enumerate().filter(|(index, _)| exposed.contains(&ApiId::from(*index)));
    let tag =
        |namespace: &str| json!({"name": namespace, "description": format!("What {} offers.", rust::code(namespace))});
    let own = rest.routes.iter().any(|route| about(model, route).is_some_and(|about| about.api.is_none()));
    let own = own.then(|| json!({"name": model.crate_name(), "description": "What this server knows itself."}));
    apis.map(|(_, api)| tag(&api.namespace)).chain(own).collect()
}

/// What a document says about the target of a route.
struct About<'m> {
    /// A name, in words with underscores between them.
    name: String,
    description: &'m str,
    /// The API that is called, or the first of several; `None` if the response is fixed.
    api: Option<ApiId>,
    /// Header fields that callers get.
    fields: &'m [Text],
}

fn about<'m>(model: &'m Model, route: &'m Route) -> Option<About<'m>> {
    match &route.binding.target {
        Target::Operation(operation) => {
            let operation = model.operations.get(operation.id.index())?;
            Some(About {
                name: operation.method_name.clone(),
                description: &operation.description,
                api: Some(operation.table.api),
                fields: &operation.table.response_fields,
            })
        }
        Target::Flow(flow) => {
            let flow = model.flows.get(flow.id.index())?;
            let api = flow.table.operations().next().map(|operation| operation.api);
            let name = flow.const_name.to_ascii_lowercase();
            Some(About { name, description: &flow.description, api, fields: &[] })
        }
    }
}

/// All paths. OpenAPI takes those for one that differ only in the names of placeholders, or in how much the last of them
/// takes; of two routes with one path and method it can only say the more specific one.
fn paths(model: &Model, rest: &Rest, schemas: &mut Components) -> Map<String, Value> {
    let routes = rest.routes.iter().zip(&model.route_paths).map(|(route, path)| (Template::new(path), route));
    let (greedy, modest): (Vec<_>, Vec<_>) = routes.partition(|(template, _)| template.takes_rest);
    let mut templates: BTreeMap<String, Template> = BTreeMap::new();
    let mut ids = Names::default();
    let mut paths = Map::new();
    for (template, route) in modest.into_iter().chain(greedy) {
        let takes_rest = template.takes_rest;
        let template = templates.entry(template.shape()).or_insert(template);
        let (Some(about), Some(item)) =
            (about(model, route), paths.entry(template.path()).or_insert_with(|| json!({})).as_object_mut())
        else {
            continue;
        };
        let method = route.method.as_str().to_ascii_lowercase();
        if !item.contains_key(&method) {
            let id = ids.unused(&about.name);
            item.insert(method, described(model, &about, route, &id, template, takes_rest, schemas));
        }
    }
    paths
}

/// A route as an operation.
fn described(
    model: &Model,
    about: &About<'_>,
    route: &Route,
    id: &str,
    template: &Template,
    takes_rest: bool,
    schemas: &mut Components,
) -> Value {
    let humanised = about.name.replace('_', " ");
    let first = |texts: [&str; 3]| texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned();
    let inputs = route.binding.inputs();
    let namespace = about.api.and_then(|api| model.capability.api(api)).map(|api| &*api.namespace);
    let mut parameters = placeholders(route, inputs, template, takes_rest);
    parameters.extend(schema::parameters(inputs));
    let mut described = json!({
        "operationId": id,
        "summary": first([&*route.summary, about.description, &humanised]),
        "description": first([about.description, &*route.summary, &humanised]),
        "tags": [namespace.unwrap_or(model.crate_name())],
    });
    if !parameters.is_empty() {
        described = with(described, "parameters", parameters.into());
    }
    if let Some(body) = schema::body(&route.binding, schemas) {
        described = with(described, "requestBody", body);
    }
    with(described, "responses", responses(about, route, schemas))
}

fn placeholders(route: &Route, inputs: &[Parameter], template: &Template, takes_rest: bool) -> Vec<Value> {
    let captured = route.captures.iter().enumerate().rev();
    let first: BTreeMap<InputId, usize> = captured.filter_map(|(index, input)| Some(((*input)?, index))).collect();
    let placeholder = |(index, (name, capture)): (usize, (&String, &Option<InputId>))| {
        let input = capture.and_then(|input| inputs.get(input.index()));
        let earlier = capture.and_then(|input| first.get(&input).copied()).filter(|earlier| *earlier < index);
        let remark = match earlier.and_then(|earlier| template.names.get(earlier)) {
            Some(earlier) => Some(format!("It must have the value of {}.", rust::code(earlier))),
            None if takes_rest && index + 1 == template.names.len() => {
                Some("It may be several segments of the path.".to_owned())
            }
            None => None,
        };
        schema::placeholder(name, input, remark)
    };
    template.names.iter().zip(route.captures.iter()).enumerate().map(placeholder).collect()
}

/// Responses of the upstream pass through, and everything else is a problem. `HEAD` has no bodies.
fn responses(about: &About<'_>, route: &Route, schemas: &mut Components) -> Value {
    let mut success = json!({"description": "The response of the upstream."});
    if route.method != Method::Head && !route.binding.target.is_bodiless() {
        let own = route.binding.target.responding().and_then(|operation| operation.media_type.as_deref());
        let declared = own.or(route.media_type.as_deref());
        let media_type = declared.unwrap_or(route.binding.format().media_type());
        let known = route.binding.response_schema().filter(|_| route.binding.format().is_json());
        let schema = known.and_then(|text| schemas.schema(text)).unwrap_or_else(|| json!({}));
        success = with(success, "content", with(json!({}), media_type, with(json!({}), "schema", schema)));
    }
    if !about.fields.is_empty() {
        let text = || json!({"schema": {"type": "string"}});
        let fields: Map<_, _> = about.fields.iter().map(|name| (name.to_string(), text())).collect();
        success = with(success, "headers", fields.into());
    }
    let [refused, failure] = match route.method {
        Method::Head => ["The request is wrong, for the upstream or for this server.", "Anything but success."]
            .map(|description| json!({"description": description})),
        _ => ["ApiError", "Problem"].map(|name| json!({"$ref": format!("#/components/responses/{name}")})),
    };
    let responses = with(json!({"204": {"description": "Success, and nothing to say."}}), "2XX", success);
    with(with(responses, "4XX", refused), "default", failure)
}
