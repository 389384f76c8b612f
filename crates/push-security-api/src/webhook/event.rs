//! The events that webhooks deliver.

use bytes::Bytes;
use security_api_transport::__private::is_blank;
use security_api_transport::{Error, ErrorKind, RawJson, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::types::{
    Account, AccountOther, Actor, AdminLoadedData, ApiKeyAdded, App, AppBanner,
    AppBannerConfigured, AppOther, BlockedUrlVisited, Browser, BrowserExtensionEvent,
    BrowserExtensionStateEnforcement, ClonedLoginPageDetected, ControlRuleAdded, Detection,
    Employee, EmployeeRemovedFromGroup, EventCategory, EventType, ExcludedExtensionsRemoved,
    Finding, LoginEvent, MaliciousBrowserExtensionDetected, MfaEnforcement, PasswordPhishing,
    PhishingToolDetected, StolenCredentialsChange, StolenCredentialsDetected,
    StrongPasswordEnforcement,
};

/// An event that a webhook delivered.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// The id of the event, which is the same in every delivery of it.
    pub id: String,
    /// The version of the format. Only `1` is known.
    pub version: Option<String>,
    /// When the event happened.
    pub timestamp: Option<Timestamp>,
    /// The category of the event.
    pub category: EventCategory,
    /// What the event is about, for example `LOGIN`. Match on this.
    pub object: String,
    /// A title to display. It may change; do not match on it.
    pub friendly_name: Option<String>,
    /// A text to display. It may change; do not match on it.
    pub description: Option<String>,
    /// Who caused the event, if it is an audit event.
    pub actor: Option<Actor>,
    /// What happened.
    pub payload: Payload,
    /// The whole event as received.
    pub raw: RawJson,
}

/// A record before and after.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Change<T> {
    /// Whether the record was created, updated or deleted.
    pub kind: EventType,
    /// The record after the change; `None` if it was deleted.
    pub new: Option<T>,
    /// The record before the change; `None` if it was created.
    pub old: Option<T>,
}

