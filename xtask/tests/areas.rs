//! What is generated of an API in areas compiles, and speaks to hand-written searches, pages and envelopes.

#![cfg_attr(
    feature = "cats",
    expect(
        unexpected_cfgs,
        reason = "generated code asks for a feature that tests do not have"
    )
)]
#![expect(
    missing_docs,
    reason = "what stands in for a library is not documented"
)]

#[path = "areas/src/generated/mod.rs"]
pub mod generated;
mod support;

use generated::operations;
use generated::types::Health;
use security_api_transport::model::{Scalar, Shape, Shaped, Token, Unfit};
use security_api_transport::{
    ApiError, Error, FakeResponse, FakeTransport, Next, Operation, Paging, Protocol, Request,
    ResponseParts, Split, Verdict,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
pub use support::Client;
use support::sent;

/// What generated searches expect.
pub mod search {
    use security_api_transport::Error;
    use security_api_transport::model::{self, Names, Shape, Shaped, Show, Values};
    use serde::Serialize;

    #[derive(Debug, Clone, Default, PartialEq, Serialize)]
    pub struct Filter {
        pub text: String,
    }

    impl Shaped for Filter {
        fn shape(&self) -> Shape<'_> {
            Shape::Map(vec![("text", self.text.shape())])
        }
    }

    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct SearchRequest {
        pub filter: Filter,
        pub order_by: Option<String>,
    }

    impl Values for SearchRequest {
        fn values(&self, show: &mut dyn Show) {
            show.members(
                &Names {
                    name: "SearchRequest",
                    fields: "page_number order_by filter",
                    wire: &["pageNumber", "orderBy", "filter"],
                    rules: &[],
                },
                &[&1_u32, &self.order_by, &self.filter],
            );
        }
    }

    impl Serialize for SearchRequest {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            model::serialize(self, serializer)
        }
    }

    pub trait SearchBody {
        fn search_mut(&mut self) -> &mut SearchRequest;
    }

    impl SearchBody for SearchRequest {
        fn search_mut(&mut self) -> &mut SearchRequest {
            self
        }
    }

    pub(crate) fn complete<B: SearchBody>(mut body: B, default_order: &str) -> Result<B, Error> {
        let search = body.search_mut();
        if search.filter.text == "?" {
            return Err(Error::invalid("`filter` asks for nothing"));
        }
        search
            .order_by
            .get_or_insert_with(|| default_order.to_owned());
        Ok(body)
    }
}

/// Text that means something to the service.
macro_rules! text {
    ($($name:ident),*) => {$(
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl Shaped for $name {
            fn shape(&self) -> Shape<'_> {
                self.0.shape()
            }
        }

        security_api_transport::__scalar!($name);

        impl Scalar for $name {
            const EXPECTED: &'static str = "a string";

            fn blank() -> Self {
                "".into()
            }

            fn read(token: Token<'_>) -> Result<Self, Unfit> {
                String::read(token).map(Self)
            }
        }
    )*};
}

text!(DateTime, TimeSpan);

/// The paging that generated code expects.
#[derive(Debug)]
pub enum ByNumber {}

/// The list that generated code expects.
pub type List<T> = security_api_transport::List<T, ByNumber>;

#[derive(Debug, Deserialize)]
pub struct Results<T> {
    results: Vec<T>,
    total: u64,
}

impl Paging for ByNumber {
    type Wire<T> = Results<T>;
    type Position = u64;

    fn position(text: &str) -> Result<u64, Error> {
        text.parse().map_err(|_| Error::invalid("no page number"))
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        page: D,
    ) -> Result<Results<T>, D::Error> {
        Results::deserialize(page)
    }

    fn split<T>(page: Results<T>, number: Option<&u64>) -> Split<T, u64> {
        let number = number.copied().unwrap_or(1);
        let next = match number < page.total {
            true => Next::At(number + 1),
            false => Next::End,
        };
        Split::new(page.results, next)
    }

