//! Scripts in languages that an application brings.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use naftiko_client::{BoxFuture, ScriptCall, ScriptError, ScriptRunner, ScriptRunners};
use naftiko_codegen::Sources;
use naftiko_serve::echo;
use serde_json::{Value, json};

use crate::values::served_with;

const SPEC: &str = "
naftiko: 1.0.0-alpha2
capability:
  consumes:
  - {namespace: api, baseUri: 'https://api.test', resources: [{path: /echo, operations: [{name: find}]}]}
  exposes:
  - type: rest
    namespace: front
    resources:
    - path: '/ages/{name}'
      operations:
      - inputParameters: [{name: name, in: path, type: string}]
        steps:
        - {name: age, type: script, language: Groovy, location: ./scripts, file: age.groovy, dependencies: [lib.groovy], with: {fixed: 7, called: '{{name}}!'}}
        mappings: [{target: age, value: $.age.years}]
  - type: control
    port: 9100
    management: {scripting: {enabled: true, timeout: 300, statementLimit: 2000}}
";

/// A language in which every script does what its caller is called.
#[derive(Clone, Default)]
struct Groovy(Arc<Mutex<Vec<Value>>>);

impl ScriptRunner for Groovy {
    fn run<'r>(&'r self, script: ScriptCall<'r>) -> BoxFuture<'r, Result<Option<Value>, ScriptError>> {
        Box::pin(async move {
            let (limit, files) = (json!([script.timeout.as_millis() as u64, script.statements]), json!(script.files));
            self.0.lock().expect("no one panicked").push(json!([files, script.context, limit]));
            match script.context["name"].as_str() {
                Some("thrown") => Err(ScriptError::Thrown("no\nsuch \u{202e}name".to_owned())),
                Some("failed") => Err(ScriptError::Failed("the interpreter is gone".to_owned())),
                Some("late") => {
                    tokio::time::sleep(Duration::from_secs(20)).await;
                    Ok(None)
                }
                Some("nothing") => Ok(None),
                _ => Ok(Some(json!({"years": 41}))),
            }
        })
    }
}

#[tokio::test]
async fn script_of_a_registered_language_gets_files_context_and_limits_and_its_outcome_is_the_step() {
    let groovy = Groovy::default();
    let sources = [("values.yaml", SPEC), ("scripts/age.groovy", "result = 1"), ("scripts/lib.groovy", "def x = 1")];
    let sources: Sources =
        sources.map(|(path, text)| (format!("spec/cases/{path}"), text.to_owned())).into_iter().collect();
    let runners = ScriptRunners::default().with("groovy", groovy.clone());
    let base = served_with(sources, Router::new().fallback(echo::respond), runners).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let get = async |name: &str| {
        let response = http.get(format!("{base}/ages/{name}")).send().await.expect("a response");
        (response.status().as_u16(), response.text().await.expect("text"))
    };
    assert_eq!(get("Ada").await, (200, r#"{"age":41}"#.to_owned()));
    let seen = groovy.0.lock().expect("no one panicked").pop();
    let expected = json!([
        [["lib.groovy", "def x = 1"], ["age.groovy", "result = 1"]],
        {"name": "Ada", "fixed": 7, "called": "Ada!"},
        [300, 2000],
    ]);
    assert_eq!(seen, Some(expected));
    assert_eq!(get("nothing").await, (200, "{}".to_owned()));
    for (name, status, message) in
        [("thrown", 400, "no such"), ("failed", 500, "age"), ("late", 500, "it ran longer than 300 ms")]
    {
        let (code, text) = get(name).await;
        assert_eq!(code, status, "{name}: {text}");
        assert!(text.contains(message) && !text.contains('\u{202e}'), "{name}: {text}");
    }
}
