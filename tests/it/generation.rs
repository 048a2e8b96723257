//! The generator from outside: the tree is fresh, runs are equal, and `gen` does what it says.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use naftiko_codegen::{Locations, MARKER, generate, generate_only};
use xtask::generation::{plan, read_sources, run};
use xtask::root;

#[test]
fn generated_tree_is_up_to_date() {
    let sources = read_sources(&root()).expect("the specifications are readable");
    let plan = plan(&root(), &sources, &[]).expect("the tree is readable").expect("the specifications have no errors");
    let stale: Vec<_> = plan.changes.iter().map(|change| &change.path).collect();
    assert!(stale.is_empty() && plan.foreign.is_empty(), "run `cargo xtask gen`: {stale:?} {:?}", plan.foreign);
}

#[test]
fn every_generated_file_can_be_written_again() {
    let sources = read_sources(&root()).expect("the specifications are readable");
    let generated = generate(&sources).expect("the specifications have no errors");
    // By its mark, a later run knows that the file may be changed.
    let unmarked = generated.files.iter().filter(|(_, text)| !text.lines().take(3).any(|line| line.contains(MARKER)));
    assert_eq!(unmarked.map(|(path, _)| path).collect::<Vec<_>>(), [""; 0]);
}

/// Tells the test below that it is the second process.
const SECOND_PROCESS: &str = "NAFTIKO_TEST_GENERATE_HERE";

/// What the second process writes where it is started: the crates of this repository, and those of the trap cases.
fn generate_in_the_current_folder() {
    assert!(run(Path::new("."), &[], false, false).expect("the specifications are readable"));
    for (name, files) in crate::cases::good() {
        for (path, text) in files {
            write(Path::new("cases"), &format!("{name}/{path}"), &text);
        }
    }
}

#[test]
fn output_does_not_depend_on_process_folder_or_environment() {
    if std::env::var_os(SECOND_PROCESS).is_some() {
        return generate_in_the_current_folder();
    }
    let sources = read_sources(&root()).expect("the specifications are readable");
    let mut expected = generate(&sources).expect("the specifications have no errors").files;
    for (name, files) in crate::cases::good() {
        expected.extend(files.into_iter().map(|(path, text)| (format!("cases/{name}/{path}"), text)));
    }
    assert!(expected.len() > 300, "{} files", expected.len());
    for (folder, locale, zone) in [("a", "C", "UTC"), ("another folder", "tr_TR.UTF-8", "Pacific/Kiritimati")] {
        let outside = tempfile::tempdir().expect("a folder can be made");
        let folder = outside.path().join(folder);
        for (path, text) in &sources {
            write(&folder, path, text);
        }
        let mut second = Command::new(std::env::current_exe().expect("the test is a program"));
        second.args(["--exact", "generation::output_does_not_depend_on_process_folder_or_environment"]);
        second.current_dir(&folder).env(SECOND_PROCESS, "1");
        second.env("LC_ALL", locale).env("LANG", locale).env("TZ", zone).env("HOME", &folder).env("USER", "somebody");
        let output = second.output().expect("the test starts itself");
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
        for (path, text) in &expected {
            let written = fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert!(written == text.as_bytes(), "{path} differs in {}", folder.display());
        }
    }
}

/// A repository with one capability, which a test may break.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    write(folder.path(), "spec/acme/things.yaml", CAPABILITY);
    assert!(run(folder.path(), &[], false, false).expect("the first run works"));
    folder
}

/// A capability as small as it can be.
pub(crate) const CAPABILITY: &str = "\
naftiko: 1.0.0-alpha2
capability:
  consumes:
  - type: http
    namespace: api
    baseUri: https://api.test
    resources:
    - name: things
      path: /things
      operations:
      - {name: listthings, method: GET}
";

const CLIENT: &str = "generated/acme-things/src/client.rs";

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
    fs::write(path, text).expect("files can be written");
}

fn check(root: &Path) -> bool {
    run(root, &[], true, false).expect("the tree is readable")
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|file| file.modified()).expect("the file has a time")
}

#[test]
fn second_run_writes_no_files() {
    let repository = repository();
    let client = repository.path().join(CLIENT);
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    fs::File::options().write(true).open(&client).and_then(|file| file.set_modified(old)).expect("a time can be set");
    assert!(run(repository.path(), &[], false, false).expect("it works"));
    assert_eq!(modified(&client), old, "an unchanged file keeps its time");
    assert!(check(repository.path()));
}

