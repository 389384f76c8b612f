//! How responses are read: by status and form, never by their texts, which are translated.

use std::collections::BTreeMap;

use http::header::{LOCATION, RETRY_AFTER};
use security_api_transport::{
    ApiError, Error, Operation, Protocol, ResponseParts, ValidationMessages, Verdict, one_line,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::operations as op;
use crate::reason::Reason;
use crate::token;

/// How the service's responses are read.
#[derive(Debug)]
pub(crate) struct PasswordPusher {
    /// Whether a token is sent.
    has_token: bool,
}

impl PasswordPusher {
    pub(crate) fn new(has_token: bool) -> Self {
        Self { has_token }
    }
}

/// An error response that is an object with a text.
#[derive(Deserialize)]
struct Failure {
    /// A text, as far as is known.
    error: Option<Value>,
    message: Option<Value>,
    /// A number if the framework responds, a word if the passphrase is refused.
    status: Option<Value>,
}

impl Failure {
    fn of(response: &ResponseParts<'_>) -> Option<Self> {
        // An array would be decoded as the members in their order.
        let is_object = response.body.trim_ascii_start().starts_with(b"{");
        serde_json::from_slice(response.body)
            .ok()
            .filter(|_| is_object)
    }

    fn text(&self) -> Option<&str> {
        self.error.as_ref().and_then(Value::as_str)
    }

    /// Whether the framework responded, not the application: there is no such path.
    fn is_of_framework(&self) -> bool {
        matches!(self.status, Some(Value::Number(_)))
    }

    fn is_about_passphrase(&self) -> bool {
        self.message.is_some() && matches!(self.status, Some(Value::String(_)))
    }
}

impl Protocol for PasswordPusher {
    fn prepare(
        &self,
        operation: &'static Operation,
        values: &[&str],
    ) -> Result<&'static [(&'static str, &'static str)], Error> {
        // A path segment that is not a token leads to another path, whose refusal would be misread.
        if let [token, ..] = values {
            token::check(token)?;
        }
        Ok(match has_words(operation.id()) {
            true => &[("locale", "en")],
            false => &[],
        })
    }

    fn classify(&self, response: &ResponseParts<'_>) -> Verdict {
        match response.status.as_u16() {
            // A 401 for a missing or wrong credential has no body. Any other is about the push, and renewing the
            // credential would not help.
            401 if !response.body.trim_ascii().is_empty() => Verdict::Final,
            429 if lock(response).is_some() => Verdict::Final,
            _ => Verdict::by_status(response),
        }
    }

    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        let failure = Failure::of(response);
        let reason = self.reason(response, failure.as_ref());
        let message = failure.as_ref().and_then(Failure::text);
        let remedy = reason.as_ref().and_then(Reason::remedy);
        let remedy = remedy.or_else(|| stranger(response, message));
        let mut error = ApiError::new();
        if let Some(text) = message {
            error = error.with_message(text);
        }
        if let Some(remedy) = remedy {
            error = error.with_remedy(remedy);
        }
        if response.status == http::StatusCode::UNPROCESSABLE_ENTITY {
            error = error.with_validation(validation(response.body));
        }
        match reason {
            Some(reason) => error.with_reason(reason),
            None => error,
        }
    }
}

const FILE: &str = crate::files::FETCH;

/// Operations that only the owner may call.
fn is_owners(id: &str) -> bool {
    [
        op::PUSHES_AUDIT.id(),
        op::PUSHES_NOTIFY.id(),
        op::REQUESTS_AUDIT.id(),
        op::REQUESTS_CLOSE.id(),
    ]
    .contains(&id)
}

/// Operations whose refusals differ only in their texts, which therefore have to be English. The server prefers the
/// user's language to that of the request's headers, and the query to both.
fn has_words(id: &str) -> bool {
    is_owners(id) || id == op::PUSHES_EXPIRE.id()
}

/// How the server's English text begins when it demands a second factor. A caller that is not the owner gets the same
/// status.
const MFA: &str = "Two-factor";
/// Part of the English text for a push that the caller may not expire. The other texts with this status are about the
/// user.
const NOT_DELETABLE: &str = "deletable";

impl PasswordPusher {
    fn reason(&self, response: &ResponseParts<'_>, failure: Option<&Failure>) -> Option<Reason> {
        let id = response.operation.id();
        let text = failure.and_then(Failure::text);
        Some(match response.status.as_u16() {
            300..=399 => return redirect(response),
            401 | 403 | 404 | 410 if id == FILE => Reason::LinkExpired,
            400 if is_paged(id) => Reason::InvalidPage,
            401 => match failure {
                Some(failure) if failure.is_about_passphrase() => Reason::PassphraseRefused,
                Some(_) if !self.has_token && id == op::PUSHES_CREATE.id() => {
                    Reason::TokenNeededForFiles
                }
                Some(_)
                    if id == op::PUSHES_EXPIRE.id()
                        && (!self.has_token
                            || text.is_some_and(|text| text.contains(NOT_DELETABLE))) =>
                {
                    Reason::NotDeletable
                }
                // The token is known, otherwise the body would be empty; its user is not accepted.
                Some(Failure { error: Some(_), .. }) if self.has_token => Reason::UserInactive,
                _ if self.has_token => Reason::TokenRefused,
                _ => Reason::TokenNeeded,
            },
            403 => match text? {
                text if is_owners(id) && !text.starts_with(MFA) => Reason::NotOwner,
                _ => Reason::MfaRequired,
            },
            404 => return missing(id, failure),
            429 => lock(response).unwrap_or(Reason::RateLimited),
            _ => return None,
        })
    }
}

