//! The outcome of a call, and of a case.

use super::compare::Difference;

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    /// It differs, in these words.
    Wrong(String),
    /// A person has to judge it by these words.
    Described(String),
    /// It differs, and `docs/semantics.md` says why.
    OnPurpose,
    /// It cannot be sent, and need not be.
    Skipped,
}

impl Outcome {
    pub(super) fn unless(is_right: bool, difference: impl FnOnce() -> String) -> Self {
        if is_right { Self::Right } else { Self::Wrong(difference()) }
    }

    /// Both: the worse one counts.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Right, other) | (Self::Described(_), other @ Self::Wrong(_)) => other,
            (own, _) => own,
        }
    }
}

impl From<Difference> for Outcome {
    fn from(difference: Difference) -> Self {
        difference.map_or(Self::Right, Self::Wrong)
    }
}

/// The outcome of a case: those of its start and of its calls, with their names.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The case.
    pub id: String,
    pub(super) area: String,
    pub(super) calls: Vec<(String, Outcome)>,
}

impl Ran {
    /// The first call that differs from what is expected, and how; none if all are right.
    pub fn first_difference(&self) -> Option<String> {
        self.calls.iter().find_map(|(name, outcome)| match outcome {
            Outcome::Wrong(difference) => Some(format!("{name}: {difference}")),
            _ => None,
        })
    }

    /// Whether each call is right, without a person's judgement.
    pub fn is_right(&self) -> bool {
        self.calls.iter().all(|(_, outcome)| !matches!(outcome, Outcome::Wrong(_) | Outcome::Described(_)))
    }
}
