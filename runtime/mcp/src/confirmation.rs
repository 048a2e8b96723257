//! Whether users confirm calls.

/// Whether the user must confirm calls of destructive tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confirmation {
    /// Never ask.
    Off,
    /// Ask the user if the client supports it; otherwise call without confirmation.
    #[default]
    Ask,
    /// Always ask the user; refuse the call if the client cannot ask.
    Require,
}
