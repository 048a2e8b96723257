//! The arguments of a call, as a user reads them before it is confirmed.

use naftiko_adapter::{numbers, short};
use naftiko_client::__private::{shortened, visible};
use naftiko_schema::{Location, Parameter};
use rmcp::model::JsonObject;
use serde_json::Value;

use super::words::{in_list, words};

/// How much of all values is shown, in characters. Long values share what short ones leave.
const VALUES_LIMIT: usize = 4000;
/// How many members of objects are shown on lines of their own.
const MEMBERS_LIMIT: usize = 100;
/// How deeply members of members are.
const DEPTH: usize = 4;
/// Words of arguments that make a call destroy more.
const DESTRUCTIVE: &str = "
    all any bypass cascade confirm delete destroy disable drop erase force hard ignore immediate immediately kill no now overwrite
    override permanent permanently prune purge recursive recursively remove replace reset revoke skip terminate truncate unprotect
    wipe yes
";

/// One line of the question.
struct Line {
    name: String,
    value: String,
    rank: u8,
}

/// A line for each argument: first those that make the call destroy more, then those that say what it is about, then the others.
/// The order of the table decides otherwise, and never that of the call.
pub(super) fn lines(inputs: &[Parameter], arguments: &JsonObject) -> String {
    let mut lines = Vec::new();
    for input in inputs {
        let default = || input.default.as_deref().and_then(|json| numbers::read(json.as_bytes()).ok());
        let is_target = matches!(input.location, Location::Path | Location::Segments);
        match arguments.get(&*input.name) {
            Some(value) => add(&mut lines, &short(&input.name), &input.name, value, is_target, DEPTH),
            None => {
                if let Some(value) = default() {
                    add(&mut lines, &format!("{} (default)", short(&input.name)), &input.name, &value, is_target, 0);
                }
            }
        }
    }
    lines.sort_by_key(|line| line.rank);
    let share = share(lines.iter().map(|line| line.value.chars().count()).collect());
    let text =
        lines.iter().map(|Line { name, value, .. }| format!("\n- {name}: {}", visible(&shortened(value, share))));
    text.collect()
}

/// Adds the line of a value, or those of its members.
fn add(lines: &mut Vec<Line>, path: &str, name: &str, value: &Value, is_target: bool, depth: usize) {
    match value {
        Value::Object(members) if depth > 0 && !members.is_empty() && lines.len() + members.len() <= MEMBERS_LIMIT => {
            for (member, value) in members {
                // In quotes, no name can look like more than one.
                let shown = Value::from(short(member)).to_string();
                add(lines, &format!("{path}.{shown}"), member, value, is_target, depth - 1);
            }
        }
        value => {
            let is_off = matches!(value, Value::Null | Value::Bool(false));
            let is_dry = words(name).as_slice().first().is_some_and(|first| first.eq_ignore_ascii_case("dry"));
            let destroys =
                (words(name).as_slice().iter().any(|word| in_list(word, DESTRUCTIVE)) && !is_off) || (is_dry && is_off);
            let rank = match (destroys, is_target) {
                (true, _) => 0,
                (false, true) => 1,
                (false, false) => 2,
            };
            lines.push(Line { name: path.to_owned(), value: numbers::write(value), rank });
        }
    }
}

/// How much of each value is shown, so that all together are not longer than the limit.
fn share(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable();
    let (mut room, mut left) = (VALUES_LIMIT, lengths.len());
    for length in lengths {
        let share = room / left;
        if length > share {
            return share.max(1);
        }
        (room, left) = (room - length, left - 1);
    }
    VALUES_LIMIT
}

#[cfg(test)]
mod tests {
    use naftiko_schema::Kind;
    use serde_json::json;

    use super::*;

    fn shown(inputs: &[Parameter], arguments: &Value) -> String {
        lines(inputs, arguments.as_object().expect("an object"))
    }

    #[test]
    fn every_argument_has_a_line_and_destructive_ones_are_first() {
        let inputs = [
            Parameter::new("note", Location::Query, Kind::String),
            Parameter::new("id", Location::Path, Kind::String),
            Parameter::new("dry_run", Location::Query, Kind::Boolean),
            Parameter::new("skipBackup", Location::Query, Kind::Boolean).default("true"),
            Parameter::new("body", Location::Body, Kind::Object),
        ];
        let arguments = json!({
            "note": "n".repeat(100_000),
            "body": {"a": {"text": "x".repeat(100_000), "force": true}, "b\n- c": "\u{202e}y\n- id: z"},
            "dry_run": false,
            "id": "1",
        });
        let shown = shown(&inputs, &arguments);
        let names: Vec<_> = shown.lines().skip(1).map(|line| line.split(": ").next().unwrap_or_default()).collect();
        let expected = [
            "- dry_run",
            "- skipBackup (default)",
            "- body.\"a\".\"force\"",
            "- id",
            "- note",
            "- body.\"a\".\"text\"",
            "- body.\"b\\n- c\"",
        ];
        assert_eq!(names, expected, "{shown}");
        assert!(shown.len() < 6000 && shown.contains("\\u{202e}y\\n- id: z"), "{shown}");
        let long = |line: &&str| line.len() > 1500;
        assert_eq!(shown.lines().filter(long).count(), 2, "long values share what there is: {shown}");
    }

    #[test]
    fn objects_with_many_members_stay_one_line() {
        let inputs =
            [Parameter::new("body", Location::Body, Kind::Object), Parameter::new("id", Location::Path, Kind::String)];
        let many: JsonObject = (0..1000).map(|number| (format!("m{number}"), Value::from(1))).collect();
        let shown = shown(&inputs, &json!({"body": many, "id": "1"}));
        assert!(shown.lines().count() == 3 && shown.contains("- id: \"1\"") && shown.len() < 5000, "{shown}");
    }
}
