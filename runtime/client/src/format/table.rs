//! Tables of documents, as lists of objects, in which each row repeats all names; and how much may come of a document.

use serde_json::{Map, Value};

/// What is wrong with a document that would become far longer than it is.
pub(super) const TOO_MUCH: &str = "it would become far longer than it is";

/// How much may come from each byte of a document: long names over short rows, and tables in tables, could make any amount of
/// a little.
const FACTOR: usize = 32;

/// What short documents may always use.
const LEAST: usize = 64 << 10;

/// How many bytes of memory may come from each byte of a binary document. Numbers of one byte in members with names of some
/// length take most.
const MEMORY: usize = 160;

/// What short binary documents may always use, in bytes of memory.
const LEAST_MEMORY: usize = 1 << 20;

/// How much a value takes, in bytes of memory.
pub(super) const VALUE: usize = 32;

/// How much the name of a member takes besides its text and its value.
pub(super) const MEMBER: usize = 64;

/// How much work is left.
pub(super) struct Budget(usize);

impl Budget {
    /// For a document of this many bytes.
    pub(super) fn of(length: usize) -> Self {
        Self(length.saturating_mul(FACTOR).saturating_add(LEAST))
    }

    /// For the memory that comes from a binary document of this many bytes, each of which may be compressed to so much less.
    pub(super) fn of_memory(length: usize, compression: usize) -> Self {
        Self(length.saturating_mul(MEMORY).saturating_mul(compression).saturating_add(LEAST_MEMORY))
    }

    /// For what may use this much.
    #[cfg(test)]
    pub(super) fn exactly(amount: usize) -> Self {
        Self(amount)
    }

    /// How much is left.
    pub(super) fn left(&self) -> usize {
        self.0
    }

    /// Takes a number of bytes or steps.
    pub(super) fn take(&mut self, amount: usize) -> Result<(), &'static str> {
        self.0 = self.0.checked_sub(amount).ok_or(TOO_MUCH)?;
        Ok(())
    }
}

/// The rows as objects; `None` if no column has a name. What a row lacks is empty, and what it has beyond the names is left out.
pub(super) fn table(
    names: &[String],
    rows: impl Iterator<Item = Vec<String>>,
    budget: &mut Budget,
) -> Result<Option<Value>, &'static str> {
    if names.iter().all(|name| name.is_empty()) {
        return Ok(None);
    }
    let mut objects = Vec::new();
    for row in rows {
        budget.take(names.iter().map(|name| 1 + name.len()).sum())?;
        let values = row.into_iter().map(Value::from).chain(std::iter::repeat_with(|| "".into()));
        let members: Map<String, Value> = names.iter().cloned().zip(values).collect();
        objects.push(Value::Object(members));
    }
    Ok(Some(Value::Array(objects)))
}
