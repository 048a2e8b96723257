//! `cargo xtask deny`: whether the dependencies have licences and sources that `deny.toml` allows, whether none is banned, and
//! whether advisories are known for them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use toml::Table;

use crate::trial;

const RULES: &str = "deny.toml";

/// What `deny.toml` allows and bans.
struct Rules {
    licences: BTreeSet<String>,
    /// Licences of single packages.
    exceptions: Vec<(String, BTreeSet<String>)>,
    /// Where packages may come from, as cargo names it.
    sources: BTreeSet<String>,
    banned: BTreeSet<String>,
}

/// Runs the command. Licences, sources and bans are checked here; advisories by cargo-deny with the database of RustSec, which
/// are skipped and named where they cannot be had, unless they are required.
///
/// # Errors
/// When `deny.toml` or what cargo knows of the packages cannot be read.
pub fn run(root: &Path, require: bool) -> Result<bool> {
    let text = fs::read_to_string(root.join(RULES)).with_context(|| format!("{RULES} cannot be read"))?;
    let rules = Rules::new(&text.parse().with_context(|| format!("{RULES} is not valid TOML"))?);
    let mut metadata = trial::cargo(root);
    metadata.args(["metadata", "--format-version", "1", "--locked", "--all-features"]);
    let output = metadata.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo cannot read the packages");
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo's metadata is not JSON")?;
    let (count, problems) = rules.check(&metadata);
    for problem in &problems {
        anstream::eprintln!("{problem}");
    }
    anstream::println!("licences, sources, bans: {} problems in {count} packages", problems.len());
    Ok(advisories(root, require)? && problems.is_empty())
}

fn advisories(root: &Path, require: bool) -> Result<bool> {
    let deny = |arguments: &[&str]| {
        let mut command = trial::cargo(root);
        command.arg("deny").args(arguments);
        command
    };
    let missing = if !is_quiet_success(&mut deny(&["--version"])) {
        "cargo-deny is not installed"
    } else if !is_quiet_success(&mut deny(&["fetch", "db"])) {
        "the database of advisories cannot be fetched"
    } else {
        // It knows the other rules too.
        return Ok(deny(&["check"]).status().context("cargo-deny cannot be started")?.success());
    };
    anstream::println!("advisories: {}: {missing}", if require { "MISSING" } else { "skipped" });
    Ok(!require)
}

