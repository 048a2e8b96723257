//! `openapi.json`: the requests and responses of the REST adapter, in OpenAPI 3.1.

mod components;
mod path;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use self::components::Components;
pub(crate) use self::path::{Names, Template};
pub(crate) use self::schema::{describe, of_kind, with};
use super::{MARKER, rust};
use naftiko_schema::{
    AccessToken, ApiId, InboundAuth, InboundScheme, InputId, Method, Parameter, Rest, Route, Target, TemplatePart, Text,
};

use crate::credential::openapi_scheme;
use crate::json::pretty;
use crate::model::Model;
use crate::vocabulary::is_invisible;

/// What all documents share: problem documents, and how callers prove themselves.
static COMPONENTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("components.json")).unwrap_or_default());

/// The document of the routes of a REST adapter.
pub(super) fn document(model: &Model, rest: &Rest) -> Value {
    let capability = &model.capability;
    let description = Some(&capability.description).filter(|text| !text.is_empty()).unwrap_or(&capability.title);
    let license = env!("CARGO_PKG_LICENSE");
    let mut components = components(&rest.auth);
    let mut schemas = Components::new(&mut components);
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
    with(document, "components", with(components, "schemas", schemas.into_schemas()))
}

/// The text of a document with so many operations, in which everything can be seen.
pub(crate) fn text(document: &Value, operations: usize) -> String {
    visible(pretty(document, (4 << 10) + operations * (2 << 10)))
}

/// What callers send, as far as the capability says. Otherwise the operator decides, and each way is listed.
fn security(auth: &InboundAuth) -> Value {
    let scopes = auth.access_token().map_or(&[][..], |token| &token.scopes);
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.source(&auth.variables)).collect();
    let wanted: Map<_, _> = schemes(auth).into_iter().map(|(name, _)| (name, json!(scopes))).collect();
    if wanted.is_empty() { json!([{}, {"bearer": []}, {"api-key": []}]) } else { json!([wanted]) }
}

fn components(auth: &InboundAuth) -> Value {
    let mut components = COMPONENTS.clone();
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
fn visible(json: String) -> String {
    if json.is_ascii() || !json.contains(is_invisible) {
        return json;
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
    let routes = rest.routes.iter().filter_map(|route| about(model, route)?.api);
    let forwards = rest.forwards.iter().filter_map(|forward| Some(forward.operations.first()?.api));
    let exposed: BTreeSet<ApiId> = routes.chain(forwards).collect();
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
    let own = model.rest().zip(&model.paths).find(|(known, _)| known.namespace == rest.namespace);
    let Some((_, own)) = own else { return Map::new() };
    let routes = rest.routes.iter().zip(&own.routes).map(|(route, path)| (Template::new(path), route));
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
    for (forward, path) in rest.forwards.iter().zip(&own.forwards) {
        let template = Template::new(path);
        let template = templates.entry(template.shape()).or_insert(template);
        let Some(item) = paths.entry(template.path()).or_insert_with(|| json!({})).as_object_mut() else { continue };
        for operation in forward.operations.iter() {
            let method = operation.method.as_str().to_ascii_lowercase();
            if !item.contains_key(&method) {
                let id = ids.unused(&rust_name(&operation.name, &method));
                item.insert(method, passed_on(model, operation, &id, template));
            }
        }
    }
    paths
}

/// A name of the operation that passes requests with a method on.
fn rust_name(name: &str, method: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.chain([method]).collect::<Vec<_>>().join("_").to_ascii_lowercase()
}

/// What is passed on with one method, of which the capability says no more.
fn passed_on(model: &Model, operation: &naftiko_schema::Operation, id: &str, template: &Template) -> Value {
    let namespace = model.capability.api(operation.api).map_or("", |api| &api.namespace);
    let about = format!("Passed on to {}", rust::code(namespace));
    let description = format!("{about}, with its query and its body.");
    let last = template.names.len().saturating_sub(1);
    let remark =
        |index| (index == last && template.takes_rest).then(|| "It may be several segments of the path.".to_owned());
    let placeholders = template.names.iter().enumerate();
    let placeholders: Vec<_> =
        placeholders.map(|(index, name)| schema::placeholder(name, None, remark(index))).collect();
    let mut described = json!({"operationId": id, "summary": about, "description": description, "tags": [namespace]});
    if !placeholders.is_empty() {
        described = with(described, "parameters", placeholders.into());
    }
    if !operation.method.is_safe() {
        described = with(described, "requestBody", json!({"content": {"*/*": {"schema": {}}}}));
    }
    let about = About { name: id.to_owned(), description: "", api: Some(operation.api), fields: &[] };
    with(
        described,
        "responses",
        responses_to(
            operation.method,
            (operation.method != Method::Head).then(|| json!({"*/*": {"schema": {}}})),
            &about,
        ),
    )
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

/// The responses of a route.
fn responses(about: &About<'_>, route: &Route, schemas: &mut Components) -> Value {
    let has_body = route.method != Method::Head && !route.binding.target.is_bodiless();
    let content = has_body.then(|| {
        let own = route.binding.target.responding().and_then(|operation| operation.media_type.as_deref());
        let declared = own.or(route.media_type.as_deref());
        let media_type = declared.unwrap_or(route.binding.format().media_type());
        let known = route.binding.response_schema().filter(|_| route.binding.format().is_json());
        let schema = known.and_then(|text| schemas.schema(text)).unwrap_or_else(|| json!({}));
        with(json!({}), media_type, with(json!({}), "schema", schema))
    });
    responses_to(route.method, content, about)
}

/// Responses of the upstream pass through, failures too, and everything else is a problem. `HEAD` has no bodies.
fn responses_to(method: Method, content: Option<Value>, about: &About<'_>) -> Value {
    let mut success = json!({"description": "The response of the upstream."});
    if let Some(content) = content {
        success = with(success, "content", content);
    }
    if !about.fields.is_empty() {
        let text = || json!({"schema": {"type": "string"}});
        let fields: Map<_, _> = about.fields.iter().map(|name| (name.to_string(), text())).collect();
        success = with(success, "headers", fields.into());
    }
    let [refused, failure] = match method {
        Method::Head => {
            ["The request is wrong, for the upstream or for this server.", "The upstream or this server failed."]
                .map(|description| json!({"description": description}))
        }
        _ => ["ApiError", "Failure"].map(|name| json!({"$ref": format!("#/components/responses/{name}")})),
    };
    let responses = with(json!({"204": {"description": "Success, and nothing to say."}}), "2XX", success);
    with(with(responses, "4XX", refused), "5XX", failure)
}