    fn go(request: Request, number: &u64) -> Request {
        let mut body: Value = serde_json::from_slice(request.body_bytes().unwrap()).unwrap();
        body["pageNumber"] = (*number).into();
        request.json(&body)
    }
}

/// A service that wraps what it responses.
#[derive(Debug)]
struct Wrapping;

impl Protocol for Wrapping {
    fn payload<'a>(&self, response: &ResponseParts<'a>) -> Result<&'a [u8], Verdict> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            data: &'a RawValue,
        }
        let envelope = serde_json::from_slice::<Envelope<'a>>(response.body);
        Ok(envelope.map_or(response.body, |envelope| envelope.data.get().as_bytes()))
    }

    fn api_error(&self, _: &ResponseParts<'_>) -> ApiError {
        ApiError::new()
    }
}

fn client(operation: &'static Operation, response: &Value) -> (Client, FakeTransport) {
    support::client(Wrapping, operation, FakeResponse::json(response))
}

#[test]
fn the_operations_of_enabled_areas_are_listed() {
    let areas: Vec<_> = operations::AREAS.iter().map(|(area, _)| *area).collect();
    let expected = [
        ("cats", cfg!(feature = "cats")),
        ("dogs", cfg!(feature = "dogs")),
        ("platform", true),
    ];
    let expected = expected.into_iter().filter(|(_, enabled)| *enabled);
    assert!(areas.iter().copied().eq(expected.map(|(area, _)| area)));
    let listed = operations::AREAS
        .iter()
        .map(|(_, operations)| operations.len());
    assert_eq!(operations::all().count(), listed.sum::<usize>());
    assert!(operations::all().any(|operation| operation.id() == "status.get"));
}

#[tokio::test]
async fn what_no_feature_hides_is_always_there() -> Result<(), Error> {
    let response = json!({"data": 1, "status": "SUCCESS"});
    let (client, fake) = client(&operations::STATUS_GET, &response);
    assert_eq!(client.status().get().await?, Some(Health::Ill));
    assert_eq!(sent(&fake).0, "/status");
    Ok(())
}

#[cfg(feature = "cats")]
mod cats {
    use super::generated::types::{Cat, LitterSearch, Owner, Place, Toy};
    use super::search::{Filter, SearchRequest};
    use super::*;

    fn named(text: &str) -> SearchRequest {
        SearchRequest {
            filter: Filter {
                text: text.to_owned(),
            },
            order_by: None,
        }
    }

    #[tokio::test]
    async fn searches_are_completed_and_give_every_page() -> Result<(), Error> {
        let page = |id: &str| json!({"data": {"results": [{"id": id}], "total": 2}});
        let (client, fake) = client(&operations::CATS_SEARCH, &page("c2"));
        fake.once(&operations::CATS_SEARCH, FakeResponse::json(&page("c1")));
        let list: List<Cat> = client.cats().search(named("Tom"));
        let cats: Vec<Cat> = list.items().try_collect().await?;
        assert_eq!(cats, [Cat::new().id("c1"), Cat::new().id("c2")]);
        let bodies: Vec<_> = fake
            .requests()
            .iter()
            .map(|request| request.json())
            .collect();
        let body =
            |number| json!({"pageNumber": number, "orderBy": "Born", "filter": {"text": "Tom"}});
        assert_eq!(bodies, [body(1), body(2)]);
        Ok(())
    }

    #[tokio::test]
    async fn searches_that_cannot_be_completed_are_not_sent() {
        let (client, fake) = client(&operations::CATS_SEARCH, &json!({}));
        let error = client.cats().search(named("?")).page().await.unwrap_err();
        assert!(error.to_string().contains("`filter`"), "{error}");
        assert!(fake.requests().is_empty());
    }

