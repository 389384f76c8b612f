//! Making a push.
//!
//! Source: the server's source: `app/controllers/api/v2/pushes_controller.rb`,
//! `app/models/push.rb` and its concerns, where no line says otherwise.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::call::Call;
use super::edition::Step;
use super::model::{EventKind, Kind, Lifetime, Log, Push};
use super::notify;
use super::params::{Param, Params};
use super::pushes::{View, describe};
use super::response::{Errors, NOT_AN_OPTION, Refusal, json_response};
use super::settings::PasswordPusherSettings;
use super::state::Store;
use super::url;

/// In characters.
const LARGEST_TEXT: usize = 1_048_576;
const LARGEST_QR: usize = 1024;

/// Of a request, whose limit is not known; a push has its kind's.
pub(crate) const MOST_FILES: usize = 10;

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

/// A switch that an operator can take away, or give another default
/// (`app/controllers/concerns/set_push_attributes.rb`).
fn choice(params: &Params, name: &str, is_offered: bool, default: bool) -> bool {
    is_offered && params.get(name).map_or(default, Param::is_ticked)
}

fn lifetime(call: &Call<'_>, params: &Params, settings: &PasswordPusherSettings) -> Lifetime {
    let days = settings.days;
    if !call.profile.is_commercial {
        return Lifetime::Days(number(params, "expire_after_days", days));
    }
    let step = match params.get("expire_after_duration") {
        Some(step) => step.integer().and_then(Step::new),
        None => params
            .get("expire_after_days")
            .map(|_| Step::of_days(number(params, "expire_after_days", days))),
    };
    Lifetime::Step(step.unwrap_or(Step::DEFAULT))
}

pub(crate) fn create(call: &Call<'_>, store: &mut Store) -> Result<Response<Bytes>, Refusal> {
    let params = match call.params.get("push") {
        Some(Param::Map(params)) if !params.is_empty() => &params.permitted(),
        // `require` takes any value, and `permit` fails on what is no object
        // (measured on 2.11.4).
        Some(other) if !other.is_blank() || matches!(other, Param::Flag(_)) => {
            return Err(Refusal::Failed);
        }
        _ => return Err(Refusal::Missing("push")),
    };
    let named = params.get("kind").filter(|kind| !kind.is_blank());
    let name = named.and_then(Param::text);
    let has_files = params.get("files").is_some() || name.as_deref() == Some("file");
    if has_files && call.visitor.user.is_none() {
        return Err(Refusal::NotSignedIn);
    }
    let given = params
        .get("files")
        .and_then(Param::scalars)
        .unwrap_or_default();
    if given
        .iter()
        .any(|file| !file.is_blank() && !matches!(file, Param::File(_)))
    {
        // A text would be the signed id of a file (measured on 2.11.4).
        return Err(Refusal::Failed);
    }
    let uploads = params.get("files").map_or_else(Vec::new, Param::files);
    let kind = match (named, name.as_deref()) {
        (Some(Param::Integer(number)), _) => Kind::numbered(*number),
        (Some(_), Some(name)) => match Kind::named(name) {
            // Measured on 2.11.4, where a number in text is no kind.
            None if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                let mut errors = Errors::default();
                errors.add("kind", NOT_AN_OPTION);
                return Err(Refusal::Invalid(errors));
            }
            kind => kind,
        },
        _ if uploads.is_empty() => Some(Kind::Text),
        _ => Some(Kind::File),
    };
    // The server looks up the settings of a kind before it checks it.
    let kind = kind.ok_or(Refusal::Failed)?;
    let settings = call.state.options.of(kind);

    let payload = params.column("payload");
    let mut errors = Errors::default();
    // Its validations come with a concern, before the model's own.
    let mail = call.profile.notifies_by_email.then(|| {
        let wanted = notify::Wanted::new(params);
        wanted.check(call, store, None, &mut errors);
        wanted
    });
    check_kind(call, kind, &mut errors);
    check_payload(call, kind, payload.as_deref(), &mut errors);
    let most = settings.max_files;
    if kind == Kind::File && uploads.len() > most {
        errors.add(
            "files",
            format!("You can only attach up to {most} files per push."),
        );
    }
    errors.check()?;

    let now = call.now;
    let text = |name| params.column(name).unwrap_or_default();
    let url_token = store.url_token();
    let mut log = Log::default();
    log.add(EventKind::Creation, &call.visitor, now);
    let push = Push {
        user: call.visitor.user,
        account: call.account()?,
        name: text("name"),
        note: text("note"),
        payload,
        passphrase: Some(text("passphrase")),
        files: store.attach(uploads),
        lifetime: lifetime(call, params, settings),
        expire_after_views: number(params, "expire_after_views", settings.views),
        deletable_by_viewer: (kind != Kind::Url).then(|| {
            let (is_offered, default) = (settings.deletable, settings.deletable_default);
            choice(params, "deletable_by_viewer", is_offered, default)
        }),
        retrieval_step: choice(
            params,
            "retrieval_step",
            settings.retrieval_step,
            settings.retrieval_step_default,
        ),
        created_at: now,
        updated_at: now,
        expired_on: None,
        log,
        url_token: url_token.clone(),
    };
    let mail = mail.filter(|mail| !mail.is_empty());
    if let Some(mail) = &mail {
        mail.count(call, store);
    }
    let push = store.pushes.insert(url_token, push);
    let mut object = describe(call, push, View::Created);
    if let Some(mail) = mail {
        object = object
            .with("notify_emails_to", mail.recipients.as_str())
            .with("notify_emails_to_locale", mail.locale.as_deref());
        push.log.add_mail(mail.mail(), &call.visitor, now);
    }
    Ok(json_response(StatusCode::CREATED, &object))
}

fn check_kind(call: &Call<'_>, kind: Kind, errors: &mut Errors) {
    let options = &call.state.options;
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

fn check_payload(call: &Call<'_>, kind: Kind, payload: Option<&str>, errors: &mut Errors) {
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
        Kind::Url => {
            let web_only = call.profile.checks_url_scheme;
            let is_taken = |scheme: String| !web_only || ["http", "https"].contains(&&*scheme);
            if url::scheme(payload).is_some_and(is_taken) {
                return;
            }
            "must be a valid HTTP or HTTPS URL."
        }
        _ => return,
    };
    errors.add("payload", wrong);
}
