//! Figures for people, and raw ones for programs.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cell::Cell;
use crate::load::Load;

/// A server before and after the load.
#[derive(Clone, Debug)]
pub struct Start {
    /// What the server is called.
    pub name: &'static str,
    /// How long each start took, until the first answer from the upstream.
    pub ready: Vec<Duration>,
    /// Memory after the first answer, in KiB; none where the system does not say.
    pub idle: Option<u64>,
    /// Memory after the load, in KiB.
    pub loaded: Option<u64>,
}

/// The figures of a run. Of the servers in a cell the first is the generated one, the second the floor, the third, for REST,
/// the upstream itself.
#[derive(Debug)]
pub struct Report {
    /// The servers that are compared.
    pub starts: Vec<Start>,
    /// What they did.
    pub cells: Vec<Cell>,
}

impl Report {
    /// As tables in Markdown: medians of rounds, and medians of the ratios within rounds.
    pub fn tables(&self) -> String {
        let mut text = String::from(
            "| what | connections | direct req/s | floor req/s | generated req/s | req/s ratio | p50 µs floor, generated \
             | p99 µs floor, generated | CPU µs/req floor, generated | CPU ratio |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        for cell in &self.cells {
            let figure = |server, digits, figure: fn(&Load) -> Option<f64>| {
                number(median(cell.rounds.iter().filter_map(|round| figure(round.get(server)?))), digits)
            };
            let both = |digits, of| format!("{}, {}", figure(1, digits, of), figure(0, digits, of));
            let ratio = |figure: fn(&Load) -> Option<f64>| median(ratios(cell, figure));
            let of_floor = ratio(rate);
            let mark = if of_floor
                .is_some_and(|ratio| cell.question.target(cell.connections).is_some_and(|target| ratio < target))
            {
                " <"
            } else {
                ""
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {}{mark} | {} | {} | {} | {} |",
                cell.question.name,
                cell.connections,
                figure(2, 0, rate),
                figure(1, 0, rate),
                figure(0, 0, rate),
                number(of_floor, 2),
                both(0, |load| Some(micros(load.p50))),
                both(0, |load| Some(micros(load.p99))),
                both(1, |load| load.cpu.map(micros)),
                number(ratio(|load| load.cpu.map(micros)), 2),
            );
        }
        text.push_str("\n| server | start to ready, ms | RSS idle, MiB | RSS after load, MiB |\n|---|--:|--:|--:|\n");
        for Start { name, ready, idle, loaded } in &self.starts {
            let ready = number(median(ready.iter().map(|time| micros(*time) / 1000.0)), 1);
            let mebibytes = |kibibytes: &Option<u64>| number(kibibytes.map(|kibibytes| kibibytes as f64 / 1024.0), 1);
            let _ = writeln!(text, "| {name} | {ready} | {} | {} |", mebibytes(idle), mebibytes(loaded));
        }
        if self.starts.iter().any(|start| start.idle.is_none()) {
            text.push_str("\n`-`: only Linux says how much processor time and memory another process has used.\n");
        }
        text
    }

    /// Every figure of every round.
    pub fn json(&self) -> Value {
        let names: Vec<_> = self.starts.iter().map(|start| start.name).chain(["direct"]).collect();
        let load = |(name, load): (&&str, &Load)| {
            json!({
                "server": name, "requests": load.requests, "rate": load.rate, "p50_us": micros(load.p50),
                "p99_us": micros(load.p99), "cpu_us": load.cpu.map(micros),
            })
        };
        let round = |round: &Vec<Load>| names.iter().zip(round).map(load).collect::<Value>();
        let cell = |cell: &Cell| {
            let rounds: Value = cell.rounds.iter().map(round).collect();
            json!({"what": cell.question.name, "connections": cell.connections, "rounds": rounds})
        };
        let start = |start: &Start| {
            let ready: Vec<_> = start.ready.iter().map(|time| micros(*time)).collect();
            json!({"server": start.name, "ready_us": ready, "idle_kib": start.idle, "loaded_kib": start.loaded})
        };
        json!({
            "starts": self.starts.iter().map(start).collect::<Value>(),
            "cells": self.cells.iter().map(cell).collect::<Value>(),
        })
    }
}

fn rate(load: &Load) -> Option<f64> {
    Some(load.rate)
}

/// What the generated server has of the floor's figure, in each round.
fn ratios(cell: &Cell, figure: fn(&Load) -> Option<f64>) -> impl Iterator<Item = f64> {
    cell.rounds.iter().filter_map(move |round| Some(figure(round.first()?)? / figure(round.get(1)?)?))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The middle of some figures. Of an even number it is the upper one.
fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<_> = figures.filter(|figure| figure.is_finite()).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

fn number(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}