    #[tokio::test]
    async fn a_search_has_members_of_its_own_beside_the_terms() -> Result<(), Error> {
        let response = FakeResponse::status(200).body("a;b\n");
        let (client, fake) = support::client(Wrapping, &operations::LITTERS_EXPORT, response);
        let mut search = LitterSearch::new("Tabitha").minimum(3);
        search.search = named("");
        let table = client.litters().export(search.clone()).await?;
        assert_eq!(table.bytes(100).await?, "a;b\n");
        let body = json!({
            "pageNumber": 1, "orderBy": "CreateTime", "filter": {"text": ""}, "minimum": 3, "mother": "Tabitha",
            "allPages": true, "place": {}
        });
        assert_eq!(sent(&fake), ("/litters/export".to_owned(), body));

        // What has a default is sent as it was said.
        let sent_as = |search| async {
            let response = FakeResponse::status(200).body("a;b\n");
            let (client, fake) = support::client(Wrapping, &operations::LITTERS_EXPORT, response);
            let _table = client.litters().export(search).await?;
            Ok::<_, Error>(sent(&fake).1)
        };
        assert_eq!(
            sent_as(search.clone().all_pages(false)).await?["allPages"],
            false
        );
        let oslo = search.place(Place::new().city("Oslo"));
        assert_eq!(sent_as(oslo).await?["place"], json!({"city": "Oslo"}));
        Ok(())
    }

    #[tokio::test]
    async fn envelopes_are_opened_and_types_of_other_files_are_read_and_written()
    -> Result<(), Error> {
        let record = json!({
            "born": "yesterday", "health": "Well", "id": "c1", "longestNap": "08:00:00",
            "mainOwner": {"name": "Ann"}, "toys": [{"squeaks": true}]
        });
        let cat = Cat::new()
            .born("yesterday")
            .health(Health::Well)
            .id("c1")
            .longest_nap("08:00:00")
            .main_owner(Owner::new().name("Ann"))
            .toys([Toy::new().squeaks(true)]);
        let (asked, _) = client(&operations::CATS_GET, &json!({"data": &record}));
        assert_eq!(asked.cats().get("c1").await?, cat);
        let (replaced, fake) = client(&operations::CATS_REPLACE, &json!({}));
        replaced.cats().replace("c1", &cat).await?;
        assert_eq!(sent(&fake), ("/cats/c1".to_owned(), record));
        Ok(())
    }

    #[tokio::test]
    async fn resources_have_the_calls_of_all_their_files() -> Result<(), Error> {
        for (response, naps) in [(json!({"data": 4}), Some(4)), (json!({"data": null}), None)] {
            let (client, fake) = client(&operations::CATS_NAP, &response);
            let nap = client
                .cats()
                .nap("c1", "today")
                .length("00:10:00")
                .until("noon");
            assert_eq!(nap.await?, naps);
            let target = "/cats/c1/naps/today?length=00%3A10%3A00&until=noon";
            assert_eq!(sent(&fake).0, target);
        }
        Ok(())
    }
}

#[cfg(feature = "dogs")]
mod dogs {
    use super::generated::types::{Address, DogSearch, Owner};
    use super::search::SearchRequest;
    use super::*;

    #[tokio::test]
    async fn a_search_of_one_response_is_awaited_itself() -> Result<(), Error> {
        let terms = json!({"pageNumber": 1, "orderBy": "Rank", "filter": {"text": ""}});
        let mut with_breed = terms.clone();
        with_breed["breed"] = "Collie".into();
        for (search, body) in [
            (DogSearch::from(SearchRequest::default()), terms),
            (DogSearch::new().breed("Collie"), with_breed),
        ] {
            let (client, fake) = client(&operations::DOGS_COUNT, &json!(7));
            assert_eq!(client.dogs().count(search).await?, 7);
            assert_eq!(sent(&fake), ("/dogs/search".to_owned(), body));
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_type_of_several_areas_is_one() -> Result<(), Error> {
        let response = json!({"data": {"name": "Ann", "address": {"town": "Ulm"}}});
        let (client, _) = client(&operations::DOGS_OWNER, &response);
        let owner: Owner = client.dogs().owner("d1").await?;
        let address: Option<Address> = owner.address;
        assert_eq!(address.unwrap().town.as_deref(), Some("Ulm"));
        Ok(())
    }
}
