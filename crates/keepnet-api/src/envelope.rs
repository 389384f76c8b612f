//! The envelope around the service's responses: `{data, message, status, validationMessages}`.
//!
//! What a response means, by its HTTP status, its shape ([`Envelope::is_envelope`]) and the word in `status`:
//!
//! | HTTP | shape | `status` | meaning |
//! |---|---|---|---|
//! | 2xx | envelope | `SUCCESS` in any case, blank, absent, or not a text | success: the value is `data`, or `null` without it |
//! | 2xx | envelope | `INTERNAL_SERVER_ERROR` in any case | error, and the request may have been executed |
//! | 2xx | envelope | any other word | error, and the request would fail again |
//! | 2xx | other object, with a message or validation messages | one of [`FAILURES`], exactly | error, as in an envelope |
//! | 2xx | other object, whose `error` or `errors` reports one | any | error of a gateway, and the request may have been executed |
//! | 2xx | `null` | | as a response without a body: an error unless the operation returns nothing |
//! | 2xx | anything else | | success: the value is the whole response |
//! | 306 | any | | error: the token is refused, as with 401 |
//! | 5xx | any | `INPUT_ERROR` in any case | error, and the request would fail again |
//! | others | any | | error, by the HTTP status |
//!
//! `Keepnet` in `protocol.rs` decides on it. Jobs ask more of the responses to their changes; see `confirmed.rs`.

pub(crate) mod bare;
pub(crate) mod company_list;
#[cfg(any(
    feature = "companies",
    feature = "incident_response",
    feature = "phishing",
    feature = "users"
))]
pub(crate) mod confirmed;

use std::borrow::Cow;
use std::fmt;

use security_api_transport::__private::reports_error;
use security_api_transport::ValidationMessages;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an envelope, not yet decoded, and whether the object has others. Names are matched without regard to
/// case, because the service writes both `data` and `Data`.
#[derive(Default)]
pub(crate) struct Envelope<'a> {
    data: Option<&'a RawValue>,
    status: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    validation: Option<&'a RawValue>,
    /// `error` or `errors`, with which gateways report a failure.
    error: Option<&'a RawValue>,
    others: bool,
}

impl<'a> Envelope<'a> {
    /// Finds the members in one pass that decodes none of the values. `None` if the text is not a JSON object.
    pub(crate) fn read(json: &'a [u8]) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let envelope = deserializer.deserialize_map(EnvelopeVisitor).ok()?;
        deserializer.end().is_ok().then_some(envelope)
    }

    /// Whether the object is an envelope: it has `data` and another member of an envelope, or only members of an
    /// envelope.
    ///
    /// The shape decides, not the operation, so that it works for requests that users build. The few responses without
    /// an envelope are lists, or objects with other members and no `data`.
    pub(crate) fn is_envelope(&self) -> bool {
        let described =
            self.status.is_some() || self.message.is_some() || self.validation.is_some();
        match self.data {
            Some(_) => described || !self.others,
            None => self.status.is_some() && !self.others,
        }
    }

    /// Whether the object has the members of every envelope of the service, whatever their values.
    #[cfg(any(
        feature = "companies",
        feature = "incident_response",
        feature = "phishing",
        feature = "users"
    ))]
    pub(crate) fn is_whole(&self) -> bool {
        self.data.is_some() && self.status.is_some()
    }

    /// Whether the request failed: the object is an envelope whose status is a word other than `SUCCESS`, or any other
    /// object that has a message and one of the known words for failure.
    ///
    /// A numeric status is ignored, because its values are not documented.
    pub(crate) fn failed(&self) -> bool {
        if self.is_envelope() {
            let status = self.status();
            return status.is_some_and(|status| !status.eq_ignore_ascii_case(SUCCESS));
        }
        let described = self.message.is_some() || self.validation.is_some();
        let is_failure = |status: Cow<'_, str>| FAILURES.contains(&&*status);
        described && self.status().is_some_and(is_failure)
    }

    /// Whether the object is no envelope and reports an error, as gateways do. The service's own models with such a
    /// member are in envelopes.
    pub(crate) fn reports_error(&self) -> bool {
        let error = self.error.map(|error| serde_json::from_str(error.get()));
        !self.is_envelope()
            && error.is_some_and(|error| error.is_ok_and(|error| reports_error(&error)))
    }

    /// The value, as a slice of the text; `null` if there is none.
    pub(crate) fn data(&self) -> &'a [u8] {
        self.data.map_or(b"null", |data| data.get().as_bytes())
    }

    /// The status, if it is a word.
    pub(crate) fn status(&self) -> Option<Cow<'a, str>> {
        self.status.and_then(text)
    }

    pub(crate) fn message(&self) -> Option<Cow<'a, str>> {
        self.message.and_then(text)
    }

    /// The validation messages, which come as a list, a text, or an object of lists.
    pub(crate) fn validation(&self) -> ValidationMessages {
        messages(self.validation)
    }
}

