//! Secrets that are known by their own shape, wherever they are.

/// Starts of keys, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("AGE-SECRET-KEY-1", 40),
    ("AIza", 35),
    ("AKIA", 16),
    ("ASIA", 16),
    ("ATATT3", 20),
    ("ATCTT3", 20),
    ("EAACEdEose0cBA", 10),
    ("FlyV1", 20),
    ("GOCSPX-", 20),
    ("LS0tLS1CRUdJTi", 40),
    ("NRAK-", 20),
    ("PMAK-", 20),
    ("SCW", 17),
    ("SG.", 30),
    ("ccipat_", 20),
    ("dapi", 32),
    ("dckr_pat_", 20),
    ("doo_v1_", 30),
    ("dop_v1_", 30),
    ("dor_v1_", 30),
    ("dp.pt.", 20),
    ("dp.st.", 20),
    ("fm1_", 20),
    ("fm2_", 20),
    ("fo1_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghr_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glc_", 20),
    ("gldt-", 20),
    ("glpat-", 16),
    ("glptt-", 20),
    ("glrt-", 16),
    ("glsa_", 20),
    ("hf_", 30),
    ("hvb.", 20),
    ("hvr.", 20),
    ("hvs.", 20),
    ("key-", 32),
    ("lin_api_", 20),
    ("ntn_", 30),
    ("npm_", 30),
    ("pat-na1-", 20),
    ("pk.eyJ", 20),
    ("pscale_oauth_", 20),
    ("pscale_pw_", 20),
    ("pscale_tkn_", 20),
    ("pul-", 30),
    ("pypi-", 30),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("rubygems_", 30),
    ("sbp_", 30),
    ("secret_", 32),
    ("shpat_", 20),
    ("shpca_", 20),
    ("shppa_", 20),
    ("shpss_", 20),
    ("sk-", 20),
    ("sk.eyJ", 20),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("sq0atp-", 20),
    ("sq0csp-", 20),
    ("tfp_", 30),
    ("tskey-", 16),
    ("whsec_", 20),
    ("xapp-", 20),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxc-", 10),
    ("xoxd-", 10),
    ("xoxe-", 10),
    ("xoxe.", 10),
    ("xoxo-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("ya29.", 20),
];
/// Names of schemes in `Authorization`.
const SCHEMES: &[&str] = &["apikey", "basic", "bearer", "bot", "digest", "negotiate", "token"];
/// The length of the shortest key, in bytes.
const SHORTEST: usize = 13;
/// How much of a text decides what starts there, in bytes.
const HEAD: usize = 512;
/// The same for tokens, which may start with certificates.
const TOKEN_HEAD: usize = 4096;

/// What may be in a key.
pub(super) fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~')
}

/// Where the key is that starts here: from, and to, in bytes.
pub(super) fn key(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let first = *bytes.first()?;
    if !may_start(first, *bytes.get(1)?) {
        return None;
    }
    let length = length(bytes.get(..SHORTEST).unwrap_or(bytes));
    if length < SHORTEST {
        return after_scheme(text, length).or_else(|| of_telegram(text));
    }
    match first {
        b'0'..=b'9' => of_telegram(text),
        b'e' => of_jwt(text),
        _ => of_prefix(text),
    }
}

/// As much of a text as is read to decide what starts there. Much may seem to start in a long text, and each is decided on its
/// own.
pub(super) fn head(text: &str) -> &str {
    head_of(text, HEAD)
}

fn head_of(text: &str, length: usize) -> &str {
    let end = (0..=length.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// The number of bytes that may be in a key.
fn length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !is_part(*byte)).unwrap_or(bytes.len())
}

/// A key with one of the known starts.
fn of_prefix(text: &str) -> Option<(usize, usize)> {
    let start = |text: &str| text.as_bytes().first_chunk::<2>().copied();
    let first = start(text);
    let (prefix, more) = PREFIXES.iter().find(|(prefix, _)| start(prefix) == first && text.starts_with(prefix))?;
    let length = |text: &str| text.bytes().position(|byte| !is_part(byte) || byte == b'/').unwrap_or(text.len());
    let rest = text.strip_prefix(prefix)?;
    let key = head(rest).as_bytes();
    let key = key.get(..length(head(rest)))?;
    let is_exact =
        !matches!(*prefix, "AKIA" | "ASIA" | "SCW") || key.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'));
    // Of armoured blocks in base64, certificates and public keys are public.
    let is_public = key.starts_with(b"BDRVJU") || key.starts_with(b"BQVUJM");
    // Words that are joined by hyphens or underscores are no key, such as `sk-learn-contrib-documentation`.
    let is_word = !key.iter().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    (key.len() >= *more && is_exact && !is_public && !is_word).then(|| (0, prefix.len() + length(rest)))
}

