//! Who may do what, and how often.

mod support;

use std::collections::HashSet;
use std::time::Duration;

use http::Method;
use security_api_sandbox::{PushSecurityOptions, Sandbox};
use support::{call, exchange, get, request, small, small_builder};

const MISSING: (u16, &str) = (403, "Missing Authentication Token");
const FORBIDDEN: (u16, &str) = (403, "Forbidden");

async fn refusal(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    key: Option<&str>,
) -> (u16, String) {
    let request = request(method, path, key, "{}");
    let response = exchange(sandbox.push_security().base_url(), request).await;
    response.expect("a response").refusal()
}

fn is(seen: &(u16, String), expected: (u16, &str)) -> bool {
    (seen.0, seen.1.as_str()) == expected
}

/// A sandbox that limits requests as the service does.
async fn limited() -> Sandbox {
    let sandbox = small_builder().rate_limits(true).start();
    sandbox.await.expect("a sandbox")
}

#[tokio::test]
async fn a_missing_key_an_unknown_path_and_an_unknown_method_look_the_same() {
    let sandbox = small().await;
    let key = sandbox.push_security().api_key();
    for (method, path, key) in [
        (Method::GET, "/v1/browsers", None),
        (Method::GET, "/", None),
        (Method::GET, "/v1/nothing", Some(key)),
        (Method::GET, "/v1/nothing", Some("wrong")),
        (Method::GET, "/v1", Some(key)),
        (Method::GET, "/v1/", Some(key)),
        (Method::GET, "/v2/browsers", Some(key)),
        (Method::GET, "/v1/Browsers", Some(key)),
        (Method::GET, "/v1/browsers/", Some(key)),
        (Method::GET, "/v1/browsers/1/2", Some(key)),
        (Method::GET, "/v1/accounts/1/loginMethods", Some(key)),
        (Method::POST, "/v1/browsers", Some(key)),
        (Method::PUT, "/v1/apps", Some(key)),
        (Method::PUT, "/v1/apps/1", Some(key)),
        (Method::PATCH, "/v1/apps", Some(key)),
        (Method::PATCH, "/v1/findings/1", Some(key)),
        (Method::DELETE, "/v1/apps/1", Some(key)),
        (Method::DELETE, "/v1/accounts/1/loginMethods/2", Some(key)),
        (
            Method::DELETE,
            "/v1/accountsOther/1/loginMethods",
            Some(key),
        ),
    ] {
        let seen = refusal(&sandbox, method.clone(), path, key).await;
        assert!(is(&seen, MISSING), "{method} {path}: {seen:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_forbidden() {
    let sandbox = small().await;
    let key = sandbox.push_security().api_key();
    let nearly = [&key[1..], &format!("{key} x"), &key.to_lowercase(), ""].map(str::to_owned);
    for wrong in nearly {
        let seen = refusal(&sandbox, Method::GET, "/v1/browsers", Some(&wrong)).await;
        assert!(is(&seen, FORBIDDEN), "{seen:?}");
    }
}

#[tokio::test]
async fn a_read_only_key_reads_and_does_nothing_else() {
    let sandbox = small().await;
    let push = sandbox.push_security();
    let key = Some(push.read_only_key());
    let list = request(Method::GET, "/v1/accounts?limit=1", key, "");
    let list = exchange(push.base_url(), list).await.expect("a response");
    assert_eq!(list.status, 200);
    let id = list.json()["result"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();

    let counts = push.counts();
    for (method, path) in [
        (Method::DELETE, format!("/v1/accounts/{id}")),
        (Method::DELETE, format!("/v1/accounts/{id}/loginMethods")),
        (Method::PATCH, format!("/v1/apps/{id}")),
        (Method::POST, format!("/v1/employees/{id}/groups")),
    ] {
        let seen = refusal(&sandbox, method.clone(), &path, key).await;
        assert!(is(&seen, FORBIDDEN), "{method} {path}: {seen:?}");
    }
    assert_eq!(push.counts(), counts);
}

#[tokio::test]
async fn an_unknown_id_is_not_found() {
    let sandbox = small().await;
    for id in ["00000000-0000-4000-8000-000000000000", "nonsense", "%2e%2e"] {
        for (method, path) in [
            (Method::GET, format!("/v1/browsers/{id}")),
            (Method::GET, format!("/v1/appsOther/{id}")),
            (Method::PATCH, format!("/v1/apps/{id}")),
            (Method::PATCH, format!("/v1/employees/{id}")),
            (Method::DELETE, format!("/v1/accounts/{id}")),
            (Method::DELETE, format!("/v1/accounts/{id}/loginMethods")),
            (Method::POST, format!("/v1/employees/{id}/groups")),
        ] {
            let body = if method == Method::GET { "" } else { "{}" };
            let response = call(&sandbox, method.clone(), &path, body).await;
            assert_eq!(
                response.refusal(),
                (404, "Not Found".to_owned()),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn every_response_has_a_request_id_of_its_own_and_is_json() {
    let sandbox = small().await;
    let mut seen = HashSet::new();
    for path in [
        "/v1/browsers?limit=1",
        "/v1/browsers?limit=0",
        "/v1/browsers/1",
        "/nothing",
    ] {
        let response = get(&sandbox, path).await;
        let id = response.headers["x-amzn-requestid"]
            .to_str()
            .expect("text")
            .to_owned();
        assert_eq!(id.len(), 36, "{id}");
        assert!(seen.insert(id), "{path}");
        assert_eq!(
            response.headers["content-type"], "application/json",
            "{path}"
        );
    }
}

async fn statuses(sandbox: &Sandbox, key: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        let request = request(Method::GET, "/v1/apps?limit=1", Some(key), "");
        let response = exchange(sandbox.push_security().base_url(), request).await;
        statuses.push(response.expect("a response").status);
    }
    statuses
}

#[tokio::test]
async fn the_twenty_first_request_in_a_second_is_too_many_and_other_keys_do_not_suffer() {
    let sandbox = limited().await;
    let push = sandbox.push_security();
    sandbox.clock().freeze();
    let seen = statuses(&sandbox, push.api_key(), 25).await;
    assert_eq!(seen[..20], [200; 20]);
    assert_eq!(seen[20..], [429; 5]);
    let response = get(&sandbox, "/v1/apps").await;
    assert_eq!(response.refusal(), (429, "Too Many Requests".to_owned()));
    assert!(!response.headers.contains_key("retry-after"));
    assert_eq!(statuses(&sandbox, push.read_only_key(), 1).await, [200]);
}

#[tokio::test]
async fn a_request_is_too_many_only_if_it_breaks_the_rate_and_the_burst_or_is_the_21st_of_a_second()
{
    let sandbox = limited().await;
    let key = sandbox.push_security().api_key();
    sandbox.clock().freeze();
    let (mut now, mut gap, mut admitted) = (0_u64, 1_u64, Vec::new());
    for _ in 0..400 {
        // From 0 to 127 milliseconds, in no order.
        gap = (gap * 109 + 89) % 128;
        now += gap;
        sandbox.clock().advance(Duration::from_millis(gap));
        let in_last_second = admitted.iter().filter(|at| **at + 1_000 > now).count();
        let breaks_the_rate = admitted
            .iter()
            .rev()
            .zip(2_u64..)
            .any(|(at, requests)| requests.saturating_sub(20) * 100 > now - at);
        let too_many = in_last_second >= 20 || breaks_the_rate;
        let expected = if too_many { 429 } else { 200 };
        assert_eq!(statuses(&sandbox, key, 1).await, [expected], "at {now}");
        if !too_many {
            admitted.push(now);
        }
    }
    assert!((100..400).contains(&admitted.len()));
}

#[tokio::test]
async fn the_limit_recovers_in_real_time() {
    let sandbox = limited().await;
    let key = sandbox.push_security().api_key();
    sandbox.clock().freeze();
    assert_eq!(statuses(&sandbox, key, 21).await[20], 429);
    sandbox.clock().resume();
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(statuses(&sandbox, key, 1).await, [200]);
}

#[tokio::test]
async fn the_limit_recovers_when_the_clock_is_moved() {
    let sandbox = limited().await;
    let key = sandbox.push_security().api_key();
    sandbox.clock().freeze();
    assert_eq!(statuses(&sandbox, key, 21).await[20], 429);
    sandbox.clock().advance(Duration::from_secs(1));
    let after_a_second = statuses(&sandbox, key, 25).await;
    // Ten by the rate.
    assert_eq!(after_a_second[..10], [200; 10]);
    assert_eq!(after_a_second[10..], [429; 15]);
    sandbox.clock().advance(Duration::from_secs(60));
    assert_eq!(statuses(&sandbox, key, 20).await, [200; 20]);
}

#[tokio::test]
async fn retry_after_is_sent_when_asked_for() {
    let sandbox = small_builder()
        .rate_limits(true)
        .push_security(PushSecurityOptions::default().apps(3).retry_after(true))
        .start()
        .await
        .expect("a sandbox");
    sandbox.clock().freeze();
    statuses(&sandbox, sandbox.push_security().api_key(), 20).await;
    let response = get(&sandbox, "/v1/apps").await;
    assert_eq!(response.status, 429);
    assert_eq!(response.headers["retry-after"], "1");
}

#[tokio::test]
async fn without_limits_nothing_is_too_many() {
    let sandbox = small().await;
    assert_eq!(
        statuses(&sandbox, sandbox.push_security().api_key(), 60).await,
        [200; 60]
    );
}

#[tokio::test]
async fn only_loopback_is_listened_on_unless_more_is_allowed() {
    let anywhere = "0.0.0.0:0".parse().expect("an address");
    let refused = small_builder()
        .push_security_address(anywhere)
        .start()
        .await;
    let error = refused.expect_err("refused");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    let allowed = small_builder()
        .push_security_address(anywhere)
        .allow_remote(true);
    allowed.start().await.expect("allowed");
}

#[tokio::test]
async fn only_names_of_this_machine_are_answered_unless_more_is_allowed() {
    let closed = small().await;
    let open = small_builder().allow_any_host(true).start().await;
    let open = open.expect("a sandbox");
    let asked = async |sandbox: &Sandbox, base_url: &str, hosts: &[&'static str]| {
        let key = sandbox.push_security().api_key();
        let mut request = request(Method::GET, "/v1/apps?limit=1", Some(key), "");
        request.headers_mut().remove("host");
        for host in hosts {
            let host = http::HeaderValue::from_static(host);
            request.headers_mut().append("host", host);
        }
        exchange(base_url, request).await.expect("a response")
    };
    for sandbox in [&closed, &open] {
        let url = sandbox.push_security().base_url();
        for hosts in [
            &["localhost"][..],
            &["127.0.0.1:1"],
            &["[::1]:8080"],
            &["LocalHost."],
            &["push.localhost:80"],
            &["127.9.9.9"],
            &["[::ffff:127.0.0.1]"],
            &[],
        ] {
            assert_eq!(asked(sandbox, url, hosts).await.status, 200, "{hosts:?}");
        }
    }
    for hosts in [
        &["rebound.example.com"][..],
        &["rebound.example.com:80"],
        &["localhost", "rebound.example.com"],
        &["192.0.2.1"],
        &["user@localhost.example.com"],
        &["notlocalhost"],
        &["127.0.0.1.example.com"],
        &["0.0.0.0"],
        &["[::]"],
        &["[2001:db8::1]"],
        &[""],
    ] {
        for url in [
            closed.push_security().base_url(),
            closed.password_pusher().base_url(),
            closed.keepnet().base_url(),
        ] {
            let response = asked(&closed, url, hosts).await;
            assert_eq!(response.status, 403, "{url} {hosts:?}");
            let words = String::from_utf8(response.body.to_vec()).expect("text");
            assert!(words.contains("allow_any_host"), "{words}");
        }
        let response = asked(&open, open.push_security().base_url(), hosts).await;
        assert_eq!(response.status, 200, "{hosts:?}");
    }
    assert_eq!(
        closed.journal().count(|entry| entry.status == Some(403)),
        33
    );
}

#[tokio::test]
async fn a_dropped_sandbox_frees_its_port_at_once() {
    let sandbox = small().await;
    let base_url = sandbox.push_security().base_url().to_owned();
    let address = base_url["http://".len()..].parse().expect("an address");
    drop(sandbox);
    let probe = request(Method::GET, "/", None, "");
    exchange(&base_url, probe)
        .await
        .expect_err("nobody answers");
    let again = small_builder()
        .push_security_address(address)
        .start()
        .await
        .expect("its port again");
    assert_eq!(again.push_security().base_url(), base_url);
}

#[tokio::test]
async fn debug_shows_no_credential() {
    let sandbox = small().await;
    get(&sandbox, "/v1/apps").await;
    let push = sandbox.push_security();
    let text = format!("{sandbox:?} {push:?} {:?}", sandbox.journal().entries());
    for secret in [push.api_key(), push.read_only_key(), push.webhook_secret()] {
        assert!(!text.contains(secret));
    }
}
