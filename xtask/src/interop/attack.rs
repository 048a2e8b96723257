//! Attacks on a running server. They are a program of the tests; this builds what it needs and starts it.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::bench::{self, SERVER};
use crate::trial;

const ATTACK: &str = "bench-attack";

pub(super) fn run(root: &Path, minutes: u64, unoptimised: bool) -> Result<bool> {
    // The attackers need not be fast.
    bench::build(root, &["--workspace", "--bin", SERVER, "--bin", ATTACK])?;
    let profile = if unoptimised { "debug" } else { "release" };
    if !unoptimised {
        bench::build(root, &["--release", "--package", SERVER, "--features", "server"])?;
    }
    let mut attack = Command::new(trial::program(root, "debug", ATTACK));
    attack.arg(trial::program(root, profile, SERVER)).arg(minutes.to_string());
    if unoptimised {
        attack.arg("--unoptimised");
    }
    bench::start(&mut attack)
}
