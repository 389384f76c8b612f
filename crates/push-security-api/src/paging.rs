//! How the service pages its lists: with a token for the next page.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use security_api_transport::__private::{is_failure_status, reports_error};
use security_api_transport::{
    Error, Next, PageItems, PageVisitor, Paging, ReadPage, Request, Split, model,
};
use serde::de::{self, Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Unexpected};
use serde_json::Value;
use serde_json::value::RawValue;

/// Pages by `nextToken`.
#[derive(Debug)]
pub enum NextToken {}

/// A page as the service sends it: an object with `result`, which may be null, and `paging`. A list with items is
/// read without `paging` as well; an empty one is not, because other services send such objects, for errors too. Only
/// the first page is the last without it: of a page that another one announced, it is missing.
#[derive(Debug)]
pub struct PageBody<T> {
    result: Vec<T>,
    paging: Option<Paged>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PageBody<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PageVisitor::<Members<T>>::new())
    }
}

struct Members<T> {
    result: Option<Option<PageItems<T>>>,
    paging: Option<Paged>,
    /// Whether a member reports an error.
    has_failed: bool,
    /// Whether there is a member that other services send.
    is_foreign: bool,
}

impl<'de, T: Deserialize<'de>> ReadPage<'de> for Members<T> {
    const EXPECTED: &'static str = "a page";

    type Page = PageBody<T>;

    fn new() -> Self {
        Self {
            result: None,
            paging: None,
            has_failed: false,
            is_foreign: false,
        }
    }

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "result" => self.result = Some(map.next_value()?),
            "paging" => self.paging = map.next_value()?,
            "error" | "errors" | "fault" => {
                self.is_foreign = true;
                self.has_failed |= reports_error(&map.next_value()?);
            }
            "status" | "code" => self.has_failed |= is_failure_status(&map.next_value()?),
            "success" | "ok" => {
                self.is_foreign = true;
                self.has_failed |= map.next_value::<Value>()? == false;
            }
            name => {
                self.is_foreign |= name == "jsonrpc";
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn end<E: de::Error>(self) -> Result<PageBody<T>, E> {
        let paging = self.paging;
        // What is not a list must not be read as an empty one, which would be the end of an export.
        let result = self.result.ok_or_else(|| E::missing_field("result"))?;
        if self.has_failed {
            return Err(E::invalid_value(Unexpected::Other("error"), &"a page"));
        }
        let result = result.map(PageItems::into_vec).unwrap_or_default();
        let is_confirmed = match (&paging, result.is_empty()) {
            (Some(paging), true) => paging.is_known,
            (Some(_), false) => true,
            (None, is_empty) => !is_empty && !self.is_foreign,
        };
        if !is_confirmed {
            return Err(E::missing_field("paging"));
        }
        Ok(PageBody { result, paging })
    }
}

model! {
    /// What a page says of the one after it.
    #[derive(Default)]
    struct NextPage: Received {
        more_results: Option<bool> = "moreResults",
        next: Option<String> = "next",
        next_token: Option<String> = "nextToken",
    }
}

/// The members of [`NextPage`]. One of them is in every page that has no items.
const MEMBERS: [&str; 3] = ["moreResults", "nextToken", "next"];

/// What a page says of the one after it.
#[derive(Debug)]
struct Paged {
    next: NextPage,
    /// Whether it has a member that the service sends.
    is_known: bool,
    is_empty: bool,
}

impl<'de> Deserialize<'de> for Paged {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let members: HashMap<String, IgnoredAny> =
            serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(Self {
            next: serde_json::from_str(json.get()).map_err(D::Error::custom)?,
            is_known: MEMBERS.iter().any(|name| members.contains_key(*name)),
            is_empty: members.is_empty(),
        })
    }
}

/// The position of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// The page with this token.
    Token(String),
    /// The page after this many items, if the service sends no token.
    Offset(String),
}

/// Marks an offset in a cursor.
const OFFSET: &str = "offset=";

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => f.write_str(token),
            Self::Offset(offset) => write!(f, "{OFFSET}{offset}"),
        }
    }
}

