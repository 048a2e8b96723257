//! CSS selectors: what they select, without the document.

mod reader;

/// A selector such as `div > table.prices`: one element, and maybe another one that it is inside of, or comes after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// What the element itself is.
    pub element: Vec<Condition>,
    /// What it is inside of, or comes after.
    pub before: Option<(Combinator, Box<Selector>)>,
}

/// How an element lies to the one before it in a selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combinator {
    /// `a b`: somewhere inside of it.
    Descendant,
    /// `a > b`: directly inside of it.
    Child,
    /// `a + b`: directly after it.
    Next,
    /// `a ~ b`: somewhere after it, in the same parent.
    Later,
}

/// What an element is. All conditions of an element hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `table`: its name, in small letters.
    Name(String),
    /// `.prices`: one of its classes.
    Class(String),
    /// `#prices`: its id.
    Id(String),
    /// `[lang]`: it has an attribute, named in small letters, whose value is so.
    Attribute(String, Value),
    /// Its place among its siblings.
    Place(Place),
    /// `:root`: it is in no other element.
    Root,
    /// `:empty`: it has neither elements nor text.
    Empty,
    /// `:contains(text)` and `:containsOwn(text)`: its text has this part, in small letters. The text of elements inside of it
    /// counts in the first only.
    Contains {
        /// The part.
        text: String,
        /// Whether the text of elements inside of it is left out.
        is_own: bool,
    },
    /// `:is(a, b)`: it is one of these.
    Is(Vec<Selector>),
    /// `:not(a, b)`: it differs from each of these.
    Not(Vec<Selector>),
    /// `:has(a, > b)`: one of these is inside of it.
    Has(Vec<Selector>),
    /// The element of the `:has` that the selector is in.
    Scope,
}

/// What the value of an attribute is. Upper and lower case are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `[a]`: any.
    Any,
    /// `[a=b]`: this text.
    Equal(String),
    /// `[a!=b]`: another text, or the attribute is not there.
    Unequal(String),
    /// `[a^=b]`: it begins so.
    Start(String),
    /// `[a$=b]`: it ends so.
    End(String),
    /// `[a*=b]`: it has this part.
    Part(String),
    /// `[a~=b]`: it has this word.
    Word(String),
    /// `[a|=b]`: it is this text, or begins with it and `-`.
    Dash(String),
}

impl Value {
    /// Whether the value of an attribute is so; `None` if it is not there.
    pub fn matches(&self, value: Option<&str>) -> bool {
        let Some(value) = value else { return matches!(self, Self::Unequal(_)) };
        let value = value.trim().to_lowercase();
        // An empty text is a part of all texts, and finds none.
        match self {
            Self::Any => true,
            Self::Equal(text) => value == *text,
            Self::Unequal(text) => value != *text,
            Self::Start(text) => !text.is_empty() && value.starts_with(text),
            Self::End(text) => !text.is_empty() && value.ends_with(text),
            Self::Part(text) => !text.is_empty() && value.contains(text),
            Self::Word(text) => value.split_ascii_whitespace().any(|word| word == text),
            Self::Dash(text) => value.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')),
        }
    }
}

/// Places among siblings, counted from 1: `step` times any whole number from 0 on, and `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How far they are from each other. It may be negative.
    pub step: i64,
    /// The place for 0.
    pub first: i64,
    /// Whether only siblings of the same name count.
    pub of_type: bool,
    /// Whether they are counted from the end.
    pub from_end: bool,
}

impl Place {
    /// Whether a place is one of them.
    pub fn has(self, place: usize) -> bool {
        let Ok(place) = i64::try_from(place) else { return false };
        let Some(distance) = place.checked_sub(self.first) else { return false };
        match self.step {
            0 => distance == 0,
            step => distance.checked_rem(step) == Some(0) && distance.checked_div(step).is_some_and(|times| times >= 0),
        }
    }
}
