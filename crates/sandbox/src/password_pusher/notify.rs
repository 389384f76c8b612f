//! Telling recipients of a push by e-mail.
//!
//! Source: the server's source: `app/models/concerns/pwpush/notifiable_by_email.rb` and
//! `app/validators/multiple_emails_validator.rb`, where no line says otherwise.

use bytes::Bytes;
use std::collections::HashSet;

use http::{Response, StatusCode};
use serde_json::json;

use super::call::{Call, is_locale};
use super::model::{DAY, Mail, Push, ruby_split, seconds};
use super::params::Params;
use super::response::{BLANK, Errors, NOT_AN_OPTION, Refusal, json_response};
use super::state::Store;

const TO: &str = "notify_emails_to";
const LOCALE: &str = "notify_emails_to_locale";

/// To one push, at once and in total.
const MOST: usize = 5;
const MOST_A_DAY: usize = 500;

/// Whom the caller wants to be told.
pub(crate) struct Wanted {
    /// As they were given.
    pub(crate) recipients: String,
    pub(crate) locale: Option<String>,
}

impl Wanted {
    pub(crate) fn new(params: &Params) -> Self {
        Self {
            recipients: params.text(TO).unwrap_or_default(),
            locale: params
                .text(LOCALE)
                .filter(|locale| !locale.trim().is_empty()),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.recipients.trim().is_empty()
    }

    /// Blanks are those of `String#strip`, which are ASCII.
    fn addresses(&self) -> Vec<&str> {
        let blank = |c: char| matches!(c, '\0' | '\t'..='\r' | ' ');
        ruby_split(&self.recipients)
            .map(|address| address.trim_matches(blank))
            .collect()
    }

    pub(crate) fn mail(&self) -> Mail {
        Mail {
            recipients: self.recipients.clone(),
            locale: self.locale.clone(),
        }
    }

    /// Finds what is wrong, for a new push or one that is there. Each is
    /// looked at, whatever is wrong with the others.
    pub(crate) fn check(
        &self,
        call: &Call<'_>,
        store: &Store,
        push: Option<&Push>,
        errors: &mut Errors,
    ) {
        let locale = self.locale.as_deref();
        if !self.is_empty() {
            self.check_addresses(errors);
        }
        if locale.is_some_and(|locale| !is_locale(locale)) {
            errors.add(LOCALE, NOT_AN_OPTION);
        }
        if self.is_empty() && push.is_some() {
            errors.add(TO, BLANK);
        }
        if self.is_empty() && locale.is_none() {
            return;
        }
        let mut refuse = |recipients_refused, locale_refused| {
            if !self.is_empty() {
                errors.add(TO, recipients_refused);
            }
            if locale.is_some() {
                errors.add(LOCALE, locale_refused);
            }
        };
        if !call.state.sends_mail() {
            refuse("are not available", "is not available");
            errors.add("base", "Notify by email feature is not enabled");
        } else if call.visitor.user.is_none() {
            refuse(
                "are not allowed for unknown users",
                "is not allowed for unknown users",
            );
        } else {
            if push.is_some_and(Push::is_expired) {
                refuse(
                    "are not available for expired pushes",
                    "is not available for expired pushes",
                );
            }
            // Only once so many were told (measured on 2.11.4).
            if told_today(call, store) >= MOST_A_DAY {
                errors.add(
                    "base",
                    "The maximum number of emails has been reached for today",
                );
            }
        }
        let told = push.map_or(0, |push| push.log.recipients);
        let new = self.addresses().len();
        if !self.is_empty() && told > 0 && told + new > MOST {
            errors.add(
                "base",
                format!(
                    "You can notify up to {MOST} email(s) and you have already sent emails to \
                     {told} recipients"
                ),
            );
        }
    }

    fn check_addresses(&self, errors: &mut Errors) {
        let addresses = self.addresses();
        let is_blank = |address: &&str| address.trim().is_empty();
        for misplaced in [
            addresses.iter().any(is_blank),
            self.recipients.ends_with(','),
        ] {
            if misplaced {
                errors.add(TO, "has commas used in the wrong way");
            }
        }
        // Without case (measured on 2.11.4).
        let different: HashSet<_> = addresses
            .iter()
            .map(|address| address.to_lowercase())
            .collect();
        if different.len() < addresses.len() {
            errors.add(TO, "contains duplicate emails");
        }
        if addresses.len() > MOST {
            errors.add(TO, format!("contains more than {MOST} email(s)"));
        }
        let mut given = addresses.iter().filter(|address| !is_blank(address));
        if !given.all(|address| is_address(address)) {
            errors.add(TO, "contains invalid email(s)");
        }
    }

    /// Adds the recipients to those of the day.
    pub(crate) fn count(&self, call: &Call<'_>, store: &mut Store) {
        if let Some(user) = call.visitor.user {
            let told = told_today(call, store) + self.addresses().len();
            store.mails.insert(user, (day(call), told));
        }
    }
}

/// Which day it is, counted from the sandbox's start.
fn day(call: &Call<'_>) -> i64 {
    seconds(call.state.started, call.now) / DAY
}

fn told_today(call: &Call<'_>, store: &Store) -> usize {
    let told = call.visitor.user.and_then(|user| store.mails.get(&user));
    told.filter(|(then, _)| *then == day(call))
        .map_or(0, |(_, count)| *count)
}

/// `\w` is ASCII (measured on 2.11.4).
fn is_address(text: &str) -> bool {
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let Some((domain, top)) = host.rsplit_once('.') else {
        return false;
    };
    !local.is_empty()
        && local
            .chars()
            .all(|char| is_word(char) || ".%+-".contains(char))
        && domain.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|char| is_word(char) || char == '-')
        })
        && top.chars().count() >= 2
        && top.chars().all(is_word)
}

/// Tells more recipients of a push.
pub(crate) fn notify(
    call: &Call<'_>,
    store: &mut Store,
    token: &str,
) -> Result<Response<Bytes>, Refusal> {
    let push = store.pushes.get(token).ok_or(Refusal::NotFound)?;
    let user = call.visitor.user.ok_or(Refusal::Unauthorized)?;
    if !call.state.admit_mail(user) {
        return Err(Refusal::TooManyMails);
    }
    if !call.owns(push.user) {
        return Err(Refusal::NotOwner);
    }
    let wanted = Wanted::new(&call.params);
    let mut errors = Errors::default();
    wanted.check(call, store, Some(push), &mut errors);
    errors.check()?;
    wanted.count(call, store);
    if let Some(push) = store.pushes.get_mut(token) {
        push.log.add_mail(wanted.mail(), &call.visitor, call.now);
    }
    let told = json!({ "message": "Recipient(s) are added to the queue to be sent." });
    Ok(json_response(StatusCode::CREATED, &told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_not_taken_for_one() {
        for address in ["a@example.com", "a.b+c%d@sub.example-1.org"] {
            assert!(is_address(address), "{address}");
        }
        for other in [
            "",
            "a",
            "a@b",
            "@example.com",
            "a@.com",
            "a@example.c",
            "a b@example.com",
            "a@@example.com",
            "é@example.fr",
            "a@exämple.fr",
        ] {
            assert!(!is_address(other), "{other}");
        }
    }
}
