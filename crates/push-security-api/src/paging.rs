//! How the service pages its lists: a token for the next page.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use security_api_transport::model::{self, Model, Slot};
use security_api_transport::{Paging, RawJson, Request};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Pages by `nextToken`.
#[derive(Debug)]
pub enum NextToken {}

/// A page as the service sends it. `result` may be null and `paging` absent.
#[derive(Debug)]
pub struct ListAnswer<T> {
    result: Vec<T>,
    paging: Option<PagingMember>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ListAnswer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ListVisitor(PhantomData))
    }
}

/// By hand, because a derived one refuses a member that comes twice.
struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = ListAnswer<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ListAnswer<T>, A::Error> {
        let mut result: Option<Vec<T>> = None;
        let mut paging: Option<Box<RawValue>> = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            match &*name {
                "result" => result = map.next_value()?,
                "paging" => paging = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let paging = paging.map(|paging| serde_json::from_str(paging.get()));
        Ok(ListAnswer {
            result: result.unwrap_or_default(),
            // Its own error says line and column within `paging`.
            paging: paging
                .transpose()
                .map_err(|_| A::Error::custom("no paging"))?,
        })
    }
}

#[derive(Debug, Default)]
struct PagingMember {
    more_results: Option<bool>,
    next_token: Option<String>,
    next: Option<String>,
}

impl Model for PagingMember {
    const NAME: &'static str = "paging";
    const MEMBERS: &'static [&'static str] = &["moreResults", "next", "nextToken"];

    fn slot(&mut self, index: usize) -> Option<&mut dyn Slot> {
        Some(match index {
            0 => &mut self.more_results,
            1 => &mut self.next,
            2 => &mut self.next_token,
            _ => return None,
        })
    }
}

impl<'de> Deserialize<'de> for PagingMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model::deserialize(deserializer)
    }
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
        (self.result, self.paging.and_then(PagingMember::next))
    }
}

fn split_raw(payload: &Bytes) -> Result<(Vec<RawJson>, Option<String>), serde_json::Error> {
    let page: ListAnswer<&RawValue> = serde_json::from_slice(payload)?;
    let (items, next) = page.split();
    let items = items.into_iter().map(|item| RawJson::slice(payload, item));
    Ok((items.collect(), next))
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
        let page = serde_json::from_str::<ListAnswer<u32>>(&json).unwrap();
        page.split().1
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
            let page = serde_json::from_str::<ListAnswer<u32>>(json).unwrap();
            let (items, next) = page.split();
            assert!(items.is_empty() && next.is_none(), "{json}");
            assert_eq!(split_raw(&Bytes::from(json)).unwrap(), (vec![], None));
        }
    }

    #[test]
    fn the_last_of_several_members_of_one_name_counts() {
        let json = r#"{"result":[1],"paging":{"nextToken":"a"},"result":[2,3],"paging":{"nextToken":"b","nextToken":"c"}}"#;
        let page = serde_json::from_str::<ListAnswer<u32>>(json).unwrap();
        let (items, next) = page.split();
        assert_eq!((items, next.as_deref()), (vec![2, 3], Some("c")));
        let (items, next) = split_raw(&Bytes::from(json)).unwrap();
        let texts: Vec<_> = items.iter().map(RawJson::as_str).collect();
        assert_eq!((texts, next.as_deref()), (vec!["2", "3"], Some("c")));
    }

    #[test]
    fn a_page_is_an_object() {
        for json in [
            "[]",
            "null",
            "7",
            r#"{"result":{}}"#,
            r#"{"result":[1],"paging":[]}"#,
        ] {
            assert!(
                serde_json::from_str::<ListAnswer<u32>>(json).is_err(),
                "{json}"
            );
            assert!(split_raw(&Bytes::from(json)).is_err(), "{json}");
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