/// What happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Payload {
    /// An account changed (`ACCOUNT`).
    Account(Box<Change<Account>>),
    /// An account on an app that is not a work app changed (`ACCOUNT_OTHER`).
    AccountOther(Box<Change<AccountOther>>),
    /// An app changed (`APP`).
    App(Box<Change<App>>),
    /// An app that is not a work app changed (`APP_OTHER`).
    AppOther(Box<Change<AppOther>>),
    /// A browser changed (`BROWSER`).
    Browser(Box<Change<Browser>>),
    /// A browser extension changed (`BROWSER_EXTENSION`).
    BrowserExtension(Box<Change<BrowserExtensionEvent>>),
    /// An employee changed (`EMPLOYEE`).
    Employee(Box<Change<Employee>>),
    /// A finding changed (`FINDING`).
    Finding(Box<Change<Finding>>),
    /// A detection changed: all events of the category `DETECTION`, such as `STOLEN_CREDENTIALS` and `PHISHING`.
    Detection(Box<Change<Detection>>),
    /// An employee logged in (`LOGIN`).
    Login(Box<LoginEvent>),
    /// A blocked URL was visited (`BLOCKED_URL_VISITED`).
    BlockedUrlVisited(Box<BlockedUrlVisited>),
    /// A page with a phishing tool was seen (`PHISHING_TOOL_DETECTED`).
    PhishingToolDetected(Box<PhishingToolDetected>),
    /// A copy of a login page was seen (`CLONED_LOGIN_PAGE_DETECTED`).
    ClonedLoginPageDetected(Box<ClonedLoginPageDetected>),
    /// Stolen credentials were used (`STOLEN_CREDENTIALS_DETECTED`).
    StolenCredentialsDetected(Box<StolenCredentialsDetected>),
    /// A malicious browser extension was seen (`MALICIOUS_BROWSER_EXTENSION_DETECTED`).
    MaliciousBrowserExtensionDetected(Box<MaliciousBrowserExtensionDetected>),
    /// A browser extension was blocked or enabled, or could not be; [`Event::object`] tells which
    /// (`BROWSER_EXTENSION_BLOCKED`, `BROWSER_EXTENSION_ENABLED`, `BROWSER_EXTENSION_UNABLE_TO_ENFORCE_ENABLED_STATE`,
    /// `BROWSER_EXTENSION_UNABLE_TO_ENFORCE_BLOCKED_STATE`).
    BrowserExtensionStateEnforcement(Box<BrowserExtensionStateEnforcement>),
    /// An app banner was shown (`APP_BANNER`).
    AppBanner(Box<AppBanner>),
    /// A strong password was requested (`STRONG_PASSWORD_ENFORCEMENT`).
    StrongPasswordEnforcement(Box<StrongPasswordEnforcement>),
    /// MFA was requested (`MFA_ENFORCEMENT`). The name of the object is a guess.
    MfaEnforcement(Box<MfaEnforcement>),
    /// A password was typed into a page that it does not belong to (`PASSWORD_PHISHING`).
    PasswordPhishing(Box<PasswordPhishing>),
    /// Stolen credentials supplied by the customer were added (`STOLEN_CREDENTIALS_ADDED`).
    StolenCredentialsAdded(StolenCredentialsChange),
    /// Stolen credentials supplied by the customer were removed (`STOLEN_CREDENTIALS_REMOVED`).
    StolenCredentialsRemoved(StolenCredentialsChange),
    /// An employee was removed from a group (`EMPLOYEE_REMOVED_FROM_GROUP`).
    EmployeeRemovedFromGroup(EmployeeRemovedFromGroup),
    /// An app banner was set up (`APP_BANNER_CONFIGURED`). The service calls this event deprecated.
    AppBannerConfigured(AppBannerConfigured),
    /// A rule was added to a control (`CONTROL_RULE_ADDED`).
    ControlRuleAdded(ControlRuleAdded),
    /// A rule was removed from a control (`CONTROL_RULE_REMOVED`). Its details are in [`Event::raw`]. The name of the
    /// object is a guess.
    ControlRuleRemoved,
    /// Exceptions from the detection of malicious extensions were removed
    /// (`MALICIOUS_BROWSER_EXTENSION_DETECTION_EXCLUDED_EXTENSIONS_REMOVED`).
    ExcludedExtensionsRemoved(ExcludedExtensionsRemoved),
    /// Exceptions from the detection of phishing tools were removed
    /// (`PHISHING_TOOL_DETECTION_IGNORED_DOMAINS_REMOVED`). Their details are in [`Event::raw`]. The name of the object
    /// is a guess.
    IgnoredDomainsRemoved,
    /// An administrator exported data (`ADMIN_EXPORTED_DATA`). The details are in [`Event::raw`]. The name of the
    /// object is a guess.
    AdminExportedData,
    /// An administrator viewed data (`ADMIN_LOADED_DATA`).
    AdminLoadedData(AdminLoadedData),
    /// An API key was added (`API_KEY_ADDED`).
    ApiKeyAdded(ApiKeyAdded),
    /// An event that this version does not know; see [`Event::object`] and [`Event::raw`].
    Unknown,
    /// A known event in a form that this version cannot read; see [`Event::raw`].
    Unreadable(Error),
}

/// The members of every event. Only those that identify the event are required.
#[derive(Deserialize)]
struct Envelope<'a> {
    id: String,
    #[serde(default, borrow)]
    version: Option<&'a RawValue>,
    #[serde(default, borrow)]
    timestamp: Option<&'a RawValue>,
    category: EventCategory,
    object: String,
    #[serde(default, borrow, rename = "friendlyName")]
    friendly_name: Option<&'a RawValue>,
    #[serde(default, borrow)]
    description: Option<&'a RawValue>,
    #[serde(default, borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(default, borrow)]
    actor: Option<&'a RawValue>,
    #[serde(default, borrow)]
    new: Option<&'a RawValue>,
    #[serde(default, borrow)]
    old: Option<&'a RawValue>,
}

