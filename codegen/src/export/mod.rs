//! `export openapi`: the operations that a capability consumes, as an OpenAPI 3.1 document that can be its companion.

mod operation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use naftiko_schema::{Api, ApiId, Credential};
use serde_json::{Map, Value, json};

use self::operation::Exporter;
use crate::credential::openapi_scheme;
use crate::emit::openapi::{Names, Template, text, with};
use crate::linked::Linked;
use crate::model::Model;
use crate::template::cut;

/// An exported document.
#[derive(Debug)]
pub struct Exported {
    /// The document, as JSON.
    pub text: String,
    /// What a document cannot say.
    pub left_out: Vec<String>,
}

/// The document of what a capability consumes.
pub(crate) fn document(linked: &Linked<'_>, model: &Model) -> Exported {
    let capability = &model.capability;
    let description = Some(&capability.description).filter(|text| !text.is_empty()).unwrap_or(&capability.title);
    let apis = &*capability.apis;
    let (schemes, requirements) = security(apis);
    let mut exporter = Exporter::new(linked);
    let mut templates: BTreeMap<String, Template> = BTreeMap::new();
    let mut ids = Names::default();
    let mut left_out = Vec::new();
    let mut paths = Map::new();
    for (source, operation) in linked.operations.iter().zip(&model.operations) {
        let template = Template::new(&source.pieces);
        let template = templates.entry(template.shape()).or_insert(template);
        let method = source.method.as_str().to_ascii_lowercase();
        let is_taken = |path: &String| paths.get(path).is_some_and(|item: &Value| item.get(&method).is_some());
        let mut path = template.path();
        if let (true, Some(fragment)) = (is_taken(&path), cut(&source.path.value).2) {
            // Some vendors tell operations with one path apart by fragments, which are never sent.
            path = format!("{path}#{fragment}");
        }
        if is_taken(&path) {
            let (method, path) = (source.method.as_str(), &source.path.value);
            left_out.push(format!(
                "{method} {path} of `{}`: another operation has this method and path",
                source.name.value
            ));
            continue;
        }
        let namespace = capability.api(source.api).map_or("", |api| &api.namespace);
        let mut described = exporter.operation(source, operation, template, &ids.unused(&source.name.value), namespace);
        if apis.len() > 1 {
            described = with(described, "servers", servers(apis.get(source.api.index())));
            described =
                with(described, "security", requirements.get(&source.api).cloned().unwrap_or_else(|| json!([])));
        }
        let item = paths.entry(path).or_insert_with(|| json!({}));
        *item = with(item.take(), &method, described);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": capability.title, "description": description, "version": capability.version},
        "servers": servers(apis.first()),
    });
    if linked.types.is_verified {
        document = with(document, "x-naftiko-verified", true.into());
    }
    if let Some(requirement) = requirements.get(&ApiId::from(0)) {
        document = with(document, "security", requirement.clone());
    }
    let tag =
        |api: &Api| json!({"name": api.namespace, "description": format!("The operations of {}.", api.namespace)});
    document = with(document, "tags", apis.iter().map(tag).collect());
    document = with(document, "paths", paths.into());
    let components = [("schemas", exporter.into_schemas()), ("securitySchemes", schemes)];
    let components = components.into_iter().filter(|(_, components)| !components.is_empty());
    let components: Map<_, _> = components.map(|(name, components)| (name.to_owned(), components.into())).collect();
    if !components.is_empty() {
        document = with(document, "components", components.into());
    }
    Exported { text: text(&document, model.operations.len()), left_out }
}

/// The address of an API. Without one, the user of the document has to know it.
fn servers(api: Option<&Api>) -> Value {
    match api.and_then(|api| api.base_uri.as_deref()) {
        Some(uri) => json!([{"url": uri}]),
        None => json!([{"url": "/", "description": "The base URI is configured."}]),
    }
}

/// The security schemes of all APIs by name, and what requests to each API need.
fn security(apis: &[Api]) -> (Map<String, Value>, BTreeMap<ApiId, Value>) {
    let mut names = Names::default();
    let mut written: Vec<(&Credential, String)> = Vec::new();
    let (mut schemes, mut requirements) = (Map::new(), BTreeMap::new());
    for (index, api) in apis.iter().enumerate().filter(|(_, api)| !api.credentials.is_empty()) {
        let mut requirement = Map::new();
        for credential in &*api.credentials {
            // APIs with the same credential have one scheme.
            let known = written.iter().find(|(known, _)| *known == credential).map(|(_, name)| String::clone(name));
            let (name, scheme) = openapi_scheme(credential);
            let name = known.unwrap_or_else(|| names.unused(name));
            requirement.insert(name.clone(), json!([]));
            written.push((credential, name.clone()));
            schemes.insert(name, scheme);
        }
        requirements.insert(ApiId::from(index), json!([requirement]));
    }
    (schemes, requirements)
}
