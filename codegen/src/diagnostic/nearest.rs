//! Near misses: which known name a misspelled one was meant to be.

/// How many candidates of about the right length are compared.
const CANDIDATES: usize = 200;
/// How many candidates are looked at.
const LOOKED_AT: usize = 2000;
/// The longest name, in characters, that has a close one.
const LONGEST: usize = 200;

/// A known name that is close to a misspelled one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nearest<'a> {
    pub(crate) name: &'a str,
    /// Whether it differs in one letter or in the order of two, and all other names differ in clearly more.
    pub(crate) is_certain: bool,
}

/// The candidate that is closest to `given`, if any is close enough to be what was meant.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<Nearest<'a>> {
    let length = given.chars().take(LONGEST + 1).count();
    if length > LONGEST {
        return None;
    }
    let limit = length / 4 + 1;
    let chars = |candidate: &str| candidate.chars().take(2 * LONGEST).count();
    let similar = candidates.into_iter().take(LOOKED_AT).filter(|it| chars(it).abs_diff(length) <= limit);
    let distances = similar.take(CANDIDATES).map(|candidate| (distance(given, candidate), candidate));
    let mut close: Vec<(usize, &str)> = distances.filter(|(distance, _)| *distance <= limit).collect();
    close.sort_unstable();
    close.dedup();
    let (distance, name) = *close.first()?;
    let is_only = close.get(1).is_none_or(|(second, _)| *second > distance + 1);
    let is_typo = distance == 1 || is_swap(given, name);
    Some(Nearest { name, is_certain: is_only && is_typo && length >= 4 })
}

/// Whether two names differ only in the order of two neighboring letters.
fn is_swap(a: &str, b: &str) -> bool {
    let mut differing = a.chars().zip(b.chars()).enumerate().filter(|(_, (a, b))| a != b);
    let (Some((i, (a1, b1))), Some((j, (a2, b2))), None) = (differing.next(), differing.next(), differing.next())
    else {
        return false;
    };
    a.chars().count() == b.chars().count() && j == i + 1 && a1 == b2 && a2 == b1
}

/// The Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, y) in row.iter().skip(1).zip(&b) {
            left = (diagonal + usize::from(x != *y)).min(above + 1).min(left + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        let near = |given, candidates: &[&'static str]| {
            nearest(given, candidates.iter().copied()).map(|near| (near.name, near.is_certain))
        };
        assert_eq!(near("listsecret", &["createsecret", "listsecrets"]), Some(("listsecrets", true)));
        assert_eq!(near("x", &["createsecret", "listsecrets"]), None);
        assert_eq!(near("get-itm", &["get-item", "get-items"]), Some(("get-item", false)), "two are close");
        assert_eq!(near("get-itm", &["get-item", "get-item"]), Some(("get-item", true)), "they are one");
        assert_eq!(
            near("inputParameter", &["inputParameters", "outputParameters"]),
            Some(("inputParameters", true)),
            "the other one is clearly farther"
        );
        assert_eq!(near("requierd", &["required"]), Some(("required", true)), "two letters are swapped");
        assert_eq!(near("list-jobs", &["list-nodes"]), Some(("list-nodes", false)), "they are different words");
        assert_eq!(near("id", &["ids"]), Some(("ids", false)), "it is too short to be sure");
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