impl Event {
    /// Reads an event from the body of a delivery without verifying it. [`Verifier::event`](super::Verifier::event)
    /// does both.
    ///
    /// # Errors
    /// If the body is not JSON, or has no id, category or object. An event that is not known, or not known in this
    /// form, is not an error.
    ///
    /// ```
    /// use push_security_api::webhook::{Event, Payload};
    ///
    /// let event = Event::read(br#"{"id":"e1","category":"AUDIT","object":"SOMETHING_NEW","new":{"a":1}}"#)?;
    /// assert!(matches!(event.payload, Payload::Unknown));
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        // As in responses, a byte order mark is no part of the JSON.
        let json = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let raw = RawJson::parse(Bytes::copy_from_slice(json));
        let raw = raw.map_err(|error| about("the body", &error))?;
        // The cause is omitted, because it may quote a value.
        let envelope: Envelope<'_> = serde_json::from_str(raw.as_str()).map_err(|_| {
            Error::new(
                ErrorKind::Decode,
                "the event is no JSON object with an id, a category and an object",
            )
        })?;
        if is_blank(&envelope.id) {
            // Events are deduplicated by their id.
            return Err(Error::new(ErrorKind::Decode, "the event's id is empty"));
        }
        let mut unreadable = None;
        let version = optional("version", envelope.version, &mut unreadable);
        let timestamp = optional("timestamp", envelope.timestamp, &mut unreadable);
        let actor = optional("actor", envelope.actor, &mut unreadable);
        let mut payload = envelope.payload().unwrap_or_else(Payload::Unreadable);
        if let Some(error) = unreadable
            && !matches!(payload, Payload::Unknown)
        {
            payload = Payload::Unreadable(error);
        }
        Ok(Self {
            id: envelope.id,
            version,
            timestamp,
            category: envelope.category,
            object: envelope.object,
            // These are only displayed, so an invalid value is ignored.
            friendly_name: optional("friendlyName", envelope.friendly_name, &mut None),
            description: optional("description", envelope.description, &mut None),
            actor,
            payload,
            raw,
        })
    }
}

/// The value of a member. `None` if it has the wrong type; the first such error is kept in `error`.
fn optional<T: for<'de> Deserialize<'de>>(
    name: &str,
    value: Option<&RawValue>,
    error: &mut Option<Error>,
) -> Option<T> {
    value.and_then(|value| {
        decode(name, value)
            .map_err(|found| error.get_or_insert(found))
            .ok()
    })
}

