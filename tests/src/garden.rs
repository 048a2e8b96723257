//! The upstream of `spec/examples/garden.yaml`: a community garden in memory.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running upstream. It stops when it is dropped.
#[derive(Debug)]
pub struct Garden {
    address: SocketAddr,
    state: Shared,
    task: JoinHandle<io::Result<()>>,
}

#[derive(Debug, Default)]
struct Grounds {
    requests: usize,
    /// The water that each bed got, in litres.
    watered: BTreeMap<u32, f64>,
}

type Shared = Arc<Mutex<Grounds>>;

impl Garden {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, state) = (listener.local_addr()?, Shared::default());
        let router = Router::new()
            .route("/beds", get(beds))
            .route("/beds/{no}", get(bed))
            .route("/beds/{no}/water", post(water))
            .route("/beds/{no}/notes", post(note))
            .route("/people", get(people))
            .route("/harvests/{file}", get(harvest))
            .with_state(Arc::clone(&state));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, state, task })
    }

    /// Where it is.
    pub fn base_uri(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests reached it.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).requests
    }
}

impl Drop for Garden {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Counts a request, and gives what it may change.
fn visit(state: &Shared) -> std::sync::MutexGuard<'_, Grounds> {
    let mut grounds = state.lock().unwrap_or_else(PoisonError::into_inner);
    grounds.requests += 1;
    grounds
}

fn all_beds() -> [Value; 2] {
    [
        json!({
            "no": 1, "keeper": "p2", "helpers": ["p1", "p3"], "soil": {"kind": "loam", "ph": 6.5},
            "rows": [{"plant": "leek", "since": 2024}, {"plant": "kale", "since": 2025}],
        }),
        json!({"no": 2, "keeper": "p1", "helpers": [], "soil": {"kind": "sand", "ph": 7.1}, "rows": [{"plant": "carrot"}]}),
    ]
}

fn none(no: u32) -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"code": "no_bed", "text": format!("there is no bed {no}")}))).into_response()
}

async fn beds(State(state): State<Shared>, Query(query): Query<Vec<(String, String)>>) -> Json<Value> {
    drop(visit(&state));
    let asked: Vec<_> = query.iter().filter(|(name, _)| name == "soil").map(|(_, soil)| soil.as_str()).collect();
    let fits = |bed: &Value| asked.is_empty() || asked.iter().any(|soil| bed["soil"]["kind"] == *soil);
    let beds: Vec<_> = all_beds().into_iter().filter(fits).collect();
    Json(json!({"count": beds.len(), "beds": beds}))
}

async fn bed(State(state): State<Shared>, Path(no): Path<u32>) -> Response {
    drop(visit(&state));
    let bed = all_beds().into_iter().find(|bed| bed["no"] == no);
    bed.map_or_else(|| none(no), |bed| Json(bed).into_response())
}

async fn people(State(state): State<Shared>) -> Json<Value> {
    drop(visit(&state));
    Json(json!([
        {"id": "p1", "name": "Ann", "phone": "11"},
        {"id": "p2", "name": "Bob", "phone": "22"},
        {"id": "p3", "name": "Cyd", "phone": "33"},
    ]))
}

async fn water(State(state): State<Shared>, Path(no): Path<u32>, body: String) -> Response {
    let mut grounds = visit(&state);
    let litres = body.split('&').find_map(|field| field.strip_prefix("litres=")?.parse::<f64>().ok());
    match litres {
        Some(litres) if all_beds().iter().any(|bed| bed["no"] == no) => {
            let total = grounds.watered.entry(no).or_default();
            *total += litres;
            Json(json!({"total": *total})).into_response()
        }
        Some(_) => none(no),
        None => (StatusCode::BAD_REQUEST, Json(json!({"code": "no_litres"}))).into_response(),
    }
}

async fn note(State(state): State<Shared>, Json(note): Json<Value>) -> (StatusCode, Json<Value>) {
    drop(visit(&state));
    (StatusCode::CREATED, Json(json!({"text": format!("{} ({})", text(&note["text"]), text(&note["signed"]))})))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

async fn harvest(State(state): State<Shared>, Path(file): Path<String>) -> Response {
    drop(visit(&state));
    match &*file {
        "2025.csv" => {
            ([(CONTENT_TYPE, "text/csv")], "plant,kg,bed\nleek,12.50,1\n\"carrot, red\",3,2\n").into_response()
        }
        _ => (StatusCode::NOT_FOUND, Json(json!({"code": "no_harvest"}))).into_response(),
    }
}
