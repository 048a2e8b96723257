//! What the example of the language does, part by part: `docs/tour.md` has the same order.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Mcp, Rest};

/// Bed 1 as its flow composes it.
fn bed() -> Value {
    json!({
        "number": 1, "soil": "loam", "keeper": {"name": "Bob", "phone": "22"},
        "helpers": [{"name": "Ann"}, {"name": "Cyd"}], "first": {"plant": "leek"}, "label": "Bed 1 of Bob",
    })
}

pub(super) async fn take(rest: &Rest, mcp: &Mcp) -> Result<()> {
    println!("\nREST");
    over_rest(rest).await?;
    println!("\nMCP");
    over_mcp(mcp).await
}

async fn over_rest(rest: &Rest) -> Result<()> {
    let beds = rest.step("beds in another shape", Method::GET, "/beds?soil=loam", None, 200).await?;
    let expected =
        json!([{"number": 1, "soil": {"kind": "loam", "ph": 6.5}, "plants": ["leek", "kale"], "unit": "cm"}]);
    shown(&beds, &expected)?;
    shown(&rest.step("a bed of two responses", Method::GET, "/beds/1", None, 200).await?, &bed())?;
    let none = rest.step("no such bed: refused", Method::GET, "/beds/9", None, 404).await?;
    ensure!(none["code"] == "no_bed", "the upstream says why: {none}");
    let watered = rest.step("a form, then a note", Method::POST, "/beds/1/water", Some(json!({"litres": 2.5})), 200);
    shown(&watered.await?, &json!({"total": 2.5, "note": "watered with 2.5 l (p2, at the gate)"}))?;
    rest.step("too little: refused", Method::POST, "/beds/1/water", Some(json!({"litres": 0.1})), 422).await?;
    let harvest = rest.step("a table as JSON", Method::GET, "/harvests/2025", None, 200).await?;
    let rows = json!([{"plant": "leek", "kilograms": "12.50"}, {"plant": "carrot, red", "kilograms": "3"}]);
    shown(&harvest, &rows)?;
    let hours = rest.step("a fixed response", Method::GET, "/hours?day=Monday", None, 200).await?;
    shown(&hours, &json!({"day": "Monday", "opens": 7.5, "closed": false}))
}

async fn over_mcp(mcp: &Mcp) -> Result<()> {
    shown(&mcp.step("the same bed", "bed", json!({"no": 1}), false).await?, &bed())?;
    mcp.step("no such bed: refused", "bed", json!({"no": 9}), true).await?;
    mcp.step("water as a tool", "water", json!({"no": 2, "litres": 1}), false).await?;
    mcp.step("the whole table", "harvest", json!({"year": 2025}), false).await?;
    let hours = mcp.step("a fixed response", "hours", json!({"day": "Sunday"}), false).await?;
    shown(&hours, &json!({"day": "Sunday", "opens": 7.5}))
}

/// Prints a response that must be this one.
fn shown(own: &Value, expected: &Value) -> Result<()> {
    ensure!(own == expected, "{own} instead of {expected}");
    println!("    {own}");
    Ok(())
}

/// Requests to paste.
pub(super) fn requests(rest: &str) -> String {
    format!(
        "# Beds in another shape, and one that is made of two responses.
curl -s '{rest}/beds?soil=loam'
curl -s {rest}/beds/1

# A form and a note, sent in the name of the keeper.
curl -s {rest}/beds/1/water -H 'content-type: application/json' -d '{{\"litres\":2.5}}'

# A table as JSON.
curl -s {rest}/harvests/2025
"
    )
}

/// The call of a tool to paste.
pub(super) fn call() -> (&'static str, Value) {
    ("bed", json!({"no": 1}))
}