/// A signed or encrypted token (RFC 7515 §3.1, RFC 7516 §3.1).
fn of_jwt(text: &str) -> Option<(usize, usize)> {
    let token = head_of(text.strip_prefix("eyJ")?, TOKEN_HEAD);
    let token = token.get(..length(token.as_bytes()))?;
    let (first, second) = token.split_once('.')?;
    let is_long = first.len() >= 5 && second.split('.').next().is_some_and(|part| part.len() >= 8);
    is_long.then(|| (0, length(text.as_bytes())))
}

/// What follows the name of a scheme in `Authorization`.
fn after_scheme(text: &str, length: usize) -> Option<(usize, usize)> {
    let (scheme, rest) = text.split_at_checked(length)?;
    if !rest.starts_with(' ') || !SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
        return None;
    }
    let token = rest.trim_start_matches(' ');
    let from = text.len() - token.len();
    let token = token.get(..self::length(token.as_bytes()))?;
    looks_random(head(token), 12).then_some((from, from + token.len()))
}

/// The token of a Telegram bot: a number and a key.
fn of_telegram(text: &str) -> Option<(usize, usize)> {
    let digits = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let length = length(text.get(digits..)?.strip_prefix(":AA")?.as_bytes());
    ((8..=10).contains(&digits) && length >= 32).then_some((0, digits + 3 + length))
}

/// Whether a key may start with these bytes. Most words do not.
fn may_start(first: u8, second: u8) -> bool {
    match (first, second) {
        (b'0'..=b'9', b'0'..=b'9') => true,
        (b'A', second) => matches!(second, b'G' | b'I' | b'K' | b'P' | b'S' | b'T' | b'p'),
        (b'E', second) => second == b'A',
        (b'F', second) => second == b'l',
        (b'G', second) => second == b'O',
        (b'L', second) => second == b'S',
        (b'P', second) => second == b'M',
        (b'S', second) => matches!(second, b'C' | b'G'),
        (b'N', b'R') => true,
        (b'e', second) => second == b'y',
        (b'f', second) => matches!(second, b'm' | b'o'),
        (b'g', second) => matches!(second, b'h' | b'i' | b'l'),
        (b'h', second) => matches!(second, b'f' | b'v'),
        (b'k', second) => second == b'e',
        (b'l', second) => second == b'i',
        (b'p', second) => matches!(second, b'a' | b'k' | b's' | b'u' | b'y'),
        (b'r', second) => matches!(second, b'k' | b'u'),
        (b's', second) => matches!(second, b'b' | b'e' | b'h' | b'k' | b'q'),
        (b'w', second) => second == b'h',
        (b'x', second) => matches!(second, b'a' | b'o'),
        (b'y', second) => second == b'a',
        (b'c', b'c') | (b'n', b'p') | (b'd', b'a' | b'c' | b'p') | (b't', b'f' | b's') => true,
        (first, second) => matches!(
            (first | 0x20, second | 0x20),
            (b'a', b'p') | (b'b', b'a' | b'e' | b'o') | (b'd', b'i' | b'o') | (b'n', b'e' | b't') | (b't', b'o')
        ),
    }
}

/// Whether a word is no word of a language: it is long, and has digits, or letters of both cases in its middle.
pub(super) fn looks_random(word: &str, length: usize) -> bool {
    let middle = word.bytes().skip(1);
    let has = |is: fn(&u8) -> bool| middle.clone().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    word.len() >= length
        && word.bytes().all(is_part)
        && (has(u8::is_ascii_digit) || is_mixed || word.ends_with('='))
        && !word.contains("://")
}

/// The length of the block that starts here if it is armoured (RFC 7468 §2) and holds anything but what is public. Without
/// an end it is the whole text.
pub(super) fn armoured(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("-----BEGIN ").or_else(|| text.strip_prefix("---- BEGIN "))?;
    let label = rest.split(['-', '\n', '\\']).next()?.trim();
    const PUBLIC: [&str; 13] = [
        "PUBLIC KEY",
        "RSA PUBLIC KEY",
        "EC PUBLIC KEY",
        "DSA PUBLIC KEY",
        "SSH2 PUBLIC KEY",
        "PGP PUBLIC KEY BLOCK",
        "CERTIFICATE",
        "TRUSTED CERTIFICATE",
        "X509 CERTIFICATE",
        "CERTIFICATE REQUEST",
        "NEW CERTIFICATE REQUEST",
        "X509 CRL",
        "PGP SIGNATURE",
    ];
    if PUBLIC.contains(&label) {
        return None;
    }
    // Only the end of this very block: another one may follow a block without an end.
    let end = ["-----END ", "---- END "].iter().filter_map(|end| text.find(end)).min();
    let length = end.and_then(|end| {
        let tail = text.get(end + 9..)?;
        Some(
            end + 9
                + tail.find("---")?
                + tail.get(tail.find("---")?..)?.bytes().take_while(|byte| *byte == b'-').count(),
        )
    });
    Some(length.unwrap_or(text.len()))
}