impl NextPage {
    fn next(self) -> Next<Position> {
        match (self.more_results, self.next_token, self.next) {
            (Some(false), _, _) => Next::End,
            (_, Some(token), _) if token.is_empty() => {
                Next::Unknown("the token of the next page is empty")
            }
            (_, Some(token), _) => Next::At(Position::Token(token)),
            (_, None, Some(offset)) if offset.is_empty() => {
                Next::Unknown("the offset of the next page is empty")
            }
            (_, None, Some(offset)) => Next::At(Position::Offset(offset)),
            (Some(true), None, None) => Next::Unknown(
                "the service says that there are more items, but not the token of the next page",
            ),
            (None, None, None) => Next::End,
        }
    }
}

impl<T> PageBody<T> {
    fn split(self, position: Option<&Position>) -> Split<T, Position> {
        let next = match self.paging {
            Some(paging) if paging.is_known => paging.next.next(),
            // Public samples of a first page lack it.
            None if position.is_none() => Next::End,
            Some(paging) if paging.is_empty && position.is_none() => Next::End,
            _ => Next::Unknown(
                "the page does not say whether more follow: it has neither `moreResults` nor `nextToken`",
            ),
        };
        Split::new(self.result, next)
    }
}

impl Paging for NextToken {
    type Wire<T> = PageBody<T>;
    type Position = Position;

    fn position(text: &str) -> Result<Position, Error> {
        Ok(match text.strip_prefix(OFFSET) {
            Some(offset) => Position::Offset(offset.to_owned()),
            None => Position::Token(text.to_owned()),
        })
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        page: D,
    ) -> Result<PageBody<T>, D::Error> {
        PageBody::deserialize(page)
    }

    fn split<T>(wire: PageBody<T>, position: Option<&Position>) -> Split<T, Position> {
        wire.split(position)
    }

    fn go(mut request: Request, position: &Position) -> Request {
        // The service refuses a request with both parameters.
        request.remove_query("offset");
        request.remove_query("nextToken");
        match position {
            Position::Offset(offset) => request.query("offset", offset),
            Position::Token(token) => request.query("nextToken", token),
        }
    }

