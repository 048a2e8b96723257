//! `deploy/dashboard.json` and `deploy/alerts.yaml`: what Grafana shows of a server, and when Prometheus warns of it. They have
//! only what the tables have, and name only metrics that `/metrics` has.

use std::sync::LazyLock;

use naftiko_schema::Credential;

use super::deploy::{Deployed, head};
use super::quoted;
use super::template::Template;
use crate::MARKER;
use crate::names::hash;

static DASHBOARD: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/dashboard.json")));
static CAPABILITIES: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/capabilities.json")));
static ROW: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/row.json")));
static GRAPH: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/graph.json")));
static ALERTS: LazyLock<Template> = LazyLock::new(|| Template::of(include_str!("deploy/alerts.yaml")));

const REQUESTS: &str = "http_server_request_duration_seconds";
const MESSAGES: &str = "mcp_server_operation_duration_seconds";
const ATTEMPTS: &str = "http_client_request_duration_seconds";
/// So many lines of a graph can be distinguished.
const LINES: usize = 12;
/// So many names are listed in a query.
const NAMES: usize = 40;

pub(super) fn emit(deployed: &Deployed<'_>) -> Vec<(&'static str, String)> {
    vec![("deploy/dashboard.json", dashboard(deployed)), ("deploy/alerts.yaml", alerts(deployed))]
}

/// What there is to watch.
struct Watched {
    routes: usize,
    tools: usize,
    operations: usize,
    /// The tools that destroy something, unless they are many.
    destructive: Vec<String>,
    has_credentials: bool,
    /// Whether there are several capabilities.
    is_group: bool,
}

impl Watched {
    fn new(deployed: &Deployed<'_>) -> Self {
        let routes = deployed.models.iter().flat_map(|model| model.rest()).map(|rest| rest.routes.len());
        let destructive = deployed.tools().filter(|tool| tool.hints.destructive).map(|tool| literal(&tool.name));
        let mut destructive: Vec<_> = destructive.collect();
        if destructive.len() > NAMES {
            destructive.clear();
        }
        let mut apis = deployed.models.iter().flat_map(|model| model.capability.apis.iter());
        Self {
            routes: routes.sum(),
            tools: deployed.tools().count(),
            operations: deployed.models.iter().map(|model| model.operations.len()).sum(),
            destructive,
            // Each new nonce of a digest is a 401 first.
            has_credentials: apis
                .any(|api| api.credentials.iter().any(|credential| !matches!(credential, Credential::Digest(_)))),
            is_group: deployed.models.len() > 1,
        }
    }
}

/// A name as a regular expression in a string of PromQL.
fn literal(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '.' }).collect()
}

/// The panels of a dashboard, from top to bottom and two in a row.
struct Panels {
    all: Vec<String>,
    /// The selector of all series.
    selector: String,
    y: u32,
    is_left: bool,
}

impl Panels {
    /// A title of the panels below it.
    fn row(&mut self, title: &'static str) {
        if !self.is_left {
            self.y += 8;
            self.is_left = true;
        }
        let (id, y) = self.next();
        self.all.push(ROW.fill(&[("id", [id.as_str()]), ("title", [title]), ("y", [&y])]));
        self.y += 1;
    }

    /// A graph of a query in which `SEL` is the selector.
    fn graph(&mut self, title: &'static str, unit: &'static str, query: &str, legend: &'static str) {
        let query = quoted::json(&query.replace("SEL", &self.selector));
        let (id, y) = self.next();
        let x = if self.is_left { "0" } else { "12" };
        let place = [("id", [id.as_str()]), ("x", [x]), ("y", [&y])];
        let shown = [("title", [title]), ("unit", [unit]), ("query", [&query]), ("legend", [legend])];
        self.all.push(GRAPH.fill(&[place.as_slice(), &shown].concat()));
        if !self.is_left {
            self.y += 8;
        }
        self.is_left = !self.is_left;
    }

    /// The number of the next panel, and its line.
    fn next(&self) -> (String, String) {
        ((self.all.len() + 1).to_string(), self.y.to_string())
    }
}