const SUCCESS: &str = "SUCCESS";
/// The known words for failure.
const FAILURES: [&str; 5] = [
    "FAILED",
    "INPUT_ERROR",
    "INTERNAL_SERVER_ERROR",
    "IP_RESTRICTED",
    "PRIVACY_ERROR",
];

/// A text that is not blank.
fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    let plain = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|text| !text.contains('\\'));
    let text = match plain {
        Some(text) => Cow::Borrowed(text),
        None => match serde_json::from_str(json) {
            Ok(text) => Cow::Owned(text),
            // A text with invalid escapes matches no known status, but still counts as text.
            Err(_) if json.starts_with('"') => Cow::Borrowed(json),
            Err(_) => return None,
        },
    };
    (!text.trim().is_empty()).then_some(text)
}

fn messages(value: Option<&RawValue>) -> ValidationMessages {
    let mut messages = ValidationMessages::new();
    if let Some(value) = value {
        messages.read_json("", value.get().as_bytes());
    }
    messages
}

struct EnvelopeVisitor;

impl<'de> Visitor<'de> for EnvelopeVisitor {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = map.next_key_seed(MemberName)? {
            let slot = match name {
                Name::Data => &mut envelope.data,
                Name::Status => &mut envelope.status,
                Name::Message => &mut envelope.message,
                Name::Validation => &mut envelope.validation,
                Name::Error => {
                    envelope.others = true;
                    &mut envelope.error
                }
                Name::Other => {
                    envelope.others = true;
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *slot = Some(map.next_value()?);
        }
        Ok(envelope)
    }
}

enum Name {
    Data,
    Status,
    Message,
    Validation,
    Error,
    Other,
}

struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        Ok(match name.len() {
            4 if is("data") => Name::Data,
            5 if is("error") => Name::Error,
            6 if is("errors") => Name::Error,
            6 if is("status") => Name::Status,
            7 if is("message") => Name::Message,
            18 if is("validationMessages") => Name::Validation,
            _ => Name::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::bare::Bare;
    use super::*;

    #[test]
    fn a_failure_without_data_is_recognised_by_its_status_despite_unknown_members() {
        for (json, failed) in [
            (r#"{"status":"FAILED","message":"No","traceId":"x"}"#, true),
            (r#"{"status":"FAILED","investigations":[]}"#, false),
            (
                r#"{"status":"Alive","message":null,"investigations":[]}"#,
                false,
            ),
        ] {
            let envelope = Envelope::read(json.as_bytes()).unwrap();
            assert_eq!(envelope.failed(), failed, "{json}");
        }
    }

    #[test]
    fn an_error_of_a_gateway_is_told_from_the_service_s_own_members() {
        for (json, reports) in [
            (r#"{"error":"not found"}"#, true),
            (r#"{"Errors":[{"message":"no"}],"results":[]}"#, true),
            (r#"{"error":{"code":403}}"#, true),
            (r#"{"error":null,"name":"x"}"#, false),
            (r#"{"errors":[],"results":[]}"#, false),
            (r#"{"error":"","name":"x"}"#, false),
            // Names that are as long as those.
            (r#"{"title":"x","labels":["x"]}"#, false),
            (r#"{"data":{"error":"x"},"status":"SUCCESS"}"#, false),
            (r#"{"data":null,"status":"SUCCESS","error":"x"}"#, false),
        ] {
            let envelope = Envelope::read(json.as_bytes()).unwrap();
            assert_eq!(envelope.reports_error(), reports, "{json}");
        }
    }

    fn data(json: &str) -> Option<&str> {
        let envelope = Envelope::read(json.as_bytes())?;
        envelope
            .is_envelope()
            .then(|| std::str::from_utf8(envelope.data()).unwrap())
    }

    #[test]
    fn an_envelope_is_recognised_by_its_shape() {
        for (json, expected) in [
            (
                r#"{"data":[1],"message":null,"status":"SUCCESS","validationMessages":null}"#,
                Some("[1]"),
            ),
            (r#"{"Data":{"a":1},"Status":"SUCCESS"}"#, Some(r#"{"a":1}"#)),
            (r#"{"data":7,"status":"SUCCESS","traceId":"x"}"#, Some("7")),
            (r#"{"data": null ,"status":"SUCCESS"}"#, Some("null")),
            (r#"{"status":"SUCCESS","message":null}"#, Some("null")),
            (r#"{"data":1}"#, Some("1")),
            // Each of the others is enough beside `data`, whatever else there is.
            (r#"{"data":7,"message":"m","traceId":"x"}"#, Some("7")),
            (
                r#"{"data":7,"validationMessages":[],"traceId":"x"}"#,
                Some("7"),
            ),
            // Names that are as long as those of an envelope.
            (r#"{"data":7,"origin":"x"}"#, None),
            (r#"{"data":7,"results":"x"}"#, None),
            (r#"{"data":7,"validationMistakes":[]}"#, None),
            (r#"{"date":7,"status":"SUCCESS"}"#, None),
            // Not envelopes: a member of the model's own shares the name.
            (r#"{"data":1,"size":2}"#, None),
            (r#"{"status":"Alive","investigations":[]}"#, None),
            (r#"{"message":"hello"}"#, None),
            (r#"{"access_token":"t"}"#, None),
            ("{}", None),
            ("[1]", None),
            ("null", None),
            ("", None),
            (r#"{"data":1,"status":"SUCCESS"} x"#, None),
            (r#"{"data":1,"status":"SUCC"#, None),
        ] {
            assert_eq!(data(json), expected, "{json}");
        }
    }

    #[test]
    fn only_a_status_word_other_than_success_is_a_failure() {
        for (status, failed) in [
            (r#""FAILED""#, true),
            (r#""Failed""#, true),
            (r#""INPUT_ERROR""#, true),
            (r#""F\u0041ILED""#, true),
            (r#""SUCCESS\u0020""#, true),
            // Half of a surrogate pair.
            (r#""FAILED\ud83d""#, true),
            (r#""\u0053UCCESS""#, false),
            (r#"" ""#, false),
            (r#""SUCCESS""#, false),
            (r#""Success""#, false),
            (r#""""#, false),
            ("null", false),
            ("0", false),
        ] {
            let json = format!(r#"{{"data":null,"status":{status}}}"#);
            let envelope = Envelope::read(json.as_bytes()).unwrap();
            assert_eq!(envelope.failed(), failed, "{json}");
        }
    }

    #[test]
    fn a_text_is_unescaped() {
        for (message, expected) in [
            (r#""plain""#, Some("plain")),
            (r#""\"quoted\" and \u00fc""#, Some("\"quoted\" and \u{fc}")),
            (r#""\\""#, Some("\\")),
            (r#"" ""#, None),
            ("7", None),
            ("null", None),
        ] {
            let json = format!(r#"{{"status":"FAILED","message":{message}}}"#);
            let envelope = Envelope::read(json.as_bytes()).unwrap();
            assert_eq!(envelope.message().as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn validation_messages_are_read_in_every_form() {
        for (json, expected) in [
            (json!(["a", "b"]), vec!["a", "b"]),
            (json!("a"), vec!["a"]),
            (json!(null), vec![]),
            (json!(["", null, "a"]), vec!["a"]),
            (json!([{"message": "a"}, {"Message": "b"}]), vec!["a", "b"]),
            (
                json!({"Name": ["is empty"], "Size": ["is 0", "is odd"]}),
                vec!["Name: is empty", "Size: is 0", "Size: is odd"],
            ),
            (json!({"": ["a"], "Name": " "}), vec!["a"]),
        ] {
            let text = format!(r#"{{"validationMessages":{json}}}"#);
            let envelope = Envelope::read(text.as_bytes()).unwrap();
            assert_eq!(envelope.validation().into_vec(), expected, "{json}");
            let bare = Bare::read(text.as_bytes());
            assert_eq!(bare.validation().into_vec(), expected, "{json}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            let name = prop_oneof![
                any::<String>(),
                Just("data".to_owned()),
                Just("Status".to_owned())
            ];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::hash_map(name, inner, 0..5)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_slice_is_the_data_whatever_it_is_and_wherever_it_stands(
            value in any_json(),
            order in Just(["data", "message", "status", "validationMessages"]).prop_shuffle(),
            upper in any::<bool>(),
            gap in "[ \n\t]{0,3}",
        ) {
            let data = value.to_string();
            let members: Vec<String> = order
                .iter()
                .map(|name| {
                    let json = match *name {
                        "data" => data.as_str(),
                        "status" => r#""SUCCESS""#,
                        _ => "null",
                    };
                    let name = if upper { name.to_uppercase() } else { (*name).to_owned() };
                    format!("{gap}\"{name}\"{gap}:{gap}{json}{gap}")
                })
                .collect();
            let text = format!("{{{}}}", members.join(","));
            let envelope = Envelope::read(text.as_bytes()).unwrap();
            prop_assert!(envelope.is_envelope());
            prop_assert!(!envelope.failed());
            prop_assert_eq!(envelope.data(), data.as_bytes());
            // A slice of the response itself, not a copy.
            let range = text.as_bytes().as_ptr_range();
            prop_assert!(range.contains(&envelope.data().as_ptr()));
        }

        #[test]
        fn bytes_that_are_not_json_are_not_an_envelope_and_do_not_panic(bytes: Vec<u8>) {
            let read = Envelope::read(&bytes).is_some();
            let json = serde_json::from_slice::<serde_json::Map<String, Value>>(&bytes).is_ok();
            prop_assert!(!read || json);
        }
    }
}
