//! The results for the files of a corpus, as tables.

use std::fmt::Write as _;
use std::time::Duration;

use naftiko_codegen::{Code, Locations, Severity, Sources};

use super::tally::{CodeTally, Tally};
use super::{Build, Outcome, Record};

/// How many of the slowest files are named.
const SLOWEST: usize = 5;
/// How much of a message is shown as an example.
const MESSAGE: usize = 140;

/// All tables.
pub(super) fn summary(records: &[Record], sources: &Sources, elapsed: Duration) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, records, sources, elapsed);
    text
}

fn write(text: &mut String, records: &[Record], sources: &Sources, elapsed: Duration) -> std::fmt::Result {
    let tally = Tally::of(records);
    writeln!(text, "{:<24} {:>6} {:>7}", "outcome", "files", "")?;
    for (outcome, count) in Outcome::ALL.iter().filter_map(|outcome| Some((outcome, *tally.outcomes.get(outcome)?))) {
        writeln!(text, "{outcome:<24} {count:>6} {:>6.1}%", percent(count, records.len()))?;
    }
    writeln!(text, "{:<24} {:>6}", "all", records.len())?;
    write_classes(text, &tally)?;
    write_codes(text, &tally, sources)?;
    write_failures(text, records)?;
    write_slowest(text, records)?;

    let sum = |count: fn(&Record) -> usize| records.iter().map(count).sum::<usize>();
    let (operations, lines) = (sum(|record| record.size.operations), sum(|record| record.size.lines));
    let per_operation = lines.checked_div(operations).unwrap_or_default();
    writeln!(
        text,
        "\n{operations} operations, {} routes and {} tools in {lines} lines of Rust, {per_operation} per operation; {:.1} s",
        sum(|record| record.size.routes),
        sum(|record| record.size.tools),
        elapsed.as_secs_f64()
    )
}

fn write_classes(text: &mut String, tally: &Tally<'_>) -> std::fmt::Result {
    if tally.classes.is_empty() {
        return Ok(());
    }
    let columns = ["generated", "warnings", "refused", "other", "unread", "panic", "made"];
    let columns: String = columns.iter().map(|column| format!(" {column:>9}")).collect();
    writeln!(text, "\n{:<14}{columns}", "class")?;
    for (class, outcomes) in &tally.classes {
        write!(text, "{class:<14}")?;
        let count = |outcome: Outcome| outcomes.get(&outcome).copied().unwrap_or_default();
        for outcome in Outcome::ALL {
            write!(text, " {:>9}", count(outcome))?;
        }
        let made = count(Outcome::Generated) + count(Outcome::GeneratedWithWarnings);
        // Other files are not expected to be generated.
        let capabilities = outcomes.values().sum::<usize>() - count(Outcome::NotACapability);
        writeln!(text, " {:>8.1}%", percent(made, capabilities))?;
    }
    Ok(())
}

fn write_codes(text: &mut String, tally: &Tally<'_>, sources: &Sources) -> std::fmt::Result {
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        let mut codes: Vec<_> = tally.codes.iter().filter(|(code, _)| code.severity() == severity).collect();
        codes.sort_by_key(|(code, tally)| (usize::MAX - tally.refused, usize::MAX - tally.files, **code));
        if !codes.is_empty() {
            writeln!(text, "\n{:<8} {:>7} {:>6} {:>7}", severity, "refused", "files", "times")?;
        }
        for (code, tally) in codes {
            write_code(text, *code, tally, sources)?;
        }
    }
    Ok(())
}

fn write_code(text: &mut String, code: Code, tally: &CodeTally<'_>, sources: &Sources) -> std::fmt::Result {
    let CodeTally { refused, files, occurrences, example } = tally;
    writeln!(text, "{code:<8} {refused:>7} {files:>6} {occurrences:>7}  {}", code.title())?;
    let start = example.location(&Locations::new(sources)).start;
    writeln!(text, "{:31} {}:{}:{}: {}", "", example.file, start.line, start.column, one_line(&example.message))
}

fn write_failures(text: &mut String, records: &[Record]) -> std::fmt::Result {
    let built = records.iter().filter(|record| record.build == Build::Fine).count();
    let failed = records.iter().filter(|record| matches!(record.build, Build::Failed(_))).count();
    if built + failed > 0 {
        writeln!(text, "\n{built} crates build, {failed} do not")?;
    }
    for record in records {
        if let Some(panic) = &record.panic {
            writeln!(text, "panicked: {}: {}", record.path, flat(panic))?;
        }
        if let Build::Failed(reason) = &record.build {
            writeln!(text, "failed: {} ({}): {}", record.path, record.crate_name, flat(reason))?;
        }
    }
    Ok(())
}

fn write_slowest(text: &mut String, records: &[Record]) -> std::fmt::Result {
    let mut slowest: Vec<_> = records.iter().collect();
    slowest.sort_by_key(|record| std::cmp::Reverse(record.elapsed));
    writeln!(text, "\nslowest")?;
    for record in slowest.iter().take(SLOWEST) {
        writeln!(text, "{:>7} ms  {}", record.elapsed.as_millis(), record.path)?;
    }
    Ok(())
}

/// A text on one line, without control characters.
fn flat(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// The start of a text, on one line.
fn one_line(text: &str) -> String {
    let line = flat(text);
    if line.chars().count() <= MESSAGE { line } else { line.chars().take(MESSAGE).chain(['…']).collect() }
}

fn percent(count: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { count as f64 * 100.0 / of as f64 }
}
