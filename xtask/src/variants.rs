//! `cargo xtask variants`: whether generated crates build in configurations that no other command builds.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::{generated, trial};

/// A client with each kind of TLS, and without any.
const TLS: [&str; 4] = ["ring", "aws-lc-rs", "native-tls", ""];

/// Runs the command: the oldest supported Rust, and every TLS option. What cannot be installed is skipped and named,
/// unless it is required.
///
/// # Errors
/// When cargo cannot be started, or the manifest of the workspace has no `rust-version`.
pub fn run(root: &Path, require: bool) -> Result<bool> {
    let mut variants = Vec::new();
    let oldest = rust_version(root)?;
    let toolchain = rustup(&["toolchain", "install", "--profile", "minimal", "--no-self-update", &oldest]);
    let arguments = ["--workspace", "--exclude", "naftiko-tests", "--features", "blocking,ring,server,test-util"];
    let missing = (!toolchain).then_some("rustup cannot install it");
    variants.push((format!("Rust {oldest}"), Some(oldest.as_str()), arguments.map(str::to_owned).to_vec(), missing));
    let packages = generated(root)?.into_iter().flat_map(|name| ["--package".to_owned(), name]);
    let clients: Vec<String> = [String::from("--no-default-features")].into_iter().chain(packages).collect();
    for tls in TLS {
        let mut arguments = clients.clone();
        arguments.extend(["--features".to_owned(), format!("client,{tls}").trim_end_matches(',').to_owned()]);
        let missing = (tls == "native-tls" && cfg!(target_os = "linux") && !has_openssl())
            .then_some("pkg-config does not find OpenSSL, which it needs on Linux");
        let name = if tls.is_empty() { "client without TLS".to_owned() } else { format!("client with {tls}") };
        variants.push((name, None, arguments, missing));
    }
    let mut good = true;
    for (name, toolchain, arguments, missing) in variants {
        let outcome = match missing {
            Some(reason) if require => {
                good = false;
                format!("MISSING: {reason}")
            }
            Some(reason) => format!("skipped: {reason}"),
            None if check(root, toolchain, &arguments)? => "builds".to_owned(),
            None => {
                good = false;
                "DOES NOT BUILD".to_owned()
            }
        };
        println!("{name:<28} {outcome}");
    }
    Ok(good)
}

fn check(root: &Path, toolchain: Option<&str>, arguments: &[String]) -> Result<bool> {
    // Another toolchain is started by rustup, because `cargo` here is that of the current one.
    let mut cargo = if let Some(toolchain) = toolchain {
        let mut cargo = Command::new("rustup");
        cargo.args(["run", toolchain, "cargo"]).current_dir(root).env_remove("RUSTUP_TOOLCHAIN");
        cargo.env_remove("RUSTC").env_remove("RUSTDOC").env_remove("CARGO");
        cargo
    } else {
        trial::cargo(root)
    };
    let folder = root.join("target/variants");
    cargo.args(["check", "--quiet"]).args(arguments).env("CARGO_TARGET_DIR", folder).env("RUSTFLAGS", "-D warnings");
    Ok(cargo.status().context("cargo cannot be started")?.success())
}

fn rust_version(root: &Path) -> Result<String> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml cannot be read")?;
    let value = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    Ok(value.context("Cargo.toml has no rust-version")?.to_owned())
}

fn rustup(arguments: &[&str]) -> bool {
    quiet(Command::new("rustup").args(arguments))
}

fn has_openssl() -> bool {
    quiet(Command::new("pkg-config").args(["--exists", "openssl"]))
}

fn quiet(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
