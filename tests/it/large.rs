//! Specifications that are large in some way: the compiler's time, memory and output stay in proportion.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use naftiko_codegen::{Locations, Sources, compile, lint};
use tempfile::tempdir;

const PATH: &str = "spec/acme/large.yaml";
const START: &str = "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - type: http\n    namespace: api\n    \
                     baseUri: https://api.test\n    resources:\n    - path: ";

/// A capability of one operation, and what follows it.
fn capability(path: &str, operation: &str, rest: &str) -> String {
    format!("{START}{path}\n      operations:\n      - name: list\n        method: POST\n{operation}{rest}")
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, index| {
        let _ = writeln!(text, "{}", line(index));
        text
    })
}

fn parameters(count: usize) -> String {
    format!(
        "        inputParameters:\n{}",
        lines(count, |i| format!("        - {{name: p{i}, in: query, type: string}}"))
    )
}

const MCP: &str = "  exposes:\n  - type: mcp\n    namespace: m\n    port: 3\n    tools:\n";
const REST: &str = "  exposes:\n  - type: rest\n    namespace: r\n    port: 3\n    resources:\n";

/// A specification with so many items.
type Shape = fn(usize) -> String;

/// The shapes in which a specification can be large, each with so many items.
const SHAPES: [(&str, Shape); 15] = [
    ("parameters", |n| capability("/a", &parameters(n), "")),
    ("placeholders", |n| capability(&(0..n).map(|i| format!("/{{p{i}}}")).collect::<String>(), "", "")),
    ("declared placeholders", |n| {
        let path: String = (0..n).map(|i| format!("/{{p-{i}}}")).collect();
        let line = |i| format!("        - {{name: p_{i}, in: path, type: string}}");
        capability(&path, &format!("        inputParameters:\n{}", lines(n, line)), "")
    }),
    ("appended placeholders", |n| {
        let line = |i| format!("        - {{name: p{i}, in: path, type: string}}");
        capability("/a", &format!("        inputParameters:\n{}", lines(n, line)), "")
    }),
    ("headers", |n| {
        let line = |i| format!("        - {{name: X-{i}, in: header, value: '{{{{V_{i}}}}}'}}");
        capability("/a", &format!("        inputParameters:\n{}", lines(n, line)), "")
    }),
    ("query", |n| capability(&format!("/a?{}", (0..n).map(|i| format!("q{i}={{q{i}}}&")).collect::<String>()), "", "")),
    ("body", |n| {
        capability(
            "/a",
            &format!("        body:\n          a: 1\n{}", lines(n, |i| format!("          f{i}: '{{{{f{i}}}}}'"))),
            "",
        )
    }),
    ("tools", |n| {
        let line = |i| format!("    - {{name: t{i}, description: d, call: api.list}}");
        capability("/a", "", &format!("{MCP}{}", lines(n, line)))
    }),
    ("tools of one name", |n| {
        let line = |i| format!("    - {{name: t, description: d{i}, call: api.list}}");
        capability("/a", "", &format!("{MCP}{}", lines(n, line)))
    }),
    ("calls of nothing", |n| {
        let line = |i| format!("    - {{name: t{i}, description: d, call: api.lis{i}}}");
        capability("/a", "", &format!("{MCP}{}", lines(n, line)))
    }),
    ("inputs", |n| {
        let inputs = lines(n, |i| format!("      - {{name: p{i}, type: string, description: d}}"));
        let with = lines(n, |i| format!("        p{i}: tools.p{i}"));
        let tool =
            format!("    - name: t\n      description: d\n      call: api.list\n      inputParameters:\n{inputs}");
        capability("/a", &parameters(n), &format!("{MCP}{tool}      with:\n{with}"))
    }),
    ("routes", |n| {
        let line = |i| format!("    - {{path: /r{i}, operations: [{{method: POST, call: api.list}}]}}");
        capability("/a", "", &format!("{REST}{}", lines(n, line)))
    }),
    ("routes without a call", |n| {
        let operations = lines(n, |i| format!("    - {{path: /r{i}, operations: [{{name: list, method: GET}}]}}"));
        let routes = lines(n, |i| format!("    - {{path: /v1/r{i}, operations: [{{method: GET}}]}}"));
        capability("/a", "", &format!("{operations}{REST}{routes}"))
    }),
    ("unknown keys", |n| {
        let line = |i| format!("        - {{nam{i}: p, inn: query, typ: string}}");
        capability("/a", &format!("        inputParameters:\n{}", lines(n, line)), "")
    }),
    ("aliases", |n| capability("/a", "", &format!("x: &a {{k: v}}\ny:\n{}", lines(n, |_| "- *a".to_owned())))),
];

