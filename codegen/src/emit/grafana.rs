//! The parts of Grafana's dashboards that are emitted, in the order in which they are written.

use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dashboard<'d> {
    /// The first member: near the beginning, a file of the generator is recognised.
    pub(super) description: String,
    pub(super) title: &'d str,
    pub(super) uid: String,
    pub(super) tags: [&'static str; 1],
    pub(super) schema_version: u32,
    pub(super) editable: bool,
    pub(super) graph_tooltip: u32,
    pub(super) refresh: &'static str,
    pub(super) time: Time,
    pub(super) timezone: &'static str,
    pub(super) templating: List<Vec<serde_json::Value>>,
    pub(super) annotations: List<[(); 0]>,
    pub(super) panels: Vec<Panel>,
}

#[derive(Serialize)]
pub(super) struct Time {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
}

#[derive(Serialize)]
pub(super) struct List<T> {
    pub(super) list: T,
}

/// What stands at a place of a dashboard.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Panel {
    Row(Row),
    #[serde(rename = "timeseries")]
    Graph(Graph),
}

/// The title of the panels below it.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) id: usize,
    pub(super) title: &'static str,
    pub(super) collapsed: bool,
    #[serde(rename = "gridPos")]
    pub(super) place: Place,
    pub(super) panels: [(); 0],
}

#[derive(Serialize)]
pub(super) struct Graph {
    pub(super) id: usize,
    pub(super) title: &'static str,
    #[serde(rename = "datasource")]
    pub(super) source: Source,
    #[serde(rename = "gridPos")]
    pub(super) place: Place,
    #[serde(rename = "fieldConfig")]
    pub(super) fields: Fields,
    pub(super) options: Options,
    pub(super) targets: [Query; 1],
}

/// A place in units of the grid, which has 24 columns.
#[derive(Serialize)]
pub(super) struct Place {
    pub(super) h: u32,
    pub(super) w: u32,
    pub(super) x: u32,
    pub(super) y: u32,
}

/// Where the data are.
#[derive(Serialize)]
pub(super) struct Source {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) uid: &'static str,
}

/// How values are shown.
#[derive(Serialize)]
pub(super) struct Fields {
    pub(super) defaults: Defaults,
    pub(super) overrides: [(); 0],
}

#[derive(Serialize)]
pub(super) struct Defaults {
    pub(super) unit: &'static str,
    pub(super) min: u32,
}

#[derive(Serialize)]
pub(super) struct Options {
    pub(super) legend: Legend,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Legend {
    pub(super) display_mode: &'static str,
    pub(super) placement: &'static str,
    pub(super) calcs: [&'static str; 2],
}

#[derive(Serialize)]
pub(super) struct Query {
    #[serde(rename = "refId")]
    pub(super) name: &'static str,
    #[serde(rename = "datasource")]
    pub(super) source: Source,
    #[serde(rename = "expr")]
    pub(super) query: String,
    #[serde(rename = "legendFormat")]
    pub(super) legend: &'static str,
}