/// The highest of many lines.
fn most(count: usize, query: String) -> String {
    if count > LINES { format!("topk({LINES}, {query})") } else { query }
}

fn rate(metric: &str, more: &str) -> String {
    ["rate(", metric, "{SEL", more, "}[$__rate_interval])"].concat()
}

fn quantile(labels: &str, metric: &str, more: &str) -> String {
    let buckets = rate(&[metric, "_bucket"].concat(), more);
    ["histogram_quantile(0.95, sum by (le, ", labels, ") (", &buckets, "))"].concat()
}

fn dashboard(deployed: &Deployed<'_>) -> String {
    let watched = Watched::new(deployed);
    let mut selector = "job=~\"$job\"".to_owned();
    if watched.is_group {
        selector.push_str(", naftiko_capability=~\"$capability\"");
    }
    let mut panels = Panels { all: Vec::new(), selector, y: 0, is_left: true };
    if watched.routes > 0 {
        rest(&mut panels, &watched);
    }
    if watched.tools > 0 {
        mcp(&mut panels, &watched);
    }
    if watched.operations > 0 {
        upstream(&mut panels, &watched);
    }
    server(&mut panels);
    let panels: Vec<_> = panels.all.iter().map(|panel| panel.trim_end()).collect();
    let values = [
        // The first member: near the beginning, a file of the generator is recognised.
        ("description", quoted::json(&format!("{MARKER} from {}. Do not edit: changes are lost.", deployed.origin))),
        ("title", quoted::json(deployed.name)),
        ("hash", hash(deployed.name)),
        ("jobs", quoted::json(&format!("label_values(naftiko_build_info{{server=\"{}\"}}, job)", deployed.name))),
        ("capabilities", if watched.is_group { capabilities(deployed) } else { String::new() }),
        ("panels", panels.join(",\n")),
    ];
    DASHBOARD.fill(&values.map(|(name, value)| (name, [value])))
}

/// The variable that chooses capabilities of a group. All of them are also requests that no route takes, which have no capability.
fn capabilities(deployed: &Deployed<'_>) -> String {
    let names: Vec<_> = deployed.models.iter().map(|model| model.crate_name()).collect();
    let variable = CAPABILITIES.fill(&[("names", [quoted::json(&names.join(","))])]);
    variable.trim_end().to_owned()
}

fn rest(panels: &mut Panels, watched: &Watched) {
    let count = format!("{REQUESTS}_count");
    panels.row("REST");
    let by_route = format!("sum by (http_request_method, http_route) ({})", rate(&count, ", http_route!=\"/mcp\""));
    panels.graph(
        "Requests per second",
        "reqps",
        &most(watched.routes, by_route),
        "{{http_request_method}} {{http_route}}",
    );
    let by_status = format!("sum by (http_response_status_code) ({})", rate(&count, ", http_route!=\"/mcp\""));
    panels.graph("Responses per second, by status", "reqps", &by_status, "{{http_response_status_code}}");
    let slow = quantile("http_route", REQUESTS, ", http_route!~\"|/mcp\"");
    panels.graph("95 % of requests are faster than", "s", &most(watched.routes, slow), "{{http_route}}");
    let failed = rate(&count, ", http_route!=\"/mcp\", http_response_status_code=~\"5..\"");
    let failed = format!("sum by (http_route) ({failed})");
    panels.graph("Failures per second (5xx)", "reqps", &most(watched.routes, failed), "{{http_route}}");
}

