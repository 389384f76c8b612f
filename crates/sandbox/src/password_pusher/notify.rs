//! Notifications of recipients by e-mail.
//!
//! Source unless stated otherwise: the server's `app/models/concerns/pwpush/notifiable_by_email.rb` and
//! `app/validators/multiple_emails_validator.rb`.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::json;

use super::call::{Call, is_locale};
use super::params::Params;
use super::records::{DAY, Mail, Push, seconds};
use super::response::{BLANK, Errors, NOT_AN_OPTION, Outcome, Refusal, json_response};
use super::state::Store;

const TO: &str = "notify_emails_to";
const LOCALE: &str = "notify_emails_to_locale";

/// The most recipients of a push, at once and in total.
const MOST: usize = 5;
const MOST_A_DAY: usize = 500;

impl Mail {
    /// The notification in a request.
    pub(crate) fn new(params: &Params) -> Self {
        let locale = params.text(LOCALE);
        let locale = locale.filter(|locale| !locale.trim().is_empty());
        Self {
            recipients: params.text(TO).unwrap_or_default().to_owned(),
            locale: locale.map(str::to_owned),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.recipients.trim().is_empty()
    }

    /// The parts between commas without their blanks, which are ASCII.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        let parts = (!self.is_empty()).then(|| self.recipients.split(','));
        parts.into_iter().flatten().map(str::trim_ascii)
    }

    /// Adds the errors of the addresses themselves. Case makes no difference (measured on 2.11.4).
    fn check_addresses(&self, errors: &mut Errors) {
        let given = self.addresses().filter(|address| !address.is_empty());
        let given: Vec<_> = given.collect();
        let different: HashSet<_> = given.iter().map(|address| address.to_lowercase()).collect();
        let are_valid = given.iter().all(|address| is_address(address));
        let count = self.addresses().count();
        for (is_wrong, message) in [
            (given.len() < count, "has commas used in the wrong way"),
            (different.len() < given.len(), "contains duplicate emails"),
            (given.len() > MOST, "contains more than 5 email(s)"),
            (!are_valid, "contains invalid email(s)"),
        ] {
            if is_wrong {
                errors.add(TO, message);
            }
        }
    }

    /// Adds the errors of the notification about a new or an existing push.
    pub(crate) fn check(
        &self,
        call: &Call<'_>,
        store: &Store,
        push: Option<&Push>,
        errors: &mut Errors,
    ) {
        self.check_addresses(errors);
        if self.is_empty() && push.is_some() {
            errors.add(TO, BLANK);
        }
        let locale = self.locale.as_deref();
        if locale.is_some_and(|locale| !is_locale(locale)) {
            errors.add(LOCALE, NOT_AN_OPTION);
        }
        if self.is_empty() && locale.is_none() {
            return;
        }
        let mut refuse = |why| {
            if !self.is_empty() {
                errors.add(TO, format!("are {why}"));
            }
            if locale.is_some() {
                errors.add(LOCALE, format!("is {why}"));
            }
        };
        if !call.state.sends_mail() {
            refuse("not available");
            errors.add("base", "Notify by email feature is not enabled");
        } else if call.visitor.user.is_none() {
            refuse("not allowed for unknown users");
        } else {
            if push.is_some_and(Push::is_expired) {
                refuse("not available for expired pushes");
            }
            // The limit is checked before these recipients are added (measured on 2.11.4).
            if told_today(call, store) >= MOST_A_DAY {
                let message = "The maximum number of emails has been reached for today";
                errors.add("base", message);
            }
        }
        let told = push.map_or(0, |push| push.log.recipients());
        if told > 0 && told + self.addresses().count() > MOST {
            let message = format!(
                "You can notify up to {MOST} email(s) and you have already sent emails to \
                 {told} recipients"
            );
            errors.add("base", message);
        }
    }
}

/// The number of recipients whom the caller told today. Days are counted from the sandbox's start.
fn told_today(call: &Call<'_>, store: &Store) -> usize {
    let day = |time| seconds(call.state.started, time) / DAY;
    let pushes = store.pushes.iter().filter(|push| call.owns(push.user));
    let events = pushes.flat_map(|push| &push.log.events);
    let today = events.filter(|event| day(event.at) == day(call.now));
    let mails = today.filter_map(|event| event.mail.as_ref());
    mails.map(|mail| mail.addresses().count()).sum()
}

/// Whether the text is an e-mail address. `\w` is ASCII (measured on 2.11.4).
fn is_address(text: &str) -> bool {
    let is_of = |part: &str, signs: &str| {
        let mut chars = part.chars();
        !part.is_empty() && chars.all(|char| char.is_ascii_alphanumeric() || signs.contains(char))
    };
    let (local, host) = text.split_once('@').unwrap_or_default();
    let (domain, top) = host.rsplit_once('.').unwrap_or_default();
    let are_labels = domain.split('.').all(|label| is_of(label, "_-"));
    is_of(local, "_.%+-") && are_labels && is_of(top, "_") && top.len() >= 2
}

/// Notifies more recipients of a push.
pub(crate) fn notify(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let push = store.pushes.get(token).ok_or(Refusal::NOT_FOUND)?;
    let user = call.visitor.user.ok_or(Refusal::Unauthorized)?;
    if !call.state.admit("mail", &user.to_string()) {
        return Err(Refusal::TOO_MANY_MAILS);
    }
    if !call.owns(push.user) {
        return Err(Refusal::NOT_OWNER);
    }
    let mail = Mail::new(&call.params);
    let mut errors = Errors::default();
    mail.check(call, store, Some(push), &mut errors);
    errors.check()?;
    if let Some(push) = store.pushes.get_mut(token) {
        push.log.add_mail(mail, &call.visitor, call.now);
    }
    let told = json!({ "message": "Recipient(s) are added to the queue to be sent." });
    Ok(json_response(StatusCode::CREATED, &told))
}
