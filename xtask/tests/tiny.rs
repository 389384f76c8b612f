//! What is generated of an API with one of everything compiles, and sends and reads what the description says.

#![expect(
    unexpected_cfgs,
    reason = "generated code asks for a feature that tests do not have"
)]
#![expect(unreachable_pub, reason = "generated code is written for a library")]

#[path = "tiny/src/generated/mod.rs"]
mod generated;

use std::sync::Arc;

use generated::types::{Cat, CatUpdate, EventKind, Mood, NewCat, Sound, Toy};
use generated::{operations, resources};
use security_api_transport::__private::bytes::Bytes;
use security_api_transport::__private::http::HeaderName;
use security_api_transport::{
    Answer, ApiError, ApiKey, Error, FakeAnswer, FakeTransport, Operation, Paging, Protocol, Rate,
    RateLimiter, RawJson, Request, ServiceSettings, Timestamp,
};
use serde_json::{Value, json};

/// The client that generated code expects in its crate.
#[derive(Debug, Clone)]
pub struct Client(security_api_transport::Client);

impl Client {
    fn transport(&self) -> &security_api_transport::Client {
        &self.0
    }
}

impl From<security_api_transport::Client> for Client {
    fn from(client: security_api_transport::Client) -> Self {
        Self(client)
    }
}

/// The paging that generated code expects.
#[derive(Debug)]
pub enum NextToken {}

type Page<T> = security_api_transport::Page<T, NextToken>;
type Pages<T> = security_api_transport::Pages<T, NextToken>;
type Items<T> = security_api_transport::Items<T, NextToken>;
type RawItems = security_api_transport::RawItems<NextToken>;

impl Paging for NextToken {
    type Wire<T> = Vec<T>;

    fn split<T>(items: Vec<T>) -> (Vec<T>, Option<String>) {
        (items, None)
    }

    fn split_raw(payload: &Bytes) -> Result<(Vec<RawJson>, Option<String>), serde_json::Error> {
        serde_json::from_slice(payload).map(|items| (items, None))
    }

    fn set_token(request: Request, token: &str) -> Request {
        request.set_query("nextToken", token)
    }
}

#[derive(Debug)]
struct Tiny;

impl Protocol for Tiny {
    fn api_error(&self, _: &Answer<'_>) -> ApiError {
        ApiError::new()
    }
}

fn client(operation: &'static Operation, answer: &Value) -> (Client, FakeTransport) {
    let fake = FakeTransport::new();
    fake.always(operation, FakeAnswer::json(answer));
    let settings = ServiceSettings {
        user_agent: "tiny",
        base_url: "https://tiny.example.com".to_owned(),
        base_path: false,
        protocol: Arc::new(Tiny),
        credential: Arc::new(ApiKey::new(HeaderName::from_static("x-key"), "key").unwrap()),
        limiter: Arc::new(RateLimiter::new(Rate::per_second(1e3, 100).unwrap())),
    };
    let builder = security_api_transport::ClientBuilder::<Client>::new(Ok(settings));
    (builder.transport(fake.clone()).build().unwrap(), fake)
}

