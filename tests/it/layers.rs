//! The order of the runtime's crates, and of the modules inside each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use xtask::root;

/// The runtime's crates, lowest layer first. Crates of one layer do not know each other.
const LAYERS: [&[&str]; 6] = [&["schema"], &["client"], &["adapter"], &["rest", "mcp"], &["skill"], &["server"]];

/// Modules, each with those that it uses.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_manifest_depends_on_a_crate_of_its_own_layer_or_above() {
    let folders = fs::read_dir(root().join("runtime")).expect("the folder is read").map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("a plain name")
    });
    assert_eq!(folders.collect::<BTreeSet<_>>(), LAYERS.concat().into_iter().map(str::to_owned).collect());
    let layer = |name: &str| LAYERS.iter().position(|layer| layer.contains(&name));
    for name in LAYERS.concat() {
        let manifest = fs::read_to_string(root().join("runtime").join(name).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
        for section in ["dependencies", "dev-dependencies"] {
            let dependencies = manifest.get(section).and_then(toml::Value::as_table).into_iter().flatten();
            for other in dependencies.filter_map(|(other, _)| other.strip_prefix("naftiko-")) {
                assert!(layer(other).is_some_and(|below| Some(below) < layer(name)), "{name} depends on {other}");
            }
        }
    }
}

#[test]
fn a_generated_crate_has_only_the_dependencies_of_its_features() {
    // The operations of this capability respond with JSON, and nothing in it is a query or a script.
    let unused = [
        "serde_json_path",
        "naftiko-skill",
        "zip",
        "rquickjs",
        "encoding_rs",
        "html5ever",
        "prost-reflect",
        "pulldown-cmark",
        "quick-xml",
        "ruzstd",
        "saphyr-parser",
        "snap",
    ];
    for (features, present, absent) in [
        ("client,ring", &["naftiko-client", "reqwest"][..], &["axum", "rmcp", "clap", "naftiko-adapter"][..]),
        ("rest,ring", &["naftiko-rest", "axum"], &["rmcp", "clap", "naftiko-mcp"]),
        ("mcp,ring", &["naftiko-mcp", "rmcp"], &["clap", "naftiko-rest"]),
        ("server,ring", &["naftiko-server", "clap", "axum", "rmcp"], &["opentelemetry"]),
    ] {
        let names = dependencies("scaleway-secret-manager-secrets", features);
        assert!(present.iter().all(|name| names.contains(*name)), "{features}: {names:?}");
        assert!(!absent.iter().chain(&unused).any(|name| names.contains(*name)), "{features}: {names:?}");
    }
}

#[test]
fn a_crate_of_a_group_has_only_the_capabilities_of_its_features() {
    let [secrets, versions] = ["scaleway-secret-manager-secrets", "scaleway-secret-manager-secret-versions"];
    for (features, present, absent) in [
        ("client,ring", &["naftiko-client"][..], &[secrets, versions, "naftiko-server"][..]),
        ("secrets,ring", &[secrets, "reqwest"], &[versions, "axum", "rmcp", "clap"]),
        ("secret-versions,mcp", &[versions, "rmcp"], &[secrets, "naftiko-rest", "clap"]),
        ("secrets,server,ring", &[secrets, "naftiko-server", "axum", "rmcp"], &[versions, "opentelemetry"]),
    ] {
        let names = dependencies("scaleway", features);
        assert!(present.iter().all(|name| names.contains(*name)), "{features}: {names:?}");
        assert!(!absent.iter().any(|name| names.contains(*name)), "{features}: {names:?}");
    }
}

/// The crates that a package depends on with these features and no others.
fn dependencies(package: &str, features: &str) -> BTreeSet<String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"]);
    cargo.args(["--package", package, "--no-default-features", "--features", features]);
    let output = cargo.output().expect("cargo is started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn only_crates_with_queries_in_their_paths_have_the_library_for_them() {
    let mut with_queries = 0;
    for (name, files) in crate::cases::good() {
        let has =
            |ending: &str, text: &str| files.iter().any(|(path, file)| path.ends_with(ending) && file.contains(text));
        let has_queries = has(".rs", "PathStep::Query");
        assert_eq!(has("Cargo.toml", "\"json-path\""), has_queries, "{name}");
        with_queries += usize::from(has_queries);
    }
    assert!(with_queries > 0);
}

#[test]
fn modules_of_a_runtime_crate_have_no_circles() {
    for name in LAYERS.concat() {
        let graph = graph(&root().join("runtime").join(name).join("src"));
        assert!(graph.len() > 4, "{name}: {graph:?}");
        assert!(graph.values().any(|uses| !uses.is_empty()), "{name}: no uses are found");
        let circles = circles(graph);
        assert!(circles.is_empty(), "{name}: {circles:?}");
    }
}

