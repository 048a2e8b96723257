//! Call sites of a generated client that must not compile: the compiler's message says why. Those that must compile are the
//! examples of this package.

use std::env;
use std::process::Command;

/// Cargo describes the package under test in variables. Build scripts that track these would run again for the nested build,
/// and everything above them would be built again, so the test runs itself without these variables.
#[test]
fn call_sites() {
    let mut test = Command::new(env::current_exe().expect("the path of this test"));
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let describes = name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_LINKS");
        if describes {
            test.env_remove(&*name);
        }
    }
    let status = test.args(["--ignored", "--exact", "compile_call_sites"]).status().expect("the test runs itself");
    assert!(status.success(), "see the messages above");
}

#[test]
#[ignore = "it is run by `call_sites`"]
fn compile_call_sites() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
