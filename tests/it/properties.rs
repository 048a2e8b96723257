//! Properties of the generator as a whole: no input makes it panic, and its output is Rust.

use naftiko_codegen::{Sources, generate};
use proptest::prelude::*;

const CAPABILITY: &str = include_str!("../../spec/scaleway/secret-manager-secrets.yaml");

fn run(text: String) {
    // Findings are fine; only a panic fails the test.
    let _ = generate(&Sources::from([("spec/a/b.yaml".to_owned(), text)]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_read_or_refused(text in "(\\PC|[\n\t:{}\\[\\]&*'\"-]){0,200}") {
        run(text);
    }

    #[test]
    fn a_capability_cut_off_anywhere_is_read_or_refused(end in 0..CAPABILITY.len()) {
        let end = (0..=end).rev().find(|end| CAPABILITY.is_char_boundary(*end)).unwrap_or(0);
        run(CAPABILITY[..end].to_owned());
    }

    #[test]
    fn a_capability_with_a_line_made_over_is_read_or_refused(line in 0_usize..610, text in "[ -~]{0,30}") {
        let lines: Vec<_> = CAPABILITY.lines().enumerate().map(|(at, old)| if at == line { text.as_str() } else { old }).collect();
        run(lines.join("\n"));
    }
}
