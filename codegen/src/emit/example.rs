//! Calls as an application would write them, for documentation. All of them are compiled.

use crate::model::{Kind, Location, Method, Model, Operation, Parameter};

/// An example around statements that end in `Ok(())`, as the text of a documentation comment.
pub(super) fn block(model: &Model, statements: &str) -> String {
    format!(
        "```no_run\n# async fn example(client: {0}::Client) -> Result<(), {0}::Error> {{\n{statements}# Ok(())\n# }}\n```",
        model.lib_name()
    )
}

/// The documentation of a method: how to call it.
pub(super) fn of_method(model: &Model, operation: &Operation) -> String {
    block(model, &format!("let response = {}.send().await?;\n", call(operation)))
}

/// How a client is set up, with the variables of the environment.
pub(super) fn set_up(model: &Model) -> String {
    if model.apis.iter().all(|api| api.base_uri.is_some()) {
        return "Client::from_env()?".to_owned();
    }
    if model.apis.len() == 1 {
        return "Client::builder().from_env().base_uri(\"https://api.example.com\").build()?".to_owned();
    }
    let missing = model.apis.iter().filter(|api| api.base_uri.is_none());
    let set = missing.map(|api| format!(".base_uri_of({:?}, \"https://api.example.com\")", api.namespace));
    format!("Client::builder().from_env(){}.build()?", set.collect::<String>())
}

/// A first program.
pub(super) fn first(model: &Model) -> Option<String> {
    Some(format!(
        "use {}::Client;\n\nlet client = {};\nlet response = {}.send().await?;\nprintln!(\"{{}}\", response.body());\n",
        model.lib_name(),
        set_up(model),
        call(simplest(model)?),
    ))
}

/// The operation to show first, preferably one that needs no body.
pub(super) fn simplest(model: &Model) -> Option<&Operation> {
    let bodiless = |operation: &&Operation| !operation.parameters.iter().any(|p| p.location == Location::Body);
    model.operations.iter().find(bodiless).or_else(|| model.operations.first())
}

/// An operation that answers with a list of several pages, as far as its parameters tell.
pub(super) fn list(model: &Model) -> Option<&Operation> {
    let pages = |parameter: &Parameter| {
        let name = parameter.name.to_ascii_lowercase().replace(['_', '-'], "");
        parameter.location == Location::Query
            && ["page", "pagesize", "perpage", "pagetoken", "cursor", "offset", "limit"].contains(&name.as_str())
    };
    model.operations.iter().find(|operation| operation.method == Method::Get && operation.parameters.iter().any(pages))
}

/// An operation with a body, and the text of a call of it with this body.
pub(super) fn with_body(model: &Model, body: &str) -> Option<String> {
    let takes_body = |operation: &&Operation| operation.parameters.iter().any(is_required_body);
    let operation = model.operations.iter().find(takes_body)?;
    Some(call_with(operation, |parameter| if is_required_body(parameter) { body.to_owned() } else { value(parameter) }))
}

fn is_required_body(parameter: &Parameter) -> bool {
    parameter.location == Location::Body && parameter.required
}

/// `client.get_secret("region", "secret_id")`
pub(super) fn call(operation: &Operation) -> String {
    call_with(operation, value)
}

fn call_with(operation: &Operation, value: impl Fn(&Parameter) -> String) -> String {
    let arguments = operation.parameters.iter().filter(|parameter| parameter.required).map(value);
    format!("client.{}({})", operation.method_name, arguments.collect::<Vec<_>>().join(", "))
}

fn value(parameter: &Parameter) -> String {
    if parameter.location == Location::Body {
        return "serde_json::json!({})".to_owned();
    }
    match parameter.kind {
        Kind::String => format!("{:?}", parameter.rust_name.to_uppercase()),
        Kind::Integer => "1".to_owned(),
        Kind::Number => "1.0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        Kind::Array => "[\"one\"]".to_owned(),
        Kind::Object | Kind::Any => "serde_json::json!({})".to_owned(),
    }
}