fn is_quiet_success(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

impl Rules {
    fn new(table: &Table) -> Self {
        let list = |section: &str, name: &str| {
            let list = table.get(section).and_then(|section| section.get(name)).and_then(toml::Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let texts = |list: &[toml::Value]| list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect();
        let name = |entry: &toml::Value| {
            let name = entry.as_str().or_else(|| entry.get("crate").or_else(|| entry.get("name"))?.as_str());
            name.map(str::to_owned)
        };
        let exception = |entry: &toml::Value| {
            Some((name(entry)?, texts(entry.get("allow").and_then(toml::Value::as_array).map_or(&[], Vec::as_slice))))
        };
        let registries: BTreeSet<String> = texts(&list("sources", "allow-registry"));
        let repositories: BTreeSet<String> = texts(&list("sources", "allow-git"));
        let sources = registries.iter().map(|it| format!("registry+{it}"));
        Self {
            licences: texts(&list("licenses", "allow")),
            exceptions: list("licenses", "exceptions").iter().filter_map(exception).collect(),
            sources: sources.chain(repositories.iter().map(|it| format!("git+{it}"))).collect(),
            banned: list("bans", "deny").iter().filter_map(name).collect(),
        }
    }

    /// How many packages there are, and what is wrong with them.
    fn check(&self, metadata: &Value) -> (usize, Vec<String>) {
        let packages = metadata.get("packages").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut problems = Vec::new();
        for package in packages {
            let text = |name: &str| package.get(name).and_then(Value::as_str);
            let (name, version) = (text("name").unwrap_or_default(), text("version").unwrap_or_default());
            let mut report = |problem: String| problems.push(format!("{name} {version}: {problem}"));
            match text("license") {
                Some(licence) if self.allows(name, licence) => {}
                Some(licence) => report(format!("the licence `{licence}` is not allowed")),
                None => report("it has no licence".to_owned()),
            }
            // What has no source is a part of this workspace, or in a folder that it names.
            match text("source") {
                // Revisions follow the address of a repository.
                Some(source) if !self.sources.contains(source.split(['?', '#']).next().unwrap_or(source)) => {
                    report(format!("the source `{source}` is not allowed"));
                }
                Some(_) => {}
                None => {
                    wildcards(package).for_each(|dependency| report(format!("any version of `{dependency}` is taken")))
                }
            }
            if self.banned.contains(name) {
                report("it is banned".to_owned());
            }
        }
        problems.sort();
        (packages.len(), problems)
    }

    /// Whether a package may have a licence, which is an expression of SPDX, or one with `/` as before.
    fn allows(&self, name: &str, expression: &str) -> bool {
        let own = self.exceptions.iter().filter(|(package, _)| package == name).map(|(_, licences)| licences);
        let allowed: Vec<_> = own.chain([&self.licences]).collect();
        let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
        let mut words = spaced.split_whitespace().collect::<Vec<_>>().into_iter().peekable();
        let is_allowed = |licence: &str| allowed.iter().any(|licences| licences.contains(licence));
        either(&mut words, &is_allowed) == Some(true) && words.peek().is_none()
    }
}

type Words<'w> = std::iter::Peekable<std::vec::IntoIter<&'w str>>;

/// Licences between `OR`; `None` if it is no expression.
fn either(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut allowed = both(words, is_allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        allowed |= both(words, is_allowed)?;
    }
    Some(allowed)
}

/// Licences between `AND`, which binds more tightly.
fn both(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    let mut allowed = one(words, is_allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words, is_allowed)?;
    }
    Some(allowed)
}

/// A licence, perhaps with an exception to it, or an expression in parentheses.
fn one(words: &mut Words<'_>, is_allowed: &dyn Fn(&str) -> bool) -> Option<bool> {
    match words.next()? {
        "(" => {
            let allowed = either(words, is_allowed)?;
            words.next_if_eq(&")").map(|_| allowed)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        licence if words.next_if_eq(&"WITH").is_some() => {
            Some(is_allowed(&format!("{licence} WITH {}", words.next()?)))
        }
        licence => Some(is_allowed(licence)),
    }
}

/// The dependencies of a package of which any version is taken, unless they are in a folder.
fn wildcards(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let any = dependencies.filter(|it| it.get("req").is_some_and(|req| req == "*") && it.get("path").is_none());
    any.filter_map(|dependency| dependency.get("name")?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn rules() -> Rules {
        let text = "[licenses]\nallow = ['MIT', 'Apache-2.0', 'Unicode-3.0', 'GPL-2.0 WITH X']\nexceptions = [{crate = 'odd', allow = ['Odd']}]\n\
                    [sources]\nallow-registry = ['https://github.com/rust-lang/crates.io-index']\nallow-git = ['https://g.test/a']\n\
                    [bans]\ndeny = [{crate = 'bad'}, 'worse']\n";
        Rules::new(&text.parse().expect("TOML"))
    }

    #[test]
    fn expressions_of_licences_are_evaluated() {
        let rules = rules();
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0",
            "GPL-3.0/MIT",
            "GPL-3.0 / Apache-2.0",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "MIT OR GPL-3.0 AND GPL-2.0",
            "GPL-2.0 WITH X",
            "((MIT))",
        ] {
            assert!(rules.allows("a", allowed), "{allowed}");
        }
        for refused in [
            "",
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR GPL-3.0) AND GPL-3.0",
            "MIT WITH X",
            "GPL-2.0",
            "MIT MIT",
            "MIT OR",
            "(MIT",
            "MIT)",
            "OR",
            "mit",
            "Odd",
        ] {
            assert!(!rules.allows("a", refused), "{refused}");
        }
        assert!(rules.allows("odd", "Odd AND MIT"));
    }

    #[test]
    fn packages_are_reported_for_each_rule_that_they_break() {
        let package = |name: &str, licence: Value, source: Value| {
            json!({"name": name, "version": "1.0.0", "license": licence, "source": source, "dependencies": [
                {"name": "x", "req": "*"}, {"name": "y", "req": "*", "path": "/y"}, {"name": "z", "req": "^1"},
            ]})
        };
        let metadata = json!({"packages": [
            package("fine", json!("MIT"), json!(CRATES_IO)),
            package("git", json!("MIT"), json!("git+https://g.test/a?rev=1#abc")),
            package("own", json!("MIT"), Value::Null),
            package("bad", json!("MIT"), json!(CRATES_IO)),
            package("worse", json!("GPL-3.0"), json!("registry+https://other.test/index")),
            package("none", Value::Null, json!("git+https://g.test/ab")),
        ]});
        let (count, problems) = rules().check(&metadata);
        assert_eq!(count, 6);
        assert_eq!(
            problems,
            [
                "bad 1.0.0: it is banned",
                "none 1.0.0: it has no licence",
                "none 1.0.0: the source `git+https://g.test/ab` is not allowed",
                "own 1.0.0: any version of `x` is taken",
                "worse 1.0.0: it is banned",
                "worse 1.0.0: the licence `GPL-3.0` is not allowed",
                "worse 1.0.0: the source `registry+https://other.test/index` is not allowed",
            ]
        );
    }
}
