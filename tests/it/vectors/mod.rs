//! Everything that may happen to bodies, for every operation whose bodies are known: what drifts in responses fails no call,
//! and what is wrong in requests is never sent, with one verdict, on client, REST and MCP. Where nothing has a type, on REST
//! and MCP, values of another kind fail no call either.

mod surfaces;

use naftiko_interop::documents::{drifted, meant, mistyped, sample, wrong};
use serde_json::{Value, json};

use surfaces::{Outcome, Surfaces};

#[tokio::test]
async fn responses_that_drift_fail_no_call_on_any_surface() {
    let mut calls = 0;
    for surfaces in Surfaces::all().await {
        for operation in surfaces.operations() {
            let Some(schema) = &operation.response else { continue };
            let document = sample(schema);
            let drifted = drifted(&document, schema).into_iter().map(|document| (document, true));
            let mistyped = mistyped(&document, schema).into_iter().map(|document| (document, false));
            for (document, has_its_kinds) in drifted.chain(mistyped) {
                surfaces.respond_with(&document);
                calls += 1;
                let context = |surface: &str| format!("{surface} {}: {document}", operation.method);
                if has_its_kinds {
                    let outcome = surfaces.call_client(&operation, &operation.body()).await;
                    assert!(matches!(outcome, Outcome::Fine(_)), "{}: {outcome:?}", context("client"));
                }
                let outcome = surfaces.call_rest(&operation, &operation.body()).await;
                assert_eq!(outcome, Outcome::Fine(document.clone()), "{}", context("REST"));
                let outcome = surfaces.call_mcp(&operation, &operation.body()).await;
                let Outcome::Fine(result) = outcome else { panic!("{}: {outcome:?}", context("MCP")) };
                if let (Some(schema), Some(content)) = (&operation.output, result.get("structuredContent")) {
                    let validator = jsonschema::validator_for(schema).expect("a schema");
                    if let Err(error) = validator.validate(content) {
                        panic!("{}: {error}", context("a client that checks"));
                    }
                } else {
                    assert!(operation.output.is_none(), "{}: {result}", context("no structured content, MCP"));
                }
            }
        }
    }
    assert!(calls > 300, "{calls}");
}

#[tokio::test]
async fn wrong_requests_have_one_verdict_on_all_surfaces_and_are_not_sent() {
    let mut requests = 0;
    for surfaces in Surfaces::all().await {
        surfaces.respond_with(&json!({}));
        for operation in surfaces.operations() {
            let Some(schema) = &operation.request else { continue };
            for (body, pointer) in wrong(&sample(schema), schema) {
                requests += 1;
                let client = surfaces.call_client(&operation, &body).await;
                let Outcome::Wrong(found) = &client else { panic!("{} {body}: {client:?}", operation.method) };
                assert!(found.contains(&pointer), "{} {body}: {found:?} has no {pointer}", operation.method);
                assert_eq!(surfaces.call_rest(&operation, &body).await, client, "REST {} {body}", operation.method);
                let outcome = surfaces.call_mcp(&operation, &body).await;
                let Outcome::Text(text) = &outcome else { panic!("MCP {} {body}: {outcome:?}", operation.method) };
                for pointer in found {
                    let place = if pointer.is_empty() { "body" } else { pointer };
                    assert!(text.contains(&format!("`{place}`")), "MCP {} {body}: {text}", operation.method);
                }
                assert_eq!(surfaces.received(), Vec::<Value>::new(), "{} {body}", operation.method);
            }
        }
    }
    assert!(requests > 50, "{requests}");
}

#[tokio::test]
async fn null_absent_empty_and_set_members_arrive_as_they_are_meant() {
    let mut bodies = 0;
    for surfaces in Surfaces::all().await {
        surfaces.respond_with(&json!({}));
        for operation in surfaces.operations() {
            let Some(schema) = &operation.request else { continue };
            for body in meant(&sample(schema), schema) {
                bodies += 1;
                for outcome in [
                    surfaces.call_client(&operation, &body).await,
                    surfaces.call_rest(&operation, &body).await,
                    surfaces.call_mcp(&operation, &body).await,
                ] {
                    assert!(matches!(outcome, Outcome::Fine(_)), "{} {body}: {outcome:?}", operation.method);
                }
                assert_eq!(surfaces.received(), vec![body.clone(); 3], "{}", operation.method);
            }
        }
    }
    assert!(bodies > 20, "{bodies}");
}
