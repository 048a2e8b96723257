//! Reading `consumes`: APIs, their authentication, resources, operations and input parameters.

use super::document::{
    Authentication, Aws, BodySource, ConsumedOperation, ConsumedResource, Consumes, Input, OAuth2, Rules, Text,
};
use super::fields::{Fields, text};
use super::invocation::consumed_output;
use super::yaml::{Content, Node};
use super::{bytes, name_of, no_effect, read_all, read_parts, rules};
use crate::codes::Code;
use crate::credential;
use crate::diagnostic::Sink;

pub(super) fn consumes(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Consumes> {
    let mut fields = Fields::of(node, "a `consumes` entry", sink);
    if let Some(kind) = fields.text(&["type"], sink).filter(|kind| kind.value != "http") {
        let message = format!("APIs of type `{}` are not supported", kind.value);
        sink.report(Code::ConsumedType, kind.span, message).help("use `type: http` if the API speaks HTTP");
    }
    let tunnel = fields.span_of("tunnel");
    let given = fields.text(&["namespace"], sink);
    let Some(namespace) = given.or(key) else {
        fields.missing(&["namespace"], sink);
        return None;
    };
    let base_uri = fields.text(&["baseUri"], sink);
    fields.ignore(&["description", "as", "import"]);
    let authentication = fields.get(&["authentication", "auth"]).and_then(|entry| authentication(&entry.value, sink));
    let mut inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    inputs.extend(fixed_headers(&mut fields, sink));
    let (mut resources, mut left_out) = read_parts("resource", fields.members(&["resources"], sink), resource, sink);
    left_out.extend(resources.iter_mut().flat_map(|resource| std::mem::take(&mut resource.left_out)));
    let span = fields.span;
    fields.finish(sink);
    Some(Consumes { span, namespace, base_uri, tunnel, authentication, inputs, resources, left_out })
}

/// Headers with fixed values, as some files write them.
fn fixed_headers(fields: &mut Fields<'_>, sink: &mut Sink) -> Vec<Input> {
    let headers = fields.pairs("headers", sink).unwrap_or_default();
    let header = |(name, node): (Text, &Node)| Input {
        location: Some(Text { value: "header".to_owned(), span: name.span }),
        name,
        kind: None,
        description: None,
        required: None,
        value: Some(node.clone()),
        rules: Rules::default(),
    };
    headers.into_iter().map(header).collect()
}

pub(super) fn authentication(node: &Node, sink: &mut Sink) -> Option<Authentication> {
    let mut fields = Fields::of(node, "`authentication`", sink);
    let kind = fields.required_text(&["type"], sink)?;
    let mut text = |names: &[&'static str]| fields.text(names, sink);
    // `header` with the value under `key` is another spelling of an API key.
    let header = text(&["header"]);
    let (key, value) = match header {
        Some(header) => (Some(header), text(&["value", "key", "token"])),
        None => (text(&["key", "name"]), text(&["value"])),
    };
    let placement = text(&["placement", "in"]);
    let (token, username, password) = (text(&["token"]), text(&["username"]), text(&["password"]));
    let headers = fields.texts("headers", sink);
    let parameters = read_all(fields.members(&["parameters"], sink), input, sink);
    let parameters = parameters.into_iter().filter_map(|input| {
        let value = input.value?;
        Some((input.name, Text { value: value.scalar_text()?, span: value.span }))
    });
    let parameters = parameters.collect();
    let oauth2 = oauth2(&mut fields, sink);
    let aws = Aws {
        access_key: fields.text(&["accessKeyId", "accessKey"], sink),
        secret_key: fields.text(&["secretAccessKey", "secretKey"], sink),
        session_token: fields.text(&["sessionToken"], sink),
        region: fields.text(&["region"], sink),
        service: fields.text(&["service"], sink),
    };
    let is_signed = credential::is_signed(&kind.value);
    let members = if is_signed { signed(node, sink) } else { Vec::new() };
    let span = fields.span;
    let for_callers = oauth2.authorization_server.is_some() || oauth2.resource.is_some();
    let authentication = Authentication {
        span,
        kind,
        key,
        value,
        placement,
        token,
        username,
        password,
        headers,
        parameters,
        oauth2,
        aws,
        members,
    };
    // A kind that is refused, or that a signer knows, may have keys of its own, which are not reported on top.
    if for_callers || (credential::is_known(&authentication.kind.value) && !is_signed) {
        fields.finish(sink);
    }
    Some(authentication)
}

/// What a signer gets: every key but the kind. One inside of another has the name of both, with a dot between.
fn signed(node: &Node, sink: &mut Sink) -> Vec<(Text, Text)> {
    let mut members = Vec::new();
    add_members("", node, &mut members, sink);
    members.retain(|(name, _)| name.value != "type");
    members
}

fn add_members(outer: &str, node: &Node, members: &mut Vec<(Text, Text)>, sink: &mut Sink) {
    let Content::Mapping(entries) = &node.content else { return };
    for entry in entries.iter().filter(|entry| !entry.value.is_null()) {
        let name = format!("{outer}{}", entry.key);
        match &entry.value.content {
            Content::Mapping(_) => add_members(&format!("{name}."), &entry.value, members, sink),
            _ => {
                let value = text(&entry.value, &entry.key, sink);
                members.extend(value.map(|value| (Text { value: name, span: entry.span }, value)));
            }
        }
    }
}

fn oauth2(fields: &mut Fields<'_>, sink: &mut Sink) -> OAuth2 {
    OAuth2 {
        authorization_server: fields.text(&["authorizationServerUri", "authorizationServerUrl"], sink),
        resource: fields.text(&["resource"], sink),
        audience: fields.text(&["audience"], sink),
        scopes: fields.list("scopes", sink),
        validation: fields.text(&["tokenValidation"], sink),
        introspection_endpoint: fields.text(&["introspectionEndpoint", "introspectionUri"], sink),
        grant: fields.text(&["grantType"], sink),
        token_endpoint: fields.text(&["tokenEndpoint", "tokenUrl", "tokenUri"], sink),
        client_id: fields.text(&["clientId"], sink),
        client_secret: fields.text(&["clientSecret"], sink),
        scope: fields.text(&["scope"], sink),
        refresh_token: fields.text(&["refreshToken"], sink),
    }
}

fn resource(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<ConsumedResource> {
    let mut fields = Fields::of(node, "a consumed resource", sink);
    name_of(key, &mut fields, sink);
    let path = fields.text(&["path"], sink);
    fields.ignore(&["label", "display", "description", "tags"]);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let (operations, left_out) = read_parts("operation", fields.members(&["operations"], sink), operation, sink);
    fields.finish(sink);
    Some(ConsumedResource { path, inputs, operations, left_out })
}

fn operation(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<ConsumedOperation> {
    let mut fields = Fields::of(node, "a consumed operation", sink);
    let given = fields.text(&["name", "id", "operationId"], sink);
    let name = key.or(given);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let method = fields.text(&["method"], sink);
    let path = fields.text(&["path"], sink);
    let description = fields.text(&["description"], sink);
    let output_format = fields.text(&["outputRawFormat"], sink);
    let output_schema = fields.text(&["outputSchema"], sink);
    let output_headers = fields.list("outputHeaders", sink);
    let body = fields.get(&["body", "requestBody"]).map(|entry| body(&entry.value, sink));
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    fields.ignore(&["label", "display", "tags"]);
    let outputs = read_all(fields.members(&["outputParameters"], sink), consumed_output, sink);
    let is_binary = output_format.as_ref().is_some_and(|format| format.value.eq_ignore_ascii_case("binary"));
    let (mut output_media_type, mut limit) = (None, None);
    if is_binary {
        output_media_type = fields.text(&["outputMediaType"], sink).and_then(|text| bytes::media_type(text, sink));
        limit = bytes::limit(&mut fields, sink);
    } else {
        let help = "write `outputRawFormat: binary` if the responses are bytes";
        no_effect(&mut fields, &["outputMediaType", "maxBinarySize"], help, sink);
    }
    fields.finish(sink);
    Some(ConsumedOperation {
        name: name?,
        method,
        path,
        description,
        output_format,
        output_schema,
        output_media_type,
        limit,
        output_headers,
        inputs,
        outputs,
        body,
    })
}

fn body(node: &Node, sink: &mut Sink) -> BodySource {
    match &node.content {
        // The data itself may have a member `type`, too.
        Content::Mapping(entries) if node.get("data").is_some() || entries.iter().all(|entry| entry.key == "type") => {
            let mut fields = Fields::of(node, "`body`", sink);
            let kind = fields.text(&["type"], sink);
            let data = fields.get(&["data"]).map(|entry| entry.value.clone());
            fields.finish(sink);
            BodySource { span: node.span, kind, data }
        }
        _ => BodySource { span: node.span, kind: None, data: Some(node.clone()) },
    }
}

pub(super) fn input(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Input> {
    let mut fields = Fields::of(node, "an input parameter", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let location = fields.text(&["in"], sink);
    let kind = fields.text(&["type"], sink);
    let description = fields.text(&["description"], sink);
    let required = fields.flag("required", sink);
    let value = fields.get(&["value", "const", "template"]).map(|entry| entry.value.clone());
    let rules = rules::rules(&mut fields, sink);
    fields.ignore(&["label", "display"]);
    fields.finish(sink);
    Some(Input { name: name?, location, kind, description, required, value, rules })
}