#[test]
fn stale_missing_and_extra_files_fail_check_and_are_fixed_by_gen() {
    let repository = repository();
    let root = repository.path();
    let fresh = fs::read_to_string(root.join(CLIENT)).expect("the client is there");

    write(root, CLIENT, &fresh.replace("list_things", "list_all_things"));
    assert!(!check(root), "a stale file fails the check");
    assert_ne!(fs::read_to_string(root.join(CLIENT)).expect("it is there"), fresh, "a check writes nothing");

    fs::remove_file(root.join("generated/acme-things/src/lib.rs")).expect("it is there");
    // As a run leaves it that is stopped before it writes the text.
    write(root, "generated/acme-things/README.md", "");
    write(root, "generated/acme-things/src/old/module.rs", "// @generated by `cargo xtask gen`, an older one.\n");
    write(
        root,
        "generated/acme-gone/src/lib.rs",
        "// @generated by `cargo xtask gen` from a specification that is gone.\n",
    );
    assert!(!check(root));
    assert!(run(root, &[], false, true).expect("it works"));
    assert!(check(root), "one run mends all of it");
    assert_eq!(fs::read_to_string(root.join(CLIENT)).expect("it is there"), fresh);
    assert!(!root.join("generated/acme-gone").exists() && !root.join("generated/acme-things/src/old").exists());
}

#[test]
fn handwritten_files_are_never_changed() {
    let repository = repository();
    let root = repository.path();
    write(root, "generated/acme-things/notes.txt", "mine");
    write(root, "generated/acme-things/.gitkeep", "");
    assert!(!check(root), "the check names it");
    assert!(run(root, &[], false, false).expect("it works"));
    assert_eq!(fs::read_to_string(root.join("generated/acme-things/notes.txt")).expect("it is there"), "mine");
    assert!(root.join("generated/acme-things/.gitkeep").exists());

    write(root, CLIENT, "// written by hand\n");
    let error = run(root, &[], false, false).expect_err("a file in the way is an error");
    assert!(error.to_string().contains(CLIENT), "{error}");
    assert_eq!(fs::read_to_string(root.join(CLIENT)).expect("it is there"), "// written by hand\n");
}

#[test]
fn files_behind_symbolic_links_are_never_changed() {
    let repository = repository();
    let (root, outside) = (repository.path(), tempfile::tempdir().expect("a folder can be made"));
    let precious = outside.path().join("precious.rs");
    fs::write(&precious, "// @generated by `cargo xtask gen` somewhere else\n").expect("files can be written");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path(), root.join("generated/link")).expect("a link can be made");
        std::os::unix::fs::symlink("..", root.join("generated/loop")).expect("a link can be made");
        assert!(!check(root), "the check names the links");
        fs::remove_file(root.join(CLIENT)).expect("it is there");
        std::os::unix::fs::symlink(&precious, root.join(CLIENT)).expect("a link can be made");
        run(root, &[], false, false).expect_err("a link in the way is an error");
    }
    assert!(fs::read_to_string(&precious).expect("it is there").contains("somewhere else"));
}

#[test]
fn specification_without_capability_keeps_its_crate() {
    let repository = repository();
    let root = repository.path();
    for text in ["", &CAPABILITY.replace("capability:", "capabilty:")] {
        write(root, "spec/acme/things.yaml", text);
        assert!(!run(root, &[], false, false).expect("errors are printed, not returned"), "{text}");
        assert!(root.join(CLIENT).exists(), "nothing is removed");
    }
}

#[test]
fn error_in_one_specification_prevents_all_writes() {
    let repository = repository();
    let root = repository.path();
    let before = modified(&root.join(CLIENT));
    write(root, "spec/acme/things.yaml", &CAPABILITY.replace("listthings", "listallthings"));
    write(root, "spec/acme/broken.yaml", &CAPABILITY.replace("GET", "FETCH"));
    assert!(!run(root, &[], false, false).expect("errors are printed, not returned"));
    assert_eq!(modified(&root.join(CLIENT)), before);
    assert!(!root.join("generated/acme-broken").exists());
}

#[test]
fn gen_with_names_writes_only_those_crates() {
    let repository = repository();
    let root = repository.path();
    write(root, "spec/acme/others.yaml", CAPABILITY);
    write(
        root,
        "generated/acme-gone/src/lib.rs",
        "// @generated by `cargo xtask gen` from a specification that is gone.\n",
    );
    assert!(run(root, &["acme-others".to_owned()], false, false).expect("it works"));
    assert!(root.join("generated/acme-others/Cargo.toml").exists());
    assert!(root.join("generated/acme-gone/src/lib.rs").exists(), "other crates are none of its business");
    let error = run(root, &["acme-nothing".to_owned()], false, false).expect_err("there is no such crate");
    assert!(error.to_string().contains("acme-others, acme-things"), "{error}");
}

#[test]
fn non_utf8_specification_is_reported_with_its_line() {
    let repository = repository();
    fs::write(repository.path().join("spec/acme/latin.yaml"), b"naftiko: 1\ninfo: \xe9\n")
        .expect("files can be written");
    let error = run(repository.path(), &[], false, false).expect_err("it cannot be read");
    assert!(error.to_string().starts_with("spec/acme/latin.yaml:2"), "{error}");
}

