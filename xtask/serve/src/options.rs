//! Options of a server from flags that no one types.

use anyhow::Result;
use clap::Parser;
use naftiko_server::ServeOptions;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    server: ServeOptions,
}

/// The options of a server with these flags.
///
/// # Errors
/// If there is no such flag, or its value is invalid.
pub fn parse(flags: &[&str]) -> Result<ServeOptions> {
    Ok(Flags::try_parse_from([&["serve"], flags].concat())?.server)
}