impl Envelope<'_> {
    fn payload(&self) -> Result<Payload, Error> {
        if self.category == EventCategory::Detection {
            return self.change().map(Payload::Detection);
        }
        Ok(match self.object.as_str() {
            "ACCOUNT" => Payload::Account(self.change()?),
            "ACCOUNT_OTHER" => Payload::AccountOther(self.change()?),
            "APP" => Payload::App(self.change()?),
            "APP_OTHER" => Payload::AppOther(self.change()?),
            "BROWSER" => Payload::Browser(self.change()?),
            "BROWSER_EXTENSION" => Payload::BrowserExtension(self.change()?),
            "EMPLOYEE" => Payload::Employee(self.change()?),
            "FINDING" => Payload::Finding(self.change()?),
            "LOGIN" => Payload::Login(self.said()?),
            "BLOCKED_URL_VISITED" => Payload::BlockedUrlVisited(self.said()?),
            "PHISHING_TOOL_DETECTED" => Payload::PhishingToolDetected(self.said()?),
            "CLONED_LOGIN_PAGE_DETECTED" => Payload::ClonedLoginPageDetected(self.said()?),
            "STOLEN_CREDENTIALS_DETECTED" => Payload::StolenCredentialsDetected(self.said()?),
            "MALICIOUS_BROWSER_EXTENSION_DETECTED" => {
                Payload::MaliciousBrowserExtensionDetected(self.said()?)
            }
            "BROWSER_EXTENSION_BLOCKED"
            | "BROWSER_EXTENSION_ENABLED"
            | "BROWSER_EXTENSION_UNABLE_TO_ENFORCE_ENABLED_STATE"
            | "BROWSER_EXTENSION_UNABLE_TO_ENFORCE_BLOCKED_STATE" => {
                Payload::BrowserExtensionStateEnforcement(self.said()?)
            }
            "APP_BANNER" => Payload::AppBanner(self.said()?),
            "STRONG_PASSWORD_ENFORCEMENT" => Payload::StrongPasswordEnforcement(self.said()?),
            "MFA_ENFORCEMENT" => Payload::MfaEnforcement(self.said()?),
            "PASSWORD_PHISHING" => Payload::PasswordPhishing(self.said()?),
            "STOLEN_CREDENTIALS_ADDED" => Payload::StolenCredentialsAdded(*self.said()?),
            "STOLEN_CREDENTIALS_REMOVED" => Payload::StolenCredentialsRemoved(*self.said()?),
            "EMPLOYEE_REMOVED_FROM_GROUP" => Payload::EmployeeRemovedFromGroup(*self.said()?),
            "APP_BANNER_CONFIGURED" => Payload::AppBannerConfigured(*self.said()?),
            "CONTROL_RULE_ADDED" => Payload::ControlRuleAdded(*self.said()?),
            "CONTROL_RULE_REMOVED" => Payload::ControlRuleRemoved,
            "MALICIOUS_BROWSER_EXTENSION_DETECTION_EXCLUDED_EXTENSIONS_REMOVED" => {
                Payload::ExcludedExtensionsRemoved(*self.said()?)
            }
            "PHISHING_TOOL_DETECTION_IGNORED_DOMAINS_REMOVED" => Payload::IgnoredDomainsRemoved,
            "ADMIN_EXPORTED_DATA" => Payload::AdminExportedData,
            "ADMIN_LOADED_DATA" => Payload::AdminLoadedData(*self.said()?),
            "API_KEY_ADDED" => Payload::ApiKeyAdded(*self.said()?),
            _ => Payload::Unknown,
        })
    }

    fn change<T: for<'de> Deserialize<'de>>(&self) -> Result<Box<Change<T>>, Error> {
        let kind = match self.kind {
            Some(kind) => decode("type", kind)?,
            None if self.new.is_none() => EventType::Delete,
            None if self.old.is_none() => EventType::Create,
            None => EventType::Update,
        };
        Ok(Box::new(Change {
            kind,
            new: self.new.map(|new| decode("new", new)).transpose()?,
            old: self.old.map(|old| decode("old", old)).transpose()?,
        }))
    }

    /// The details of the event, or an empty object if there are none.
    fn said<T: for<'de> Deserialize<'de> + Default>(&self) -> Result<Box<T>, Error> {
        self.new.map_or_else(
            || Ok(Box::default()),
            |new| decode("new", new).map(Box::new),
        )
    }
}

/// Decodes the member of the event that has this name.
fn decode<T: for<'de> Deserialize<'de>>(name: &str, value: &RawValue) -> Result<T, Error> {
    let decoded = RawJson::from(value).decode();
    decoded.map_err(|error| about(&format!("the event's `{name}`"), &error))
}

/// The error of decoding a part of a delivery. As it comes, it is about a response, which also depends on the base URL.
fn about(what: &str, error: &Error) -> Error {
    let text = error.to_string();
    let text = match text.strip_prefix("the response") {
        Some(rest) => format!("{what}{}", rest.split(": check").next().unwrap_or_default()),
        None => text,
    };
    Error::new(error.kind(), text)
}
