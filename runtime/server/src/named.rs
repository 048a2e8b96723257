//! Secrets of callers with names: a file with `name: secret` on each line. No message has anything of a secret.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use secrecy::SecretString;

use super::failure::Failure;

/// The names and secrets of a file. Blank lines, and those that begin with `#`, are skipped. Several secrets of one name are of one
/// caller, such as while it takes a new one.
///
/// # Errors
/// What is wrong with the file, and on which line.
pub(super) fn read(path: &Path) -> Result<Vec<(String, SecretString)>, Failure> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::Refused(format!("the secrets of callers in {shown} cannot be read: {error}")))?;
    parse(&text).map_err(|(line, problem)| Failure::Refused(format!("{shown}:{line}: {problem}")))
}

/// A line, and what is wrong with it.
type Mistake = (usize, &'static str);

fn parse(text: &str) -> Result<Vec<(String, SecretString)>, Mistake> {
    let (mut all, mut known) = (Vec::new(), BTreeMap::new());
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, secret)) = line.split_once(':') else {
            return Err((number, "the line is no `name: secret`"));
        };
        let (name, secret) = (name.trim(), secret.trim());
        if name.is_empty() || name.contains(char::is_control) {
            return Err((number, "the name is empty, or has characters that cannot be shown"));
        }
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err((number, "the secret of this name is empty, or has characters that a header cannot have"));
        }
        if known.insert(secret, name).is_some() {
            return Err((number, "the secret of this name is there already, but each must tell who its caller is"));
        }
        all.push((name.to_owned(), secret.into()));
    }
    if all.is_empty() { Err((1, "the file has no `name: secret`, so that no caller could be let in")) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn names_have_one_secret_or_several() {
        let all = parse("# ours\n ada : one:two== \r\n\nbob:three\nada: four").expect("it is right");
        let all: Vec<_> = all.iter().map(|(name, secret)| (&**name, secret.expose_secret())).collect();
        assert_eq!(all, [("ada", "one:two=="), ("bob", "three"), ("ada", "four")]);
    }

    #[test]
    fn mistakes_have_a_line_and_no_secret() {
        for (text, line) in [
            ("", 1),
            ("# nothing\n", 1),
            ("ada: hush\nhush", 2),
            (": hush", 1),
            ("a\u{7}: hush", 1),
            ("ada:", 1),
            ("ada: hu\tsh", 1),
            ("ada: hush\u{e9}", 1),
            ("ada: hush\n\nbob: hush", 3),
            ("ada: hush\nada: hush", 2),
        ] {
            let (at, problem) = parse(text).expect_err(text);
            assert!(at == line && !problem.contains("hush"), "{text}: {at}: {problem}");
        }
        let missing = read(Path::new("/nowhere/keys")).expect_err("it is not there");
        assert!(missing.to_string().contains("/nowhere/keys"), "{missing}");
    }
}
