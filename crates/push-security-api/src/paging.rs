//! How the service pages its lists: a token for the next page.

use std::borrow::Cow;

use security_api_transport::{Next, Paging, Request, Split};
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
    fn next(self) -> Next {
        match (self.more_results, self.next_token, self.next) {
            (Some(false), _, _) => Next::End,
            (_, Some(token), _) => Next::Token(token),
            (Some(true), None, Some(offset)) if !offset.is_empty() => {
                Next::Token(format!("{OFFSET}{offset}"))
            }
            (Some(true), None, _) => Next::Unknown,
            (None, None, _) => Next::End,
        }
    }
}

impl<T> ListAnswer<T> {
    fn split(self) -> Split<T> {
        let next = self.paging.map_or(Next::End, PagingMember::next);
        Split::new(self.result.unwrap_or_default(), next)
    }
}

impl Paging for NextToken {
    type Wire<T> = ListAnswer<T>;

    fn split<T>(wire: ListAnswer<T>, _: &Request) -> Split<T> {
        wire.split()
    }

    fn split_raw<'a>(page: &'a str, _: &Request) -> serde_json::Result<Split<&'a RawValue>> {
        serde_json::from_str(page).map(ListAnswer::split)
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

    fn next(paging: &str) -> Next {
        let json = format!(r#"{{"result":[1],"paging":{paging}}}"#);
        serde_json::from_str::<ListAnswer<u32>>(&json)
            .unwrap()
            .split()
            .next
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
            assert_eq!(next(paging), expected.map(str::to_owned).into(), "{paging}");
        }
    }

    #[test]
    fn a_null_result_and_absent_paging_are_an_empty_list() {
        for json in [
            r#"{"result":null,"paging":null}"#,
            r#"{"result":null}"#,
            "{}",
        ] {
            let page = serde_json::from_str::<ListAnswer<u32>>(json).unwrap();
            let split = page.split();
            assert!(split.items.is_empty() && split.next == Next::End, "{json}");
        }
    }

    #[test]
    fn more_results_without_a_place_are_an_incomplete_list() {
        for paging in [
            r#"{"moreResults":true}"#,
            r#"{"moreResults":true,"nextToken":null,"next":""}"#,
        ] {
            assert_eq!(next(paging), Next::Unknown, "{paging}");
        }
        assert_eq!(next(r#"{"nextToken":""}"#), Next::Token(String::new()));
    }
}
