//! Lists without totals.

use pwpush_api::types::Edition;
use pwpush_api::{
    Client, Cursor, ErrorKind, FakeRequest, FakeResponse, FakeTransport, Reason, operations,
};
use serde_json::{Value, json};

use super::support::with_token;

/// Returns the requested page of a list with this many items.
fn page(request: &FakeRequest, all: usize, item: impl Fn(usize) -> Value) -> Vec<Value> {
    page_of(50, request, all, item)
}

/// The same of an instance with pages of this size.
fn page_of(
    size: usize,
    request: &FakeRequest,
    all: usize,
    item: impl Fn(usize) -> Value,
) -> Vec<Value> {
    let page = request
        .query("page")
        .map_or(1, |page| page.parse().unwrap());
    let start = ((page - 1) * size).min(all);
    (start..(start + size).min(all)).map(item).collect()
}

fn pushes(all: usize) -> FakeTransport {
    pushes_in_pages_of(50, all)
}

fn pushes_in_pages_of(size: usize, all: usize) -> FakeTransport {
    let fake = FakeTransport::new();
    fake.with(&operations::PUSHES_ACTIVE, move |request| {
        let push = |n| json!({"url_token": format!("t{n}")});
        FakeResponse::json(&page_of(size, request, all, push))
    });
    fake
}

/// A client of an instance that is known to be of the open-source edition.
fn open_source(fake: &FakeTransport) -> Client {
    with_token(fake).assume_edition(Edition::Oss)
}

#[tokio::test]
async fn a_list_of_the_open_source_edition_ends_with_a_page_that_is_short_or_empty() {
    for (all, asked) in [
        (0, 1),
        (1, 1),
        (49, 1),
        (50, 2),
        (51, 2),
        (100, 3),
        (130, 3),
    ] {
        let fake = pushes(all);
        let pushes = open_source(&fake).pushes();
        let items = pushes.active().items().try_collect().await.unwrap();
        assert_eq!(items.len(), all);
        assert_eq!(fake.requests().len(), asked, "{all}");
        let mut raw = pushes.active().raw_items();
        for n in 0..all {
            let item = raw.try_next().await.unwrap().unwrap();
            assert_eq!(item.as_str(), format!("{{\"url_token\":\"t{n}\"}}"));
        }
        assert!(raw.try_next().await.unwrap().is_none());
        for (n, item) in items.iter().enumerate() {
            assert_eq!(item.token.expose(), format!("t{n}"));
        }
    }
}

#[tokio::test]
async fn a_list_of_another_edition_is_read_to_its_end_whatever_the_size_of_its_pages() {
    for (size, all, asked) in [
        (25, 0, 1),
        (25, 10, 2),
        (25, 25, 2),
        (25, 120, 6),
        (25, 125, 6),
        (50, 130, 4),
        (100, 130, 3),
    ] {
        for edition in [Some(Edition::Commercial), None] {
            let fake = pushes_in_pages_of(size, all);
            let pwpush = match edition {
                Some(edition) => with_token(&fake).assume_edition(edition),
                None => with_token(&fake),
            };
            let items = pwpush.pushes().active().items();
            assert_eq!(items.try_collect().await.unwrap().len(), all);
            assert_eq!(fake.requests().len(), asked, "{all} in pages of {size}");
        }
    }
}

/// A service that leaves items out after reading a page.
#[tokio::test]
async fn pages_of_an_edition_that_is_not_known_may_have_any_lengths() {
    let fake = FakeTransport::new();
    fake.with(&operations::PUSHES_ACTIVE, |request| {
        let page = request.query("page");
        let page: usize = page.map_or(1, |page| page.parse().unwrap());
        let length = [19, 20, 18, 20, 5].get(page - 1).copied();
        let push = |n| json!({"url_token": format!("{page}-{n}")});
        FakeResponse::json(&(0..length.unwrap_or(0)).map(push).collect::<Vec<_>>())
    });
    let items = with_token(&fake).pushes().active().items();
    assert_eq!(items.try_collect().await.unwrap().len(), 82);
}

#[tokio::test]
async fn a_stored_cursor_keeps_what_is_known_of_the_size_of_pages() {
    for (edition, size, all, text) in [
        (Edition::Commercial, 25, 70, "2"),
        (Edition::Oss, 50, 70, "2/50"),
    ] {
        let fake = pushes_in_pages_of(size, all);
        let pwpush = with_token(&fake).assume_edition(edition);
        let mut items = pwpush.pushes().active().items();
        for _ in 0..=size {
            items.try_next().await.unwrap().unwrap();
        }
        let stored = serde_json::to_string(&items.cursor()).unwrap();
        assert!(stored.contains(&format!("\"{text}\"")), "{stored}");
        let cursor: Cursor = serde_json::from_str(&stored).unwrap();
        let rest = pwpush.pushes().active().items().resume(cursor);
        let rest = rest.try_collect().await.unwrap();
        assert_eq!(rest.len(), all - size - 1, "{size}");
    }
}

