//! The documentation page of the crate: how to set a client up, what can go wrong, and how to test with it.

use super::{example, rust};
use crate::model::Model;

pub(super) fn docs(model: &Model) -> String {
    let mut docs = format!("{}\n", rust::sentence(&model.title, ""));
    if !model.description.is_empty() && model.description != model.title {
        docs.push_str(&format!("\n{}\n", rust::sentence(&model.description, "")));
    }
    if let Some(operation) = example::simplest(model) {
        docs.push_str(&client(model, &example::call(operation)));
    }
    docs.push_str(&features(model));
    docs
}

/// What an application has to know, with `call` as the example.
fn client(model: &Model, call: &str) -> String {
    let library = model.lib_name();
    let fallible = |statements: &str| {
        format!(
            "```no_run\n# async fn example() -> Result<(), Box<dyn std::error::Error>> {{\n{statements}# Ok(())\n# }}\n```\n"
        )
    };
    let mut page = format!("\n{}", fallible(&example::first(model).unwrap_or_default()));
    let mut section = |title: &str, text: &str, example: String| {
        page.push_str(&format!("\n# {title}\n{text}\n\n{example}\n"));
    };
    section(
        "Set-up",
        "`Client::builder()` sets what the capability leaves open, and what an application may want otherwise: base URI, \
         time limits, retries, hooks, a client of reqwest that is there already. Cloning a client is cheap.",
        fallible(&format!(
            "# use {library}::{{Client, RetryPolicy}};\n# use std::time::Duration;\nlet client = Client::builder()\n    \
             .from_env()\n    .timeout(Duration::from_secs(10))\n    .attempt_timeout(Duration::from_secs(3))\n    \
             .retry(RetryPolicy::default().attempts(5))\n    .user_agent(\"my-app/1.0\")\n    .after(|attempt, outcome| {{\n        \
             println!(\"{{}} took {{:?}}\", attempt.operation(), outcome.elapsed);\n    }})\n    .build()?;\n"
        )),
    );
    if let [variable] = model.variables.as_slice() {
        section(
            "Authentication",
            &format!(
                "The credential is made of {}, from the environment or from the builder. One that changes comes from a \
                 [`runtime::TokenProvider`]: a function, or [`runtime::ClientCredentials`] for OAuth 2.0. Secrets never \
                 appear in `Debug`, logs, URIs of errors, or error texts.",
                rust::code(variable)
            ),
            fallible(&format!(
                "# use {library}::Client;\nlet client = Client::builder()\n    .token_provider(|| Ok(std::fs::read_to_string(\
                 \"/run/secrets/token\")?.trim().into()))\n    .build()?;\n"
            )),
        );
    }
    section(
        "Answers",
        "An answer is decoded to a [`serde_json::Value`](https://docs.rs/serde_json), to a type of yours, or not at all. \
         What every call can do beside `send` is in the trait [`Call`].",
        example::block(
            model,
            &format!(
                "use {library}::Call as _;\n\n#[derive(serde::Deserialize)]\nstruct Answer {{}}\n\nlet answer: Answer = \
                 {call}.send_as().await?.into_body();\nlet bytes = {call}.send_bytes().await?;\nlet mut stream = \
                 {call}.send_streaming().await?.into_body();\nwhile let Some(piece) = stream.next().await {{\n    \
                 println!(\"{{}} bytes\", piece?.len());\n}}\n"
            ),
        ),
    );
    if let Some(call) = example::with_body(model, "RawBody::bytes(\"application/json\", \"{}\")") {
        section(
            "Bodies",
            "A body is anything that serializes, as JSON, or a [`RawBody`]: text, bytes, a stream.",
            example::block(model, &format!("use {library}::RawBody;\n\n{call}.send().await?;\n")),
        );
    }
    section(
        "Errors",
        "There is one [`Error`]. It says which operation failed, how far it came, what kind of failure it is, and all that \
         the upstream said: status, headers, request id, type, message, details, the raw body.",
        example::block(
            model,
            &format!(
                "use {library}::ErrorKind;\n\nmatch {call}.send().await {{\n    Ok(response) => println!(\"{{}}\", \
                 response.status()),\n    Err(error) => match error.kind() {{\n        ErrorKind::Status(status) if \
                 status.as_u16() == 404 => println!(\"{{:?}}\", error.upstream_type()),\n        ErrorKind::Arguments(violations) => \
                 println!(\"{{violations:?}}\"),\n        _ if error.is_transient() => println!(\"later: {{error}}\"),\n        _ => \
                 return Err(error),\n    }},\n}}\n"
            ),
        ),
    );
    section(
        "Retries",
        "Calls are repeated when they fail for a reason that may pass: up to three attempts, with random pauses that grow, \
         as `Retry-After` says where it says something, within the call's timeout, and from a budget. What is not idempotent \
         is repeated only where the upstream cannot have acted. See [`RetryPolicy`].",
        example::block(
            model,
            &format!(
                "use {library}::{{Call as _, RetryPolicy}};\n\n{call}.retry(RetryPolicy::none()).send().await?;\n"
            ),
        ),
    );
    section(
        "Pagination",
        "`items` and `pages` follow a list to its end, one request per page. How the pages follow each other is recognised: \
         page numbers, offsets, cursors, links. Where it is not, [`Paging`] says it.",
        example::block(
            model,
            &format!(
                "use {library}::Call as _;\nuse {library}::runtime::serde_json::Value;\n\nlet mut items = \
                 {call}.items::<Value>();\nwhile let Some(item) = items.next().await {{\n    println!(\"{{}}\", item?);\n}}\n"
            ),
        ),
    );
    section(
        "Testing",
        "With the feature `test-util`, `runtime::testing` has transports that need no socket: scripted answers, and \
         recordings of real ones.",
        format!(
            "```no_run\n# #[cfg(feature = \"test-util\")]\n# async fn example() -> Result<(), Box<dyn std::error::Error>> {{\nuse \
             {library}::Client;\nuse {library}::runtime::testing::{{Answer, Script}};\n\nlet script = \
             Script::new([Answer::status(429), Answer::json(200, serde_json::json!({{}}))]);\nlet client = \
             Client::builder(){}.transport(script.clone()).build()?;\n{call}.send().await?;\nassert_eq!(script.requests().len(), \
             2);\n# Ok(())\n# }}\n```",
            test_variables(model)
        ),
    );
    page
}

/// Settings that let a client be built in a test.
fn test_variables(model: &Model) -> String {
    let variables = model.variables.iter().map(|name| format!(".variable({name:?}, \"a-test-token\")"));
    let open = model.apis.iter().filter(|api| api.base_uri.is_none());
    let uris = open.map(|api| format!(".base_uri_of({:?}, \"https://api.example.com\")", api.namespace));
    variables.chain(uris).collect()
}

fn features(model: &Model) -> String {
    let mut rows = vec![
        ("client", "the client; always on"),
        ("ring", "TLS by rustls with ring; on unless default features are off"),
        ("aws-lc-rs", "TLS by rustls with aws-lc-rs"),
        ("native-tls", "TLS of the operating system"),
        ("blocking", "calls without `async`"),
        ("test-util", "transports for tests"),
    ];
    rows.extend(model.rest.as_ref().map(|_| ("rest", "an axum router")));
    rows.extend(model.mcp.as_ref().map(|_| ("mcp", "an MCP server")));
    rows.extend(model.has_server().then_some(("server", "the binary that serves all of it")));
    let rows: String = rows.iter().map(|(name, what)| format!("| `{name}` | {what} |\n")).collect();
    format!("\n# Features\n| feature | what it adds |\n|---|---|\n{rows}")
}
