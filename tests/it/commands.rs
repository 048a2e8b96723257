//! The commands besides the generator: `lint`, `explain`, `new` and `gen --watch`.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use naftiko_codegen::{Code, Locations};
use tempfile::{TempDir, tempdir};
use xtask::explain::explain;
use xtask::lint::{Format, Linted, Options, check, run};
use xtask::{docs, generation, report, starter, watch};

use crate::generation::CAPABILITY;

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempdir().expect("a folder can be made");
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
        fs::write(path, bytes).expect("files can be written");
    }
    folder
}

fn lint(base: &Path, paths: &[&str]) -> Linted {
    check(base, &paths.iter().map(PathBuf::from).collect::<Vec<_>>()).expect("there is something to check")
}

/// The codes that are found in a file.
fn codes<'a>(linted: &'a Linted, file: &'a str) -> Vec<String> {
    linted.diagnostics.iter().filter(|it| it.file == file).map(|it| it.code.to_string()).collect()
}

#[test]
fn errors_fail_and_denied_warnings_fail() {
    let unknown_key = CAPABILITY.replace("capability:", "surprise: 1\ncapability:");
    let warning = folder(&[("a.yaml", unknown_key.as_bytes())]);
    let error = folder(&[("a.yaml", unknown_key.replace("GET", "FETCH").as_bytes())]);
    let warned = lint(warning.path(), &["."]);
    assert!(warned.passes(false) && !warned.passes(true));
    let format = Format::Human;
    for (folder, passes) in [(&warning, true), (&error, false)] {
        let options = Options { paths: vec![".".into()], format, deny_warnings: false, fix: false };
        assert_eq!(run(folder.path(), &options).expect("there is something to check"), passes);
    }
    let linted = lint(error.path(), &["a.yaml"]);
    let document = report::json(linted.files, &linted.diagnostics, &linted.sources);
    assert_eq!(document["files"], 1);
    assert_eq!(document["errors"], 1, "{document}");
    assert!(document["warnings"].as_u64() >= Some(1), "{document}");
    let results = &report::sarif(&linted.diagnostics, &linted.sources)["runs"][0]["results"];
    assert_eq!(results.as_array().map(Vec::len), Some(linted.diagnostics.len()));
}

#[test]
fn unreadable_files_are_diagnostics_and_others_are_checked() {
    let folder = folder(&[
        ("a/latin.yaml", b"naftiko: 1\ninfo: caf\xe9\n"),
        ("b/utf16.yml", b"\xff\xfen\0a\0"),
        ("c/empty.yaml", b""),
        ("d/folder.yaml/inside.yaml", CAPABILITY.as_bytes()),
        ("e/bom.yaml", format!("\u{feff}{CAPABILITY}").as_bytes()),
        ("f/crlf.yaml", CAPABILITY.replace('\n', "\r\n").as_bytes()),
        ("g/tabs.yaml", b"capability:\n\tconsumes: []\n"),
        ("h/notes.txt", b"\xff"),
        ("z/wrong.yaml", CAPABILITY.replace("GET", "FETCH").as_bytes()),
    ]);
    #[cfg(unix)]
    {
        let base = folder.path();
        std::os::unix::fs::symlink(base.join("z/wrong.yaml"), base.join("link.yaml")).expect("a link can be made");
        std::os::unix::fs::symlink("..", base.join("h/loop")).expect("a link can be made");
    }
    let linted = lint(folder.path(), &["."]);
    let latin = linted.diagnostics.iter().find(|diagnostic| diagnostic.file == "a/latin.yaml").expect("it is named");
    let start = latin.location(&Locations::new(&linted.sources)).start;
    assert_eq!((latin.code, start.line, start.column), (Code::NotUtf8, 2, 10));
    assert!(latin.message.contains("0xe9 at offset 20, in line 2"), "{}", latin.message);
    assert_eq!(codes(&linted, "b/utf16.yml"), ["NK0114"]);
    assert!(!codes(&linted, "c/empty.yaml").is_empty(), "an empty file has a diagnostic");
    assert_eq!(codes(&linted, "d/folder.yaml"), ["NK0002"]);
    for fine in ["d/folder.yaml/inside.yaml", "e/bom.yaml", "f/crlf.yaml", "h/notes.txt"] {
        assert!(
            linted.diagnostics.iter().all(|diagnostic| diagnostic.file != fine || !diagnostic.is_error()),
            "{fine}"
        );
    }
    assert_eq!(codes(&linted, "g/tabs.yaml"), ["NK0101"]);
    assert!(codes(&linted, "z/wrong.yaml").contains(&Code::UnknownMethod.to_string()));
    if cfg!(unix) {
        assert_eq!(codes(&linted, "link.yaml"), ["NK0002"]);
        assert_eq!(
            codes(&lint(folder.path(), &["link.yaml"]), "link.yaml"),
            ["NK0002"],
            "named, it is not followed either"
        );
    }
    for diagnostic in &linted.diagnostics {
        assert!(diagnostic.render(&linted.sources, false).contains(&diagnostic.file), "the file is named");
    }
}

