use super::*;
use http::{HeaderMap, StatusCode};
use security_api_transport::FETCH;

use crate::operations::{
    ACCOUNTS_LIST as ACCOUNTS, INSTANCE_VERSION as GET_VERSION, PUSHES_ACTIVE as ACTIVE,
    PUSHES_AUDIT as AUDIT_PUSH, PUSHES_CREATE as CREATE_PUSH, PUSHES_EXPIRE as EXPIRE_PUSH,
    PUSHES_NOTIFY as NOTIFY_PUSH, PUSHES_SHOW as SHOW_PUSH, REQUESTS_OPEN as OPEN,
    REQUESTS_SHOW as SHOW_REQ,
};

fn judge(
    has_token: bool,
    operation: &'static Operation,
    status: u16,
    header: Option<(&'static str, &str)>,
    body: &str,
) -> (Option<Reason>, Verdict, ApiError) {
    let protocol = PasswordPusher::new(has_token);
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header {
        headers.insert(name, value.parse().unwrap());
    }
    let status = StatusCode::from_u16(status).unwrap();
    let response = ResponseParts::new(operation, status, &headers, body.as_bytes());
    let failure = Failure::of(&response);
    (
        protocol.reason(&response, failure.as_ref()),
        protocol.classify(&response),
        protocol.api_error(&response),
    )
}

const PASSPHRASE: &str = r#"{"error":"Falsch.","message":"?passphrase=","status":"unauthorized"}"#;
const FRAMEWORK: &str = r#"{"status":404,"error":"Not Found"}"#;

#[test]
fn the_kinds_of_401_are_told_apart_by_their_form() {
    for (token, operation, body, reason, verdict) in [
        (
            true,
            &SHOW_PUSH,
            PASSPHRASE,
            Reason::PassphraseRefused,
            Verdict::Final,
        ),
        (
            false,
            &SHOW_REQ,
            PASSPHRASE,
            Reason::PassphraseRefused,
            Verdict::Final,
        ),
        (
            true,
            &EXPIRE_PUSH,
            r#"{"error":"That push is not deletable by viewers."}"#,
            Reason::NotDeletable,
            Verdict::Final,
        ),
        (
            false,
            &EXPIRE_PUSH,
            r#"{"error":"That push is not deletable by viewers."}"#,
            Reason::NotDeletable,
            Verdict::Final,
        ),
        (
            true,
            &EXPIRE_PUSH,
            r#"{"error":"Bitte bestätigen."}"#,
            Reason::UserInactive,
            Verdict::Final,
        ),
        (
            true,
            &CREATE_PUSH,
            r#"{"error":"You have to confirm your email address before continuing."}"#,
            Reason::UserInactive,
            Verdict::Final,
        ),
        (
            true,
            &ACTIVE,
            r#"{"error":"Your account is locked."}"#,
            Reason::UserInactive,
            Verdict::Final,
        ),
        (
            false,
            &CREATE_PUSH,
            r#"{"error":"Nicht."}"#,
            Reason::TokenNeededForFiles,
            Verdict::Final,
        ),
        (
            true,
            &SHOW_PUSH,
            "",
            Reason::TokenRefused,
            Verdict::StaleCredential,
        ),
        (
            true,
            &EXPIRE_PUSH,
            " \n",
            Reason::TokenRefused,
            Verdict::StaleCredential,
        ),
        (
            true,
            &ACTIVE,
            r#"{"error":"Nicht.","message":"?passphrase="}"#,
            Reason::UserInactive,
            Verdict::Final,
        ),
        (
            true,
            &ACTIVE,
            r#"{"error":"Nicht.","status":"unauthorized"}"#,
            Reason::UserInactive,
            Verdict::Final,
        ),
        (
            false,
            &ACTIVE,
            r#"{"error":"Nicht."}"#,
            Reason::TokenNeeded,
            Verdict::Final,
        ),
        (
            false,
            &ACTIVE,
            "",
            Reason::TokenNeeded,
            Verdict::StaleCredential,
        ),
    ] {
        let (found, judged, _) = judge(token, operation, 401, None, body);
        let id = operation.id();
        assert_eq!((found, judged), (Some(reason), verdict), "{id} {body}");
    }
}

#[test]
fn whatever_refuses_the_link_of_a_file_it_has_expired() {
    for status in [401, 403, 404, 410] {
        let (found, _, _) = judge(false, &FETCH, status, None, "");
        assert_eq!(found, Some(Reason::LinkExpired), "{status}");
    }
    let (found, _, _) = judge(false, &FETCH, 500, None, "");
    assert_ne!(found, Some(Reason::LinkExpired));
}

#[test]
fn a_lock_on_one_object_is_final_and_a_shared_limit_is_not() {
    let json = r#"{"error":"Zu oft."}"#;
    let wait = Some(("retry-after", "17"));
    for (operation, header, body, reason, verdict) in [
        (
            &SHOW_PUSH,
            None,
            json,
            Some(Reason::PassphraseLocked),
            Verdict::Final,
        ),
        (
            &SHOW_REQ,
            None,
            json,
            Some(Reason::PassphraseLocked),
            Verdict::Final,
        ),
        (
            &NOTIFY_PUSH,
            None,
            json,
            Some(Reason::NotifyLocked),
            Verdict::Final,
        ),
        (&SHOW_PUSH, wait, "Retry later\n", None, Verdict::Throttled),
        (&SHOW_PUSH, None, "Retry later\n", None, Verdict::Throttled),
        (&SHOW_PUSH, wait, json, None, Verdict::Throttled),
        (&ACTIVE, None, json, None, Verdict::Throttled),
    ] {
        let (found, judged, _) = judge(true, operation, 429, header, body);
        let id = operation.id();
        assert_eq!((found, judged), (reason, verdict), "{id} {body}");
    }
}

#[test]
fn a_missing_object_a_missing_operation_and_a_missing_api_are_told_apart() {
    let missing = r#"{"error":"not-found"}"#;
    for (operation, body, reason) in [
        (&SHOW_PUSH, missing, Reason::NotFound),
        (&SHOW_REQ, missing, Reason::NotFound),
        (&NOTIFY_PUSH, missing, Reason::NotFound),
        (&NOTIFY_PUSH, FRAMEWORK, Reason::NotInThisEdition),
        (&SHOW_REQ, FRAMEWORK, Reason::NotInThisEdition),
        (&OPEN, missing, Reason::NotInThisEdition),
        (&ACCOUNTS, "<html>", Reason::NotInThisEdition),
        (&SHOW_PUSH, "<html>", Reason::NoApiV2),
        (&CREATE_PUSH, FRAMEWORK, Reason::NoApiV2),
        (&GET_VERSION, missing, Reason::NoApiV2),
    ] {
        let (found, _, error) = judge(true, operation, 404, None, body);
        assert_eq!(found, Some(reason), "{} {body}", operation.id());
        assert!(error.message.is_some());
    }
}

#[test]
fn what_is_missing_at_a_path_of_the_users_own_is_not_known() {
    static OWN: Operation = Operation::new("own", http::Method::GET, "/own/{id}");
    for body in [r#"{"error":"not-found"}"#, FRAMEWORK, "<html>"] {
        let (found, verdict, _) = judge(true, &OWN, 404, None, body);
        assert_eq!((found, verdict), (None, Verdict::Final), "{body}");
    }
}

#[test]
fn a_403_is_about_the_owner_or_the_second_factor_if_it_says_so() {
    let mfa = r#"{"error":"Two-factor authentication is required. Please set it up to continue."}"#;
    let owner = r#"{"error":"That push doesn't belong to you."}"#;
    let policy = r#"{"error":"Forbidden by policy"}"#;
    for (operation, body, reason) in [
        (&AUDIT_PUSH, owner, Some(Reason::NotOwner)),
        (&AUDIT_PUSH, mfa, Some(Reason::MfaRequired)),
        (&AUDIT_PUSH, policy, None),
        (&NOTIFY_PUSH, policy, None),
        (&SHOW_PUSH, mfa, Some(Reason::MfaRequired)),
        (&SHOW_PUSH, policy, None),
        (&SHOW_PUSH, owner, None),
        (&SHOW_PUSH, r#"{"error":"Zweiter Faktor."}"#, None),
        (&CREATE_PUSH, policy, None),
        (&ACTIVE, r#"{"message":"Forbidden"}"#, None),
        (&SHOW_PUSH, "<html>", None),
    ] {
        let (found, verdict, error) = judge(true, operation, 403, None, body);
        let id = operation.id();
        assert_eq!((found, verdict), (reason, Verdict::Final), "{id} {body}");
        let message = error.message.unwrap();
        let says_nothing = message.contains("the application itself gave no reason");
        assert_eq!(says_nothing, !body.contains("\"error\""), "{id} {body}");
    }
}

#[test]
fn what_others_than_the_service_refuse_has_no_reason_of_the_service() {
    let gateway = r#"{"message":"Unauthorized","status":"error"}"#;
    let limit = r#"{"message":"API rate limit exceeded"}"#;
    for (status, operation, body) in [
        (401, &SHOW_PUSH, gateway),
        (401, &SHOW_PUSH, "<html>"),
        (401, &ACTIVE, gateway),
        (401, &EXPIRE_PUSH, "Unauthorized"),
        (400, &ACTIVE, "<html>"),
        (400, &AUDIT_PUSH, r#"{"error":"Bad header"}"#),
        (429, &SHOW_PUSH, limit),
        (429, &NOTIFY_PUSH, limit),
    ] {
        let (found, verdict, error) = judge(true, operation, status, None, body);
        let id = operation.id();
        assert_eq!(found, None, "{status} {id} {body}");
        assert_eq!(verdict == Verdict::Throttled, status == 429, "{id} {body}");
        if status != 400 {
            assert!(error.message.is_some(), "{status} {id} {body}");
        }
    }
    // An object with a message alone does not say that the push is missing.
    let (found, _, _) = judge(true, &SHOW_PUSH, 404, None, r#"{"message":"no route"}"#);
    assert_eq!(found, Some(Reason::NoApiV2));
    // Nor that it may not be expired.
    let (found, _, _) = judge(
        false,
        &EXPIRE_PUSH,
        401,
        None,
        r#"{"error":"Forbidden by policy"}"#,
    );
    assert_eq!(found, Some(Reason::TokenNeeded));
    let (found, _, _) = judge(false, &CREATE_PUSH, 401, None, gateway);
    assert_eq!(found, None);
}

#[test]
fn redirects_say_what_they_are_about() {
    for (status, location, reason) in [
        (302, "/first_run", Some(Reason::FirstRun)),
        (
            302,
            "https://p.example.com/pw/first_run?x=1",
            Some(Reason::FirstRun),
        ),
        (
            301,
            "https://eu.pwpush.com/api/v2/pushes",
            Some(Reason::Moved {
                host: "eu.pwpush.com".into(),
            }),
        ),
        (
            308,
            "//u:p@eu.pwpush.com/api/v2/pushes?passphrase=x",
            Some(Reason::Moved {
                host: "eu.pwpush.com".into(),
            }),
        ),
        (302, "https://p.example.com/users/sign_in", None),
        (301, "/elsewhere", None),
    ] {
        let (found, _, _) = judge(
            false,
            &GET_VERSION,
            status,
            Some(("location", location)),
            "",
        );
        assert_eq!(found, reason, "{status} {location}");
    }
}

#[test]
fn every_message_about_a_member_is_kept_with_its_name() {
    let body =
        r#"{"payload":["zu groß","leer"],"base":["heute nicht"],"kind":"unbekannt","odd":[1]}"#;
    let (reason, _, error) = judge(true, &CREATE_PUSH, 422, None, body);
    assert_eq!(reason, None);
    assert_eq!(
        error.validation,
        [
            "heute nicht",
            "kind: unbekannt",
            "payload: zu groß",
            "payload: leer"
        ]
    );
}

#[test]
fn an_error_of_many_thousand_messages_stays_small() {
    let name = "n".repeat(30_000);
    let texts = vec![r#""a""#; 8_000].join(",");
    let body = format!(r#"{{"{name}":[{texts}]}}"#);
    let (_, _, error) = judge(true, &CREATE_PUSH, 422, None, &body);
    let said = error.validation.concat();
    assert!(
        said.len() < 5000 && said.ends_with(" more"),
        "{}",
        said.len()
    );
}

#[test]
fn a_page_out_of_range_has_a_reason_and_what_the_status_says_has_none() {
    let (reason, _, _) = judge(
        true,
        &AUDIT_PUSH,
        400,
        None,
        r#"{"error":"Invalid page parameter"}"#,
    );
    assert_eq!(reason, Some(Reason::InvalidPage));
    let (reason, _, _) = judge(
        true,
        &CREATE_PUSH,
        400,
        None,
        r#"{"error":"param is missing"}"#,
    );
    assert_eq!(reason, None);
    let (reason, _, _) = judge(true, &SHOW_PUSH, 500, None, "<html>");
    assert_eq!(reason, None);
}