#[test]
fn circles_and_uses_are_found() {
    let text = "use super::{b, c::{X, Y}};\nfn f() { crate::d::g() }\n#[cfg(test)]\nmod tests { use super::z; }";
    assert_eq!(uses(text, 1), ["d", "b", "c"]);
    assert_eq!(uses("use super::b;\nuse super::super::c;", 2), ["c"]);
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).to_owned()).or_default().insert((*to).to_owned());
            graph.entry((*to).to_owned()).or_default();
        }
        graph
    };
    assert!(circles(graph(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    assert_eq!(circles(graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")])).len(), 2);
}

/// The modules below the root of a crate. Names that the root only passes on belong to the module that has them.
fn graph(source: &Path) -> Graph {
    let library = fs::read_to_string(source.join("lib.rs")).expect("a lib.rs");
    let modules: BTreeSet<String> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let mut owners = BTreeMap::new();
    for statement in library.split(';').filter_map(|text| text.rsplit_once("use ").map(|(_, tail)| tail)) {
        let path = statement.trim_start_matches("self::").trim_start_matches("crate::");
        let Some((module, names)) = path.split_once("::").filter(|(module, _)| modules.contains(*module)) else {
            continue;
        };
        if names.trim() == "*" {
            owners.extend(public_names(source, module).into_iter().map(|name| (name, module.to_owned())));
            continue;
        }
        let names = names.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty());
        owners.extend(names.map(|name| (name.to_owned(), module.to_owned())));
    }
    let mut graph: Graph = modules.iter().map(|module| (module.clone(), BTreeSet::new())).collect();
    for path in files(source) {
        let parts: Vec<_> =
            path.strip_prefix(source).expect("below").iter().map(|part| part.to_string_lossy()).collect();
        let Some(module) = parts.first().map(|part| part.trim_end_matches(".rs").to_owned()) else { continue };
        if module == "lib" || parts.iter().any(|part| part.trim_end_matches(".rs") == "tests") {
            continue;
        }
        let depth = parts.len() - usize::from(parts.last().is_some_and(|part| part == "mod.rs"));
        let text = fs::read_to_string(&path).expect("a source file");
        let used = uses(&text, depth)
            .into_iter()
            .filter_map(|name| if modules.contains(&name) { Some(name) } else { owners.get(&name).cloned() });
        let used: Vec<_> = used.filter(|other| *other != module).collect();
        graph.get_mut(&module).expect("a module of the crate").extend(used);
    }
    graph
}

/// The names of the public items of a module, in one file or in a folder.
fn public_names(source: &Path, module: &str) -> Vec<String> {
    let (file, folder) = (source.join(module).with_extension("rs"), source.join(module));
    let files = if folder.is_dir() { files(&folder) } else { Vec::new() };
    let files = files.into_iter().chain(Some(file).filter(|file| file.is_file()));
    let text: String = files.map(|path| fs::read_to_string(path).expect("a source file")).collect();
    assert!(!text.is_empty(), "{module}: no file");
    let kinds = ["struct", "enum", "const fn", "fn", "type", "trait", "const"];
    let name = |line: &str| {
        let item = line.trim_start().strip_prefix("pub ")?;
        let rest = kinds.iter().find_map(|kind| item.strip_prefix(kind)?.strip_prefix(' '))?;
        Some(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
    };
    text.lines().filter_map(name).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is read").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.chain(folders.iter().flat_map(|folder| self::files(folder))).collect()
}

/// What a module at this depth uses of the root of its crate, outside of its tests.
fn uses(text: &str, depth: usize) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let root = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut names = Vec::new();
    for root in &root {
        for (at, _) in code.match_indices(root.as_str()) {
            // A longer name that ends like this, or a path that begins further down.
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            names.extend(first_names(&code[at + root.len()..]));
        }
    }
    names
}

/// The name that a path goes on with, or all of those in its braces.
fn first_names(path: &str) -> Vec<String> {
    let name =
        |text: &str| -> String { text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let Some(list) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&list[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// What is left of a graph without modules that use no other, or that no other uses, again and again.
fn circles(mut graph: Graph) -> Graph {
    loop {
        let used: BTreeSet<String> = graph.values().flatten().cloned().collect();
        let before = graph.len();
        graph.retain(|module, uses| !uses.is_empty() && used.contains(module));
        if graph.len() == before {
            return graph;
        }
        let left: BTreeSet<String> = graph.keys().cloned().collect();
        graph.values_mut().for_each(|uses| uses.retain(|module| left.contains(module)));
    }
}
