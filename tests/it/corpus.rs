//! `cargo xtask corpus`: every kind of outcome, in a report of known form.

use std::fs;
use std::path::Path;

use serde_json::Value;
use xtask::corpus::{Options, run};
use xtask::root;

use crate::generation::CAPABILITY;

fn options(folder: &Path) -> Options {
    let report = Some(folder.join("report.json"));
    let batch = 40.try_into().expect("it is not zero");
    Options {
        folder: folder.to_owned(),
        compile: false,
        report,
        limit: None,
        filter: None,
        batch,
        scratch: None,
        openapi: None,
    }
}

/// Runs the command and reads its report.
fn report(options: &Options) -> Value {
    assert!(run(&root(), options).expect("the folder can be read"), "nothing panics");
    let report = options.report.as_ref().expect("a report is asked for");
    serde_json::from_slice(&fs::read(report).expect("it is written")).expect("it is JSON")
}

#[test]
fn every_corpus_file_has_an_outcome() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let base = folder.path();
    fs::create_dir(base.join("deep")).expect("folders can be made");
    let files: [(&str, &[u8]); 7] = [
        ("INDEX.tsv", b"real\tdeep/good.yaml\nreal\tdeep/refused.yml\nodd\tlatin.yaml\n"),
        ("deep/good.yaml", CAPABILITY.as_bytes()),
        ("deep/refused.yml", &CAPABILITY.replace("GET", "FETCH").into_bytes()),
        ("fragment.yaml", b"consumes: []\n"),
        ("garbage.yaml", b"{[\n\t:"),
        ("latin.yaml", b"a: \xe9"),
        ("unversioned.yaml", &CAPABILITY.replace("naftiko: 1.0.0-alpha2\n", "").into_bytes()),
    ];
    for (path, bytes) in files {
        fs::write(base.join(path), bytes).expect("files can be written");
    }

    let document = report(&options(base));
    let rows = document["files"].as_array().expect("it is a list");
    let row = |row: &Value| ["path", "crate", "outcome"].map(|key| row[key].as_str().expect("it is text").to_owned());
    let expected = [
        ["deep/good.yaml", "c00000-good", "generated"],
        ["deep/refused.yml", "c00001-refused", "refused"],
        ["fragment.yaml", "c00002-fragment", "not a capability"],
        ["garbage.yaml", "c00003-garbage", "refused"],
        ["latin.yaml", "c00004-latin", "unreadable"],
        ["unversioned.yaml", "c00005-unversioned", "generated with warnings"],
    ];
    assert_eq!(rows.iter().map(row).collect::<Vec<_>>(), expected);
    assert_eq!((&rows[0]["class"], &rows[0]["operations"], &rows[0]["routes"]), (&"real".into(), &1.into(), &0.into()));
    assert!(rows[0]["lines_per_operation"].as_u64() > Some(0) && rows[1].get("lines_per_operation").is_none());
    assert!(rows[2].get("class").is_none());
    assert_eq!(rows[1]["diagnostics"][0]["line"], 11);
    assert_eq!(rows[4]["diagnostics"][0]["code"], "NK0114");
    let outcomes = serde_json::json!({
        "generated": 1, "generated with warnings": 1, "refused": 2, "not a capability": 1, "unreadable": 1, "panicked": 0,
    });
    assert_eq!(document["outcomes"], outcomes);
    assert_eq!(document["codes"]["NK0314"]["refused"], 1);
    assert_eq!(
        (&document["codes"]["NK0114"]["refused"], &document["codes"]["NK0114"]["files"]),
        (&0.into(), &1.into())
    );
}

#[test]
fn corpus_subset_keeps_crate_names() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for name in ["a", "b", "bb"] {
        fs::write(folder.path().join(format!("{name}.yaml")), CAPABILITY).expect("files can be written");
    }
    let part = Options { filter: Some("b".to_owned()), limit: Some(1), ..options(folder.path()) };
    let document = report(&part);
    assert_eq!(document["files"].as_array().map(Vec::len), Some(1));
    assert_eq!(document["files"][0]["crate"], "c00001-b");
    let none = Options { filter: Some("zzz".to_owned()), ..options(folder.path()) };
    run(&root(), &none).expect_err("there is no such file");
    run(&root(), &options(&folder.path().join("a.yaml"))).expect_err("it is no folder");
}
