//! What is generated of an API with one of everything compiles, and sends and reads what the description says.

#![expect(
    unexpected_cfgs,
    reason = "generated code asks for a feature that tests do not have"
)]
#![expect(unreachable_pub, reason = "generated code is written for a library")]

#[path = "tiny/src/generated/mod.rs"]
mod generated;
mod support;

use generated::types::{
    Album, Caption, Cat, CatUpdate, Chip, EventKind, Finish, Frame, Mood, NewCat, Photo, Session,
    SignIn, Size, Sound, Toy,
};
use generated::{operations, resources};
use security_api_transport::__private::http::StatusCode;
use security_api_transport::{
    ApiError, Error, FakeResponse, FakeTransport, Next, Operation, Paging, Protocol, Request,
    ResponseParts, Secret, Split, Timestamp, Upload,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
pub use support::Client;
use support::{KEY, sent};

/// The paging that generated code expects.
#[derive(Debug)]
pub enum NextToken {}

type List<T> = security_api_transport::List<T, NextToken>;
type Page<T> = security_api_transport::Page<T, NextToken>;
type Pages<T> = security_api_transport::Pages<T, NextToken>;
type Items<T> = security_api_transport::Items<T, NextToken>;
type RawItems = security_api_transport::RawItems<NextToken>;

impl Paging for NextToken {
    type Wire<T> = Vec<T>;
    type Position = String;

    fn position(text: &str) -> Result<String, Error> {
        Ok(text.to_owned())
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(page: D) -> Result<Vec<T>, D::Error> {
        Vec::deserialize(page)
    }

    fn split<T>(items: Vec<T>, _: Option<&String>) -> Split<T, String> {
        Split::new(items, Next::End)
    }

    fn go(request: Request, token: &String) -> Request {
        request.set_query("nextToken", token)
    }
}

#[derive(Debug)]
struct Tiny;

impl Protocol for Tiny {
    fn api_error(&self, _: &ResponseParts<'_>) -> ApiError {
        ApiError::new()
    }
}

fn client(operation: &'static Operation, response: &Value) -> (Client, FakeTransport) {
    support::client(Tiny, operation, FakeResponse::json(response))
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
async fn responses_are_read_whatever_is_missing_new_or_null() -> Result<(), Error> {
    let response = json!({
        "type": "tabby", "new": {"er": [1]}, "id": "c1", "mood": "SLY", "friends": [{"id": "c2", "mood": null}],
        "chip": "0451", "lastSeen": 1_700_000_000, "born": "2020-01-01T00:00:00Z", "traits": {"cunning": 9},
        "extra": [1, {"a": null}], "weight": 4, "name": null
    });
    let (client, fake) = client(&operations::CATS_GET, &response);
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
    let response = client.cats().set_moods("c1", [Mood::Happy]).await?;
    assert_eq!(
        sent(&fake),
        ("/cats/c1/moods".to_owned(), json!({"moods": ["HAPPY"]}))
    );
    assert_eq!(response.unwrap().as_str(), r#"{"any":"thing"}"#);
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
async fn a_response_without_content_is_not_read() -> Result<(), Error> {
    let (client, fake) = client(&operations::CATS_DELETE, &json!({"anything": 1}));
    #[expect(deprecated, reason = "deprecated operations can be called")]
    client.cats().delete("c1").await?;
    assert_eq!(sent(&fake).0, "/cats/c1");
    Ok(())
}

/// What hand-written code adds to a generated resource.
impl resources::Cats {
    fn adopt(&self, id: &str, by: &str) -> security_api_transport::Call<Cat> {
        self.adopt_request(id).json(&json!({"by": by})).call()
    }
}

#[tokio::test]
async fn hand_written_calls_start_from_the_generated_request() -> Result<(), Error> {
    let (client, fake) = client(&operations::CATS_ADOPT, &json!({"id": "c1"}));
    let cat = client.cats().adopt("c1", "Ann").await?;
    assert_eq!(cat.id, "c1");
    let body = json!({"by": "Ann"});
    assert_eq!(sent(&fake), ("/cats/c1/owner".to_owned(), body));
    Ok(())
}

#[tokio::test]
async fn a_response_that_may_be_null_is_an_option() -> Result<(), Error> {
    for (response, motto) in [
        (json!("Purr."), Some("Purr.".to_owned())),
        (json!(null), None),
    ] {
        let (client, _) = client(&operations::CATS_MOTTO, &response);
        assert_eq!(client.cats().motto("c1").await?, motto);
    }
    Ok(())
}

#[tokio::test]
async fn numbered_lists_hide_the_number() -> Result<(), Error> {
    let photos = json!([{"number": 3, "size": 2}, {"number": "IV", "size": 7}, {"size": 9}]);
    let (listed, fake) = client(&operations::PHOTOS_LIST, &photos);
    let list: List<Photo> = listed.photos().list("c1");
    let found = list.page().await?.into_items();
    assert_eq!(sent(&fake).0, "/cats/c1/photos");
    let numbers: Vec<_> = found.iter().map(|photo| photo.number.as_deref()).collect();
    assert_eq!(numbers, [Some("3"), Some("IV"), None]);
    let sizes = [Size::Large, Size::Huge, Size::Unrecognized("9".into())];
    assert!(
        found
            .iter()
            .map(|photo| photo.size.clone().unwrap())
            .eq(sizes)
    );
    let (newest, fake) = client(&operations::PHOTOS_NEWEST, &photos);
    let list: resources::NewestPhotos = newest.photos().newest();
    let items = list.size(Size::Huge).items();
    assert_eq!(items.try_collect().await?, found);
    assert_eq!(sent(&fake).0, "/photos?size=7");
    Ok(())
}

#[tokio::test]
async fn numbers_with_a_meaning_are_read_and_sent_as_numbers() -> Result<(), Error> {
    let photos = json!([{
        "finish": 0, "finishes": [1, 9, "2"], "prints": {"home": 1, "away": null, "there": -1}
    }]);
    let (newest, fake) = client(&operations::PHOTOS_NEWEST, &photos);
    let list = newest.photos().newest().finish(Finish::Shiny);
    let list = list.finishes([Finish::Matt, Finish::Unrecognized(9)]);
    let found = list.page().await?.into_items().remove(0);
    assert_eq!(sent(&fake).0, "/photos?finish=2&finishes=1&finishes=9");
    assert_eq!(found.finish, Some(Finish::Shiny));
    let finishes = [Finish::Matt, Finish::Unrecognized(9), Finish::Shiny];
    assert_eq!(found.finishes.as_deref(), Some(&finishes[..]));
    let prints = found.prints.unwrap();
    assert_eq!(prints["home"], Some(Finish::Matt));
    assert_eq!(prints["away"], None);
    assert_eq!(prints["there"], Some(Finish::Unrecognized(-1)));
    Ok(())
}

#[tokio::test]
async fn forms_name_files_lists_and_objects_in_objects() -> Result<(), Error> {
    let (client, fake) = client(&operations::PHOTOS_UPLOAD, &json!(null));
    let photos = ["a.jpg", "b.jpg"].map(|name| Upload::bytes(name, format!("content of {name}")));
    let album = Album::new("Cats & kings", photos)
        .caption(Caption::new().text("Meow.").frame(Frame::new(7)))
        .frames([Frame::new(1), Frame::new(2)])
        .finish(Finish::Shiny)
        .finishes([Finish::Matt, Finish::from(9)])
        .back(Finish::Matt)
        .key("0451")
        .public(false)
        .size(Size::Large)
        .tags(["red", "lazy"])
        .taken(time(0));
    assert!(!format!("{album:?}").contains("0451"));
    client.photos().upload("c1", album).await?;
    let request = &fake.requests()[0];
    let kind = request.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
    let boundary = format!("--{}", kind.rsplit('=').next().unwrap().trim_matches('"'));
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    let parts: Vec<_> = body
        .split(&boundary)
        .filter_map(|part| {
            let (head, content) = part.trim_start().split_once("\r\n\r\n")?;
            let name = head.split("name=\"").nth(1)?.split('"').next()?;
            Some((name, content.trim_end_matches("\r\n")))
        })
        .collect();
    assert_eq!(
        parts,
        [
            ("title", "Cats & kings"),
            ("photos", "content of a.jpg"),
            ("photos", "content of b.jpg"),
            ("back", "1"),
            ("caption.frame.width", "7"),
            ("caption.text", "Meow."),
            ("finish", "2"),
            ("finishes", "1"),
            ("finishes", "9"),
            ("frames[0].width", "1"),
            ("frames[1].width", "2"),
            ("key", "0451"),
            ("public", "false"),
            ("size", "LARGE"),
            ("tags", "red"),
            ("tags", "lazy"),
            ("taken", "1970-01-01T00:00:00Z"),
        ]
    );
    Ok(())
}

#[tokio::test]
async fn files_are_given_as_they_are() -> Result<(), Error> {
    let response = FakeResponse::status(200)
        .header("content-type", "image/jpeg")
        .body("\u{0}a photo");
    let (client, fake) = support::client(Tiny, &operations::PHOTOS_DOWNLOAD, response);
    let photo = client.photos().download(3).await?;
    assert_eq!(photo.content_type(), Some("image/jpeg"));
    assert_eq!(photo.bytes(100).await?, "\u{0}a photo");
    assert_eq!(sent(&fake).0, "/photos/3/file");
    Ok(())
}

#[tokio::test]
async fn what_is_anonymous_is_sent_without_the_credential() -> Result<(), Error> {
    let (signed_in, fake) = client(&operations::SESSIONS_CREATE, &json!({"token": "t0ps3cret"}));
    let who = SignIn::new("ann", "a&b=c").remember(true).mood(Mood::Happy);
    assert!(!format!("{who:?}").contains("a&b=c"));
    let session: Session = signed_in.sessions().create(&who).await?;
    assert_eq!(session.token.expose(), "t0ps3cret");
    assert!(!format!("{session:?}").contains("t0ps3cret"));
    let request = &fake.requests()[0];
    assert!(request.headers.get(KEY).is_none());
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        request.body,
        "user=ann&password=a%26b%3Dc&mood=HAPPY&remember=true"
    );
    let (others, fake) = client(&operations::CATS_MOTTO, &json!(null));
    others.cats().motto("c1").await?;
    assert!(fake.requests()[0].headers.get(KEY).is_some());
    Ok(())
}

#[tokio::test]
async fn secrets_are_written_into_bodies_and_queries_and_nowhere_else() -> Result<(), Error> {
    let (known, fake) = client(&operations::SESSIONS_SET_CHIP, &json!(null));
    let chip = Chip::new("0451");
    assert!(!format!("{chip:?}").contains("0451"));
    known.sessions().set_chip(&chip).await?;
    assert_eq!(sent(&fake).1, json!({"code": "0451"}));
    let (gone, fake) = client(&operations::SESSIONS_END, &json!(null));
    let call = gone.sessions().end("t0ps3cret");
    assert!(!format!("{call:?}").contains("t0ps3cret"));
    call.await?;
    assert_eq!(sent(&fake).0, "/sessions?token=t0ps3cret");
    let (seen, fake) = client(&operations::SESSIONS_CAT, &json!("Tom"));
    let call = seen.sessions().cat(Secret::from("t0ps3cret"), 2);
    assert!(!format!("{call:?}").contains("t0ps3cret"));
    call.await?;
    assert_eq!(sent(&fake).0, "/sessions/t0ps3cret/cats/2");
    assert!(!format!("{:?}", fake.requests()).contains("t0ps3cret"));
    Ok(())
}

#[tokio::test]
async fn a_body_can_be_a_list() -> Result<(), Error> {
    let (client, fake) = client(&operations::TOYS_REPLACE_ALL, &json!(null));
    client
        .toys()
        .replace_all("c1", [Toy::new(1), Toy::new(2)])
        .await?;
    let body = json!([{"number": 1}, {"number": 2}]);
    assert_eq!(sent(&fake), ("/cats/c1/toys".to_owned(), body));
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
            "cats.motto",
            "cats.adopt",
            "photos.list",
            "photos.upload",
            "photos.newest",
            "photos.download",
            "sessions.create",
            "sessions.set_chip",
            "sessions.end",
            "sessions.cat",
            "toys.replace_all",
            "toys.get",
            "toys.replace"
        ]
    );
    assert!(!operations::CATS_CREATE.is_idempotent() && operations::CATS_GET.is_idempotent());
    assert_eq!(operations::CATS_CREATE.limit_name(), "writes");
    assert!(
        operations::CATS_DELETE.has_no_response_body()
            && !operations::CATS_GET.has_no_response_body()
    );
    assert!(operations::SESSIONS_CREATE.is_anonymous() && !operations::CATS_GET.is_anonymous());
    assert!(operations::CATS_MOTTO.refuses_with(StatusCode::SERVICE_UNAVAILABLE));
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
