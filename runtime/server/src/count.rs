//! Numbers of the command line with which a server that has none of something would do nothing.

/// How many there are of something: one or more.
///
/// # Errors
/// If the text is no such number.
pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.trim().parse() {
        Ok(0) => Err("it must be 1 or more: with 0, nothing would be served".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(format!("it is no whole number: {error}")),
    }
}

/// A time, in whole seconds: one or more.
///
/// # Errors
/// If the text is no such number.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    match text.trim().parse() {
        Ok(0) => Err("it must be 1 or more: with 0, nothing would be in time".to_owned()),
        Ok(seconds) => Ok(seconds),
        Err(error) => Err(format!("it is no whole number of seconds: {error}")),
    }
}
