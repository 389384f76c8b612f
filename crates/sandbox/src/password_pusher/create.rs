//! Creating a push.
//!
//! Source unless stated otherwise: the server's `app/controllers/api/v2/pushes_controller.rb`, `app/models/push.rb` and
//! its concerns.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::edition::Step;
use super::params::Params;
use super::pushes::{View, describe};
use super::records::{EventKind, Kind, Lifetime, Log, Mail, Push};
use super::response::{Errors, NOT_AN_OPTION, Outcome, Refusal, json_response};
use super::state::Store;
use super::url;

/// In characters.
const LARGEST_TEXT: usize = 1_048_576;
const LARGEST_QR: usize = 1024;

/// A number within its limits. Other numbers become the default, without an error.
fn number(params: &Params, name: &str, (least, most, default): (i64, i64, i64)) -> i64 {
    let fits = |number: &i64| (least..=most).contains(number);
    params.integer(name).filter(fits).unwrap_or(default)
}

/// A switch that an operator can remove, or give another default (`app/controllers/concerns/set_push_attributes.rb`).
fn choice(params: &Params, name: &str, (is_offered, default): (bool, bool)) -> bool {
    is_offered && params.ticked(name).unwrap_or(default)
}

/// The commercial product takes steps of time. Days are the step of that length (inferred from a public client that sends
/// them to both editions).
fn lifetime(call: &Call<'_>, params: &Params) -> Result<Lifetime, Refusal> {
    if !call.profile.is_commercial {
        let bounds = call.state.options.settings.days;
        return Ok(Lifetime::Days(number(params, "expire_after_days", bounds)));
    }
    let step = params.integer("expire_after_duration").map(Step::new);
    let days = params.integer("expire_after_days").map(Step::of_days);
    match (step, days) {
        (None, None) => Ok(Lifetime::Step(Step::DEFAULT)),
        (Some(Some(step)), None) | (None, Some(Some(step))) => Ok(Lifetime::Step(step)),
        _ => Err(Refusal::NotPlayed(
            "days that are no step of time, and both together".into(),
        )),
    }
}

pub(crate) fn create(call: &Call<'_>, store: &mut Store, _: &str) -> Outcome {
    let params = &call.params.of("push")?;
    let kind = kind(params)?;
    let has_texts = params.values.get("files").is_some_and(Value::is_array);
    let has_files = kind == Kind::File || has_texts || !params.files.is_empty();
    if call.visitor.user.is_none() && has_files {
        return Err(Refusal::NOT_SIGNED_IN);
    }
    // A text would be the signed id of a file (measured on 2.11.4).
    if has_texts {
        return Err(Refusal::BROKEN);
    }

    if call.profile.is_commercial && (kind == Kind::File) == params.files.is_empty() {
        let what = "files of another kind of push, and pushes of files without any";
        return Err(Refusal::NotPlayed(what.into()));
    }

    let mut errors = Errors::default();
    // These validations are in a concern and run before the model's own.
    let mail = call.profile.since([2, 9, 0]).then(|| Mail::new(params));
    if let Some(mail) = &mail {
        mail.check(call, store, None, &mut errors);
    }
    check_kind(call, kind, &mut errors);
    check_payload(call, kind, params.text("payload"), &mut errors);
    if kind == Kind::File {
        let most = call.state.options.settings.max_files;
        errors.check_files(params.files.len(), most);
    }
    errors.check()?;

    let mut push = push(call, store, params, kind)?;
    let mut object = describe(call, &push, View::Created);
    if let Some(mail) = mail.filter(|mail| !mail.is_empty()) {
        object["notify_emails_to"] = json!(mail.recipients);
        object["notify_emails_to_locale"] = json!(mail.locale);
        push.log.add_mail(mail, &call.visitor, call.now);
    }
    store.pushes.push(push.url_token.clone(), push);
    Ok(json_response(StatusCode::CREATED, &object))
}

fn kind(params: &Params) -> Result<Kind, Refusal> {
    match params.text("kind") {
        // A number in text is no kind (measured on 2.11.4).
        Some(name) if name.parse::<u64>().is_ok() => {
            let mut errors = Errors::default();
            errors.add("kind", NOT_AN_OPTION);
            Err(Refusal::Invalid(errors))
        }
        Some(name) => serde_json::from_value(name.into())
            .map_err(|_| Refusal::NotPlayed("unknown kinds of pushes".into())),
        None if params.files.is_empty() => Ok(Kind::Text),
        None => Ok(Kind::File),
    }
}

fn check_kind(call: &Call<'_>, kind: Kind, errors: &mut Errors) {
    let options = &call.state.options;
    let (is_allowed, message) = match kind {
        Kind::Text => return,
        Kind::File => (options.files, "File pushes are disabled."),
        Kind::Url => (options.urls, "URL pushes are disabled."),
        Kind::Qr => (options.qr_codes, "QR code pushes are disabled."),
    };
    if !is_allowed {
        errors.add("kind", message);
    }
}

fn check_payload(call: &Call<'_>, kind: Kind, payload: Option<&str>, errors: &mut Errors) {
    let payload = payload.unwrap_or_default();
    let characters = payload.chars().count();
    let wrong = match kind {
        Kind::File => return,
        _ if payload.trim().is_empty() => "Payload is required.",
        Kind::Text if characters > LARGEST_TEXT => {
            "The payload is too large.  You can only push up to 1048576 bytes."
        }
        Kind::Qr if characters > LARGEST_QR => {
            "The QR code payload is too large.  You can only push up to 1024 bytes."
        }
        Kind::Url => {
            let web_only = call.profile.since([2, 8, 1]);
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

fn push(call: &Call<'_>, store: &mut Store, params: &Params, kind: Kind) -> Result<Push, Refusal> {
    let settings = &call.state.options.settings;
    let deletable = (settings.deletable, settings.deletable_default);
    let step = (settings.retrieval_step, settings.retrieval_step_default);
    let text = |name| params.text(name).unwrap_or_default().to_owned();
    let url_token = store.url_token();
    let mut log = Log::default();
    log.add(EventKind::Creation, &call.visitor, call.now);
    Ok(Push {
        user: call.visitor.user,
        account: call.account()?,
        name: text("name"),
        note: text("note"),
        payload: params.text("payload").map(str::to_owned),
        passphrase: Some(text("passphrase")),
        files: store.attach(params.files.clone()),
        lifetime: lifetime(call, params)?,
        expire_after_views: number(params, "expire_after_views", settings.views),
        deletable_by_viewer: (kind != Kind::Url)
            .then(|| choice(params, "deletable_by_viewer", deletable)),
        retrieval_step: choice(params, "retrieval_step", step),
        created_at: call.now,
        updated_at: call.now,
        expired_on: None,
        log,
        url_token,
    })
}
