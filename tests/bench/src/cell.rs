//! What is compared: servers side by side, for one question and one number of connections.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::load::{self, Load};
use crate::process::Process;
use crate::question::{Question, Surface};

/// One kind of load, and what each server did under it, round by round.
#[derive(Debug)]
pub struct Cell {
    /// What was asked for.
    pub question: Question,
    /// How many connections asked at the same time.
    pub connections: usize,
    /// For each round, what each server did, in the order of the servers.
    pub rounds: Vec<Vec<Load>>,
}

/// Measures all cells. Servers take turns within a round, so that other load on the machine affects all of them alike.
///
/// # Errors
/// When a server makes a mistake.
pub async fn measure(
    servers: &[(&str, &Process)],
    surface: Surface,
    rounds: usize,
    time: Duration,
) -> Result<Vec<Cell>> {
    let questions = surface.questions().into_iter();
    let kinds =
        questions.flat_map(|question| surface.connections().iter().map(move |count| (question.clone(), *count)));
    let cell = |(question, connections)| Cell { question, connections, rounds: Vec::new() };
    let mut cells: Vec<_> = kinds.map(cell).collect();
    for round in 0..rounds {
        for cell in &mut cells {
            let mut loads = Vec::new();
            // Who comes first in one round comes last in the next.
            let order: Vec<_> =
                if round % 2 == 0 { (0..servers.len()).collect() } else { (0..servers.len()).rev().collect() };
            for index in order {
                let (name, server) = servers.get(index).context("there is such a server")?;
                let load = load::run(server, &cell.question, cell.connections, time).await;
                let what = || format!("{name}, {}, {} connections", cell.question.name, cell.connections);
                loads.push((index, load.with_context(what)?));
            }
            loads.sort_by_key(|(index, _)| *index);
            cell.rounds.push(loads.into_iter().map(|(_, load)| load).collect());
        }
        eprintln!("round {} of {rounds}", round + 1);
    }
    Ok(cells)
}