fn mcp(panels: &mut Panels, watched: &Watched) {
    let count = format!("{MESSAGES}_count");
    panels.row("MCP");
    let calls = rate(&count, ", mcp_method_name=\"tools/call\"");
    let calls = format!("sum by (gen_ai_tool_name) ({calls})");
    panels.graph("Calls of tools per second", "ops", &most(watched.tools, calls), "{{gen_ai_tool_name}}");
    let failed = rate(&count, ", mcp_method_name=\"tools/call\", error_type!=\"\"");
    let failed = format!("sum by (gen_ai_tool_name, error_type) ({failed})");
    panels.graph("Failed calls per second", "ops", &most(watched.tools, failed), "{{gen_ai_tool_name}} {{error_type}}");
    let slow = quantile("gen_ai_tool_name", MESSAGES, ", mcp_method_name=\"tools/call\"");
    panels.graph("95 % of calls are faster than", "s", &most(watched.tools, slow), "{{gen_ai_tool_name}}");
    let others = format!("sum by (mcp_method_name) ({})", rate(&count, ""));
    panels.graph("Requests per second, by method", "ops", &others, "{{mcp_method_name}}");
    if !watched.destructive.is_empty() {
        let names = watched.destructive.join("|");
        // The first call begins its series, so a rate would not show it.
        let calls =
            format!("sum by (gen_ai_tool_name) ({count}{{SEL, gen_ai_tool_name=~\"{names}\", error_type=\"\"}})");
        let title = "Calls of destructive tools since the start, with questions for confirmation";
        panels.graph(title, "none", &calls, "{{gen_ai_tool_name}}");
    }
}

fn upstream(panels: &mut Panels, watched: &Watched) {
    let count = format!("{ATTEMPTS}_count");
    panels.row("Upstream");
    let attempts = format!("sum by (naftiko_operation) ({})", rate(&count, ""));
    panels.graph("Attempts per second", "reqps", &most(watched.operations, attempts), "{{naftiko_operation}}");
    let slow = quantile("naftiko_operation", ATTEMPTS, "");
    panels.graph("95 % of attempts are faster than", "s", &most(watched.operations, slow), "{{naftiko_operation}}");
    let failed = rate(&count, ", error_type!=\"\"");
    let failed = format!("sum by (naftiko_operation, error_type, http_response_status_code) ({failed})");
    let legend = "{{naftiko_operation}} {{error_type}} {{http_response_status_code}}";
    panels.graph("Failed attempts per second", "reqps", &most(watched.operations, failed), legend);
    let retried = format!("sum by (naftiko_operation) ({})", rate("naftiko_client_retries_total", ""));
    panels.graph("Retries per second", "reqps", &most(watched.operations, retried), "{{naftiko_operation}}");
    let kept = format!("sum by (event) ({})", rate("naftiko_cache_events_total", ""));
    panels.graph("Kept responses per second, with --cache", "ops", &kept, "{{event}}");
}

fn server(panels: &mut Panels) {
    panels.selector = "job=~\"$job\"".to_owned();
    panels.row("Server");
    panels.graph("Running requests", "none", "http_server_active_requests{SEL}", "{{instance}}");
    panels.graph("Tasks, one or more for each open connection", "none", "naftiko_runtime_tasks{SEL}", "{{instance}}");
    let lost = "rate(naftiko_log_lines_dropped_total{SEL}[$__rate_interval])";
    panels.graph("Log lines dropped per second", "ops", lost, "{{instance}}");
    let unrecorded = "rate(naftiko_audit_failures_total{SEL}[$__rate_interval])";
    panels.graph("Records of the audit lost per second", "ops", unrecorded, "{{instance}}");
    panels.graph("Versions", "none", "count by (name, version) (naftiko_build_info{SEL})", "{{name}} {{version}}");
}

fn alerts(deployed: &Deployed<'_>) -> String {
    let watched = Watched::new(deployed);
    let info = format!("naftiko_build_info{{server=\"{}\"}}", deployed.name);
    // Only series of this server: several may be scraped.
    let of = format!("and on (job, instance) {info}");
    // Lines with the name of something are left out where the server lacks it.
    let if_there = |is_there: bool| if is_there { vec![""] } else { Vec::new() };
    let values = [
        ("name", vec![deployed.name]),
        ("info", vec![&info]),
        ("of", vec![&of]),
        ("rest", if_there(watched.routes > 0)),
        ("mcp", if_there(watched.tools > 0)),
        ("upstream", if_there(watched.operations > 0)),
        ("credentials", if_there(watched.has_credentials)),
    ];
    head(deployed) + &ALERTS.fill(&values)
}
