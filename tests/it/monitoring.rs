//! Metrics, and the dashboards and alerts that name them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use naftiko_codegen::Files;
use scaleway_simulator::{Fault, Simulator, TOKEN};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cases;
use crate::groups::{Joined, scaleway};
use crate::mcp::{message, post};
use crate::search::provider;

/// Labels that Prometheus gives to all series.
const GIVEN: [&str; 2] = ["job", "instance"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    expr: String,
    r#for: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

/// The metrics that an expression of PromQL names, each with its labels, and the labels of its groupings.
#[derive(Default, Debug)]
struct Named {
    metrics: BTreeMap<String, BTreeSet<String>>,
    groupings: BTreeSet<String>,
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl Named {
    fn of(expression: &str) -> Self {
        let mut named = Self::default();
        let mut rest = expression;
        while !rest.is_empty() {
            let word: String = rest.chars().take_while(|c| is_word(*c)).collect();
            if word.is_empty() {
                rest = rest.strip_prefix(|_: char| true).unwrap_or_default();
                continue;
            }
            rest = &rest[word.len()..];
            if ["by", "on"].contains(&&*word) {
                let (list, after) = rest.trim_start_matches(" (").split_once(')').expect("a list");
                named.groupings.extend(list.split(", ").map(str::to_owned));
                rest = after;
            } else if ["http_", "mcp_", "naftiko_"].iter().any(|prefix| word.starts_with(prefix)) {
                let labels = named.metrics.entry(word).or_default();
                if let Some(mut selector) = rest.strip_prefix('{') {
                    while !selector.starts_with('}') {
                        let label: String = selector.chars().take_while(|c| is_word(*c)).collect();
                        let (_, value) = selector.split_once('"').expect("a value");
                        selector = value.split_once('"').expect("its end").1.trim_start_matches(", ");
                        labels.insert(label);
                    }
                    rest = &selector[1..];
                }
            }
        }
        named
    }

    /// What servers with these metrics do not have.
    fn missing(&self, known: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
        let mut missing = Vec::new();
        let mut labels: BTreeSet<&str> = GIVEN.into();
        for (metric, own) in &self.metrics {
            match known.get(metric) {
                None => missing.push(metric.clone()),
                Some(known) => {
                    let unknown = own.iter().filter(|label| !known.contains(*label) && !GIVEN.contains(&&***label));
                    missing.extend(unknown.map(|label| format!("{metric}.{label}")));
                    labels.extend(known.iter().map(String::as_str));
                }
            }
        }
        missing.extend(self.groupings.iter().filter(|label| !labels.contains(&***label)).cloned());
        missing
    }
}

/// The series that a server has, by metric with the names of its labels, and how many they are.
fn series(text: &str) -> (BTreeMap<String, BTreeSet<String>>, usize) {
    let mut known: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for line in &lines {
        let (series, _) = line.rsplit_once(' ').expect("a value");
        for (metric, labels) in Named::of(&series.replace("\",", "\", ")).metrics {
            known.entry(metric).or_default().extend(labels);
        }
    }
    (known, lines.len())
}

/// The expressions of the dashboard and of the alerts of a crate.
fn expressions(files: &Files, folder: &str) -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&files[&format!("{folder}deploy/dashboard.json")]).expect(folder);
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let queries = targets.map(|target| target["expr"].as_str().expect("an expression").to_owned());
    let variables = dashboard["templating"]["list"].as_array().expect("variables").iter();
    let variables = variables.filter_map(|variable| variable["query"]["query"].as_str());
    let variables = variables.map(|query| query.replace("label_values(", "").replace(", job)", ""));
    let alerts = rules(files, folder).groups.into_iter().flat_map(|group| group.rules).map(|rule| rule.expr);
    queries.chain(variables).chain(alerts).collect()
}

fn rules(files: &Files, folder: &str) -> Rules {
    let text = &files[&format!("{folder}deploy/alerts.yaml")];
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{folder}: {error}\n{text}"))
}

/// The files of the crates of this repository.
fn generated() -> Files {
    let paths = ["scaleway", "scaleway-secret-manager-secrets"]
        .iter()
        .flat_map(|name| ["dashboard.json", "alerts.yaml"].map(|file| format!("generated/{name}/deploy/{file}")));
    paths.map(|path| (path.clone(), fs::read_to_string(xtask::root().join(path)).expect("a file"))).collect()
}

async fn scrape(joined: &Joined) -> String {
    let uri = format!("{}/metrics", joined.rest);
    let text = joined.http.get(uri).send().await.expect("a response").text().await.expect("text");
    assert!(!text.contains(TOKEN), "the token is in the metrics");
    text
}

