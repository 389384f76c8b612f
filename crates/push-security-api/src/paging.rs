//! How the service pages its lists: a token for the next page.

use std::borrow::Cow;

use bytes::Bytes;
use security_api_transport::{Paging, RawJson, Request};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Pages by `nextToken`.
#[derive(Debug)]
pub enum NextToken {}

/// A page as the service sends it. `result` may be null and `paging` absent.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub struct ListAnswer<T> {
    #[serde(default)]
    result: Option<Vec<T>>,
    #[serde(default)]
    paging: Option<PagingMember>,
}

#[derive(Debug, Deserialize)]
struct PagingMember {
    #[serde(default, rename = "moreResults")]
    more_results: Option<bool>,
    #[serde(default, rename = "nextToken")]
    next_token: Option<String>,
    #[serde(default)]
    next: Option<String>,
}

/// Marks a place given as an offset, where the service names no token.
const OFFSET: &str = "offset=";

impl PagingMember {
    fn next(self) -> Option<String> {
        if self.more_results == Some(false) {
            return None;
        }
        let offset = self.next.map(|offset| format!("{OFFSET}{offset}"));
        self.next_token
            .or_else(|| offset.filter(|_| self.more_results == Some(true)))
    }
}

impl<T> ListAnswer<T> {
    fn split(self) -> (Vec<T>, Option<String>) {
        (
            self.result.unwrap_or_default(),
            self.paging.and_then(PagingMember::next),
        )
    }
}

fn split_raw(payload: &Bytes) -> Result<(Vec<RawJson>, Option<String>), serde_json::Error> {
    let page: ListAnswer<&RawValue> = serde_json::from_slice(payload)?;
    let (items, next) = page.split();
    let items = items
        .into_iter()
        .map(|item| RawJson::slice(payload, item))
        .collect();
    Ok((items, next))
}

impl Paging for NextToken {
    type Wire<T> = ListAnswer<T>;

    fn split<T>(wire: ListAnswer<T>, _: &Request) -> (Vec<T>, Option<String>) {
        wire.split()
    }

    fn split_raw(
        payload: &Bytes,
        _: &Request,
    ) -> Result<(Vec<RawJson>, Option<String>), serde_json::Error> {
        split_raw(payload)
    }

    fn set_token(mut request: Request, token: &str) -> Request {
        // The service refuses the two together.
        request.remove_query("offset");
        request.remove_query("nextToken");
        match token.strip_prefix(OFFSET) {
            Some(offset) => request.query("offset", offset),
            None => request.query("nextToken", token),
        }
    }

    fn page_size(request: &Request) -> Option<Cow<'_, str>> {
        request.query_value("limit").map(Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(paging: &str) -> Option<String> {
        let json = format!(r#"{{"result":[1],"paging":{paging}}}"#);
        serde_json::from_str::<ListAnswer<u32>>(&json)
            .unwrap()
            .split()
            .1
    }

    #[test]
    fn a_list_goes_on_only_where_the_service_says_so() {
        for (paging, expected) in [
            (r#"{"moreResults":true,"nextToken":"t"}"#, Some("t")),
            (r#"{"nextToken":"t"}"#, Some("t")),
            (
                r#"{"moreResults":true,"nextToken":"t","next":"501"}"#,
                Some("t"),
            ),
            (
                r#"{"moreResults":true,"nextToken":null,"next":"501"}"#,
                Some("offset=501"),
            ),
            (r#"{"moreResults":false,"nextToken":"t"}"#, None),
            (
                r#"{"moreResults":false,"nextToken":null,"next":"501"}"#,
                None,
            ),
            ("{}", None),
            ("null", None),
        ] {
            assert_eq!(next(paging).as_deref(), expected, "{paging}");
        }
    }

    #[test]
    fn a_null_result_and_absent_paging_are_an_empty_list() {
        for json in [
            r#"{"result":null,"paging":null}"#,
            r#"{"result":null}"#,
            "{}",
        ] {
            let (items, next) = serde_json::from_str::<ListAnswer<u32>>(json)
                .unwrap()
                .split();
            assert!(items.is_empty() && next.is_none(), "{json}");
            assert_eq!(split_raw(&Bytes::from(json)).unwrap(), (vec![], None));
        }
    }

    #[test]
    fn raw_items_are_slices_of_the_page() {
        let page = Bytes::from_static(br#"{"result":[ {"a": 1} ,{"b":[2]}],"paging":{}}"#);
        let (items, _) = split_raw(&page).unwrap();
        let texts: Vec<_> = items.iter().map(RawJson::as_str).collect();
        assert_eq!(texts, [r#"{"a": 1}"#, r#"{"b":[2]}"#]);
        let range = page.as_ptr_range();
        assert!(range.contains(&items[1].as_bytes().as_ptr()));
    }
}
