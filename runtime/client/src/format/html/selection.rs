//! Which elements of a document selectors select.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;

use naftiko_schema::selector::{Combinator, Condition, Place, Selector};

use super::document::{Document, Id};

/// How many steps selectors may take for each node.
const STEPS: usize = 64;

/// The elements of a document that selectors select.
pub(super) struct Selection<'d> {
    document: &'d Document,
    selectors: Vec<Selector>,
    /// The steps that may still be taken.
    steps: Cell<usize>,
    /// What is known of elements that were asked for before.
    known: RefCell<HashMap<usize, bool>>,
    /// The same for conditions that read what is inside of elements.
    inside: RefCell<HashMap<(*const Condition, usize), bool>>,
    places: OnceCell<Vec<Places>>,
}

/// The places of an element among its siblings, and among those of its name: from the start, and from the end.
#[derive(Clone, Copy, Default)]
struct Places {
    from_start: [usize; 2],
    from_end: [usize; 2],
}

impl<'d> Selection<'d> {
    pub(super) fn new(document: &'d Document, selectors: Vec<Selector>) -> Self {
        Self {
            document,
            selectors,
            steps: Cell::new(document.len().saturating_mul(STEPS)),
            known: RefCell::default(),
            inside: RefCell::default(),
            places: OnceCell::new(),
        }
    }

    /// Whether an element is selected.
    pub(super) fn has(&self, id: Id) -> bool {
        let known = self.known.borrow().get(&id.0).copied();
        known.unwrap_or_else(|| {
            let is_selected = self.is_any(&self.selectors, id, None);
            self.known.borrow_mut().insert(id.0, is_selected);
            is_selected
        })
    }

    /// Whether the selectors took too many steps, so that what they did not select means nothing.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.get() == 0
    }

    /// Takes steps, as long as there are enough.
    fn take(&self, steps: usize) -> bool {
        let left = self.steps.get().saturating_sub(steps);
        self.steps.set(left);
        left > 0
    }

    fn is_any(&self, selectors: &[Selector], id: Id, scope: Option<Id>) -> bool {
        selectors.iter().any(|selector| self.is(selector, id, scope))
    }

    fn is(&self, selector: &Selector, id: Id, scope: Option<Id>) -> bool {
        if !self.take(1) || !selector.element.iter().all(|condition| self.holds(condition, id, scope)) {
            return false;
        }
        let Some((combinator, before)) = &selector.before else { return true };
        match combinator {
            Combinator::Child => self.document.parent(id).is_some_and(|parent| self.is(before, parent, scope)),
            Combinator::Next => self.document.previous_element(id).is_some_and(|other| self.is(before, other, scope)),
            Combinator::Descendant => {
                let mut outer = std::iter::successors(self.document.parent(id), |id| self.document.parent(*id));
                outer.any(|outer| self.is(before, outer, scope))
            }
            Combinator::Later => {
                let previous = |id: &Id| self.document.previous_element(*id);
                std::iter::successors(previous(&id), previous).any(|other| self.is(before, other, scope))
            }
        }
    }

    fn holds(&self, condition: &Condition, id: Id, scope: Option<Id>) -> bool {
        let Some((name, attributes)) = self.document.element(id) else { return false };
        let attribute = |wanted: &str| {
            let found = attributes.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.as_str())
        };
        match condition {
            Condition::Name(wanted) => name == wanted,
            Condition::Id(wanted) => attribute("id").is_some_and(|id| id == wanted),
            Condition::Class(wanted) => {
                let mut classes = attribute("class").unwrap_or_default().split_ascii_whitespace();
                classes.any(|class| class.eq_ignore_ascii_case(wanted))
            }
            Condition::Attribute(name, value) => value.matches(attribute(name)),
            Condition::Place(place) => self.is_at(*place, id),
            Condition::Root => self.document.parent(id).is_none_or(|parent| self.document.element(parent).is_none()),
            Condition::Empty => !self.document.children(id).any(|child| self.document.is_content(child)),
            Condition::Is(selectors) => self.is_any(selectors, id, scope),
            Condition::Not(selectors) => !self.is_any(selectors, id, scope),
            Condition::Scope => scope == Some(id),
            Condition::Has(selectors) => self.remembered(condition, id, || {
                let mut inner = self.document.descendants(id);
                inner.any(|inner| self.is_any(selectors, inner, Some(id)))
            }),
            Condition::Contains { text, is_own } => self.remembered(condition, id, || {
                let whole = if *is_own { self.document.own_text(id) } else { self.document.text(id) };
                self.take(whole.len()) && whole.to_lowercase().contains(text)
            }),
        }
    }

    fn remembered(&self, condition: &Condition, id: Id, find: impl FnOnce() -> bool) -> bool {
        let key = (std::ptr::from_ref(condition), id.0);
        let known = self.inside.borrow().get(&key).copied();
        known.unwrap_or_else(|| {
            let holds = find();
            self.inside.borrow_mut().insert(key, holds);
            holds
        })
    }

    fn is_at(&self, place: Place, id: Id) -> bool {
        let places = self.places.get_or_init(|| self.all_places());
        let Some(places) = places.get(id.0) else { return false };
        let [of_all, of_type] = if place.from_end { places.from_end } else { places.from_start };
        place.has(if place.of_type { of_type } else { of_all })
    }

    /// The places of all nodes. Counting for each of them anew would take a time that grows with the square of their number.
    fn all_places(&self) -> Vec<Places> {
        let mut places = vec![Places::default(); self.document.len()];
        for parent in 0..self.document.len() {
            let element = |id: Id| self.document.element(id).map(|(name, _)| (id, name));
            let mut elements: Vec<(Id, &str)> = self.document.children(Id(parent)).filter_map(element).collect();
            for from_end in [false, true] {
                let mut of_type: HashMap<&str, usize> = HashMap::new();
                for (before, (id, name)) in elements.iter().enumerate() {
                    let count = of_type.entry(name).or_default();
                    *count += 1;
                    if let Some(places) = places.get_mut(id.0) {
                        let own = if from_end { &mut places.from_end } else { &mut places.from_start };
                        *own = [before + 1, *count];
                    }
                }
                elements.reverse();
            }
        }
        places
    }
}
