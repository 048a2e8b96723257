//! Steps that an application takes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use naftiko_client::{BoxFuture, ScriptError, ScriptRunners, Transform, TransformCall};
use naftiko_codegen::Sources;
use naftiko_mcp::Policy;
use naftiko_serve::echo;
use serde_json::{Map, Value, json};

use crate::tables::call;
use crate::values::served_under;

const SPEC: &str = "
naftiko: '0.5'
capability:
  consumes:
  - namespace: api
    baseUri: https://api.test
    resources:
    - {path: /list, operations: [{name: list, inputParameters: [{name: of, in: query}]}]}
    - {path: /notes, operations: [{name: note, method: POST, body: {type: json, data: {text: '{{text}}', names: '{{names}}'}}}]}
  exposes:
  - type: mcp
    namespace: desk
    tools:
    - name: report
      description: Reports
      inputParameters: [{name: of, type: string, description: Of}]
      steps:
      - {name: list, type: call, call: api.list}
      - name: analyze
        type: transform
        description: Counts things
        with: {unit: 'in {{of}}'}
        outputParameters: [{name: totals, type: object}, {name: names, type: array}, {name: open, type: boolean}]
      - {name: note, type: call, call: api.note, condition: '{{open}}', with: {text: '{{totals.all}} of {{analyze.totals.max}}', names: '{{names}}'}}
    - name: made
      description: What is made
      inputParameters: [{name: of, type: string, description: Of}]
      steps:
      - {name: list, type: call, call: api.list}
      - name: analyze
        type: transform
        outputParameters: [{name: totals, type: object}, {name: names, type: array}]
";

/// What it was given, and what it makes.
#[derive(Clone, Default)]
struct Analyze(Arc<Mutex<Vec<Value>>>);

impl Transform for Analyze {
    fn run<'r>(&'r self, call: TransformCall<'r>) -> BoxFuture<'r, Result<Map<String, Value>, ScriptError>> {
        Box::pin(async move {
            let about = json!([call.flow, call.step, call.description, call.inputs, call.outputs["list"]["target"]]);
            self.0.lock().expect("no one panicked").push(about);
            let of: String = call.input("of")?;
            let list: Map<String, Value> = call.output("list")?;
            let mut made = json!({"totals": {"all": 3, "max": 5}, "names": ["a", "b"], "open": of != "closed", "more": list.len()});
            match of.as_str() {
                "number" => drop(call.input::<u32>("of")?),
                "shape" => drop(call.output::<Vec<String>>("list")?),
                "thrown" => return Err(ScriptError::Thrown("no\nsuch \u{202e}thing".to_owned())),
                "failed" => return Err(ScriptError::Failed("the model is gone".to_owned())),
                "missing" => drop(made.as_object_mut().and_then(|made| made.remove("totals"))),
                "wrong" => made["names"] = "a".into(),
                "late" => tokio::time::sleep(Duration::from_secs(60)).await,
                _ => {}
            }
            Ok(made.as_object().cloned().unwrap_or_default())
        })
    }
}

async fn served(runners: ScriptRunners) -> String {
    let sources = Sources::from([("spec/cases/values.yaml".to_owned(), SPEC.to_owned())]);
    served_under(sources, Router::new().fallback(echo::respond), runners, Policy::default()).await
}

async fn result(base: &str, tool: &str, of: &str) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    call(&http, base, tool, json!({ "of": of })).await
}

#[tokio::test]
async fn transform_gets_inputs_and_outputs_and_later_steps_see_what_it_makes_with_and_without_its_name() {
    let analyze = Analyze::default();
    let base = served(ScriptRunners::default().with_transform("analyze", analyze.clone())).await;
    let noted = result(&base, "report", "x").await;
    let body = noted["structuredContent"]["body"].as_str().expect("a body");
    assert_eq!(
        serde_json::from_str::<Value>(body).ok(),
        Some(json!({"text": "3 of 5", "names": ["a", "b"]})),
        "{noted}"
    );
    let expected = json!(["report", "analyze", "Counts things", {"of": "x", "unit": "in x"}, "/list?of=x"]);
    assert_eq!(analyze.0.lock().expect("no one panicked").pop(), Some(expected));
    let listed = result(&base, "report", "closed").await;
    assert_eq!(listed["structuredContent"]["target"], "/list?of=closed", "the last call that was made: {listed}");
}

#[tokio::test]
async fn flow_that_ends_with_a_transform_returns_its_declared_outputs() {
    let base = served(ScriptRunners::default().with_transform("analyze", Analyze::default())).await;
    let made = result(&base, "made", "x").await;
    assert_eq!(made["structuredContent"], json!({"totals": {"all": 3, "max": 5}, "names": ["a", "b"]}), "{made}");
}

#[tokio::test]
async fn transform_that_fails_or_makes_something_else_fails_the_step() {
    let base = served(ScriptRunners::default().with_transform("analyze", Analyze::default())).await;
    for (of, expected) in [
        ("failed", "step `analyze`, made: the transform failed: the model is gone"),
        ("missing", "the transform failed: it made no `totals`"),
        ("wrong", "the transform failed: the `names` that it made is not of type `array`"),
        ("shape", "the transform failed: the output of step `list` has another shape"),
    ] {
        let failed = result(&base, "made", of).await;
        assert!(failed["isError"] == true && failed.to_string().contains(expected), "{of}: {failed}");
    }
    // A mistake of the caller is a protocol error, and no result.
    for of in ["thrown", "number"] {
        assert!(result(&base, "made", of).await.is_null(), "{of}");
    }
    let base = served(ScriptRunners::default()).await;
    let failed = result(&base, "made", "x").await;
    assert!(failed.to_string().contains("nothing is registered for it here"), "{failed}");
}
