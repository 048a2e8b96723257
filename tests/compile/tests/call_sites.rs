//! Call sites of a generated client: real ones compile, wrong ones do not and say why.

#[test]
fn call_sites() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("fail/*.rs");
}