/// The password in the authority of a URI that starts with `://` here: from, and to, in bytes (RFC 3986 §3.2.1).
pub(super) fn password(text: &str) -> Option<(usize, usize)> {
    let rest = text.strip_prefix("://")?;
    // The path is the secret.
    if let Some(hook) =
        ["hooks.slack.com/services/", "discord.com/api/webhooks/"].iter().find(|hook| rest.starts_with(**hook))
    {
        let from = hook.len() + 3;
        return Some((from, from + length(text.as_bytes().get(from..)?)));
    }
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\');
    let end_of_authority = rest.find(|c: char| is_end(c) || matches!(c, '/' | '?' | '#'));
    let authority = rest.get(..end_of_authority.unwrap_or(rest.len()))?;
    let (from, to) = match authority.rfind('@') {
        Some(at) => match authority.find(':').filter(|colon| *colon < at) {
            Some(colon) => (colon + 1, at),
            // Only a name, which may be a token.
            None if looks_random(authority.get(..at)?, 12) => (0, at),
            None => return None,
        },
        // A password with a slash that is not encoded.
        None => {
            let colon = authority.find(':')?;
            let port = authority.get(colon + 1..)?;
            if port.is_empty() || port.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let token = head(rest).char_indices().take_while(|(_, c)| !is_end(*c));
            let (at, _) = token.filter(|(at, c)| *c == '@' && *at > colon).last()?;
            (colon + 1, at)
        }
    };
    (to > from).then_some((from + 3, to + 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_their_shapes() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
            "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
            "SCW4F7K2M9Q1B8D3H6J5",
            "sk-proj-abc123DEF456ghi789jkl",
            "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
            "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "glpat-abcDEF123456ghiJKL78",
            "Bearer abcdef0123456789",
            "basic dXNlcjpwYXNzd29yZA==",
            "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawx",
        ] {
            assert!(key(text).is_some(), "{text}");
        }
        for text in [
            "AKIA",
            "ghp_",
            "Bearer authentication",
            "basic authentication",
            "token-based",
            "eyJ",
            "sk-learn-contrib-documentation",
            "SCW",
            "SCWregistry-something-else",
            "secret_manager_of_this_region_in_paris",
            "key-value",
            "12:30:45",
            "110201543:80",
        ] {
            assert_eq!(key(text), None, "{text}");
        }
    }

    #[test]
    fn all_keys_start_as_keys_may() {
        for text in PREFIXES.iter().map(|(prefix, _)| *prefix).chain(SCHEMES.iter().copied()) {
            for text in [text.to_owned(), text.to_owned()].into_iter().chain(
                SCHEMES
                    .contains(&text)
                    .then(|| [text.to_uppercase(), format!("{}{}", text[..1].to_uppercase(), &text[1..])])
                    .into_iter()
                    .flatten(),
            ) {
                assert!(may_start(text.as_bytes()[0], text.as_bytes()[1]), "{text}");
            }
        }
    }

    #[test]
    fn passwords_in_uris_are_found() {
        for (uri, found) in [
            ("://u:hush@h/x", Some("hush")),
            ("://u:hu@sh@h/x", Some("hu@sh")),
            ("://:hush@h", Some("hush")),
            ("://u:hu/sh@h:5432/x", Some("hu/sh")),
            ("://ghp1234567890abc@h", Some("ghp1234567890abc")),
            ("://git@h/x", None),
            ("://h:8080/a@b", None),
            ("://h/a:b@c", None),
            ("://h", None),
            ("://hooks.slack.com/services/T0/B0/hush", Some("T0/B0/hush")),
        ] {
            assert_eq!(password(uri).and_then(|(from, to)| uri.get(from..to)), found, "{uri}");
        }
    }

    #[test]
    fn armoured_blocks_end_with_their_end() {
        let block = "-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----";
        assert_eq!(armoured(&format!("{block}\nmore")), Some(block.len()));
        assert_eq!(armoured("-----BEGIN PRIVATE KEY-----\nabc"), Some(31));
        assert_eq!(armoured("-----BEGIN CERTIFICATE-----\nabc"), None);
    }
}
