//! `cargo xtask bench shape`: what a projection of a long response costs, compared with a handwritten pass-through that parses
//! the same response and writes it again, in turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::HeaderMap;
use naftiko_adapter::projected;
use naftiko_client::Response;
use naftiko_schema::{
    ArrayProjection, Method, ObjectProjection, Operation, OperationId, PathStep, ProjectedMember, Projection,
    RetrySafety, Target, calls, list, text,
};
use serde_json::{Value, json};

static OPERATION: Operation = Operation::new(OperationId(0), "list", Method::Get, RetrySafety::Idempotent);
static TARGET: Target = calls(&OPERATION);

static PROJECTION: Projection = Projection::Object(ObjectProjection::new(
    &[],
    const {
        &[
            ProjectedMember::new("total", Projection::Path(list(const { &[PathStep::Key(text("count"))] }))),
            ProjectedMember::new(
                "ships",
                Projection::Array(ArrayProjection::new(
                    const { &[PathStep::Key(text("items"))] },
                    const {
                        &[Projection::Object(ObjectProjection::new(
                            &[],
                            const {
                                &[
                                    ProjectedMember::new(
                                        "number",
                                        Projection::Path(list(const { &[PathStep::Key(text("id"))] })),
                                    ),
                                    ProjectedMember::new(
                                        "label",
                                        Projection::Path(list(const { &[PathStep::Key(text("name"))] })),
                                    ),
                                    ProjectedMember::new(
                                        "city",
                                        Projection::Path(list(
                                            const {
                                                &[
                                                    PathStep::Key(text("owner")),
                                                    PathStep::Key(text("home")),
                                                    PathStep::Key(text("city")),
                                                ]
                                            },
                                        )),
                                    ),
                                    ProjectedMember::new(
                                        "tags",
                                        Projection::Path(list(const { &[PathStep::Key(text("tags"))] })),
                                    ),
                                    ProjectedMember::new("kind", Projection::Json(text("\"ship\""))),
                                ]
                            },
                        ))]
                    },
                )),
            ),
        ]
    },
));

/// A response of about a megabyte.
fn response() -> Bytes {
    let item = |id: u32| {
        json!({
            "id": id, "name": format!("Ship number {id}"), "tags": ["wood", "sail", "old"], "price": f64::from(id) + 0.25,
            "owner": {"name": "Ada", "home": {"city": "Brest", "zip": "29200"}}, "active": id.is_multiple_of(2), "note": null,
        })
    };
    json!({"count": 6000, "items": (0..6000).map(item).collect::<Vec<_>>()}).to_string().into()
}

fn by_projection(body: &Bytes) -> Result<usize> {
    let response = Response::own(HeaderMap::new(), body.clone());
    let text = projected(&TARGET, &PROJECTION, response).context("the response is JSON")?.into_body();
    Ok(black_box(text).context("there is something to project")?.len())
}

fn handwritten(body: &Bytes) -> Result<usize> {
    let document: Value = serde_json::from_slice(body)?;
    Ok(black_box(serde_json::to_string(&document)?).len())
}

/// The shortest of some runs.
fn main() -> Result<()> {
    let body = response();
    let (mut own, mut floor) = (Duration::MAX, Duration::MAX);
    for _ in 0..100 {
        let start = Instant::now();
        by_projection(&body)?;
        own = own.min(start.elapsed());
        let start = Instant::now();
        handwritten(&body)?;
        floor = floor.min(start.elapsed());
    }
    let share = floor.as_secs_f64() / own.as_secs_f64();
    println!(
        "a response of {} bytes: projected in {own:?}, passed through by hand in {floor:?}: {share:.2}",
        body.len()
    );
    Ok(())
}
