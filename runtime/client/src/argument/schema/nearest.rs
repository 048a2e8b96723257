//! The known name that is most like a misspelt one.

/// The longest name that is compared, in characters. Longer ones are no typing errors.
const LONGEST: usize = 64;

/// The name that differs from a given one in the fewest letters, if that is at most one in four.
pub(super) fn nearest<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let letters = |name: &str| -> Vec<char> { name.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect() };
    let given = letters(given);
    let limit = given.len() / 4 + 1;
    if given.len() > LONGEST {
        return None;
    }
    let distances = names.into_iter().map(|name| (distance(&given, &letters(name), limit), name));
    distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How many letters have to be added, removed or replaced; more than the limit if it is more.
fn distance(one: &[char], other: &[char], limit: usize) -> usize {
    if one.len().abs_diff(other.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.iter().enumerate() {
        let (mut diagonal, mut left) = (index, index + 1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (second, above) in other.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal + usize::from(letter != second);
            diagonal = *above;
            left = replaced.min(left + 1).min(diagonal + 1);
            *above = left;
        }
    }
    row.last().copied().unwrap_or_default()
}
