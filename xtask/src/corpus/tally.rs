//! Counts of outcomes and of codes, for the summary and for the report.

use std::collections::BTreeMap;

use naftiko_codegen::{Code, Diagnostic};

use super::{Outcome, Record};

/// All counts of a run.
#[derive(Default)]
pub(super) struct Tally<'a> {
    pub(super) outcomes: BTreeMap<Outcome, usize>,
    pub(super) classes: BTreeMap<&'a str, BTreeMap<Outcome, usize>>,
    pub(super) codes: BTreeMap<Code, CodeTally<'a>>,
}

/// The counts of a code, and an example, preferably from a file that is refused for it.
pub(super) struct CodeTally<'a> {
    pub(super) refused: usize,
    pub(super) files: usize,
    pub(super) occurrences: usize,
    pub(super) example: &'a Diagnostic,
}

impl<'a> Tally<'a> {
    pub(super) fn of(records: &'a [Record]) -> Self {
        let mut tally = Self::default();
        for record in records {
            *tally.outcomes.entry(record.outcome).or_default() += 1;
            if let Some(class) = &record.class {
                *tally.classes.entry(class).or_default().entry(record.outcome).or_default() += 1;
            }
            tally.count_codes(record);
        }
        tally
    }

    fn count_codes(&mut self, record: &'a Record) {
        let mut in_file: BTreeMap<Code, (usize, &Diagnostic)> = BTreeMap::new();
        for diagnostic in &record.diagnostics {
            in_file.entry(diagnostic.code).or_insert((0, diagnostic)).0 += 1;
        }
        for (code, (occurrences, example)) in in_file {
            let code = self.codes.entry(code).or_insert(CodeTally { refused: 0, files: 0, occurrences: 0, example });
            code.files += 1;
            code.occurrences += occurrences;
        }
        let error = record.first_error().filter(|_| record.outcome == Outcome::Refused);
        if let Some((code, error)) = error.and_then(|error| Some((self.codes.get_mut(&error.code)?, error))) {
            if code.refused == 0 {
                code.example = error;
            }
            code.refused += 1;
        }
    }
}
