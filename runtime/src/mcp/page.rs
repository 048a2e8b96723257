//! Lists in pages (MCP, "Pagination").

use rmcp::ErrorData;
use rmcp::model::PaginatedRequestParams;

/// How much is on a page. Most lists are shorter, and clients that ask for one page only see all of them.
const PAGE: usize = 200;

/// The part of a list that a cursor asks for, and the cursor of the next part. A cursor is the number of items before it.
pub(super) fn page<T: Clone>(
    items: &[T],
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match request.and_then(|request| request.cursor) {
        None => 0,
        Some(cursor) => {
            let start = cursor.parse::<usize>().ok().filter(|start| *start > 0 && start.is_multiple_of(PAGE));
            let start = start.filter(|start| *start < items.len() && start.to_string() == cursor);
            start.ok_or_else(|| ErrorData::invalid_params("invalid cursor", None))?
        }
    };
    let end = items.len().min(start + PAGE);
    let next = (end < items.len()).then(|| end.to_string());
    Ok((items.get(start..end).unwrap_or_default().to_vec(), next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cursor: &str) -> Option<PaginatedRequestParams> {
        Some(PaginatedRequestParams::default().with_cursor(Some(cursor.to_owned())))
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let all: Vec<usize> = (0..2 * PAGE + 1).collect();
        let (mut seen, mut request) = (Vec::new(), None);
        loop {
            let (items, next) = page(&all, request).expect("a page");
            seen.extend(items);
            match next {
                Some(next) => request = at(&next),
                None => break,
            }
        }
        assert_eq!(seen, all);
        for cursor in ["", "0", "1", "x", "-200", "+200", "0200", "600", "99999999999999999999"] {
            assert!(page(&all, at(cursor)).is_err(), "{cursor}");
        }
        assert!(page(&[0; PAGE], at("200")).is_err(), "there is one page only");
        assert_eq!(page::<u8>(&[], None).expect("a page"), (Vec::new(), None));
    }
}
