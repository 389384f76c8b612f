//! Pushes: reading, listing, expiring.
//!
//! Source unless stated otherwise: the server's `app/controllers/api/v1/pushes_controller.rb`, which v2 inherits from,
//! and `app/models/push.rb`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::call::Call;
use super::files;
use super::records::{EventKind, Lifetime, Log, Mail, Push, UserId, after, seconds};
use super::response::{Outcome, Refusal, ok, time, uncached};
use super::state::Store;

/// The most events of a push.
const LARGEST_AUDIT: usize = 2000;

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
    Ok(ok(&json!({ "url": url })))
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
    let is_full = call.profile.since([2, 6, 4]) && events >= LARGEST_AUDIT;
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
    // Before 2.9.7, callers without a token were the owners of pushes that were created without one.
    let nobodys = push.user.is_none() && call.visitor.user.is_none();
    let owns = call.owns(push.user) || nobodys && !call.profile.since([2, 9, 7]);
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
    let page = call.page(mine)?.into_iter();
    let page = page.map(|push| describe(call, push, View::Listed));
    Ok(ok(&page.collect()))
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
        let mut object = json!({
            "ip": event.visitor.ip,
            "user_agent": event.visitor.user_agent,
            "referrer": event.visitor.referrer,
            "kind": event.kind,
            "created_at": time(event.at),
            "updated_at": time(event.at),
        });
        if let Some(mail) = &event.mail {
            object["notify_by_email"] = dispatch(call, mail, event.at);
        }
        object
    });
    let has_logs = call.profile.since([2, 9, 0]);
    let member = if has_logs { "logs" } else { "views" };
    Ok(ok(&json!({ member: events.collect::<Value>() })))
}

/// The progress of mail: a worker begins after a second and ends after another
/// (`app/jobs/send_notify_by_email_job.rb`).
fn dispatch(call: &Call<'_>, mail: &Mail, since: Timestamp) -> Value {
    let (status, sent) = match (seconds(since, call.now), call.state.options.mail_fails) {
        (..1, _) => ("pending", None),
        (1, _) => ("processing", None),
        (_, true) => ("failed", Some("")),
        (_, false) => ("completed", Some(&*mail.recipients)),
    };
    let mut told = json!({
        "recipients": mail.recipients,
        "locale": mail.locale,
        "status": status,
        "successful_sends": sent,
        "proceed_at": sent.map(|_| time(after(since, 2))),
    });
    if status == "failed" {
        told["error_message"] = json!("No emails were sent successfully.");
    }
    told
}

pub(crate) fn describe(call: &Call<'_>, push: &Push, view: View) -> Value {
    let now = call.now;
    let html_url = link(call, push);
    let days = match push.lifetime {
        Lifetime::Days(days) => Some(days),
        Lifetime::Step(step) => step.days(),
    };
    let mut object = json!({
        "expire_after_views": push.expire_after_views,
        "expired": push.is_expired(),
        "url_token": push.url_token,
        "deletable_by_viewer": push.deletable_by_viewer,
        "retrieval_step": push.retrieval_step,
        "expired_on": push.expired_on.map(time),
        "passphrase": push.passphrase,
        "created_at": time(push.created_at),
        "updated_at": time(push.updated_at),
        "expire_after_days": days,
        "days_remaining": push.days_remaining(now),
        "views_remaining": push.views_remaining(),
        "deleted": push.log.count(&[EventKind::Expire]) > 0,
        // This URL leads nowhere if the link has a step or a query.
        "json_url": format!("{html_url}.json"),
        "html_url": html_url,
    });
    let is_commercial = call.profile.is_commercial;
    if let (true, Lifetime::Step(step)) = (is_commercial, push.lifetime) {
        let expires_at = push.expires_at();
        object["expire_after_duration"] = json!(step.number());
        object["expires_at"] = json!(time(expires_at));
        object["expires_in"] = json!(seconds(now, expires_at).max(0));
    }
    if view != View::Shown && is_commercial {
        object["account_id"] = json!(push.account);
    }
    match view {
        View::Shown => {
            object["payload"] = json!(push.payload);
            object["files"] = files::list(call, &push.files);
        }
        View::Deleted if !is_commercial => {}
        View::Created | View::Listed | View::Deleted => {
            object["note"] = json!(push.note);
            object["name"] = json!(push.name);
        }
    }
    object
}