/// How long it takes to compile and to render, at best.
fn time(text: &str) -> Duration {
    let sources = Sources::from([(PATH.to_owned(), text.to_owned())]);
    let runs = (0..2).map(|_| {
        let start = Instant::now();
        let compiled = compile(&sources, PATH, "acme-large");
        let _ = compiled.diagnostics.render(&sources, false);
        start.elapsed()
    });
    runs.min().unwrap_or_default()
}

#[test]
fn time_is_in_proportion_to_the_number_of_items() {
    for (name, shape) in SHAPES {
        let (few, many) = (50, 300);
        let (short, long) = (time(&shape(few)), time(&shape(many)));
        // In proportion it is a factor of 6, and 36 if each item looks at all others.
        assert!(long < short * 18 + Duration::from_millis(20), "{name}: {few} take {short:?}, {many} take {long:?}");
    }
}

#[test]
fn imports_of_one_file_are_read_once() {
    let shared = |n| lines(n, |i| format!("- {{namespace: a{i}, baseUri: 'https://api.test', resources: []}}"));
    let imports = |n| lines(n, |i| format!("  - {{location: ./shared.yaml, import: a{i}}}"));
    let time = |n: usize| {
        let text = format!("naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n{}", imports(n));
        let shared = format!("naftiko: 1.0.0-alpha2\nconsumes:\n{}", shared(n));
        let sources = Sources::from([(PATH.to_owned(), text), ("spec/acme/shared.yaml".to_owned(), shared)]);
        let start = Instant::now();
        let diagnostics = lint(&sources, PATH);
        assert!(diagnostics.iter().all(|it| it.code.to_string() != "NK0110"), "all of them are found");
        start.elapsed()
    };
    let (short, long) = (time(40).min(time(40)), time(320).min(time(320)));
    assert!(long < short * 28 + Duration::from_millis(20), "40 take {short:?}, 320 take {long:?}");
}

#[test]
fn parameters_that_operations_share_have_a_limit() {
    let shared = lines(1000, |i| format!("      - {{name: p{i}, in: query}}"));
    let operations = lines(1000, |i| format!("      - {{name: op{i}, method: GET}}"));
    let text = format!("{START}/a\n      inputParameters:\n{shared}      operations:\n{operations}");
    let sources = Sources::from([(PATH.to_owned(), text)]);
    let start = Instant::now();
    let found: Vec<_> = lint(&sources, PATH).into_iter().filter(|it| it.is_error()).collect();
    assert!(matches!(found.as_slice(), [only] if only.message.contains("more than 150000 parameters")), "{found:?}");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
}

#[test]
fn hundred_diagnostics_of_a_kind_are_kept_and_the_others_counted() {
    for (name, shape) in SHAPES {
        let sources = Sources::from([(PATH.to_owned(), shape(1000))]);
        let diagnostics: Vec<_> = lint(&sources, PATH).into_iter().collect();
        let mut texts = Vec::new();
        for code in naftiko_codegen::Code::all() {
            let same: Vec<_> = diagnostics.iter().filter(|it| it.code == *code).collect();
            assert!(same.len() <= 101, "{name}: {code} comes {} times", same.len());
            let more = same.iter().filter(|it| it.message.contains("more of this kind are not shown")).count();
            assert_eq!(more, usize::from(same.len() == 101), "{name}: {code}");
            texts.extend(same.iter().map(|it| it.message.len()));
        }
        assert!(texts.iter().all(|length| *length < 1000), "{name}: {texts:?}");
        let rendered: usize = naftiko_codegen::render(&diagnostics, &sources, false).map(|text| text.len()).sum();
        assert!(rendered < 1 << 20, "{name}: {rendered} bytes");
    }
}