#[test]
fn specifications_with_one_crate_name_are_rejected() {
    let paths = ["spec/a-b/c.yaml", "spec/a/b-c.yaml", "spec/1.yaml", "spec/a\nb.yaml"];
    let sources = paths.map(|path| (path.to_owned(), CAPABILITY.to_owned())).into();
    let diagnostics = generate(&sources).expect_err("the crates would be one");
    let diagnostics: Vec<_> = diagnostics.iter().map(|it| it.one_line(&Locations::new(&sources))).collect();
    assert_eq!(
        diagnostics,
        [
            "spec/1.yaml:1:1: NK0315: the path is not a valid crate name",
            "spec/a\nb.yaml:1:1: NK0315: the path is not a valid crate name",
            "spec/a/b-c.yaml:1:1: NK0315: `spec/a/b-c.yaml` and `spec/a-b/c.yaml` have the same crate name `a-b-c`",
        ]
    );
}

#[test]
fn specification_with_the_name_of_a_workspace_package_is_rejected() {
    let members = xtask::members::reserved_names(&root()).expect("the manifests can be read");
    for (path, name) in [("spec/naftiko/bench.yaml", "naftiko-bench"), ("spec/xtask.yml", "xtask")] {
        let sources = [(path.to_owned(), CAPABILITY.to_owned())].into();
        let diagnostics = generate_only(&sources, &members, |_| true).expect_err("the package exists");
        let diagnostics: Vec<_> = diagnostics.iter().map(|it| it.one_line(&Locations::new(&sources))).collect();
        let expected = format!("{path}:1:1: NK0315: `{name}` is the name of another package of this workspace");
        assert_eq!(diagnostics, [expected]);
    }
    assert!(!members.iter().any(|name| name == "scaleway-secret-manager-secrets"), "{members:?}");
}

/// A repository with a workspace, in which cargo finds what generated crates need.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let client = root().join("runtime/client");
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [\n  'tools', # the tools\n  \"libs/*\",\n  \"generated/*\",\n]\n\n\
         [workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.89\"\nlicense = \"MIT\"\npublish = false\n\n\
         [workspace.dependencies]\nnaftiko-client.path = {client:?}\nnaftiko-server.path = {client:?}\nnaftiko-rest.path = {client:?}\n\
         serde = \"1\"\nserde_json = \"1\"\n[workspace.lints.rust]\n"
    );
    let package = |name: &str| format!("[package]\nname = '{name}'\nedition = \"2024\"\n");
    let lock = "version = 4\n\n[[package]]\nname = \"serde_json\"\nversion = \"1.0.0\"\nsource = \"registry+https://x\"\n\n\
                [[package]]\nname = \"acme-things\"\nversion = \"0.1.0\"\n";
    for (path, text) in [
        ("Cargo.toml", manifest),
        ("Cargo.lock", lock.to_owned()),
        ("tools/Cargo.toml", package("acme-tools") + "[[bin]]\nname = \"acme_tour\"\npath = \"main.rs\"\n"),
        ("tools/main.rs", "fn main() {}\n".to_owned()),
        ("tools/src/bin/acme-extra.rs", "fn main() {}\n".to_owned()),
        (
            "libs/deep/Cargo.toml",
            package("acme-deep") + "[lib]\nname = \"acme_library\"\n[dependencies]\nacme-far.path = \"../../far\"\n",
        ),
        ("libs/deep/src/lib.rs", String::new()),
        ("far/Cargo.toml", package("acme-far")),
        ("far/src/lib.rs", String::new()),
        ("spec/acme/things.yaml", CAPABILITY.to_owned()),
    ] {
        write(folder.path(), path, &text);
    }
    folder
}

/// What cargo says about the manifests of a workspace, if it rejects them.
fn rejected(root: &Path) -> Option<String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let output = cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root).output();
    let output = output.expect("cargo is there");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn gen_writes_nothing_that_cargo_rejects() {
    let repository = workspace();
    let root = repository.path();
    assert!(run(root, &[], false, false).expect("it works"));
    assert_eq!(rejected(root), None);
    let long = "x".repeat(240);
    let names =
        ["acme/tools", "acme/tour", "acme/extra", "acme/deep", "Acme/Library", "acme/far", "serde/json", "acme/THINGS"];
    let reserved = ["con", "NUL", "aux", "com1", "lpt9", "examples", "build", "test", "gen", "try", &long];
    for name in names.iter().chain(&reserved) {
        let path = format!("spec/{name}.yaml");
        write(root, &path, CAPABILITY);
        for check in [true, false] {
            assert!(!run(root, &[], check, false).expect("errors are printed, not returned"), "{name}");
        }
        let sources = read_sources(root).expect("the specifications are readable");
        let reserved = xtask::members::reserved_names(root).expect("the manifests can be read");
        let found = generate_only(&sources, &reserved, |_| true).expect_err(name);
        let lines: Vec<_> = found.iter().map(|it| it.one_line(&Locations::new(&sources))).collect();
        assert!(lines.iter().any(|line| line.to_lowercase().starts_with(&path.to_lowercase())), "{lines:?}");
        assert!(fs::read_dir(root.join("generated")).expect("it is there").count() == 1, "{name}");
        assert_eq!(rejected(root), None, "{name}");
        fs::remove_file(root.join(&path)).expect("it is there");
    }
    // The crate itself is in the lock file, and its library is a package of another name.
    assert!(check(root));
}

