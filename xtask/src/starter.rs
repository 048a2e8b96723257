//! `cargo xtask new`: a specification to start from.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::{inside, members, sources};

const STARTER: &str = include_str!("starter.yaml");
/// A label of a host name has at most 63 characters (RFC 1035 §2.3.4), and the provider is one in the starter.
const LONGEST: usize = 60;

/// Runs the command.
///
/// # Errors
/// When the name is not valid, or the file exists.
pub fn run(root: &Path, name: &str) -> Result<bool> {
    let (provider, capability) = parts(name)?;
    let path = format!("spec/{provider}/{capability}.yaml");
    let Some(crate_name) = naftiko_codegen::crate_name(&path) else {
        bail!("`{name}` is not a valid crate name: it starts with a digit, is too long, or is reserved");
    };
    if members::reserved_names(root)?.contains(&crate_name) {
        bail!("`{name}` would be the crate `{crate_name}`, which is another package of this workspace");
    }
    let present = sources::walk(&root.join("spec"), root, &mut Vec::new());
    let same = |path: &str| naftiko_codegen::crate_name(path).as_ref() == Some(&crate_name);
    if let Some(other) = present.into_iter().map(|entry| entry.path).find(|path| same(path)) {
        bail!("{other} exists and has the crate name `{crate_name}`; nothing is overwritten");
    }
    inside::check(root, &path)?;
    create(&root.join(&path), &text(provider, capability)).with_context(|| format!("{path} cannot be written"))?;
    anstream::println!(
        "created {path}\n\n\
         1. Describe the API in it; the comments explain each part.\n\
         2. cargo xtask lint {path}\n\
         3. cargo xtask gen --watch     # updates generated/{crate_name} whenever you save\n\
         4. cargo run -p {crate_name} --features server -- serve"
    );
    Ok(true)
}

fn parts(name: &str) -> Result<(&str, &str)> {
    let plain = |part: &str| {
        let ends = [part.chars().next(), part.chars().next_back()];
        part.len() <= LONGEST
            && ends.iter().all(|end| end.is_some_and(|c| c.is_ascii_alphanumeric()))
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match name.split_once('/') {
        Some((provider, capability)) if plain(provider) && plain(capability) => Ok((provider, capability)),
        _ => bail!(
            "`{name}` is not a valid name: write `provider/capability`, such as `acme/orders`, each of up to {LONGEST} letters, \
             digits and inner hyphens"
        ),
    }
}

/// The starter with its names in it.
fn text(provider: &str, capability: &str) -> String {
    let variable = format!("{}_TOKEN", provider.replace('-', "_").to_ascii_uppercase());
    STARTER
        .replace("@VARIABLE@", &variable)
        .replace("@provider@", &provider.to_ascii_lowercase())
        .replace("@capability@", &capability.to_ascii_lowercase())
}

/// Creates a file without overwriting, even if it appeared a moment ago.
fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}
