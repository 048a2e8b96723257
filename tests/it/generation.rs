//! The generator from outside: the tree is fresh, runs are equal.

use naftiko_codegen::generate;
use xtask::generation::{plan, read_sources};
use xtask::root;

#[test]
fn the_generated_tree_is_fresh() {
    let sources = read_sources(&root()).expect("the specifications are readable");
    let plan = plan(&root(), &sources, &[]).expect("the tree is readable").expect("the specifications have no errors");
    let stale: Vec<_> = plan.changes.iter().map(|change| &change.path).collect();
    assert!(stale.is_empty() && plan.foreign.is_empty(), "run `cargo xtask gen`: {stale:?} {:?}", plan.foreign);
}

#[test]
fn two_runs_give_the_same_bytes() {
    let sources = read_sources(&root()).expect("the specifications are readable");
    let (first, second) = (generate(&sources), generate(&sources));
    assert_eq!(first.expect("no errors").files, second.expect("no errors").files);
}
