//! Calls as an application would write them, for documentation. All of them are compiled.

use naftiko_schema::{Kind, Location, Parameter};

use crate::model::{Model, Operation, Setter};

/// An example around statements that end in `Ok(())`, as the text of a documentation comment.
pub(super) fn block(model: &Model, statements: &str) -> String {
    format!(
        "```no_run\n# async fn example(client: {0}::Client) -> Result<(), {0}::Error> {{\n{statements}# Ok(()) }}\n```",
        model.lib_name()
    )
}

/// The documentation of a method: how to call it.
pub(super) fn of_method(model: &Model, operation: &Operation) -> String {
    block(model, &format!("let response = {}.send().await?;\n", call(operation)))
}

/// How a client is set up, with the variables of the environment.
pub(super) fn set_up(model: &Model) -> String {
    let apis = &model.capability.apis;
    let mut missing = apis.iter().filter(|api| api.base_uri.is_none()).peekable();
    if missing.peek().is_none() {
        return "Client::from_env()?".to_owned();
    }
    if apis.len() == 1 {
        return "Client::builder().from_env().base_uri(\"https://api.example.com\").build()?".to_owned();
    }
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
fn simplest(model: &Model) -> Option<&Operation> {
    let bodiless = |operation: &&Operation| !operation.table.parameters.iter().any(|p| p.location == Location::Body);
    model.operations.iter().find(bodiless).or_else(|| model.operations.first())
}

/// `client.get_secret("region", "secret_id")`
pub(super) fn call(operation: &Operation) -> String {
    let arguments = operation.positional().map(|(parameter, setter)| value(parameter, setter));
    let flags = operation.with_setter().filter(|(parameter, _)| parameter.required);
    let flags = flags.map(|(parameter, setter)| format!(".{}({})", setter.name, value(parameter, setter)));
    let arguments = arguments.collect::<Vec<_>>().join(", ");
    format!("client.{}({arguments}){}", operation.method_name, flags.collect::<String>())
}

fn value(parameter: &Parameter, setter: &Setter) -> String {
    if parameter.location == Location::Body {
        return "serde_json::json!({})".to_owned();
    }
    match parameter.kind {
        Kind::String => format!("{:?}", setter.name.to_uppercase()),
        Kind::Integer => "1".to_owned(),
        Kind::Number => "1.0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        Kind::Array => "[\"one\"]".to_owned(),
        Kind::Object | Kind::Any => "serde_json::json!({})".to_owned(),
    }
}
