//! All lists, in every form.

use std::collections::BTreeSet;

use push_security_api::types::{BrowserType, OsType};
use push_security_api::{Client, ErrorKind, Outcome, Timestamp};
use security_api_sandbox::{PushSecurityOptions, Sandbox};
use serde_json::Value;

use super::support::{
    List, all_ids, client, for_every_list, query_names, raw_id, unlimited, world,
};

/// A page size that divides the length of no list.
const LIMIT: u32 = 16;

async fn is_the_same_in_every_form<L: List>(list: L, count: usize) {
    let name = L::OPERATION.id();
    let list = list.at_most(LIMIT);

    let items = list.clone().by_item().try_collect().await.expect(name);
    assert_eq!(items.len(), count, "{name}");
    let ids: BTreeSet<_> = items.iter().map(L::id).collect();
    assert_eq!(ids.len(), count, "{name}: an id came twice");

    let (mut of_pages, mut pages) = (Vec::new(), list.clone().by_page());
    let mut sizes = Vec::new();
    while let Some(page) = pages.try_next().await.expect(name) {
        sizes.push(page.items().len());
        of_pages.extend(page);
    }
    assert_eq!(of_pages, items, "{name}");
    let last = sizes.pop().expect("a page");
    assert!(last <= LIMIT as usize, "{name}: {last}");
    assert!(!sizes.is_empty(), "{name}: only one page");
    assert!(
        sizes.iter().all(|size| *size == LIMIT as usize),
        "{name}: {sizes:?}"
    );

    let (mut of_raw, mut raw) = (Vec::new(), list.clone().raw());
    while let Some(item) = raw.try_next().await.expect(name) {
        of_raw.push(item.decode::<L::Item>().expect(name));
    }
    assert_eq!(of_raw, items, "{name}");

    let (mut of_next, mut page) = (Vec::new(), list.one_page().await.expect(name));
    loop {
        let next = page.next();
        assert_eq!(next.is_some(), page.has_next(), "{name}");
        assert_eq!(page.next_cursor().is_some(), page.has_next(), "{name}");
        of_next.extend(page);
        match next {
            Some(next) => page = next.await.expect(name),
            None => break,
        }
    }
    assert_eq!(of_next, items, "{name}");
}

#[tokio::test]
async fn items_raw_items_pages_and_next_give_every_record_once_and_in_order() {
    let (sandbox, push) = world().await;
    for_every_list!(sandbox, push, is_the_same_in_every_form);
}

async fn is_whole_without_a_limit<L: List>(list: L, count: usize) {
    assert_eq!(all_ids(list).await.len(), count, "{}", L::OPERATION.id());
}

#[tokio::test]
async fn a_list_longer_than_the_services_largest_page_is_read_to_its_end() {
    let sizes = PushSecurityOptions::default()
        .employees(501)
        .browsers(1_001)
        .accounts(500);
    let sandbox = unlimited().push_security(sizes).start().await.unwrap();
    let push = client(&sandbox);
    let counts = sandbox.push_security().counts();
    for (count, requests) in [
        (counts.employees, 2),
        (counts.browsers, 3),
        (counts.accounts, 1),
    ] {
        sandbox.journal().clear();
        match count {
            501 => is_whole_without_a_limit(push.employees().list(), count).await,
            1_001 => is_whole_without_a_limit(push.browsers().list(), count).await,
            _ => is_whole_without_a_limit(push.accounts().list(), count).await,
        }
        assert_eq!(sandbox.journal().count(|_| true), requests, "{count} items");
    }
}

