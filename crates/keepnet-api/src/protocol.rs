//! How the service reports success and errors.

use std::borrow::Cow;

use http::Method;
use security_api_transport::{ApiError, Operation, Protocol, ResponseParts, Verdict};

use crate::envelope::Envelope;
use crate::envelope::bare::Bare;
use crate::reason::Reason;

/// The contents of an error response, in any of its forms.
#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    validation: Vec<String>,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        match Envelope::read(body) {
            Some(envelope) if envelope.is_envelope() => Self::in_envelope(&envelope),
            Some(_) => Self::bare(&Bare::read(body)),
            None => Self::default(),
        }
    }

    fn in_envelope(envelope: &Envelope<'_>) -> Self {
        let message = envelope.message().map(Cow::into_owned);
        let mut validation = envelope.validation();
        if let Some(message) = &message {
            // The service often repeats the message among the validation messages.
            validation.forget(message);
        }
        Self {
            code: envelope
                .failed()
                .then(|| envelope.status().map(Cow::into_owned))
                .flatten(),
            message,
            validation: validation.into_vec(),
        }
    }

    fn bare(body: &Bare<'_>) -> Self {
        let mut validation = body.validation();
        let (title, detail) = (body.text(&["title"]), body.text(&["detail"]));
        let problem = match (title, detail) {
            (Some(title), Some(detail)) if title != detail => Some(format!("{title}: {detail}")),
            (title, detail) => detail.or(title),
        };
        let message = body.text(&["message", "error_description"]).or(problem);
        Self {
            code: body.text(&["status", "error"]),
            message: message.or_else(|| validation.take_first()),
            validation: validation.into_vec(),
        }
    }

    fn code_is(&self, code: &str) -> bool {
        self.code
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(code))
    }

    fn reason(&self, response: &ResponseParts<'_>) -> Option<Reason> {
        let by_code = [
            ("IP_RESTRICTED", Reason::IpRestricted),
            ("PRIVACY_ERROR", Reason::PrivacyWindow),
            ("INPUT_ERROR", Reason::InvalidInput),
            ("invalid_client", Reason::ClientRefused),
        ];
        if let Some((_, reason)) = by_code.iter().find(|(code, _)| self.code_is(code)) {
            return Some(*reason);
        }
        Some(match response.status.as_u16() {
            200..=299 if self.code_is(INTERNAL) => Reason::ServerError,
            200..=299 => Reason::Failed,
            306 | 401 => Reason::TokenRefused,
            400 | 422 => Reason::InvalidInput,
            403 | 404 | 429 | 503 => return None,
            500.. => Reason::ServerError,
            _ if self.code_is("FAILED") => Reason::Failed,
            _ => return None,
        })
    }

    fn into_error(self, response: &ResponseParts<'_>) -> ApiError {
        let reason = self.reason(response);
        let hint = hint(reason, response);
        let mut error = ApiError::new().with_validation(self.validation);
        if let Some(message) = self.message {
            error = error.with_message(message);
        }
        if let Some(hint) = hint {
            error = error.with_hint(hint);
        }
        if let Some(code) = self.code {
            error = error.with_code(code);
        }
        match reason {
            Some(reason) => error.with_reason(reason),
            None => error,
        }
    }
}

const INTERNAL: &str = "INTERNAL_SERVER_ERROR";