#[test]
fn long_names_and_lines_are_shortened_in_diagnostics() {
    let long = "x".repeat(200_000);
    let texts = [
        capability("/a", &format!("        {long}: 1\n"), ""),
        capability(&format!("/{long}/{{id}}"), "", ""),
        capability("/a", "", &format!("{MCP}    - {{name: {long}, description: d, call: api.{long}}}\n")),
        format!("{START}{{{long}: 1, description: [{long}, {long}], a: 1}}"),
        format!("naftiko: 1.0.0-alpha2\ncapability: {{consumes: [], a: '{long}', unknwn: 1, exposs: 2}}"),
    ];
    for text in texts {
        let sources = Sources::from([(PATH.to_owned(), text)]);
        let diagnostics = lint(&sources, PATH);
        assert!(diagnostics.iter().next().is_some());
        let rendered = diagnostics.render(&sources, false);
        assert!(rendered.len() < 64 << 10, "{} bytes", rendered.len());
        assert!(
            rendered.lines().all(|line| line.len() < 4096),
            "{}",
            rendered.lines().map(str::len).max().unwrap_or(0)
        );
    }
}

#[test]
fn nested_and_repeated_values_end_in_diagnostics() {
    let laughs = (1..60).fold("x0: &x0 [y, y]\n".to_owned(), |text, i| {
        let aliases = vec![format!("*x{}", i - 1); 10].join(", ");
        format!("{text}x{i}: &x{i} [{aliases}]\n")
    });
    let deep = 100_000;
    let texts = [
        laughs + &capability("/a", "", ""),
        format!("a: {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("a: {}1{}", "{b: ".repeat(deep), "}".repeat(deep)),
        lines(1500, |i| format!("{}a:", " ".repeat(i))),
        format!("a: {}", "!t ".repeat(deep)),
        format!("{}a", "- ".repeat(deep)),
        format!("{}a", "? ".repeat(deep)),
        capability("/a", "", &format!("x: {}", "&a ".repeat(deep))),
    ];
    for text in texts {
        let start = Instant::now();
        let sources = Sources::from([(PATH.to_owned(), text)]);
        let compiled = compile(&sources, PATH, "acme-large");
        assert!(compiled.diagnostics.iter().count() < 1000);
        assert!(start.elapsed() < Duration::from_secs(4), "{:?}: {:.40}", start.elapsed(), sources[PATH]);
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

#[test]
fn files_over_the_size_limit_are_named_unless_it_is_raised() {
    let folder = tempdir().expect("a folder can be made");
    let root = folder.path();
    let large = format!("# {}\n", "x".repeat(8 << 20));
    let resources = "{type: mcp, resources: [{name: docs, uri: 'docs://all', location: ./docs}]}";
    write(root, "a/spec.yaml", &(capability("/a", "", "") + &large));
    write(
        root,
        "b/spec.yaml",
        "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - {location: ./shared.yaml, import: api}\n",
    );
    write(root, "b/shared.yaml", &format!("naftiko: 1.0.0-alpha2\nconsumes: []\n{large}"));
    write(root, "c/spec.yaml", &(capability("/a", "", "") + &format!("  exposes:\n  - {resources}\n")));
    write(root, "c/docs/long.md", &large);
    for (file, named) in
        [("a/spec.yaml", "a/spec.yaml"), ("b/spec.yaml", "b/shared.yaml"), ("c/spec.yaml", "c/docs/long.md")]
    {
        for path in [PathBuf::from(file), PathBuf::from(&file[..1])] {
            let linted = xtask::lint::check(root, std::slice::from_ref(&path)).expect("the folder is readable");
            let found: Vec<_> =
                linted.diagnostics.iter().map(|it| it.one_line(&Locations::new(&linted.sources))).collect();
            let expected = format!("{named}:1:1: NK0001: the file cannot be read: it has");
            let is_named =
                |line: &&String| line.starts_with(&expected) && line.ends_with("bytes, and the limit is 8 MiB");
            assert!(found.iter().any(|line| is_named(&line)), "{}: {found:#?}", path.display());
        }
        let error = xtask::lint::read_one(root, Path::new(file)).expect_err(file).to_string();
        assert!(error.starts_with(named) && error.contains("the limit is 8 MiB"), "{error}");
    }
    // The limit is that of the process; no other test has files of this size.
    xtask::sources::limit(9);
    for file in ["a/spec.yaml", "c/spec.yaml"] {
        let linted = xtask::lint::check(root, &[PathBuf::from(file)]).expect("the folder is readable");
        let found: Vec<_> = linted.diagnostics.iter().map(|it| it.one_line(&Locations::new(&linted.sources))).collect();
        assert!(!found.iter().any(|line| line.contains("NK0001")), "{file}: {found:#?}");
    }
    xtask::sources::limit(xtask::sources::LIMIT);
}
