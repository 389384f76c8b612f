//! Making a push.

use http::StatusCode;

use super::edition::Step;
use super::model::{EventKind, Kind, Lifetime, Log, Push};
use super::notify;
use super::params::{Param, Params};
use super::pushes::{View, describe};
use super::reply::{Errors, Refusal, Reply, json_reply};
use super::state::Store;
use super::visit::Visit;

/// In characters.
const LARGEST_TEXT: usize = 1_048_576;
const LARGEST_QR: usize = 1024;

/// For all kinds of pushes together.
pub(crate) const MOST_FILES: usize = 10;

const DAYS: (i64, i64, i64) = (1, 90, 7);
const VIEWS: (i64, i64, i64) = (1, 100, 5);

/// A number within its limits, or the default: there is no error for others.
fn number(params: &Params, name: &str, (least, most, default): (i64, i64, i64)) -> i64 {
    let given = params.get(name).and_then(Param::integer);
    given
        .filter(|number| (least..=most).contains(number))
        .unwrap_or(default)
}

/// A switch that is on unless it is there and says otherwise.
pub(crate) fn switch(params: &Params, name: &str) -> bool {
    params.get(name).is_none_or(Param::is_ticked)
}

fn lifetime(visit: &Visit<'_>, params: &Params) -> Lifetime {
    if !visit.profile.is_commercial {
        return Lifetime::Days(number(params, "expire_after_days", DAYS));
    }
    let step = match params.get("expire_after_duration") {
        Some(step) => step.integer().and_then(Step::new),
        None => params
            .get("expire_after_days")
            .map(|_| Step::of_days(number(params, "expire_after_days", DAYS))),
    };
    Lifetime::Step(step.unwrap_or(Step::DEFAULT))
}

pub(crate) fn create(visit: &Visit<'_>, store: &mut Store) -> Result<Reply, Refusal> {
    let params = visit.params.get("push").and_then(Param::map);
    let params = params
        .filter(|params| !params.is_empty())
        .ok_or(Refusal::Missing("push"))?;
    let named = params.text("kind").filter(|kind| !kind.trim().is_empty());
    let has_files = params.get("files").is_some() || named.as_deref() == Some("file");
    if has_files && visit.visitor.user.is_none() {
        return Err(Refusal::NotSignedIn);
    }
    let uploads = params.get("files").map_or_else(Vec::new, Param::files);
    let kind = match named {
        // The server looks up the settings of a kind before it checks it.
        Some(kind) => {
            Kind::parse(&kind).ok_or(Refusal::Status(StatusCode::INTERNAL_SERVER_ERROR))?
        }
        None if uploads.is_empty() => Kind::Text,
        None => Kind::File,
    };

    let payload = params.text("payload");
    let mut errors = Errors::default();
    check_kind(visit, kind, &mut errors);
    check_payload(visit, kind, payload.as_deref(), &mut errors);
    if kind == Kind::File && uploads.len() > MOST_FILES {
        errors.add("files", "You can only attach up to 10 files per push.");
    }
    let mail = visit.profile.notifies_by_email.then(|| {
        let wanted = notify::Wanted::new(params);
        wanted.check(visit, store, None, &mut errors);
        wanted
    });
    errors.check()?;

    let now = visit.now;
    let text = |name| params.text(name).unwrap_or_default();
    let url_token = store.url_token();
    let mut log = Log::default();
    log.add(EventKind::Creation, &visit.visitor, now);
    let push = Push {
        user: visit.visitor.user,
        account: visit.account()?,
        name: text("name"),
        note: text("note"),
        payload,
        passphrase: Some(text("passphrase")),
        files: store.attach(uploads),
        lifetime: lifetime(visit, params),
        expire_after_views: number(params, "expire_after_views", VIEWS),
        deletable_by_viewer: (kind != Kind::Url).then(|| switch(params, "deletable_by_viewer")),
        retrieval_step: switch(params, "retrieval_step"),
        created_at: now,
        updated_at: now,
        expired_on: None,
        log,
        url_token: url_token.clone(),
    };
    let mail = mail.filter(|mail| !mail.is_empty());
    if let Some(mail) = &mail {
        mail.count(visit, store);
    }
    let push = store.pushes.insert(url_token, push);
    let mut object = describe(visit, push, View::Created);
    if let Some(mail) = mail {
        object = object
            .with("notify_emails_to", mail.recipients.as_str())
            .with("notify_emails_to_locale", mail.locale.as_deref());
        push.log.add_mail(mail.mail(), &visit.visitor, now);
    }
    Ok(json_reply(StatusCode::CREATED, &object))
}

fn check_kind(visit: &Visit<'_>, kind: Kind, errors: &mut Errors) {
    let options = &visit.state.options;
    let (allowed, message) = match kind {
        Kind::Text => return,
        Kind::File => (options.files, "File pushes are disabled."),
        Kind::Url => (options.urls, "URL pushes are disabled."),
        Kind::Qr => (options.qr_codes, "QR code pushes are disabled."),
    };
    if !allowed {
        errors.add("kind", message);
    }
}

fn check_payload(visit: &Visit<'_>, kind: Kind, payload: Option<&str>, errors: &mut Errors) {
    let payload = payload.unwrap_or_default();
    if kind == Kind::File {
        return;
    }
    if payload.trim().is_empty() {
        errors.add("payload", "Payload is required.");
        return;
    }
    let characters = payload.chars().count();
    let wrong = match kind {
        Kind::Text if characters > LARGEST_TEXT => {
            "The payload is too large.  You can only push up to 1048576 bytes."
        }
        Kind::Qr if characters > LARGEST_QR => {
            "The QR code payload is too large.  You can only push up to 1024 bytes."
        }
        Kind::Url if !is_url(payload, visit.profile.checks_url_scheme) => {
            "must be a valid HTTP or HTTPS URL."
        }
        _ => return,
    };
    errors.add("payload", wrong);
}

fn is_url(text: &str, web_only: bool) -> bool {
    let Some((scheme, _)) = text.split_once(':') else {
        return false;
    };
    let is_web = ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme && (is_web || !web_only)
}