/// The hint that the error shows.
fn hint(reason: Option<Reason>, response: &ResponseParts<'_>) -> Option<&'static str> {
    let Some(reason) = reason else {
        return match response.status.as_u16() {
            403 => Some(
                "the client's role does not allow this, or the client may not work for the company given to `for_company`; `token_info()` has the `permissions()` of the role",
            ),
            404 => {
                Some("check the id; an object of another company is found only with `for_company`")
            }
            503 => Some("the service is down for maintenance: try again later"),
            _ => None,
        };
    };
    let path = response.operation.path();
    let searches = path.contains("search") || path.contains("export");
    Some(match reason {
        Reason::TokenRefused => {
            "a new token was refused: check that the base URL belongs to the account's region, and that the client is still active"
        }
        Reason::ClientRefused => "check the client id and the client secret",
        Reason::IpRestricted => {
            "the client may be used only from listed addresses: add this machine's public address to its list"
        }
        Reason::PrivacyWindow => {
            "the company's privacy period is running: wait until it ends, or have the company end it"
        }
        Reason::InvalidInput if searches => {
            "`order_by` and the filter's field names must be columns of this list; some lists have no `CreateTime`"
        }
        Reason::ServerError if !response.operation.is_idempotent() => {
            "the service also responds like this if it cannot read the request's body: check the members of the body before sending it again"
        }
        _ => return None,
    })
}

/// Lists the companies of the caller, which every role may do. The generated operation needs the feature `companies`,
/// and is read without its envelope.
pub(crate) static CHECK: Operation =
    Operation::new("companies.list_my", Method::GET, "/api/companies/my").idempotent();

#[derive(Debug)]
pub(crate) struct Keepnet;

impl Protocol for Keepnet {
    fn classify(&self, response: &ResponseParts<'_>) -> Verdict {
        match response.status.as_u16() {
            // The service uses 306 for 401.
            306 => Verdict::StaleCredential,
            // `INPUT_ERROR` means that the request is wrong, so a retry would fail as well.
            500.. if Said::read(response.body).code_is("INPUT_ERROR") => Verdict::Final,
            _ => Verdict::by_status(response),
        }
    }

    fn has_envelope(&self) -> bool {
        true
    }

    fn payload<'a>(&self, response: &ResponseParts<'a>) -> Result<&'a [u8], Verdict> {
        match Envelope::read(response.body) {
            // The service also fails after it has executed a request.
            Some(envelope) if envelope.failed() => Err(match envelope.status() {
                Some(status) if status.eq_ignore_ascii_case(INTERNAL) => Verdict::Transient,
                _ => Verdict::Final,
            }),
            Some(envelope) if envelope.reports_error() => Err(Verdict::Interrupted),
            // The service puts every `null` into an envelope.
            None if response.body.trim_ascii() == b"null" => Ok(b""),
            // The check is about the envelope itself, and reads it whole. The generated call of the same operation does
            // not.
            _ if std::ptr::eq(response.operation, &CHECK) => Ok(response.body),
            Some(envelope) if envelope.is_envelope() => Ok(envelope.data()),
            _ => Ok(response.body),
        }
    }

    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        Said::read(response.body).into_error(response)
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method, StatusCode};
    use security_api_transport::{Error, Operation};
    use serde_json::json;

    use super::*;

    static SEARCH: Operation =
        Operation::new("companies.search", Method::POST, "/api/companies/search").idempotent();
    static CREATE: Operation = Operation::new("companies.create", Method::POST, "/api/companies");

    fn response_to<T>(
        operation: &'static Operation,
        status: u16,
        body: &str,
        judge: impl FnOnce(&ResponseParts<'_>) -> T,
    ) -> T {
        let headers = HeaderMap::new();
        let status = StatusCode::from_u16(status).unwrap();
        judge(&ResponseParts::new(
            operation,
            status,
            &headers,
            body.as_bytes(),
        ))
    }

    fn reason(error: &ApiError) -> Option<Reason> {
        let headers = HeaderMap::new();
        let status = StatusCode::OK;
        let error = Error::from_response(status, headers, None, Vec::new().into(), error.clone());
        Reason::of(&error)
    }

    #[test]
    fn the_remedy_is_about_the_operation_that_was_refused() {
        static EXPORT: Operation =
            Operation::new("companies.export", Method::POST, "/api/companies/export");
        static GET: Operation =
            Operation::new("companies.get", Method::GET, "/api/companies/1").idempotent();
        const COLUMNS: &str = "must be columns of this list";
        const BODY: &str = "check the members of the body";
        for (operation, status, code, says, remedy) in [
            (&SEARCH, 400, "INPUT_ERROR", true, COLUMNS),
            (&EXPORT, 400, "INPUT_ERROR", true, COLUMNS),
            (&CREATE, 400, "INPUT_ERROR", false, COLUMNS),
            (&CREATE, 500, "INTERNAL_SERVER_ERROR", true, BODY),
            (&GET, 500, "INTERNAL_SERVER_ERROR", false, BODY),
        ] {
            let body = json!({"status": code, "message": "No", "data": null}).to_string();
            let error = response_to(operation, status, &body, |response| {
                Keepnet.api_error(response)
            });
            let message = error.message.unwrap_or_default();
            assert_eq!(
                message.contains(remedy),
                says,
                "{} {message}",
                operation.id()
            );
        }
    }

    #[test]
    fn every_form_of_an_error_is_read() {
        let table = [
            (
                400,
                r#"{"data":null,"message":"Invalid request","status":"INPUT_ERROR","validationMessages":["Name is empty"]}"#,
                Some(Reason::InvalidInput),
                Some("INPUT_ERROR"),
                "Invalid request",
                "Name is empty",
            ),
            (
                500,
                r#"{"Data":null,"Message":"Invalid request","Status":"INPUT_ERROR","ValidationMessages":["Name is empty"]}"#,
                Some(Reason::InvalidInput),
                Some("INPUT_ERROR"),
                "Invalid request",
                "Name is empty",
            ),
            (
                403,
                r#"{"status":"PRIVACY_ERROR","message":"Private"}"#,
                Some(Reason::PrivacyWindow),
                Some("PRIVACY_ERROR"),
                "Private (the company's privacy period",
                "",
            ),
            (
                403,
                r#"{"status":"IP_RESTRICTED"}"#,
                Some(Reason::IpRestricted),
                Some("IP_RESTRICTED"),
                "the client may be used only from listed addresses",
                "",
            ),
            (
                500,
                r#"{"status":"INTERNAL_SERVER_ERROR","message":null,"data":null}"#,
                Some(Reason::ServerError),
                Some("INTERNAL_SERVER_ERROR"),
                "the service also responds like this",
                "",
            ),
            (
                404,
                r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"No such badge"}"#,
                None,
                None,
                "Not Found: No such badge (check the id",
                "",
            ),
            (
                400,
                r#"{"title":"One or more validation errors occurred.","status":400,"errors":{"Name":["is empty"]}}"#,
                Some(Reason::InvalidInput),
                None,
                "One or more validation errors occurred.",
                "Name: is empty",
            ),
            (
                400,
                r#"{"error":"invalid_client","error_description":"No such client"}"#,
                Some(Reason::ClientRefused),
                Some("invalid_client"),
                "No such client (check the client id",
                "",
            ),
            (
                401,
                r#"{"errors":[{"message":"Expired"},{"message":"Go away"}]}"#,
                Some(Reason::TokenRefused),
                None,
                "Expired (a new token was refused",
                "Go away",
            ),
            (
                306,
                "",
                Some(Reason::TokenRefused),
                None,
                "a new token was refused",
                "",
            ),
            (503, "<html>", None, None, "the service is down", ""),
            (403, "", None, None, "the client's role", ""),
        ];
        for (status, body, expected, code, message, validation) in table {
            let error = response_to(&CREATE, status, body, |response| {
                Keepnet.api_error(response)
            });
            assert_eq!(reason(&error), expected, "{body}");
            assert_eq!(error.code.as_deref(), code, "{body}");
            let text = error.message.as_deref().unwrap_or_default();
            assert!(text.starts_with(message), "{body}: {text}");
            assert_eq!(error.validation.join("; "), validation, "{body}");
        }
    }

    #[test]
    fn an_error_of_a_million_messages_stays_small() {
        let name = "n".repeat(100_000);
        let texts = vec![r#""a""#; 100_000].join(",");
        for (status, body) in [
            (400, format!(r#"{{"errors":{{"{name}":[{texts}]}}}}"#)),
            (
                400,
                format!(r#"{{"errors":[{{"x":{{"{name}":[{texts}]}}}}]}}"#),
            ),
            (
                200,
                format!(r#"{{"status":"FAILED","validationMessages":{{"{name}":[{texts}]}}}}"#),
            ),
            (
                200,
                format!(
                    r#"{{"status":"FAILED","message":"{name}","validationMessages":[{texts}]}}"#
                ),
            ),
        ] {
            let error = response_to(&SEARCH, status, &body, |response| {
                Keepnet.api_error(response)
            });
            let said = error.validation.concat();
            assert!(
                said.len() < 5000 && said.ends_with(" more"),
                "{}",
                said.len()
            );
            assert!(error.message.unwrap_or_default().len() < 1000);
        }
    }

    #[test]
    fn a_status_other_than_success_fails_a_200() {
        for (status, expected) in [
            ("FAILED", Reason::Failed),
            ("INPUT_ERROR", Reason::InvalidInput),
            ("INTERNAL_SERVER_ERROR", Reason::ServerError),
            ("SOMETHING_NEW", Reason::Failed),
        ] {
            let body = format!(r#"{{"data":{{}},"status":"{status}","message":"No"}}"#);
            let (verdict, error) = response_to(&SEARCH, 200, &body, |response| {
                (Keepnet.payload(response).err(), Keepnet.api_error(response))
            });
            assert_ne!(verdict, None);
            assert_eq!(reason(&error), Some(expected), "{status}");
            assert_eq!(error.code.as_deref(), Some(status));
        }
    }

    #[test]
    fn a_response_without_an_envelope_is_the_value() {
        for body in ["[1,2]", r#"{"access_token":"t"}"#, "", "PK\u{3}\u{4}"] {
            let payload = response_to(&SEARCH, 200, body, |response| {
                Keepnet.payload(response).unwrap().to_vec()
            });
            assert_eq!(payload, body.as_bytes());
        }
    }

    #[test]
    fn a_response_that_blames_the_request_is_final_and_306_is_a_stale_token() {
        for (status, body, expected) in [
            (500, r#"{"status":"INPUT_ERROR"}"#, Verdict::Final),
            (
                500,
                r#"{"status":"INTERNAL_SERVER_ERROR"}"#,
                Verdict::Transient,
            ),
            (503, "", Verdict::Transient),
            (306, "", Verdict::StaleCredential),
            (401, "", Verdict::StaleCredential),
            (429, "", Verdict::Throttled),
            (200, r#"{"status":"FAILED"}"#, Verdict::Executed),
        ] {
            let verdict = response_to(&SEARCH, status, body, |response| Keepnet.classify(response));
            assert_eq!(verdict, expected, "{status} {body}");
        }
    }
}
