//! Call sites of a generated client: right ones compile, wrong ones do not, and the compiler's message says why.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

#[path = "../pass/clients_of_a_group.rs"]
mod clients_of_a_group;
#[path = "../pass/every_operation.rs"]
mod every_operation;
#[path = "../pass/options_of_a_call.rs"]
mod options_of_a_call;
#[path = "../pass/own_types.rs"]
mod own_types;

/// That they compile is most of the test. As modules of it they are compiled once, with the rest of the workspace.
#[test]
fn right_call_sites_compile_and_run() {
    clients_of_a_group::check();
    every_operation::check();
    options_of_a_call::check();
    own_types::check();
}

/// Cargo describes the package under test in variables. Build scripts that track these would run again for the nested build,
/// and everything above them would be built again, so the test runs itself without these variables.
#[test]
fn wrong_call_sites_do_not_compile() {
    let variables: Vec<_> = env::vars_os().map(|(name, _)| name).filter(|name| describes_package(name)).collect();
    if variables.is_empty() {
        trybuild::TestCases::new().compile_fail("fail/*.rs");
        return;
    }
    let mut test = Command::new(env::current_exe().expect("the path of this test"));
    for name in variables {
        test.env_remove(name);
    }
    let status = test.args(["--exact", "wrong_call_sites_do_not_compile"]).status().expect("the test runs itself");
    assert!(status.success(), "see the messages above");
}

fn describes_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_LINKS")
}
