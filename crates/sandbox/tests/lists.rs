//! Pages and filters.

mod support;

use std::collections::HashSet;

use security_api_sandbox::{PushSecurityOptions, Sandbox};
use serde_json::Value;
use support::{everything, get, ids, sizes, small, small_builder};

#[tokio::test]
async fn paging_to_the_end_gives_every_record_of_every_list_once() {
    let sandbox = Sandbox::builder()
        .rate_limits(false)
        .start()
        .await
        .expect("a sandbox");
    for (list, count) in sizes(&sandbox) {
        let records = everything(&sandbox, list, "").await;
        let distinct: HashSet<_> = ids(&records).into_iter().collect();
        assert_eq!((records.len(), distinct.len()), (count, count), "{list}");
        let default = get(&sandbox, &format!("/v1/{list}")).await.json();
        let first = default["result"].as_array().expect("an array").len();
        assert_eq!(first, count.min(500), "{list}");
    }
}

#[tokio::test]
async fn any_page_size_gives_the_same_records_in_the_same_order() {
    let sandbox = small().await;
    for (list, _) in sizes(&sandbox) {
        let whole = everything(&sandbox, list, "").await;
        for limit in [7, 20, 149, 500] {
            let paged = everything(&sandbox, list, &format!("limit={limit}")).await;
            assert_eq!(paged, whole, "{list} by {limit}");
        }
    }
}

#[tokio::test]
async fn a_record_by_its_id_is_the_one_in_the_list() {
    let sandbox = small().await;
    for (list, _) in sizes(&sandbox) {
        for record in everything(&sandbox, list, "").await.iter().step_by(17) {
            let id = record["id"].as_str().expect("an id");
            assert_eq!(
                get(&sandbox, &format!("/v1/{list}/{id}")).await.json(),
                *record
            );
        }
    }
}

#[tokio::test]
async fn the_number_of_the_next_page_leads_to_the_same_page_as_its_token() {
    let sandbox = small().await;
    let mut path = "/v1/browsers?limit=40&os=WINDOWS".to_owned();
    let mut offset = 0;
    loop {
        let page = get(&sandbox, &path).await.json();
        let by_offset = format!("/v1/browsers?limit=40&os=WINDOWS&offset={offset}");
        let same = get(&sandbox, &by_offset).await.json();
        assert_eq!(page["result"], same["result"]);
        assert_eq!(page["paging"], same["paging"]);
        let Some(next) = page["paging"]["next"].as_str() else {
            assert_eq!(page["paging"]["moreResults"], false);
            break;
        };
        offset += page["result"].as_array().expect("an array").len();
        assert_eq!(next, offset.to_string());
        let token = page["paging"]["nextToken"].as_str().expect("a token");
        path = format!("/v1/browsers?limit=40&os=WINDOWS&nextToken={token}");
    }
    assert!(offset > 0);
}

#[tokio::test]
async fn a_token_is_good_for_its_list_and_its_filters_only() {
    let sandbox = small().await;
    let page = get(&sandbox, "/v1/browsers?limit=3&os=WINDOWS&email=a")
        .await
        .json();
    let token = page["paging"]["nextToken"]
        .as_str()
        .expect("a token")
        .to_owned();
    let other_limit = format!("/v1/browsers?email=a&os=WINDOWS&limit=9&nextToken={token}");
    assert_eq!(get(&sandbox, &other_limit).await.status, 200);
    for path in [
        format!("/v1/browsers?limit=3&os=MACOS&email=a&nextToken={token}"),
        format!("/v1/browsers?limit=3&os=WINDOWS&nextToken={token}"),
        format!("/v1/browsers?limit=3&nextToken={token}"),
        format!("/v1/browsers?os=WINDOWS&email=a&browser=CHROME&nextToken={token}"),
        format!("/v1/accountsOther?email=a&nextToken={token}"),
        "/v1/browsers?nextToken=0b9972aa-fe8d-4095-82d3-2e13cf3cfd43".to_owned(),
        "/v1/browsers?nextToken=3".to_owned(),
        "/v1/browsers?nextToken=".to_owned(),
    ] {
        let (status, message) = get(&sandbox, &path).await.refusal();
        assert_eq!(status, 400, "{path}");
        assert!(message.contains("nextToken"), "{path}: {message}");
    }
}