#[test]
fn paths_are_relative_to_the_current_directory() {
    let folder = folder(&[("in/a.yaml", b""), ("in/deep/b.yaml", b""), ("out/c.yaml", b"")]);
    let base = folder.path().join("in");
    let shown = |paths: &[&str]| {
        let mut files: Vec<_> = lint(&base, paths).diagnostics.into_iter().map(|diagnostic| diagnostic.file).collect();
        files.dedup();
        files
    };
    assert_eq!(shown(&["deep/../a.yaml", "./deep", "deep/b.yaml"]), ["a.yaml", "deep/b.yaml"]);
    let [outside] = shown(&["../out"]).try_into().expect("there is one file");
    assert!(outside.ends_with("/out/c.yaml") && !outside.contains(".."), "{outside}");
    assert_eq!(shown(&["gone.yaml"]), ["gone.yaml"]);
    check(&base, &[folder.path().join("in/deep/nothing-below")]).expect("a path to nothing is a diagnostic");
    let nothing = tempdir().expect("a folder can be made");
    check(nothing.path(), &[".".into()]).expect_err("there is nothing to check");
}

#[test]
fn every_code_is_explained() {
    for code in Code::all() {
        let text = explain(&code.to_string().to_lowercase()).expect("it is known");
        assert!(text.starts_with(&code.to_string()) && text.contains(code.title()), "{text}");
        assert!(text.contains(&code.explanation()), "{text}");
    }
    let error = explain("NK0200").expect_err("there is no such code").to_string();
    assert!(error.contains("`NK0200`") && error.contains("NK0201"), "{error}");
    explain("what").expect_err("there is no such code");
}

#[test]
fn the_page_about_codes_is_up_to_date() {
    let page = fs::read_to_string(xtask::root().join(docs::PAGE)).expect("the page exists");
    assert!(page == naftiko_codegen::page(), "{} is out of date; run `cargo xtask docs`", docs::PAGE);
    assert!(docs::run(&xtask::root(), true).expect("the page can be read"));
}

#[test]
fn new_specification_generates_without_diagnostics() {
    let repository = tempdir().expect("a folder can be made");
    let root = repository.path();
    for (name, made) in
        [("acme/orders", "acme-orders"), ("provider/CAPABILITY", "provider-capability"), ("no/2d-maps", "no-2d-maps")]
    {
        assert!(starter::run(root, name).expect("the name is good"));
        assert!(generation::run(root, &[made.to_owned()], false, false).expect("it works"));
        assert!(root.join("generated").join(made).join("src/mcp.rs").is_file());
    }
    let linted = lint(root, &["spec"]);
    assert_eq!(linted.files, 3);
    assert!(linted.diagnostics.is_empty(), "{:?}", linted.diagnostics[0]);
}

#[test]
fn new_specification_checks_its_name_and_never_overwrites() {
    let repository = tempdir().expect("a folder can be made");
    let root = repository.path();
    fs::create_dir(root.join("client")).expect("a folder can be made");
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"client\"]\n").expect("a file can be written");
    fs::write(root.join("client/Cargo.toml"), "[package]\nname = \"naftiko-client\"\n").expect("a file can be written");
    let bad = [
        "orders",
        "",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "../x",
        "a/..",
        "a b/c",
        "a/b.yaml",
        "-a/b",
        "a/b-",
        "ä/b",
        "3d/maps",
        "naftiko/client",
    ];
    for name in bad.into_iter().chain([format!("a/{}", "b".repeat(61)).as_str()]) {
        let error = starter::run(root, name).expect_err(name).to_string();
        assert!(error.contains(&format!("`{name}`")), "{error}");
    }
    assert!(!root.join("spec").exists(), "nothing was written");

    for (present, name) in [("spec/acme/orders.yaml", "acme/orders"), ("spec/a-b/c.yml", "a/b-c")] {
        fs::create_dir_all(root.join(present).parent().expect("it has a folder")).expect("folders can be made");
        fs::write(root.join(present), "mine").expect("files can be written");
        let error = starter::run(root, name).expect_err("it is taken").to_string();
        assert!(error.contains(present), "{error}");
        assert_eq!(fs::read_to_string(root.join(present)).expect("it is there"), "mine");
    }
}

/// Waits until something holds.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn watched_folder_is_regenerated_after_every_change() {
    let repository = folder(&[("spec/acme/things.yaml", CAPABILITY.as_bytes())]);
    let root = repository.path().to_owned();
    let (spec, client) = (root.join("spec/acme/things.yaml"), root.join("generated/acme-things/src/client.rs"));
    let has = |method: &str| fs::read_to_string(&client).is_ok_and(|text| text.contains(&format!("fn {method}(")));
    // It ends with the process of the tests.
    thread::spawn(move || watch::run(&root, &[], false).expect("the folder can be watched"));
    eventually("the first run", || has("list_things"));

    fs::write(&spec, CAPABILITY.replace("listthings", "get-things")).expect("files can be written");
    eventually("a change", || has("get_things"));

    fs::write(&spec, b"\xff").expect("files can be written");
    thread::sleep(Duration::from_millis(400));
    let draft = repository.path().join("draft.yaml");
    fs::write(&draft, CAPABILITY.replace("listthings", "find-things")).expect("files can be written");
    fs::rename(&draft, &spec).expect("files can be moved");
    eventually("a file that is replaced after an error", || has("find_things"));

    fs::write(repository.path().join("spec/others.yaml"), CAPABILITY).expect("files can be written");
    eventually("a new file", || repository.path().join("generated/others/Cargo.toml").is_file());
    fs::remove_file(&spec).expect("it is there");
    eventually("a file that is gone", || !client.exists());
}
