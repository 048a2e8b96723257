//! Records what a program prints, while another one talks to it.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _, stdout};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};

/// Runs a program to its end. What it prints to standard output passes and is added to the record; what it prints to
/// standard error is only recorded. The program has standard input to itself.
///
/// # Errors
/// When it cannot be started, or the record not be written.
pub fn run(record: &Path, command: &[String]) -> Result<ExitCode> {
    let open = || OpenOptions::new().create(true).append(true).open(record);
    let mut file = open().with_context(|| format!("{} cannot be written", record.display()))?;
    let (program, arguments) = command.split_first().context("there is no program")?;
    let mut start = Command::new(program);
    start.args(arguments).stdout(Stdio::piped()).stderr(open()?);
    let mut child = start.spawn().with_context(|| format!("{program} cannot be started"))?;
    let mut printed = child.stdout.take().context("standard output is piped")?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = printed.read(&mut buffer)?;
        let Some(bytes @ [_, ..]) = buffer.get(..length) else { break };
        file.write_all(bytes)?;
        // A client that has gone does not end the record.
        let _ = stdout().write_all(bytes).and_then(|()| stdout().flush());
    }
    let code = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
