//! Calls as an application would write them, for documentation. All of them are compiled.

use std::collections::BTreeSet;

use naftiko_schema::{Kind, Location, Parameter};

use crate::model::{Definition, Model, Operation, Setter, TypeUse};

/// How deep objects in the body of an example are, at most.
const MAX_DEPTH: usize = 3;

/// A body of which nothing is known.
const EMPTY: &str = "serde_json::json!({})";

/// An example around statements that end in `Ok(())`, as the text of a documentation comment.
pub(super) fn block(model: &Model, statements: &str) -> String {
    format!(
        "```no_run\n# async fn example(client: {0}::Client) -> Result<(), {0}::Error> {{\n{statements}# Ok(()) }}\n```",
        model.lib_name()
    )
}

/// The documentation of a method: how to call it.
pub(super) fn of_method(model: &Model, operation: &Operation) -> String {
    let Call { models, code } = call(model, operation);
    let import = import(model, &models).map_or_else(String::new, |import| format!("{import}\n"));
    block(model, &format!("{import}let response = {code}.send().await?;\n"))
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
    let operation = simplest(model)?;
    let Call { models, code } = call(model, operation);
    let import = import(model, &models).unwrap_or_default();
    let shown = if operation.response.is_some() { "{:?}" } else { "{}" };
    Some(format!(
        "use {}::Client;\n{import}\nlet client = {};\nlet response = {code}.send().await?;\nprintln!(\"{shown}\", response.body());\n",
        model.lib_name(),
        set_up(model),
    ))
}

/// The operation to show first, preferably one that needs no body.
fn simplest(model: &Model) -> Option<&Operation> {
    let bodiless = |operation: &&Operation| !operation.table.parameters.iter().any(|p| p.location == Location::Body);
    model.operations.iter().find(bodiless).or_else(|| model.operations.first())
}

/// A call, with the models that it names.
struct Call<'m> {
    models: BTreeSet<&'m str>,
    code: String,
}

/// The import of models.
fn import(model: &Model, models: &BTreeSet<&str>) -> Option<String> {
    let names: Vec<&str> = models.iter().copied().collect();
    let names = match names.as_slice() {
        [] => return None,
        [only] => (*only).to_owned(),
        several => format!("{{{}}}", several.join(", ")),
    };
    Some(format!("use {}::models::{names};\n", model.lib_name()))
}

/// `client.get_secret("region", "secret_id")`
fn call<'m>(model: &'m Model, operation: &'m Operation) -> Call<'m> {
    let mut models = BTreeSet::new();
    let body = operation.request.as_ref().and_then(|body| match body {
        TypeUse::Named(_) => built(model, body, "", 0, &mut models),
        _ => None,
    });
    if body.is_none() {
        models.clear();
    }
    let value = |(parameter, setter): (&Parameter, &Setter)| match &body {
        Some(body) if parameter.location == Location::Body => body.clone(),
        _ => value(parameter, setter),
    };
    let arguments = operation.positional().map(value).collect::<Vec<_>>().join(", ");
    let flags = operation.with_setter().filter(|(parameter, _)| parameter.required);
    let flags: String = flags.map(|(of, setter)| format!(".{}({})", setter.name, value((of, setter)))).collect();
    Call { models, code: format!("client.{}({arguments}){flags}", operation.method_name) }
}

fn value(parameter: &Parameter, setter: &Setter) -> String {
    if parameter.location == Location::Body {
        return EMPTY.to_owned();
    }
    match parameter.kind {
        Kind::String | Kind::Any => placeholder(&setter.name),
        Kind::Integer => "1".to_owned(),
        Kind::Number => "1.0".to_owned(),
        Kind::Boolean => "false".to_owned(),
        Kind::Array => "[\"one\"]".to_owned(),
        Kind::Object => EMPTY.to_owned(),
    }
}

/// A text to replace.
fn placeholder(name: &str) -> String {
    format!("{:?}", name.to_uppercase())
}

/// A value of a type that requests have, with all that is required of it; none if it would not be easy to read.
fn built<'m>(
    model: &'m Model,
    of: &'m TypeUse,
    name: &str,
    depth: usize,
    models: &mut BTreeSet<&'m str>,
) -> Option<String> {
    Some(match of {
        TypeUse::Boolean => "false".to_owned(),
        TypeUse::Integer => "1".to_owned(),
        TypeUse::Unsigned => "1_u64".to_owned(),
        TypeUse::Number => "1.0".to_owned(),
        TypeUse::Text => placeholder(name),
        TypeUse::Bytes => "b\"VALUE\"".to_owned(),
        TypeUse::Json => EMPTY.to_owned(),
        // Nothing is converted inside other things that are converted.
        TypeUse::Redacted(inside) if !matches!(**inside, TypeUse::Text | TypeUse::Bytes) => return None,
        TypeUse::List(inside) | TypeUse::Map(inside) if matches!(**inside, TypeUse::List(_) | TypeUse::Map(_)) => {
            return None;
        }
        TypeUse::Boxed(inside) | TypeUse::Redacted(inside) => built(model, inside, name, depth, models)?,
        TypeUse::List(inside) => format!("[{}]", built(model, inside, name, depth, models)?),
        TypeUse::Map(inside) => format!("[(\"NAME\", {})]", built(model, inside, name, depth, models)?),
        TypeUse::Named(named) => match model.definition(named)? {
            Definition::Enum { variants, is_closed: false } => format!("{:?}", variants.first()?.1),
            Definition::Enum { variants, is_closed: true } => {
                models.insert(named);
                format!("{named}::{}", variants.first()?.0)
            }
            Definition::Struct(object) if depth < MAX_DEPTH => {
                let mut members = Vec::new();
                for field in object.required() {
                    members.push(built(model, &field.value, &field.name, depth + 1, models)?);
                }
                models.insert(named);
                format!("{named}::new({})", members.join(", "))
            }
            Definition::Struct(_) | Definition::Union(_) => return None,
        },
        TypeUse::Optional(_) => return None,
    })
}
