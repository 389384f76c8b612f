//! Pushes: reading, listing, expiring.
//!
//! Source unless stated otherwise: the server's `app/controllers/api/v1/pushes_controller.rb`, which v2 inherits from,
//! and `app/models/push.rb`.

use jiff::Timestamp;
use serde_json::json;

use super::call::Call;
use super::files;
use super::model::{EventKind, Lifetime, Log, Mail, Push, UserId, after, seconds};
use super::response::{Object, Outcome, Refusal, ok, time, uncached};
use super::state::Store;

/// The response that describes a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Created,
    Shown,
    Listed,
    Deleted,
}

fn found<'a>(store: &'a mut Store, token: &str) -> Result<&'a mut Push, Refusal> {
    store.pushes.get_mut(token).ok_or(Refusal::NOT_FOUND)
}

fn link(call: &Call<'_>, push: &Push) -> String {
    call.link(&format!("/p/{}", push.url_token), push.retrieval_step)
}

pub(crate) fn preview(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let url = link(call, found(store, token)?);
    Ok(ok(&Object::default().with("url", url)))
}

pub(crate) fn show(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let push = found(store, token)?;
    let now = call.now;
    if !push.is_expired() && push.is_used_up(now) {
        push.expire(now);
    }
    let passphrase = push.passphrase.as_deref().unwrap_or_default();
    if !push.is_expired() && !call.knows(passphrase) {
        push.log
            .add(EventKind::FailedPassphrase, &call.visitor, now);
        return Err(Refusal::WrongPassphrase);
    }
    let kind = if push.is_expired() {
        EventKind::FailedView
    } else if call.owns(push.user) {
        EventKind::OwnerView
    } else {
        EventKind::View
    };
    let events = push.log.events.len();
    let is_full = (call.profile.largest_audit).is_some_and(|largest| events >= largest);
    if is_full {
        // There is no view without an entry in the audit.
        if kind == EventKind::View {
            push.expire(now);
        }
    } else {
        push.log.add(kind, &call.visitor, now);
    }
    let response = uncached(ok(&describe(call, push, View::Shown)));
    // The reader with the last view can still download files.
    if !push.is_expired() && push.files.is_empty() && push.views_remaining() == 0 {
        push.expire(now);
    }
    Ok(response)
}

pub(crate) fn delete(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let push = found(store, token)?;
    let nobodys = push.user.is_none() && call.visitor.user.is_none();
    let owns = call.owns(push.user) || nobodys && call.profile.anonymous_owns_anonymous;
    if !owns && push.deletable_by_viewer != Some(true) {
        return Err(Refusal::NOT_DELETABLE);
    }
    if !push.is_expired() {
        push.expire(call.now);
        push.log.add(EventKind::Expire, &call.visitor, call.now);
    }
    Ok(ok(&describe(call, push, View::Deleted)))
}

/// The caller's pushes, newest first: those that are active, or those that are expired.
pub(crate) fn list(call: &Call<'_>, store: &mut Store, which: &str) -> Outcome {
    let mine = store.pushes.iter().rev().filter(|push| {
        let wanted = push.is_expired() == (which == "expired");
        wanted && call.owns(push.user) && call.lists_account(push.account)
    });
    let page = call.page(mine)?;
    let page = page
        .into_iter()
        .map(|push| describe(call, push, View::Listed));
    Ok(ok(&page.collect::<Vec<_>>()))
}

pub(crate) fn audit(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let push = found(store, token)?;
    events(call, push.user, &push.log)
}

/// The events of a push or a request, oldest first, for its owner only.
pub(crate) fn events(call: &Call<'_>, owner: Option<UserId>, log: &Log) -> Outcome {
    if !call.owns(owner) {
        return Err(Refusal::NOT_OWNER);
    }
    let page = call.page(log.events.iter())?;
    let events = page.into_iter().map(|event| {
        let at = time(event.at);
        let mut object = Object::default()
            .with("ip", event.visitor.ip.as_str())
            .with("user_agent", event.visitor.user_agent.as_str())
            .with("referrer", event.visitor.referrer.as_str())
            .with("kind", json!(event.kind))
            .with("created_at", at.as_str())
            .with("updated_at", at.as_str());
        if let Some(mail) = &event.mail {
            object = object.with("notify_by_email", dispatch(call, mail, event.at));
        }
        object
    });
    let events: Vec<Object> = events.collect();
    let member = call.profile.audit_member;
    Ok(ok(&Object::default().with_list(member, events)))
}

/// The progress of mail: a worker begins after a second and ends after another
/// (`app/jobs/send_notify_by_email_job.rb`).
fn dispatch(call: &Call<'_>, mail: &Mail, since: Timestamp) -> Object {
    let told = Object::default()
        .with("recipients", mail.recipients.as_str())
        .with("locale", mail.locale.as_deref());
    let (status, sent) = match (seconds(since, call.now), call.state.options.mail_fails) {
        (..1, _) => ("pending", None),
        (1, _) => ("processing", None),
        (_, true) => ("failed", Some(String::new())),
        (_, false) => ("completed", Some(mail.recipients.clone())),
    };
    let proceeded = sent.is_some().then(|| time(after(since, 2)));
    let told = told.with("status", status);
    let told = match status {
        "failed" => told.with("error_message", "No emails were sent successfully."),
        _ => told,
    };
    told.with("successful_sends", sent)
        .with("proceed_at", proceeded)
}

pub(crate) fn describe(call: &Call<'_>, push: &Push, view: View) -> Object {
    let now = call.now;
    let html_url = link(call, push);
    let days = match push.lifetime {
        Lifetime::Days(days) => Some(days),
        Lifetime::Step(step) => step.days(),
    };
    let mut object = Object::default()
        .with("expire_after_views", push.expire_after_views)
        .with("expired", push.is_expired())
        .with("url_token", push.url_token.as_str())
        .with("deletable_by_viewer", push.deletable_by_viewer)
        .with("retrieval_step", push.retrieval_step)
        .with("expired_on", push.expired_on.map(time))
        .with("passphrase", push.passphrase.as_deref())
        .with("created_at", time(push.created_at))
        .with("updated_at", time(push.updated_at))
        .with("expire_after_days", days)
        .with("days_remaining", push.days_remaining(now))
        .with("views_remaining", push.views_remaining())
        .with("deleted", push.log.expired_by_hand)
        // This URL leads nowhere if the link has a step or a query.
        .with("json_url", format!("{html_url}.json"))
        .with("html_url", html_url);
    let is_commercial = call.profile.is_commercial;
    if let (true, Lifetime::Step(step)) = (is_commercial, push.lifetime) {
        let expires_at = push.expires_at();
        object = object
            .with("expire_after_duration", step.number())
            .with("expires_at", time(expires_at))
            .with("expires_in", seconds(now, expires_at).max(0));
    }
    if view != View::Shown && is_commercial {
        object = object.with("account_id", push.account);
    }
    match view {
        View::Shown => {
            let files: Vec<Object> = (push.files.iter())
                .map(|file| files::describe(call, file))
                .collect();
            object
                .with("payload", push.payload.as_deref())
                .with_list("files", files)
        }
        View::Deleted if !is_commercial => object,
        View::Created | View::Listed | View::Deleted => object
            .with("note", push.note.as_str())
            .with("name", push.name.as_str()),
    }
}
