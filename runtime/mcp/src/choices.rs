//! Choices of operators: when users confirm calls, what tools declare, and what lists show.

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

/// What tools declare about their results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputSchemas {
    /// Nothing.
    Off,
    /// The names of members, and their usual kinds. Every object satisfies it.
    #[default]
    Shape,
    /// The whole schema. Clients reject results that do not satisfy it, such as those with values that are new, and those in
    /// which a secret is masked.
    Full,
}

/// Whether lists show tools that find tools, in place of all tools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// Never.
    Off,
    /// If the list of all tools were longer than its budget.
    #[default]
    Auto,
    /// Always.
    On,
}