#[tokio::test]
async fn a_token_is_no_good_for_another_list_with_the_same_filters() {
    let sandbox = small().await;
    let page = get(&sandbox, "/v1/employees?limit=3&email=a").await.json();
    let token = page["paging"]["nextToken"].as_str().expect("a token");
    for list in ["accounts", "accountsOther", "browsers"] {
        let path = format!("/v1/{list}?limit=3&email=a&nextToken={token}");
        assert_eq!(get(&sandbox, &path).await.status, 400, "{list}");
    }
    let path = format!("/v1/employees?limit=3&email=a&nextToken={token}");
    assert_eq!(get(&sandbox, &path).await.status, 200);
}

#[tokio::test]
async fn the_last_page_says_so_even_when_it_is_full() {
    let sandbox = small().await;
    assert_eq!(sandbox.push_security().counts().detections, 80);
    for (query, more) in [
        ("limit=80", false),
        ("limit=79", true),
        ("limit=40&offset=40", false),
    ] {
        let page = get(&sandbox, &format!("/v1/detections?{query}"))
            .await
            .json();
        assert_eq!(page["paging"]["moreResults"], more, "{query}");
        assert_eq!(page["paging"]["nextToken"].is_string(), more, "{query}");
        assert_eq!(page["paging"]["next"].is_string(), more, "{query}");
    }
}