#[tokio::test]
async fn dashboards_and_alerts_name_only_what_servers_have() {
    let simulator = Simulator::start().await.expect("the simulator starts");
    let flags = ["--base-uri", &simulator.base_uri(), "--cache", "1"];
    let joined = Joined::start(scaleway(), &flags).await.expect("it is served");
    simulator.fault(Fault::status(503).times(1));
    let id = uuid::Uuid::nil();
    joined.get(&format!("/v1/secret-manager/v1beta1/regions/fr-par/secrets/{id}")).await;
    let get = message("get-metadata-using-secret-s-id", &json!({"region": "fr-par", "secret_id": id}));
    post(&joined.http, &joined.mcp, &get).await;
    let (known, _) = series(&scrape(&joined).await);
    let files = generated();
    for folder in ["generated/scaleway/", "generated/scaleway-secret-manager-secrets/"] {
        let all = expressions(&files, folder);
        assert!(all.len() > 25, "{all:#?}");
        for expression in all {
            let named = Named::of(&expression);
            assert!(!named.metrics.is_empty(), "{expression}");
            assert_eq!(named.missing(&known), Vec::<String>::new(), "{expression}\n{known:#?}");
        }
    }
    let wrong = Named::of(
        "sum by (le, no_label) (rate(http_no_metric{SEL=\"a, b\", x!~\"}\"}[5m]) / naftiko_build_info{no=\"\"})",
    );
    assert_eq!(wrong.missing(&known), ["http_no_metric", "naftiko_build_info.no", "le", "no_label"]);
}

#[test]
fn dashboards_and_alerts_of_ok_cases_are_valid() {
    let mut checked = 0;
    for (name, files) in cases::good() {
        let folders = files.keys().filter_map(|path| path.strip_suffix("deploy/dashboard.json"));
        for folder in folders.map(str::to_owned).collect::<Vec<_>>() {
            let dashboard: Value =
                serde_json::from_str(&files[&format!("{folder}deploy/dashboard.json")]).expect("JSON");
            let panels = dashboard["panels"].as_array().expect("panels");
            let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
            assert_eq!(ids.len(), panels.len(), "{name}: ids differ");
            let mut taken = BTreeSet::new();
            for panel in panels {
                let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().expect("a number"));
                for place in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
                    assert!(x + w <= 24 && taken.insert(place), "{name}: panels overlap at {place:?}");
                }
            }
            assert!(dashboard["uid"].as_str().is_some_and(|uid| uid.len() <= 40), "{name}");
            let rules = rules(&files, &folder);
            let [group] = rules.groups.as_slice() else { panic!("{name}: one group") };
            let names: BTreeSet<_> = group.rules.iter().map(|rule| &rule.alert).collect();
            assert!(!group.name.is_empty() && names.len() == group.rules.len(), "{name}: names differ");
            for rule in &group.rules {
                let minutes = rule.r#for.strip_suffix('m').and_then(|minutes| minutes.parse::<u32>().ok());
                assert!(minutes.is_some() && ["critical", "warning", "info"].contains(&&*rule.labels["severity"]));
                assert!(rule.annotations["summary"].starts_with(&rule.labels["server"]), "{name}: {}", rule.alert);
            }
            for expression in expressions(&files, &folder) {
                let count = |sign| expression.matches(sign).count();
                assert!(count('(') == count(')') && count('{') == count('}') && count('"') % 2 == 0, "{expression}");
                assert!(!expression.contains("SEL"), "{expression}");
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}

#[tokio::test]
async fn only_what_is_called_has_series_and_callers_create_none() {
    let joined = Joined::start(provider(), &["--search=on"]).await.expect("it is served");
    let idle = scrape(&joined).await;
    let (known, _) = series(&idle);
    assert!(!known.keys().any(|metric| metric.contains("duration")), "nothing was called: {known:#?}");
    assert!(idle.len() < 16 << 10, "{} bytes", idle.len());
    let call = async |index: usize| {
        let made_up = format!("made-up-{index}");
        post(&joined.http, &joined.mcp, &message(&made_up, &json!({}))).await;
        post(&joined.http, &joined.mcp, &message("call_tool", &json!({"name": made_up}))).await;
        let unknown = json!({"jsonrpc": "2.0", "id": 1, "method": made_up});
        post(&joined.http, &joined.mcp, &unknown).await;
        joined.get(&format!("/{made_up}")).await;
        series(&scrape(&joined).await).1
    };
    call(0).await;
    let first = call(1).await;
    for index in 2..20 {
        assert_eq!(call(index).await, first);
    }
    post(&joined.http, &joined.mcp, &message("search_tools", &json!({"query": "servers"}))).await;
    let text = scrape(&joined).await;
    assert!(!text.contains("made-up"), "{text}");
    for (tool, error, count) in [("_OTHER", "-32602", 20), ("_OTHER", "tool_error", 20), ("search_tools", "", 1)] {
        let line = format!(
            r#"mcp_server_operation_duration_seconds_count{{error_type="{error}",gen_ai_prompt_name="",gen_ai_tool_name="{tool}",mcp_method_name="tools/call",naftiko_capability=""}} {count}"#
        );
        assert!(text.lines().any(|known| known == line), "{line}\n{text}");
    }
}