    fn page_size<'a>(request: &'a Request, _: Option<&Position>) -> Option<Cow<'a, str>> {
        request.query_value("limit").map(Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Result<Split<u32, Position>, serde_json::Error> {
        serde_json::from_str(json).map(|page: PageBody<u32>| page.split(None))
    }

    fn next(paging: &str) -> Next<Position> {
        let page = page(&format!(r#"{{"result":[1],"paging":{paging}}}"#)).unwrap();
        assert_eq!(page.items, [1]);
        page.next
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
            (r#"{"moreResults":1,"next":501}"#, Some("offset=501")),
            (r#"{"next":"501"}"#, Some("offset=501")),
            (r#"{"moreResults":"true","nextToken":7}"#, Some("7")),
            (r#"{"moreResults":false,"nextToken":"t"}"#, None),
            (r#"{"moreResults":"false","nextToken":"t"}"#, None),
            (r#"{"moreResults":0,"nextToken":"t"}"#, None),
            (
                r#"{"moreResults":false,"nextToken":null,"next":"501"}"#,
                None,
            ),
            ("{}", None),
            ("null", None),
        ] {
            let expected = expected.map_or(Next::End, |text| {
                Next::At(NextToken::position(text).unwrap())
            });
            assert_eq!(next(paging), expected, "{paging}");
        }
    }

    #[test]
    fn more_results_without_a_place_are_an_incomplete_list() {
        for paging in [
            r#"{"moreResults":true}"#,
            r#"{"moreResults":true,"nextToken":null,"next":""}"#,
            r#"{"nextToken":""}"#,
            r#"{"next":""}"#,
            r#"{"nextToken":null,"next":""}"#,
        ] {
            assert!(matches!(next(paging), Next::Unknown(_)), "{paging}");
        }
    }

    #[test]
    fn a_null_result_beside_paging_is_an_empty_list() {
        for json in [
            r#"{"result":null,"paging":{"moreResults":false,"nextToken":null}}"#,
            r#"{"paging":{"nextToken":null},"result":[]}"#,
            r#"{"result":[],"paging":{"moreResults":false},"error":null,"errors":[]}"#,
            r#"{"result":[],"paging":{"moreResults":false},"error":false,"errors":{}}"#,
            r#"{"result":[],"paging":{"moreResults":false},"error":"","success":true}"#,
            r#"{"result":[],"paging":{"moreResults":false},"status":"ok","code":200}"#,
        ] {
            let page = page(json).expect(json);
            assert!(page.items.is_empty() && page.next == Next::End, "{json}");
        }
    }

    #[test]
    fn a_list_with_items_needs_no_paging_beside_it() {
        for (json, items) in [
            (r#"{"result":[1]}"#, vec![1]),
            (r#"{"result":[1],"paging":null,"count":1}"#, vec![1]),
            (r#"{"result":[1],"total":57}"#, vec![1]),
            (r#"{"result":[1],"paging":{}}"#, vec![1]),
        ] {
            let page = page(json).unwrap();
            assert_eq!((page.items, page.next), (items, Next::End), "{json}");
        }
    }

    #[test]
    fn a_page_that_does_not_say_whether_more_follow_is_an_incomplete_list() {
        let after = Position::Token("t".to_owned());
        for (json, is_first_complete) in [
            (r#"{"result":[1]}"#, true),
            (r#"{"result":[1],"paging":null}"#, true),
            (r#"{"result":[1],"paging":{}}"#, true),
            (r#"{"result":[1],"paging":{"hasMore":true}}"#, false),
        ] {
            for (position, is_complete) in [(None, is_first_complete), (Some(&after), false)] {
                let page: PageBody<u32> = serde_json::from_str(json).unwrap();
                let next = page.split(position).next;
                let is_end = next == Next::End;
                assert!(is_end || matches!(next, Next::Unknown(_)), "{json}");
                assert_eq!(is_end, is_complete, "{json}");
            }
        }
    }

    #[test]
    fn the_last_of_several_members_of_one_name_counts() {
        let json = r#"{"result":[1],"paging":{"nextToken":"a"},"result":[2,3],"paging":{"nextToken":"b","nextToken":"c"}}"#;
        let page = page(json).unwrap();
        assert_eq!(
            (page.items, page.next),
            (vec![2, 3], Next::At(Position::Token("c".to_owned())))
        );
    }

    #[test]
    fn what_is_not_a_list_is_not_an_empty_one() {
        for json in [
            "{}",
            "[]",
            "null",
            "7",
            r#"{"message":"Forbidden"}"#,
            r#"{"errors":[]}"#,
            r#"[[{"id":"b1"}],null]"#,
            r#"{"result":{}}"#,
            r#"{"result":[1],"paging":[]}"#,
            r#"{"result":null}"#,
            r#"{"result":null,"paging":null}"#,
            r#"{"result":null,"message":"Internal server error"}"#,
            r#"{"jsonrpc":"2.0","result":null,"error":{"code":-32600},"id":null}"#,
            r#"{"jsonrpc":"2.0","result":[1],"id":1}"#,
            r#"{"success":true,"errors":[],"messages":[],"result":[]}"#,
            r#"{"success":true,"errors":[],"messages":[],"result":[1]}"#,
            r#"{"result":[],"paging":{"moreResults":false},"error":"timeout"}"#,
            r#"{"result":[1],"paging":{"moreResults":false},"errors":["shard 2 failed"]}"#,
            r#"{"error":true,"result":[1],"paging":{}}"#,
            r#"{"result":[1],"paging":{},"error":{"code":1}}"#,
            r#"{"result":[1],"paging":{},"error":5}"#,
            r#"{"result":[],"paging":{"moreResults":false},"success":false}"#,
            r#"{"ok":false,"result":[],"paging":{"moreResults":false}}"#,
            r#"{"result":[]}"#,
            r#"{"result":[],"paging":{}}"#,
            r#"{"result":[],"total":57}"#,
            r#"{"result":[],"status":"error","message":"index unavailable"}"#,
            r#"{"code":403,"result":[],"msg":"denied"}"#,
            r#"{"result":[],"paging":{"hasMore":true,"cursor":"x"}}"#,
            r#"{"result":[],"paging":{"total":57,"page":1}}"#,
            r#"{"status":"error","result":[],"paging":{"moreResults":false}}"#,
            r#"{"status":500,"result":[],"paging":{"moreResults":false}}"#,
            r#"{"code":403,"result":[],"paging":{"moreResults":false}}"#,
            r#"{"fault":{"faultstring":"x"},"result":[],"paging":{"moreResults":false}}"#,
        ] {
            assert!(page(json).is_err(), "{json}");
            assert!(
                serde_json::from_str::<PageBody<&RawValue>>(json).is_err(),
                "{json}"
            );
        }
    }
}