/// Returns the service's response, without the client.
async fn directly(sandbox: &Sandbox, path: &str) -> Value {
    let push = sandbox.push_security();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .get(format!("{}{path}", push.base_url()))
        .header("x-api-key", push.api_key());
    let body = request.send().await.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

async fn keeps_the_bytes<L: List>(list: L, _: usize, sandbox: &Sandbox) {
    let expected = directly(sandbox, L::OPERATION.path()).await;
    let mut raw = list.at_most(LIMIT).raw();
    for value in expected["result"].as_array().expect("items") {
        let item = raw
            .try_next()
            .await
            .unwrap()
            .expect("as many as the service has");
        assert_eq!(item.decode::<Value>().unwrap(), *value);
    }
    assert!(raw.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn raw_items_are_what_the_service_sends_member_for_member() {
    let (sandbox, push) = world().await;
    for_every_list!(sandbox, push, keeps_the_bytes, &sandbox);
}

async fn refuses_the_limit<L: List>(list: L, _: usize, limit: u32) {
    let list = list.at_most(limit);
    let name = L::OPERATION.id();
    for error in [
        list.clone().one_page().await.expect_err(name),
        list.clone().by_page().try_next().await.expect_err(name),
        list.clone().by_item().try_next().await.expect_err(name),
        list.raw().try_next().await.expect_err(name),
    ] {
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert_eq!(
            error.to_string(),
            format!("{name}: `limit` must be between 1 and 500, not {limit}")
        );
    }
}

#[tokio::test]
async fn a_limit_of_0_or_501_is_refused_before_anything_is_sent() {
    let (sandbox, push) = world().await;
    for limit in [0, 501, u32::MAX] {
        for_every_list!(sandbox, push, refuses_the_limit, limit);
    }
    assert_eq!(sandbox.journal().count(|_| true), 0);
}

#[tokio::test]
async fn limits_of_1_and_500_are_sent() {
    let (sandbox, push) = world().await;
    let one = push.apps().list().limit(1).page().await.unwrap();
    assert_eq!(one.items().len(), 1);
    let all = push.apps().list().limit(500).page().await.unwrap();
    assert_eq!(all.items().len(), sandbox.push_security().counts().apps);
    // The last value is used.
    let both = push.apps().list().limit(0).limit(2).page().await;
    assert!(both.is_err_and(|error| error.is_invalid()));
}

async fn goes_on_by_token_from_an_offset<L: List>(list: L, _: usize, sandbox: &Sandbox) {
    let all = all_ids(list.clone()).await;
    sandbox.journal().clear();
    let rest = all_ids(list.clone().at_most(LIMIT).skipping(5)).await;
    assert_eq!(rest, all[5..]);
    let names: Vec<_> = sandbox
        .journal()
        .entries()
        .iter()
        .map(|entry| query_names(entry.query.as_deref()))
        .collect();
    assert!(names[0].contains("offset") && !names[0].contains("nextToken"));
    assert!(names.len() > 1);
    for names in &names[1..] {
        assert!(
            names.contains("nextToken") && !names.contains("offset"),
            "{names:?}"
        );
    }
    let beyond = list.skipping(1_000_000).one_page().await.unwrap();
    assert!(beyond.items().is_empty() && !beyond.has_next());
}

#[tokio::test]
async fn an_offset_works_alone_and_never_travels_with_a_token() {
    let (sandbox, push) = world().await;
    for_every_list!(sandbox, push, goes_on_by_token_from_an_offset, &sandbox);
}

async fn is_empty<L: List>(list: L, count: usize) {
    let name = L::OPERATION.id();
    assert_eq!(count, 0, "{name}");
    assert_eq!(
        list.clone().by_item().try_collect().await.expect(name),
        [],
        "{name}"
    );
    assert!(list.clone().raw().try_next().await.expect(name).is_none());
    let mut pages = list.clone().by_page();
    let page = pages.try_next().await.expect(name).expect("one page");
    assert!(page.items().is_empty() && page.next().is_none(), "{name}");
    assert!(pages.try_next().await.expect(name).is_none());
    assert!(pages.cursor().is_end());
    let page = list.one_page().await.expect(name);
    assert_eq!(page.into_items(), [], "{name}");
}

#[tokio::test]
async fn the_null_of_an_empty_organisation_is_an_empty_list() {
    let nothing = PushSecurityOptions::default().employees(0).apps(0);
    let sandbox = unlimited()
        .push_security(nothing.apps_other(0))
        .start()
        .await
        .unwrap();
    let push = client(&sandbox);
    let body = directly(&sandbox, "/v1/browsers").await;
    assert_eq!(body["result"], Value::Null, "the sandbox sends no null");
    for_every_list!(sandbox, push, is_empty);
}

#[tokio::test]
async fn the_first_page_is_asked_for_without_parameters_of_the_clients_own() {
    let (sandbox, push) = world().await;
    push.employees().list().page().await.unwrap();
    let entries = sandbox.journal().entries();
    assert_eq!(
        (entries[0].path.as_str(), &entries[0].query),
        ("/v1/employees", &None)
    );
    assert_eq!(entries[0].headers["x-api-key"], "[full access key]");
    let agent = entries[0].headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("push-security-api/"), "{agent}");
}

#[tokio::test]
async fn filters_and_options_hold_for_every_page() {
    let (sandbox, push) = world().await;
    let list = push
        .browsers()
        .list()
        .os(OsType::Macos)
        .limit(3)
        .extra_query("lastOnlineTimestampAfter", "1")
        .header("x-job", "night");
    let found = list.items().try_collect().await.unwrap();
    assert!(
        found
            .iter()
            .all(|browser| browser.os == Some(OsType::Macos))
    );
    let entries = sandbox.journal().entries();
    assert!(entries.len() > 2, "{} pages", entries.len());
    for entry in &entries {
        let query = entry.query.as_deref().unwrap();
        assert!(
            query.contains("os=MACOS") && query.contains("limit=3"),
            "{query}"
        );
        assert!(query.contains("lastOnlineTimestampAfter=1"), "{query}");
        assert_eq!(entry.headers["x-job"], "night");
    }
    let nobody = push.browsers().list().extra_query("email", "a b&c");
    nobody.page().await.unwrap();
    let last = sandbox.journal().entries().pop().unwrap();
    assert_eq!(last.query.as_deref(), Some("email=a%20b%26c"));
}

#[tokio::test]
async fn a_value_that_this_version_does_not_know_can_be_asked_for_and_its_refusal_is_told() {
    let (sandbox, push) = world().await;
    let newer = BrowserType::from("HORIZON");
    let error = push
        .browsers()
        .list()
        .browser(newer)
        .page()
        .await
        .unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert!(
        error.to_string().contains("browser must be one of"),
        "{error}"
    );
    let entries = sandbox.journal().entries();
    assert_eq!(entries[0].query.as_deref(), Some("browser=HORIZON"));
}

#[tokio::test]
async fn times_are_real_times_in_both_directions() {
    let (sandbox, push) = world().await;
    let mut raw = push.browsers().list().raw_items();
    let browsers = push.browsers().list().items().try_collect().await.unwrap();
    for browser in &browsers {
        let item: Value = raw.try_next().await.unwrap().unwrap().decode().unwrap();
        for (time, member) in [
            (browser.created, "creationTimestamp"),
            (browser.last_online, "lastOnlineTimestamp"),
        ] {
            let seconds = item[member].as_i64().expect("UNIX seconds");
            assert_eq!(time, Timestamp::from_unix_seconds(seconds).ok());
        }
    }

    let times = browsers.iter().filter_map(|browser| browser.last_online);
    let (first, last) = (times.clone().min().unwrap(), times.max().unwrap());
    assert!(first < last);
    let before: Timestamp = "2001-01-01T00:00:00+01:00".parse().unwrap();
    sandbox.journal().clear();
    for (after, expected) in [(before, browsers.len()), (last, 1)] {
        let list = push.browsers().list().last_online_after(after);
        let found = list.items().try_collect().await.unwrap();
        assert!(found.len() >= expected && found.len() <= browsers.len());
        assert!(
            found
                .iter()
                .all(|browser| browser.last_online >= Some(after))
        );
    }
    let entries = sandbox.journal().entries();
    assert_eq!(
        entries[0].query.as_deref(),
        Some("lastOnlineTimestampAfter=978303600")
    );
}

#[tokio::test]
async fn check_asks_for_one_record_and_says_what_is_wrong_with_the_key() {
    let (sandbox, push) = world().await;
    push.check().await.unwrap();
    let entries = sandbox.journal().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].query.as_deref(), Some("limit=1"));
    let other: Client = super::support::builder(&sandbox, "another-key")
        .build()
        .unwrap();
    let error = other.check().await.unwrap_err();
    assert!(error.to_string().contains("check the API key"), "{error}");
}

#[tokio::test]
async fn raw_items_can_be_written_as_json_lines() {
    let (_sandbox, push) = world().await;
    let mut lines = Vec::new();
    let mut raw = push.apps().list().limit(LIMIT).raw_items();
    while let Some(item) = raw.try_next().await.unwrap() {
        lines.push(serde_json::to_string(&item).unwrap());
        assert_eq!(lines[lines.len() - 1], item.as_str());
        assert!(!item.as_str().contains('\n'));
        assert!(!raw_id(&item).is_empty());
    }
    assert_eq!(lines.len(), 37);
}
