//! Trap cases: tiny specifications named after their trap. Adding a test is adding a file.
//!
//! The output, or the diagnostics, are kept beside them as a snapshot; the output of the good ones also compiles.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use naftiko_codegen::{Code, Diagnostics, Files, Locations, Sources, add_file, generate, lint};
use xtask::root;

/// A capability and the files that it imports. Each case is the only one of its provider `cases`.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The path of the capability among the sources.
    pub(crate) path: String,
    pub(crate) sources: Sources,
}

impl Case {
    /// One file, with a text that no file can hold well.
    fn of(name: &str, text: String) -> Self {
        let path = format!("spec/cases/{name}.yaml");
        Self { name: name.to_owned(), sources: Sources::from([(path.clone(), text)]), path }
    }

    /// A file, or a folder in which one has the folder's name.
    fn read(entry: &Path) -> Self {
        let name = entry.file_stem().expect("a case has a name").to_string_lossy().into_owned();
        if entry.is_file() {
            return Self::of(&name, text(entry));
        }
        let mut sources = Sources::new();
        for file in files_below(entry) {
            let below = file.strip_prefix(entry).expect("a file is below its folder");
            let below: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let bytes = fs::read(&file).expect("a file is read");
            add_file(&mut sources, format!("spec/cases/{name}/{}", below.join("/")), bytes);
        }
        let path = format!("spec/cases/{name}/{name}.yaml");
        assert!(sources.contains_key(&path), "{path} is missing");
        Self { name, path, sources }
    }
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).expect("a case is UTF-8")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("an entry").path());
    let mut entries: Vec<PathBuf> = entries.collect();
    entries.sort();
    entries
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    entries(folder)
        .into_iter()
        .flat_map(|entry| if entry.is_dir() { files_below(&entry) } else { vec![entry] })
        .collect()
}

/// The cases of a folder.
pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let mut entries = entries(&root().join("tests/cases").join(folder));
    entries.retain(|entry| entry.is_dir() || entry.extension().is_some_and(|extension| extension == "yaml"));
    assert!(!entries.is_empty(), "there are cases");
    entries.iter().map(|entry| Case::read(entry)).collect()
}

fn snapshot(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/cases").join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// What the good cases make, with their names.
pub(crate) fn good() -> impl Iterator<Item = (String, Files)> {
    cases("ok").into_iter().map(|Case { name, sources, .. }| {
        let generated = generate(&sources).expect(&name);
        (name, generated.files)
    })
}

#[test]
fn ok_cases_match_their_snapshots() {
    let mut refused = String::new();
    for Case { name, sources, .. } in cases("ok") {
        let generated = match generate(&sources) {
            Ok(generated) => generated,
            Err(diagnostics) => {
                write!(refused, "\n\n{name}:\n{}", diagnostics.render(&sources, false)).expect("a string takes all");
                continue;
            }
        };
        let mut text = generated.warnings.render(&sources, false);
        for (path, file) in generated.files.iter().filter(|(path, _)| is_in_snapshot(&name, path)) {
            write!(text, "\n\n======== {path}\n{file}").expect("a string takes all");
        }
        snapshot("ok", &name, text.trim());
    }
    assert!(refused.is_empty(), "{refused}");
}

/// What differs between crates in more than a name. Manifest and README are of interest where texts could break out; a dashboard is
/// long, and has none.
fn is_in_snapshot(name: &str, path: &str) -> bool {
    let has_texts = name.starts_with("text-") && !path.ends_with("dashboard.json");
    has_texts || path.ends_with(".rs") && !path.ends_with("main.rs")
}

#[test]
fn err_cases_are_rejected_with_the_diagnostics_in_their_snapshots() {
    let mut accepted = Vec::new();
    for Case { name, sources, .. } in cases("err") {
        match generate(&sources) {
            Ok(_) => accepted.push(name),
            Err(diagnostics) => snapshot("err", &name, &diagnostics.render(&sources, false)),
        }
    }
    assert!(accepted.is_empty(), "{accepted:?} are accepted");
}

/// What the compiler says of the same text is shown by the other cases.
#[test]
fn lint_cases_match_their_snapshots() {
    for Case { name, path, sources } in cases("lint") {
        let diagnostics = lint(&sources, &path);
        let style = diagnostics.iter().filter(|diagnostic| is_style(diagnostic.code));
        let style: Vec<_> = style.map(|diagnostic| diagnostic.render(&sources, false)).collect();
        assert!(!style.is_empty(), "{name} has no diagnostic");
        snapshot("lint", &name, &style.join("\n\n"));
    }
}

fn is_style(code: Code) -> bool {
    (400..500).contains(&code.number()) || code == Code::HintContradiction
}

#[test]
fn every_code_has_a_case() {
    let mut snapshots = String::new();
    for folder in ["ok", "err", "lint"] {
        for Case { name, .. } in cases(folder) {
            let snapshot = root().join("tests/cases").join(folder).join(format!("{name}.snap"));
            // A new case has none before its first run.
            snapshots.push_str(&fs::read_to_string(snapshot).unwrap_or_default());
        }
    }
    // Problems with the path or the bytes of a file cannot be shown by the text of a file.
    let files = [Code::Unreadable, Code::NotAFile, Code::CrateName, Code::NotUtf8];
    let shown = Code::all().iter().filter(|code| !files.contains(code));
    let missing: Vec<_> = shown.filter(|code| !snapshots.contains(&format!("[{code}]"))).collect();
    assert!(missing.is_empty(), "add a case for {missing:?}");
}

/// The diagnostics of a text on one line each, for cases that are made here.
fn diagnostics_of(text: String) -> String {
    let Case { path, sources, .. } = Case::of("made", text);
    let lines: Vec<_> = lint(&sources, &path)
        .iter()
        .filter(|it| !is_style(it.code))
        .map(|it| it.one_line(&Locations::new(&sources)))
        .collect();
    lines.join("\n")
}

/// Diagnostics on one line each.
fn lines(diagnostics: &Diagnostics, sources: &Sources) -> Vec<String> {
    diagnostics.iter().map(|it| it.one_line(&Locations::new(sources))).collect()
}

#[test]
fn crlf_and_byte_order_mark_do_not_change_output() {
    for Case { name, sources, .. } in cases("ok") {
        let windows = |(path, text): (&String, &String)| match path.ends_with(";base64") {
            // Bytes have no line ends.
            true => (path.clone(), text.clone()),
            false => (path.clone(), format!("\u{feff}{}", text.replace('\n', "\r\n"))),
        };
        let windows_sources: Sources = sources.iter().map(windows).collect();
        let (plain, windows) = (generate(&sources).expect(&name), generate(&windows_sources).expect(&name));
        assert_eq!(plain.files, windows.files, "{name}");
        assert_eq!(lines(&plain.warnings, &sources), lines(&windows.warnings, &windows_sources), "{name}");
    }
}

#[test]
fn text_of_two_megabytes_is_rejected() {
    let text = format!("naftiko: 1.0.0-alpha2\ninfo:\n  description: {}\ncapability: {{}}\n", "x".repeat(2 << 20));
    assert_eq!(diagnostics_of(text), "spec/cases/made.yaml:3:16: NK0113: this text is longer than 1024 KiB");
}

#[test]
fn control_characters_are_rejected() {
    for character in ['\0', '\u{1}', '\u{1b}', '\u{7f}'] {
        let found =
            diagnostics_of(format!("naftiko: 1.0.0-alpha2\ninfo: {{label: a{character}b}}\ncapability: {{}}\n"));
        assert!(found.contains("NK0101: invalid YAML"), "{character:?}: {found}");
    }
}
