//! Which shapes are equal. One that contains itself is equal to another if both look alike, however far one follows what they
//! contain.

use std::collections::{BTreeMap, BTreeSet};

use super::shape::{Shape, ShapeId, Shapes, Use};

/// The class of each shape of one document; shapes of one class are equal, also those of different documents.
#[derive(Debug, Default)]
pub(super) struct Classes(Vec<usize>);

impl Classes {
    /// The class of a shape.
    pub(super) fn of(&self, id: ShapeId) -> Option<usize> {
        self.0.get(id.index()).copied()
    }

    /// What a value is, with its class in place of its shape.
    pub(super) fn classed(&self, of: &Use) -> Option<Use> {
        Some(Use { shape: ShapeId::of(self.of(of.shape)?), ..of.clone() })
    }
}

/// The classes of the shapes of each document. All are equal until they differ in themselves or in what they contain.
pub(super) fn classes<const N: usize>(documents: [&Shapes; N]) -> [Classes; N] {
    let mut classes = documents.map(|shapes| Classes(vec![0; shapes.len()]));
    let mut count = 1;
    loop {
        let mut known: BTreeMap<Shape, usize> = BTreeMap::new();
        let next = std::array::from_fn(|document| {
            let (shapes, own) = (documents.get(document), classes.get(document));
            let shapes = shapes.into_iter().flat_map(|shapes| shapes.all());
            let class = |shape: &Shape| {
                let mut shape = shape.plain();
                shape.renumber(|id| ShapeId::of(own.and_then(|own| own.of(id)).unwrap_or_default()));
                let class = known.len();
                *known.entry(shape).or_insert(class)
            };
            Classes(shapes.map(class).collect())
        });
        classes = next;
        if known.len() == count {
            return classes;
        }
        count = known.len();
    }
}

impl Shapes {
    /// Makes equal shapes one. Gives the number that each now has. `roots` are the shapes of values, in the order in which they
    /// were read.
    pub(super) fn merge_equal(&mut self, roots: &[ShapeId]) -> impl Fn(ShapeId) -> ShapeId + use<> {
        // Others were found to be equal when they were read.
        let [classes] = if self.has_recursive() { self::classes([self]) } else { [Classes::default()] };
        let mut first: BTreeMap<usize, ShapeId> = BTreeMap::new();
        for (index, class) in classes.0.iter().enumerate() {
            first.entry(*class).or_insert(ShapeId::of(index));
        }
        let number = move |id: ShapeId| classes.of(id).and_then(|class| first.get(&class).copied()).unwrap_or(id);
        let reached = self.reachable(roots);
        let roots: Vec<ShapeId> = roots.iter().map(|id| number(*id)).collect();
        self.renumber(&number);
        if reached.len() > self.reachable(&roots).len() {
            self.find_recursive(&roots);
        }
        number
    }

    /// These shapes and all that they contain.
    fn reachable(&self, roots: &[ShapeId]) -> BTreeSet<ShapeId> {
        let (mut found, mut open) = (BTreeSet::new(), roots.to_vec());
        while let Some(id) = open.pop() {
            if found.insert(id) {
                open.extend(self.inside(id));
            }
        }
        found
    }

    /// Finds the shapes that contain themselves again, as reading a document with a component for each shape that has a name
    /// would: the first on the way that comes again.
    fn find_recursive(&mut self, roots: &[ShapeId]) {
        enum Step {
            Enter(ShapeId),
            Leave(ShapeId),
        }
        let (mut found, mut done) = (BTreeSet::new(), BTreeSet::new());
        let mut way: BTreeMap<ShapeId, usize> = BTreeMap::new();
        let mut open: Vec<Step> = roots.iter().rev().map(|id| Step::Enter(*id)).collect();
        while let Some(step) = open.pop() {
            match step {
                Step::Leave(id) => {
                    done.insert(id);
                    way.entry(id).and_modify(|count| *count -= 1);
                }
                Step::Enter(id) if done.contains(&id) => {}
                Step::Enter(id) => {
                    let count = way.entry(id).or_default();
                    if *count > usize::from(self.component(id).is_none()) {
                        found.insert(id);
                        continue;
                    }
                    *count += 1;
                    open.push(Step::Leave(id));
                    open.extend(self.inside(id).into_iter().rev().map(Step::Enter));
                }
            }
        }
        self.set_recursive(found);
    }
}