/// Path and query of the one request that was sent, and its body.
fn sent(fake: &FakeTransport) -> (String, Value) {
    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    let target = requests[0].uri.path_and_query().unwrap().to_string();
    (target, requests[0].json())
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

#[tokio::test]
async fn options_go_into_the_query_as_the_service_writes_them() -> Result<(), Error> {
    let (client, fake) = client(&operations::CATS_LIST, &json!([{"id": "c1"}]));
    let list: resources::ListCats = client.cats().list();
    #[expect(deprecated, reason = "deprecated parameters are sent, too")]
    let page = list
        .name("first")
        .name("Tom & Jerry")
        .mood(Mood::Unrecognized("SLY".into()))
        .moods([Mood::Happy, Mood::First])
        .tags(["red", "lazy"])
        .seen_after(time(1_700_000_000))
        .born_after(time(0))
        .kind("tabby")
        .asleep(false)
        .limit(500)
        .lives(-1)
        .offset(7)
        .page()
        .await?;
    assert_eq!(page.items()[0].id, "c1");
    let (target, _) = sent(&fake);
    assert_eq!(
        target,
        "/cats?name=Tom%20%26%20Jerry&mood=SLY&moods=HAPPY&moods=1ST&tags=red&tags=lazy\
         &seenTimestampAfter=1700000000&bornAfter=1970-01-01T00%3A00%3A00Z&type=tabby&asleep=false&limit=500\
         &lives=-1&offset=7"
    );
    Ok(())
}

#[tokio::test]
async fn numbers_out_of_range_are_not_sent() {
    let (client, fake) = client(&operations::CATS_LIST, &json!([]));
    let error = client.cats().list().limit(501).page().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`limit` must be between 1 and 500"),
        "{error}"
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn answers_are_read_whatever_is_missing_new_or_null() -> Result<(), Error> {
    let answer = json!({
        "type": "tabby", "new": {"er": [1]}, "id": "c1", "mood": "SLY", "friends": [{"id": "c2", "mood": null}],
        "chip": "0451", "lastSeen": 1_700_000_000, "born": "2020-01-01T00:00:00Z", "traits": {"cunning": 9},
        "extra": [1, {"a": null}], "weight": 4, "name": null
    });
    let (client, fake) = client(&operations::CATS_GET, &answer);
    let cat = client.cats().get("c/1").await?;
    assert_eq!(sent(&fake).0, "/cats/c%2F1");
    let friend = Cat {
        id: "c2".to_owned(),
        ..Cat::default()
    };
    assert_eq!(cat.friends, Some(vec![friend]));
    assert_eq!(cat.kind.as_deref(), Some("tabby"));
    assert_eq!(cat.mood, Some(Mood::Unrecognized("SLY".into())));
    assert_eq!(cat.seen, Some(time(1_700_000_000)));
    assert_eq!(cat.traits.as_ref().unwrap()["cunning"], 9);
    assert_eq!(cat.extra.as_ref().unwrap().as_str(), r#"[1,{"a":null}]"#);
    assert_eq!(cat.weight, Some(4.0));
    assert_eq!(cat.name, None);
    assert!(!format!("{cat:?}").contains("0451"));
    Ok(())
}

#[tokio::test]
async fn a_missing_required_member_is_named() {
    let (client, _) = client(&operations::CATS_GET, &json!({"name": "Tom"}));
    let error = client.cats().get("c1").await.unwrap_err();
    assert!(error.to_string().contains("missing field `id`"), "{error}");
}

#[tokio::test]
async fn required_members_are_arguments_and_absent_ones_are_left_out() -> Result<(), Error> {
    let (client, fake) = client(&operations::CATS_CREATE, &json!({"id": "c1"}));
    let cat = NewCat::new(Mood::Angry, "Tom").tags(["red"]);
    client.cats().create(&cat).await?;
    let body = json!({"mood": "ANGRY", "name": "Tom", "tags": ["red"]});
    assert_eq!(sent(&fake), ("/cats".to_owned(), body));
    Ok(())
}

#[tokio::test]
async fn updates_leave_clear_and_set() -> Result<(), Error> {
    for (update, body) in [
        (CatUpdate::new(), json!({})),
        (CatUpdate::new().mood(None), json!({"mood": null})),
        (
            CatUpdate::new().mood(Mood::Happy).name("Tom"),
            json!({"mood": "HAPPY", "name": "Tom"}),
        ),
    ] {
        let (client, fake) = client(&operations::CATS_UPDATE, &json!({"id": "c1"}));
        client.cats().update("c1", update).await?;
        assert_eq!(sent(&fake), ("/cats/c1".to_owned(), body));
    }
    Ok(())
}

#[tokio::test]
async fn a_body_of_one_member_is_an_argument_and_any_json_is_given_as_it_came() -> Result<(), Error>
{
    let (client, fake) = client(&operations::CATS_SET_MOODS, &json!({"any": "thing"}));
    let answer = client.cats().set_moods("c1", [Mood::Happy]).await?;
    assert_eq!(
        sent(&fake),
        ("/cats/c1/moods".to_owned(), json!({"moods": ["HAPPY"]}))
    );
    assert_eq!(answer.as_str(), r#"{"any":"thing"}"#);
    Ok(())
}

#[tokio::test]
async fn a_call_with_options_that_has_no_pages_is_awaited_itself() -> Result<(), Error> {
    let (client, fake) = client(&operations::CATS_SEARCH, &json!([{"id": "c1"}]));
    let search: resources::SearchCats = client.cats().search("Tom");
    let cats = search.fuzzy(true).retries(0).await?;
    assert_eq!(cats.len(), 1);
    assert_eq!(sent(&fake).0, "/cats/search?text=Tom&fuzzy=true");
    let response = client.cats().search("Tom").send_with_response().await?;
    assert_eq!(response.value(), &cats);
    Ok(())
}

#[tokio::test]
async fn paths_take_numbers_and_enumerations_in_their_order() -> Result<(), Error> {
    let toy = json!({"number": 3, "squeaks": true});
    let (asked, fake) = client(&operations::TOYS_GET, &toy);
    let found: Toy = asked.toys().get("c1", 3, Mood::Happy).await?;
    assert_eq!(sent(&fake).0, "/cats/c1/toys/3/HAPPY");
    let (replaced, fake) = client(&operations::TOYS_REPLACE, &toy);
    assert_eq!(replaced.toys().replace(&found).await?, found);
    assert_eq!(sent(&fake), ("/toys".to_owned(), toy));
    assert_eq!(Toy::new(3).squeaks(true), found);
    Ok(())
}

#[tokio::test]
async fn an_answer_without_content_is_not_read() -> Result<(), Error> {
    let (client, fake) = client(&operations::CATS_DELETE, &json!({"anything": 1}));
    #[expect(deprecated, reason = "deprecated operations can be called")]
    client.cats().delete("c1").await?;
    assert_eq!(sent(&fake).0, "/cats/c1");
    Ok(())
}

#[test]
fn the_facts_of_operations_and_events_are_listed() {
    let ids: Vec<_> = operations::ALL
        .iter()
        .map(|operation| operation.id())
        .collect();
    assert_eq!(
        ids,
        [
            "cats.list",
            "cats.create",
            "cats.search",
            "cats.get",
            "cats.update",
            "cats.delete",
            "cats.set_moods",
            "toys.get",
            "toys.replace"
        ]
    );
    assert!(!operations::CATS_CREATE.is_repeatable() && operations::CATS_GET.is_repeatable());
    assert_eq!(operations::CATS_CREATE.limit_name(), "writes");
    assert!(operations::CATS_DELETE.is_empty() && !operations::CATS_GET.is_empty());
    let events = [("CAT", "MEOW"), ("CAT", "PURR"), ("TOY", "BROKEN")];
    assert_eq!(operations::EVENTS, events);
}

#[test]
fn what_webhooks_carry_is_read() {
    let sound: Sound = serde_json::from_value(json!({"loudness": 90})).unwrap();
    assert_eq!(sound.loudness, Some(90));
    let kind: EventKind = serde_json::from_value(json!("LATER")).unwrap();
    assert_eq!(kind, EventKind::Unrecognized("LATER".into()));
}
