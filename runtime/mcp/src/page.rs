//! Pagination of lists (MCP, "Pagination").

use rmcp::ErrorData;
use rmcp::model::PaginatedRequestParams;

/// The number of items on a page. Most lists are shorter, so clients that read only one page see all items.
const PAGE_SIZE: usize = 200;

/// The page at a cursor, and the cursor of the next page. A cursor is the number of items before its page.
pub(super) fn page<T: Clone>(
    items: &[T],
    request: Option<PaginatedRequestParams>,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    let start = match request.and_then(|request| request.cursor) {
        None => 0,
        Some(cursor) => {
            let start = cursor.parse::<usize>().ok().filter(|start| *start > 0 && start.is_multiple_of(PAGE_SIZE));
            let start = start.filter(|start| *start < items.len() && start.to_string() == cursor);
            start.ok_or_else(|| ErrorData::invalid_params("invalid cursor", None))?
        }
    };
    let end = items.len().min(start + PAGE_SIZE);
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
    fn cursors_reach_every_item() {
        let all: Vec<usize> = (0..2 * PAGE_SIZE + 1).collect();
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
        assert!(page(&[0; PAGE_SIZE], at("200")).is_err(), "there is one page only");
        assert_eq!(page::<u8>(&[], None).expect("a page"), (Vec::new(), None));
    }
}