#[tokio::test]
async fn a_record_removed_between_pages_makes_no_other_go_missing() {
    let sandbox = small().await;
    let whole = everything(&sandbox, "accounts", "").await;
    let page = get(&sandbox, "/v1/accounts?limit=10").await.json();
    let token = page["paging"]["nextToken"].as_str().expect("a token");
    for record in [&whole[0], &whole[9], &whole[10]] {
        let path = format!("/v1/accounts/{}", record["id"].as_str().expect("an id"));
        let response = support::call(&sandbox, http::Method::DELETE, &path, "").await;
        assert_eq!(response.status, 200);
    }
    let next = get(
        &sandbox,
        &format!("/v1/accounts?limit=10&nextToken={token}"),
    )
    .await
    .json();
    let next = next["result"].as_array().expect("an array");
    assert_eq!(next[..], whole[11..21]);
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_by_name() {
    let sandbox = small().await;
    for (query, field) in [
        ("browsers?limit=0", "limit"),
        ("browsers?limit=501", "limit"),
        ("browsers?limit=-1", "limit"),
        ("browsers?limit=ten", "limit"),
        ("browsers?limit=", "limit"),
        ("browsers?offset=-1", "offset"),
        ("browsers?offset=x", "offset"),
        ("browsers?offset=1&nextToken=x", "offset"),
        ("browsers?os=macos", "os"),
        ("browsers?browser=NETSCAPE", "browser"),
        (
            "browsers?lastOnlineTimestampAfter=yesterday",
            "lastOnlineTimestampAfter",
        ),
        (
            "accounts?lastUsedTimestampBefore=1.5",
            "lastUsedTimestampBefore",
        ),
        ("apps?approvalStatus=", "approvalStatus"),
        ("apps?sensitivityLevel=CRITICAL", "sensitivityLevel"),
        ("apps?creationTimestampAfter=x", "creationTimestampAfter"),
        ("browserExtensions?deploymentMode=NONE", "deploymentMode"),
        ("browserExtensions?enabled=1", "enabled"),
        ("detections?severity=EXTREME", "severity"),
        ("detections?archived=TRUE", "archived"),
        ("detections?detectionType=SPAM", "detectionType"),
        ("employees?licensed=yes", "licensed"),
        ("findings?type=OTHER", "type"),
        ("findings?state=CLOSED", "state"),
    ] {
        let (status, message) = get(&sandbox, &format!("/v1/{query}")).await.refusal();
        assert_eq!(status, 400, "{query}");
        assert!(message.contains(field), "{query}: {message}");
    }
}

#[tokio::test]
async fn an_empty_list_is_null() {
    let sandbox = small_builder()
        .push_security(PushSecurityOptions::default().detections(0))
        .start()
        .await
        .expect("a sandbox");
    for path in [
        "detections",
        "browsers?email=nobody",
        "browsers?offset=100000",
        "apps?ownerId=x",
    ] {
        let page = get(&sandbox, &format!("/v1/{path}")).await.json();
        let expected = serde_json::json!({
            "result": null,
            "paging": { "moreResults": false, "nextToken": null, "next": null },
        });
        assert_eq!(page, expected, "{path}");
    }
}

/// Checks that a filter gives those records that `wanted` says yes to, in the
/// list's order, and that it neither gives all nor none.
async fn filtered(sandbox: &Sandbox, list: &str, query: &str, wanted: impl Fn(&Value) -> bool) {
    let whole = everything(sandbox, list, "").await;
    let expected: Vec<_> = whole
        .iter()
        .filter(|record| wanted(record))
        .cloned()
        .collect();
    assert!(
        !expected.is_empty() && expected.len() < whole.len(),
        "{list}?{query} proves nothing"
    );
    let found = everything(sandbox, list, &format!("limit=11&{query}")).await;
    assert_eq!(ids(&found), ids(&expected), "{list}?{query}");
}

/// The first value that a list has under a name.
async fn some(sandbox: &Sandbox, list: &str, name: &str) -> Value {
    let whole = everything(sandbox, list, "").await;
    let value = whole
        .iter()
        .map(|record| &record[name])
        .find(|value| !value.is_null());
    value.expect("a value").clone()
}

#[tokio::test]
async fn ids_and_keys_filter_exactly() {
    let sandbox = small().await;
    for (list, name) in [
        ("browsers", "employeeId"),
        ("accounts", "appType"),
        ("accounts", "employeeId"),
        ("accounts", "passwordId"),
        ("apps", "type"),
        ("apps", "ownerId"),
        ("browserExtensions", "extensionId"),
        ("browserExtensions", "employeeId"),
        ("browserExtensions", "browserId"),
        ("detections", "employeeId"),
        ("findings", "employeeId"),
        ("findings", "accountId"),
        ("findings", "passwordId"),
        ("findings", "appType"),
        ("accountsOther", "employeeId"),
        ("accountsOther", "otherAppId"),
    ] {
        let value = some(&sandbox, list, name).await;
        let text = value.as_str().expect("text");
        filtered(&sandbox, list, &format!("{name}={text}"), |record| {
            record[name] == value
        })
        .await;
    }
}

#[tokio::test]
async fn words_and_flags_filter_exactly() {
    let sandbox = small().await;
    for (list, name, value) in [
        ("browsers", "browser", "SAFARI"),
        ("browsers", "os", "WINDOWS"),
        ("apps", "approvalStatus", "NOT_APPROVED"),
        ("apps", "sensitivityLevel", "LOW"),
        ("browserExtensions", "deploymentMode", "SIDELOAD"),
        ("detections", "severity", "CRITICAL"),
        ("detections", "detectionType", "STOLEN_CREDENTIALS"),
        ("findings", "type", "WEAK_PASSWORD"),
        ("findings", "state", "RESOLVED"),
    ] {
        filtered(&sandbox, list, &format!("{name}={value}"), |record| {
            record[name] == value
        })
        .await;
    }
    for (list, name) in [
        ("browserExtensions", "enabled"),
        ("detections", "archived"),
        ("employees", "licensed"),
    ] {
        for flag in [true, false] {
            filtered(&sandbox, list, &format!("{name}={flag}"), |record| {
                record[name] == flag
            })
            .await;
        }
    }
}

#[tokio::test]
async fn emails_and_domains_filter_by_part_in_any_case() {
    let sandbox = small().await;
    for list in ["browsers", "accounts", "employees", "accountsOther"] {
        let email = some(&sandbox, list, "email").await;
        let part = email
            .as_str()
            .and_then(|email| email.split('.').next())
            .expect("a first name");
        for query in [part.to_owned(), part.to_uppercase()] {
            filtered(&sandbox, list, &format!("email={query}"), |record| {
                record["email"]
                    .as_str()
                    .is_some_and(|email| email.contains(part))
            })
            .await;
        }
    }
    filtered(&sandbox, "appsOther", "domain=SHOP%2E", |record| {
        record["domain"]
            .as_str()
            .is_some_and(|domain| domain.contains("shop."))
    })
    .await;
}

#[tokio::test]
async fn times_filter_from_bound_to_bound_and_leave_out_what_has_none() {
    let sandbox = small().await;
    for (list, name) in [
        ("browsers", "lastOnlineTimestamp"),
        ("accounts", "lastUsedTimestamp"),
        ("apps", "creationTimestamp"),
        ("detections", "creationTimestamp"),
        ("findings", "creationTimestamp"),
        ("accountsOther", "lastUsedTimestamp"),
    ] {
        let whole = everything(&sandbox, list, "").await;
        let mut times: Vec<_> = whole
            .iter()
            .filter_map(|record| record[name].as_i64())
            .collect();
        times.sort_unstable();
        // Both are times that a record has: a bound belongs to its span.
        let (from, to) = (times[times.len() / 4], times[times.len() / 2]);
        let time = |record: &Value| record[name].as_i64();
        filtered(&sandbox, list, &format!("{name}After={from}"), |record| {
            time(record).is_some_and(|time| time >= from)
        })
        .await;
        filtered(&sandbox, list, &format!("{name}Before={to}"), |record| {
            time(record).is_some_and(|time| time <= to)
        })
        .await;
        filtered(
            &sandbox,
            list,
            &format!("{name}After={from}&{name}Before={to}"),
            |record| time(record).is_some_and(|time| (from..=to).contains(&time)),
        )
        .await;
    }
}

#[tokio::test]
async fn several_values_may_be_repeated_or_separated_by_commas_and_any_will_do() {
    let sandbox = small().await;
    let any = |name: &'static str, wanted: &'static [&'static str]| {
        move |record: &Value| {
            let values = record[name].as_array().expect("an array");
            values
                .iter()
                .any(|value| wanted.iter().any(|wanted| value == wanted))
        }
    };
    for query in [
        "permissions=cookies&permissions=proxy",
        "permissions=cookies,proxy",
        "permissions=proxy%2Ccookies",
        "permissions=proxy&permissions=cookies,cookies",
    ] {
        let wanted = any("permissions", &["cookies", "proxy"]);
        filtered(&sandbox, "browserExtensions", query, wanted).await;
    }
    let wanted = any("hostPermissions", &["<all_urls>"]);
    filtered(
        &sandbox,
        "browserExtensions",
        "hostPermissions=%3Call_urls%3E",
        wanted,
    )
    .await;
}

#[tokio::test]
async fn filters_are_combined() {
    let sandbox = small().await;
    filtered(
        &sandbox,
        "browsers",
        "os=WINDOWS&browser=CHROME",
        |record| record["os"] == "WINDOWS" && record["browser"] == "CHROME",
    )
    .await;
}

#[tokio::test]
async fn a_parameter_of_which_nothing_is_known_is_not_played() {
    let sandbox = small().await;
    let browser = everything(&sandbox, "browsers", "").await.swap_remove(0);
    let browser = format!("browsers/{}", browser["id"].as_str().expect("an id"));
    for (path, name) in [
        ("browsers", "colour"),
        ("browsers", "EMAIL"),
        ("browsers", "lastOnlineTimestamp"),
        ("browsers", "emailAfter"),
        ("accounts", "os"),
        (&browser, "limit"),
    ] {
        let refused = get(&sandbox, &format!("/v1/{path}?{name}=1")).await;
        refused.is_not_played(&format!("GET /v1/{path} with {name} in the query"));
    }
    for name in ["os", "limit", "nextToken", "lastOnlineTimestampAfter"] {
        let path = format!("/v1/browsers?{name}=1&{name}=1");
        let refused = get(&sandbox, &path).await;
        refused.is_not_played(&format!("a repeated {name} in the query"));
    }
}
