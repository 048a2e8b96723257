//! Call sites of a generated client: right ones compile, wrong ones do not, and rustc says why.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[path = "../pass/every_operation.rs"]
mod every_operation;
#[path = "../pass/options_of_a_call.rs"]
mod options_of_a_call;
#[path = "../pass/own_types.rs"]
mod own_types;

/// That they compile is most of the test.
#[test]
fn right_call_sites_compile_and_run() {
    every_operation::check();
    options_of_a_call::check();
    own_types::check();
}

#[test]
fn wrong_call_sites_do_not_compile() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut messages: BTreeMap<String, String> = std::fs::read_dir(folder.join("fail"))
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (path.file_stem().expect("a file name").to_string_lossy().into_owned(), String::new()))
        .collect();
    // The whole workspace is named so that everything but these examples is already built.
    let mut cargo = Command::new(env!("CARGO"));
    // Cargo describes the package of this test to it. Build scripts that track these variables would run again.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(folder.join("../..")).args(["build", "--workspace", "--offline", "--quiet", "--keep-going"]);
    cargo.args(["--features", "fail", "--message-format", "json"]);
    for example in messages.keys() {
        cargo.args(["--example", example]);
    }
    let output = cargo.output().expect("cargo starts");
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: Value = serde_json::from_str(line).expect("cargo prints JSON");
        let example = message["target"]["name"].as_str().unwrap_or_default();
        assert!(
            !message["target"]["kind"].as_array().is_some_and(|kinds| kinds.contains(&"example".into()))
                || message["reason"] == "compiler-message",
            "{example} compiles"
        );
        if let (Some(text), Some(rendered)) = (messages.get_mut(example), message["message"]["rendered"].as_str())
            && message["message"]["code"] != Value::Null
        {
            text.push_str(&without_lines_of_other_files(rendered));
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../fail");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (example, text) in messages {
        assert!(text.contains("error"), "{example}: {text}\n{}", String::from_utf8_lossy(&output.stderr));
        settings.bind(|| insta::assert_snapshot!(example, text.trim()));
    }
}

/// Line numbers are kept for the examples only: those of the client change with what it is generated from.
fn without_lines_of_other_files(rendered: &str) -> String {
    let (mut text, mut other) = (String::new(), false);
    for line in rendered.lines() {
        // A new part of the message begins; it is about the example unless it names another file.
        other &= !line.starts_with(char::is_alphabetic);
        if let Some((arrow, place)) = line.split_once("--> ") {
            other = !place.starts_with("tests/compile/");
            let place = if other { place.split(':').next().unwrap_or(place) } else { place };
            text.push_str(&format!("{arrow}--> {place}\n"));
        } else if let Some((_, code)) = line.split_once(" |").filter(|(gutter, _)| other && is_gutter(gutter)) {
            text.push_str(&format!("   |{code}\n"));
        } else {
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

fn is_gutter(text: &str) -> bool {
    text.chars().all(|c| c == ' ' || c.is_ascii_digit())
}