#[tokio::test]
async fn the_cursor_of_another_services_list_is_refused_with_what_to_do() {
    let fake = pushes(3);
    let items = with_token(&fake).pushes().active().items();
    let rest = items.resume(Cursor::page("0b9972aa"));
    let error = rest.try_collect().await.unwrap_err();
    assert!(error.is_invalid() && fake.requests().is_empty());
    assert!(
        error.to_string().contains("start the list without it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_list_that_the_service_cuts_is_an_error() {
    let fake = pushes(20_000);
    let mut items = with_token(&fake).pushes().active().items();
    let mut count = 0;
    let error = loop {
        match items.try_next().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => panic!("it passes for the end"),
            Err(error) => break error,
        }
    };
    assert_eq!(count, 10_000);
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("the list is cut"), "{error}");
    assert_eq!(fake.requests().len(), 200);
}

#[tokio::test]
async fn a_server_that_ignores_the_number_of_the_page_ends_the_list_with_an_error() {
    let fake = FakeTransport::new();
    let same: Vec<_> = (0..50)
        .map(|n| json!({"url_token": format!("t{n}")}))
        .collect();
    fake.always(&operations::PUSHES_ACTIVE, FakeResponse::json(&same));
    let logged: Vec<_> = (0..50)
        .map(|n| json!({"kind": "view", "user_agent": format!("a{n}")}))
        .collect();
    let logged = json!({"logs": logged});
    fake.always(&operations::PUSHES_AUDIT, FakeResponse::json(&logged));
    let pushes = with_token(&fake).pushes();
    let mut items = pushes.active().items();
    let mut audit = pushes.audit("abc").raw_items();
    for _ in 0..50 {
        items.try_next().await.unwrap().unwrap();
        audit.try_next().await.unwrap().unwrap();
    }
    for error in [
        items.try_next().await.map(drop).unwrap_err(),
        audit.try_next().await.map(drop).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("the same page"), "{error}");
    }
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test]
async fn the_audit_is_read_under_both_its_names() {
    for name in ["logs", "views"] {
        let fake = FakeTransport::new();
        fake.with(&operations::PUSHES_AUDIT, move |request| {
            let entries = page(
                request,
                70,
                |n| json!({"kind": if n == 0 { "creation" } else { "new kind" }}),
            );
            // An empty list under the other name says nothing.
            let mut body = json!({"logs": [], "other": [], "views": []});
            body[name] = json!(entries);
            FakeResponse::json(&body)
        });
        let entries = open_source(&fake)
            .pushes()
            .audit("abc")
            .items()
            .try_collect()
            .await
            .unwrap();
        assert_eq!(entries.len(), 70);
        assert_eq!(fake.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_response_that_is_not_a_list_is_an_error() {
    const REPORTED: &str = "expected a page, found error";
    for (body, says) in [
        (r#"{"error":"odd"}"#, "logs"),
        (r#"{"logs":null,"error":"odd"}"#, "logs"),
        (r#"{"views":null}"#, "logs"),
        ("\"text\"", "logs"),
        ("7", "logs"),
        (r#"{"logs":[{"kind":"view"}],"error":"odd"}"#, REPORTED),
        (r#"{"error":"odd","logs":[]}"#, REPORTED),
        (r#"{"logs":[],"status":500}"#, REPORTED),
        (r#"{"views":[],"success":false}"#, REPORTED),
    ] {
        let fake = FakeTransport::new();
        fake.always(
            &operations::PUSHES_AUDIT,
            FakeResponse::status(200).body(body),
        );
        let result = with_token(&fake)
            .pushes()
            .audit("abc")
            .items()
            .try_collect()
            .await;
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_refused_and_a_limit_that_stays_say_what_to_do() {
    for (response, reason, says) in [
        (
            FakeResponse::status(400).body(r#"{"error":"Invalid page parameter"}"#),
            Some(Reason::InvalidPage),
            "from 1 to 200",
        ),
        (
            FakeResponse::status(429)
                .body("Retry later\n")
                .header("retry-after", "1"),
            None,
            "share one client",
        ),
    ] {
        let fake = FakeTransport::new();
        fake.always(&operations::PUSHES_ACTIVE, response);
        let list = with_token(&fake).pushes().active();
        let error = list.extra_query("page", "201").page().await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
        assert_eq!(error.is_rate_limited(), reason.is_none());
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_list_that_begins_with_a_later_page_goes_on_from_there() {
    let fake = pushes(230);
    let list = open_source(&fake).pushes().active();
    let items = list.extra_query("page", "3").items();
    let items = items.try_collect().await.unwrap();
    assert_eq!(items.len(), 130);
    assert_eq!(items[0].token.expose(), "t100");
    assert_eq!(fake.requests().len(), 3);
}

#[tokio::test]
async fn a_list_goes_on_from_a_stored_place() {
    let fake = pushes(130);
    let list = with_token(&fake).pushes().active();
    let mut items = list.clone().items();
    for _ in 0..60 {
        items.try_next().await.unwrap();
    }
    let stored = serde_json::to_string(&items.cursor()).unwrap();
    let rest = list.items().resume(serde_json::from_str(&stored).unwrap());
    let rest = rest.try_collect().await.unwrap();
    assert_eq!(rest.len(), 70);
    assert_eq!(rest[0].token.expose(), "t60");
}
