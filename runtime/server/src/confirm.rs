//! When the user must confirm destructive calls, as flags and rules of the policy file say it.

use clap::ValueEnum;
use naftiko_mcp::Confirmation;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Confirm {
    /// Never ask
    Off,
    /// Ask the user if the client supports it; otherwise call without confirmation
    Ask,
    /// Always ask the user; refuse the call if the client cannot ask
    Require,
}

impl Confirm {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Ask => "ask",
            Self::Require => "require",
        }
    }
}

impl From<Confirm> for Confirmation {
    fn from(confirm: Confirm) -> Self {
        match confirm {
            Confirm::Off => Self::Off,
            Confirm::Ask => Self::Ask,
            Confirm::Require => Self::Require,
        }
    }
}