#[test]
fn crate_that_a_manifest_depends_on_is_not_removed() {
    let repository = workspace();
    let root = repository.path();
    assert!(run(root, &[], false, false).expect("it works"));
    write(
        root,
        "far/Cargo.toml",
        "[package]\nname = \"acme-far\"\n[dev-dependencies]\nacme-things.path = \"../generated/acme-things\"\n",
    );
    fs::rename(root.join("spec/acme/things.yaml"), root.join("spec/acme/others.yaml")).expect("it can be renamed");
    for check in [true, false] {
        let error = run(root, &[], check, false).expect_err("cargo would not start any more");
        assert!(error.to_string().contains("`acme-things`") && error.to_string().contains("far/Cargo.toml"), "{error}");
    }
    assert!(root.join(CLIENT).exists() && !root.join("generated/acme-others").exists(), "nothing is written");
    assert_eq!(rejected(root), None);
    write(root, "far/Cargo.toml", "[package]\nname = \"acme-far\"\n");
    assert!(run(root, &[], false, false).expect("it works"));
    assert_eq!(rejected(root), None);
}

#[test]
fn named_crate_is_generated_with_its_imports() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path();
    let shared = "naftiko: 1.0.0-alpha2\nconsumes:\n- namespace: api\n  baseUri: https://api.test\n  resources: \
                  [{path: /things, operations: [{name: listthings, method: GET}]}]\n";
    write(root, "spec/acme/shared.yaml", shared);
    let things = "naftiko: 1.0.0-alpha2\ncapability:\n  consumes:\n  - {location: ./shared.yaml, import: api}\n";
    write(root, "spec/acme/things.yaml", things);
    write(root, "spec/acme/broken.yaml", "naftiko: [");
    assert!(run(root, &["acme-things".to_owned()], false, false).expect("it works"));
    let made = fs::read_to_string(root.join(CLIENT)).expect("it is made");
    assert!(made.contains("fn list_things("), "{made}");
    assert!(!run(root, &[], false, false).expect("the tree is readable"), "the other one is broken");
}

#[test]
fn only_texts_referenced_by_specifications_are_read() {
    let repository = repository();
    let root = repository.path();
    let resources =
        "[{name: docs, uri: 'docs://all', location: ./docs}, {name: up, uri: 'docs://up', location: ../up.md}]";
    let prompts = "{ask: {location: 'file:///./ask.md'}}";
    let mcp = format!("  exposes:\n  - {{type: mcp, resources: {resources}, prompts: {prompts}}}\n");
    write(root, "spec/acme/things.yaml", &(CAPABILITY.to_owned() + &mcp));
    for path in ["acme/docs/a.md", "acme/docs/deep/b.txt", "acme/ask.md", "up.md", "acme/other.md"] {
        write(root, &format!("spec/{path}"), &format!("text of {path}"));
    }
    fs::write(root.join("spec/acme/docs/picture.png"), b"\xff\x00").expect("a file");
    let sources = read_sources(root).expect("the specifications are readable");
    // Bytes are there for skills.
    assert_eq!(sources.get("spec/acme/docs/picture.png;base64").map(String::as_str), Some("/wA="));
    let texts =
        sources.keys().map(String::as_str).filter(|path| ![".yaml", ";base64"].iter().any(|end| path.ends_with(end)));
    let texts: Vec<_> = texts.collect();
    assert_eq!(texts, ["spec/acme/ask.md", "spec/acme/docs/a.md", "spec/acme/docs/deep/b.txt", "spec/up.md"]);
    for names in [&[][..], &["acme-things".to_owned()]] {
        assert!(run(root, names, false, false).expect("it works"));
        let made = fs::read_to_string(root.join("generated/acme-things/src/mcp.rs")).expect("it is made");
        assert!(texts.iter().all(|path| made.contains(&path.replace("spec/", "text of "))), "{made}");
        assert!(!made.contains("other.md"), "{made}");
    }
    write(root, "spec/up.md", "another text");
    assert!(!check(root), "a text that has changed makes the crate stale");
}
