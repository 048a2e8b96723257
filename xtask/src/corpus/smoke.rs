//! A program that sets up the REST router of every crate of a batch: a table that no router takes panics there.

use std::fmt::Write as _;

use naftiko_codegen::Crate;

/// The name of its package.
pub(super) const NAME: &str = "smoke";

const PROGRAM: &str = r#"use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use naftiko_client::{Attempt, BoxError, BoxFuture, Signer, reqwest};

/// What an API wants whose requests the application signs.
struct Unsigned;

impl Signer for Unsigned {
    fn sign<'s>(&'s self, _: &'s mut reqwest::Request, _: &'s Attempt<'_>) -> BoxFuture<'s, Result<(), BoxError>> {
        Box::pin(async { Ok(()) })
    }
}

fn check(name: &str, set_up: impl FnOnce() -> Result<(), Box<dyn Error>>) {
    let reason = match catch_unwind(AssertUnwindSafe(set_up)) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("its client cannot be set up: {error}"),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            format!("its router panics: {}", text.unwrap_or_default())
        }
    };
    println!("failed\t{name}\t{}", reason.replace(['\n', '\t'], " "));
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
"#;

/// The manifest of the program.
pub(super) fn manifest(crates: &[&Crate]) -> String {
    let mut text = format!("[package]\nname = \"{NAME}\"\nedition.workspace = true\n\n[dependencies]\n");
    text.push_str("naftiko-client.workspace = true\n");
    for made in crates {
        let name = &made.name;
        text.push_str(&format!("{name} = {{ path = \"../{name}\", features = [\"rest\"] }}\n"));
    }
    text
}

/// The text of the program.
pub(super) fn program(crates: &[&Crate]) -> String {
    let mut text = PROGRAM.to_owned();
    for made in crates {
        let library = made.name.replace('-', "_");
        let mut builder = format!("{library}::Client::builder()");
        for variable in &made.variables {
            let _ = write!(builder, ".variable({variable:?}, \"x-test-value\")");
        }
        for (namespace, _) in &made.apis {
            let _ = write!(
                builder,
                ".base_uri_of({namespace:?}, \"http://127.0.0.1:9\").signer_of({namespace:?}, Unsigned)"
            );
        }
        let name = &made.name;
        let _ = writeln!(
            text,
            "    check({name:?}, || {{\n        let client = {builder}.build()?;\n        \
             let _ = {library}::rest::router(&client);\n        Ok(())\n    }});"
        );
    }
    text.push_str("}\n");
    text
}

/// What the program said: crates and reasons.
pub(super) fn failures(printed: &str) -> impl Iterator<Item = (String, String)> {
    printed.lines().filter_map(|line| {
        let (name, reason) = line.strip_prefix("failed\t")?.split_once('\t')?;
        Some((name.to_owned(), reason.to_owned()))
    })
}
