//! `cargo xtask bench flow`: what a flow of three calls costs, compared with the same three calls by hand, in turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use naftiko_adapter::{Forwarded, execute};
use naftiko_client::__private::{Argument, Arguments, Connection};
use naftiko_client::ClientBuilder;
use naftiko_schema::{
    Action, Api, ArgumentSource, Binding, Capability, Flow, FlowId, InputId, Kind, Location, Method, Operation,
    OperationId, Parameter, ParameterId, PathPart, PathStep, RetrySafety, SourceMember, Step, StepCall, StepId,
    StepValue, calls, list, runs, text,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How often both are run.
const ROUNDS: usize = 3_000;

static CAPABILITY: Capability = Capability::new("flow", "", "").apis(const { &[Api::new("a")] });

static USER: Operation = Operation::new(OperationId(0), "user", Method::Get, RetrySafety::Idempotent)
    .path(const { &[PathPart::Literal(text("/users/")), PathPart::Parameter(ParameterId(0))] })
    .parameters(const { &[Parameter::new("id", Location::Path, Kind::String).required()] });
static TEAM: Operation = Operation::new(OperationId(1), "team", Method::Get, RetrySafety::Idempotent)
    .path(const { &[PathPart::Literal(text("/teams/")), PathPart::Parameter(ParameterId(0))] })
    .parameters(const { &[Parameter::new("id", Location::Path, Kind::String).required()] });
static CITY: Operation = Operation::new(OperationId(2), "city", Method::Get, RetrySafety::Idempotent)
    .path(const { &[PathPart::Literal(text("/cities/")), PathPart::Parameter(ParameterId(0))] })
    .parameters(const { &[Parameter::new("id", Location::Path, Kind::String).required()] });

static BY_HAND: [Binding; 3] = [Binding::new(calls(&USER)), Binding::new(calls(&TEAM)), Binding::new(calls(&CITY))];

static FLOW: Flow = Flow::new(
    FlowId(0),
    "all",
    const { &[Parameter::new("id", Location::Path, Kind::String).required()] },
    const {
        &[
            Step::new(
                "user",
                Action::Call(StepCall::new(calls(&USER), const { &[ArgumentSource::Input(InputId(0))] })),
            ),
            Step::new(
                "team",
                Action::Call(StepCall::new(
                    calls(&TEAM),
                    const {
                        &[ArgumentSource::Output(StepValue::new(
                            StepId(0),
                            const { &[PathStep::Key(text("team"))] },
                        ))]
                    },
                )),
            )
            .after(&[StepId(0)]),
            Step::new(
                "city",
                Action::Call(StepCall::new(
                    calls(&CITY),
                    const {
                        &[ArgumentSource::Output(StepValue::new(
                            StepId(1),
                            const { &[PathStep::Key(text("city"))] },
                        ))]
                    },
                )),
            )
            .after(&[StepId(1)]),
        ]
    },
)
.output(ArgumentSource::Object(list(
    const {
        &[
            SourceMember::new(
                "who",
                ArgumentSource::Output(StepValue::new(StepId(0), const { &[PathStep::Key(text("name"))] })),
            ),
            SourceMember::new(
                "team",
                ArgumentSource::Output(StepValue::new(StepId(1), const { &[PathStep::Key(text("name"))] })),
            ),
            SourceMember::new(
                "where",
                ArgumentSource::Output(StepValue::new(StepId(2), const { &[PathStep::Key(text("name"))] })),
            ),
        ]
    },
)));
static AS_FLOW: Binding = Binding::new(runs(&FLOW));

async fn call(binding: &'static Binding, connection: &Connection, id: &str) -> Result<Bytes> {
    let arguments = Arguments::of(vec![Some(Argument::Value(id.into()))]);
    Ok(execute(binding, connection, arguments, Forwarded::default(), None).await?.into_body())
}

async fn by_hand(connection: &Connection) -> Result<String> {
    let [user, team, city] = &BY_HAND;
    let user: Value = serde_json::from_slice(&call(user, connection, "7").await?)?;
    let team_id = user.get("team").and_then(Value::as_str).context("a team")?;
    let team: Value = serde_json::from_slice(&call(team, connection, team_id).await?)?;
    let city_id = team.get("city").and_then(Value::as_str).context("a city")?;
    let city: Value = serde_json::from_slice(&call(city, connection, city_id).await?)?;
    Ok(json!({"who": user.get("name"), "team": team.get("name"), "where": city.get("name")}).to_string())
}

/// The names of things, with what else responses usually have.
fn document(name: &str, id: &str, more: (&str, &str)) -> String {
    let mut document = json!({
        "id": id, "name": name, "created_at": "2026-01-01T00:00:00Z", "tags": ["one", "two"], "settings": {"a": 1, "b": [true, null]},
    });
    if let Some(members) = document.as_object_mut() {
        members.insert(more.0.to_owned(), more.1.into());
    }
    document.to_string()
}

async fn upstream() -> Result<String> {
    let json = |text: String| ([("content-type", "application/json")], text);
    let router = Router::new()
        .route(
            "/users/{id}",
            get(move |Path(id): Path<String>| async move { json(document("Ada", &id, ("team", "t2"))) }),
        )
        .route(
            "/teams/{id}",
            get(move |Path(id): Path<String>| async move { json(document("Blue", &id, ("city", "c3"))) }),
        )
        .route(
            "/cities/{id}",
            get(move |Path(id): Path<String>| async move { json(document("Brest", &id, ("zip", "29200"))) }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let connection = ClientBuilder::<Connection>::new(&CAPABILITY).base_uri(&upstream().await?).build()?;
    let expected: Value = serde_json::from_str(&by_hand(&connection).await?)?;
    let own: Value = serde_json::from_slice(&call(&AS_FLOW, &connection, "7").await?)?;
    anyhow::ensure!(own == expected, "the flow returns {own}, and the calls by hand {expected}");
    let (mut flow, mut hand) = (Vec::with_capacity(ROUNDS), Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(call(&AS_FLOW, &connection, "7").await?);
        flow.push(start.elapsed());
        let start = Instant::now();
        black_box(by_hand(&connection).await?);
        hand.push(start.elapsed());
    }
    let (flow, hand) = (median(&mut flow), median(&mut hand));
    let share = flow.as_secs_f64() / hand.as_secs_f64();
    println!("three calls: as a flow in {flow:?}, by hand in {hand:?}, medians of {ROUNDS}: {share:.3}");
    Ok(())
}
