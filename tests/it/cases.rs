//! Trap cases: tiny specifications named after their trap. Adding a test is adding a file.
//!
//! What they make, or the findings about them, is kept beside them as a snapshot; what the good ones make also compiles.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use naftiko_codegen::{Code, Files, Sources, generate};
use xtask::root;

/// The cases of a folder: name and sources. Each case is the only specification of its provider `cases`.
fn cases(folder: &str) -> Vec<(String, Sources)> {
    let folder = root().join("tests/cases").join(folder);
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the folder is there").map(|e| e.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty(), "there are cases");
    let case = |file: PathBuf| {
        let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("a case is UTF-8");
        (name.clone(), Sources::from([(format!("spec/cases/{name}.yaml"), text)]))
    };
    files.into_iter().map(case).collect()
}

fn snapshot(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/cases").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn good_cases_make_what_their_snapshots_hold() {
    for (name, sources) in cases("ok") {
        let generated =
            generate(&sources).unwrap_or_else(|findings| panic!("{name}:\n{}", findings.render(&sources, false)));
        let mut text = generated.warnings.render(&sources, false);
        for (path, file) in generated.files.iter().filter(|(path, _)| is_telling(path)) {
            write!(text, "\n\n======== {path}\n{file}").expect("a string takes all");
        }
        snapshot("ok", &name, text.trim());
    }
}

/// What differs between crates in more than a name.
fn is_telling(path: &str) -> bool {
    path.ends_with(".rs") && !path.ends_with("main.rs")
}

#[test]
fn bad_cases_are_refused_with_what_their_snapshots_hold() {
    for (name, sources) in cases("err") {
        let findings = generate(&sources).expect_err(&name);
        snapshot("err", &name, &findings.render(&sources, false));
    }
}

#[test]
fn every_code_has_a_case() {
    let mut snapshots = String::new();
    for folder in ["ok", "err"] {
        for (name, _) in cases(folder) {
            let snapshot = root().join("tests/cases").join(folder).join(format!("{name}.snap"));
            snapshots.push_str(&fs::read_to_string(snapshot).expect("a case has a snapshot"));
        }
    }
    // What is wrong with a file's path cannot be shown by a file's text.
    let missing: Vec<_> = Code::ALL.iter().filter(|code| **code != Code::CrateName).collect();
    let missing: Vec<_> = missing.iter().filter(|code| !snapshots.contains(&format!("[{code}]"))).collect();
    assert!(missing.is_empty(), "add a case for {missing:?}");
}

#[test]
fn what_the_good_cases_make_compiles_without_warnings() {
    let mut files = Files::new();
    for (name, sources) in cases("ok") {
        files.extend(generate(&sources).expect(&name).files);
    }
    let scratch = root().join("target/cases");
    write_workspace(&scratch, &files);
    let check = Command::new(env!("CARGO"))
        .current_dir(&scratch)
        .args(["clippy", "--quiet", "--offline", "--workspace", "--all-features", "--keep-going"])
        .env("CARGO_TARGET_DIR", root().join("target/cases-build"))
        .env("RUSTFLAGS", "-D warnings")
        .output()
        .expect("cargo starts");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// Writes crates into a workspace of their own, with the versions and lints of this one.
fn write_workspace(folder: &Path, files: &Files) {
    let root = root();
    let _ = fs::remove_dir_all(folder.join("generated"));
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace has a manifest");
    let mut own = String::new();
    for line in manifest.lines() {
        match line.split_once('=').map(|(key, _)| key.trim()) {
            Some("members") => own.push_str("members = [\"generated/*\"]"),
            Some("naftiko-runtime") => {
                write!(own, "naftiko-runtime = {{ path = {:?} }}", root.join("runtime")).expect("a string")
            }
            Some("naftiko-codegen" | "scaleway-simulator") => continue,
            _ => own.push_str(line),
        }
        own.push('\n');
    }
    fs::write(folder.join("Cargo.toml"), own).expect("files can be written");
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file is there");
}
