//! What a run prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::outcome::{Outcome, Ran};

#[derive(Default)]
struct Counts {
    cases: usize,
    right_cases: usize,
    calls: usize,
    right: usize,
    described: usize,
    on_purpose: usize,
}

impl Counts {
    fn add(&mut self, ran: &Ran) {
        self.cases += 1;
        self.right_cases += usize::from(ran.is_right());
        for (_, outcome) in &ran.calls {
            self.calls += usize::from(*outcome != Outcome::Skipped);
            match outcome {
                Outcome::Right => self.right += 1,
                Outcome::Described(_) => self.described += 1,
                Outcome::OnPurpose => self.on_purpose += 1,
                Outcome::Wrong(_) | Outcome::Skipped => {}
            }
        }
    }

    fn row(&self, area: &str) -> String {
        let cases = format!("{} of {}", self.right_cases, self.cases);
        let calls = format!("{} of {}", self.right, self.calls);
        format!("{area:<26} {cases:>11} {calls:>12} {:>10} {:>11}\n", self.described, self.on_purpose)
    }
}

/// The counts of each area, then what differs, then what a person has to judge.
pub(super) fn report(ran: &[Ran], verbose: bool) -> String {
    let mut areas: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut all = Counts::default();
    for case in ran {
        areas.entry(&case.area).or_default().add(case);
        all.add(case);
    }
    let mut text = format!(
        "{:<26} {:>11} {:>12} {:>10} {:>11}\n",
        "area", "cases right", "calls right", "described", "on purpose"
    );
    for (area, counts) in &areas {
        text.push_str(&counts.row(area));
    }
    text.push_str(&all.row("all"));
    let mut described = String::new();
    for case in ran {
        let wrong = case.calls.iter().filter_map(|(name, outcome)| match outcome {
            Outcome::Wrong(difference) => Some(format!("{name}: {difference}")),
            _ => None,
        });
        let wrong: Vec<_> = wrong.collect();
        for (index, difference) in wrong.iter().enumerate().take(if verbose { wrong.len() } else { 1 }) {
            let more = if index == 0 && wrong.len() > 1 && !verbose {
                format!(" (and {} more)", wrong.len() - 1)
            } else {
                String::new()
            };
            let _ = write!(text, "\nwrong: {}: {difference}{more}", case.id);
        }
        for (name, outcome) in &case.calls {
            if let Outcome::Described(words) = outcome {
                let _ = write!(described, "\ndescribed: {}: {name}: {words}", case.id);
            }
        }
    }
    text.push_str(&described);
    text
}