/// Whether the operation takes the passphrase of a push or request.
fn opened(id: &str) -> bool {
    [
        op::PUSHES_SHOW.id(),
        op::REQUESTS_SHOW.id(),
        op::REQUESTS_RESPOND.id(),
    ]
    .contains(&id)
}

/// The lock on one object, or on one user's mail, if a 429 means that: it is JSON and has no `Retry-After`.
fn lock(response: &ResponseParts<'_>) -> Option<Reason> {
    let reason = match response.operation.id() {
        id if opened(id) => Reason::PassphraseLocked,
        id if id == op::PUSHES_NOTIFY.id() => Reason::NotifyLocked,
        _ => return None,
    };
    let is_lock = !response.headers.contains_key(RETRY_AFTER) && Failure::of(response).is_some();
    is_lock.then_some(reason)
}

/// What is missing: the object, the operation, or the API.
fn missing(id: &str, failure: Option<&Failure>) -> Option<Reason> {
    let of_application = failure.is_some_and(|failure| !failure.is_of_framework());
    let (resource, method) = id.split_once('.')?;
    Some(match resource {
        "pushes" | "requests" if of_application && method != "create" && !is_list(id) => {
            Reason::NotFound
        }
        "requests" | "accounts" | "workspaces" => Reason::NotInThisEdition,
        "pushes" if id == op::PUSHES_NOTIFY.id() => Reason::NotInThisEdition,
        _ => Reason::NoApiV2,
    })
}

fn is_list(id: &str) -> bool {
    let method = id.split_once('.').map(|(_, method)| method);
    matches!(
        method,
        Some("active" | "expired" | "open" | "ready" | "closed" | "list")
    )
}

fn is_paged(id: &str) -> bool {
    is_list(id) || id.ends_with(".audit")
}

fn redirect(response: &ResponseParts<'_>) -> Option<Reason> {
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    let path = location.split(['?', '#']).next()?;
    if path.trim_end_matches('/').ends_with("/first_run") {
        return Some(Reason::FirstRun);
    }
    if response.redirects_to_tls() {
        return Some(Reason::TlsForced);
    }
    let rest = match location.strip_prefix("//") {
        Some(rest) => rest,
        None => location.split_once("://")?.1,
    };
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    // No host name is longer.
    let host = one_line(host.rsplit('@').next()?, 260);
    matches!(response.status.as_u16(), 301 | 308).then_some(Reason::Moved { host })
}

/// A remedy for refusals that do not come from the application.
fn stranger(response: &ResponseParts<'_>, message: Option<&str>) -> Option<&'static str> {
    (response.status == http::StatusCode::FORBIDDEN && message.is_none()).then_some(
        "the application did not say so itself: the instance may not allow this host name, or a proxy refuses",
    )
}

/// The messages of each member with its name; messages about the whole request have no name.
fn validation(body: &[u8]) -> Vec<String> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).unwrap_or_default();
    let mut messages = ValidationMessages::new();
    for (field, value) in fields {
        let member = match field.as_str() {
            "base" | "error" => "",
            field => field,
        };
        messages.read_json(member, value.get().as_bytes());
    }
    messages.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

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

    const PASSPHRASE: &str =
        r#"{"error":"Falsch.","message":"?passphrase=","status":"unauthorized"}"#;
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
                r#"{"error":"Nicht."}"#,
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
        static FETCH: Operation = Operation::new(FILE, http::Method::GET, "/file");
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
                Reason::PassphraseLocked,
                Verdict::Final,
            ),
            (
                &SHOW_REQ,
                None,
                json,
                Reason::PassphraseLocked,
                Verdict::Final,
            ),
            (
                &NOTIFY_PUSH,
                None,
                json,
                Reason::NotifyLocked,
                Verdict::Final,
            ),
            (
                &SHOW_PUSH,
                wait,
                "Retry later\n",
                Reason::RateLimited,
                Verdict::Throttled,
            ),
            (
                &SHOW_PUSH,
                None,
                "Retry later\n",
                Reason::RateLimited,
                Verdict::Throttled,
            ),
            (
                &SHOW_PUSH,
                wait,
                json,
                Reason::RateLimited,
                Verdict::Throttled,
            ),
            (&ACTIVE, None, json, Reason::RateLimited, Verdict::Throttled),
        ] {
            let (found, judged, _) = judge(true, operation, 429, header, body);
            let id = operation.id();
            assert_eq!((found, judged), (Some(reason), verdict), "{id} {body}");
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
    fn a_403_is_about_the_owner_or_the_second_factor() {
        for (operation, body, reason) in [
            (
                &AUDIT_PUSH,
                r#"{"error":"Gehört dir nicht."}"#,
                Some(Reason::NotOwner),
            ),
            (
                &AUDIT_PUSH,
                r#"{"error":"Two-factor authentication is required."}"#,
                Some(Reason::MfaRequired),
            ),
            (
                &SHOW_PUSH,
                r#"{"error":"Zweiter Faktor."}"#,
                Some(Reason::MfaRequired),
            ),
            (&SHOW_PUSH, "<html>", None),
        ] {
            let (found, verdict, error) = judge(true, operation, 403, None, body);
            assert_eq!(
                (found, verdict),
                (reason, Verdict::Final),
                "{} {body}",
                operation.id()
            );
            assert!(error.message.is_some());
        }
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
}
