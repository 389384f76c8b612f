//! Requests for secrets, which another person responds to. Only the commercial product has them.
//!
//! Source: the vendor's documentation and public clients. The product's source is closed: messages, the order of
//! checks, and the counting of views are inferred.

use http::StatusCode;
use serde_json::{Value, json};

use super::call::Call;
use super::edition::Step;
use super::files;
use super::pushes::events;
use super::records::{DAY, EventKind, Log, Phase, Request, seconds};
use super::response::{BLANK, Errors, Outcome, Refusal, json_response, ok, time};
use super::state::Store;

/// The most files of a request (inferred). The limit of a push is a setting.
const MOST_FILES: usize = 10;

fn found<'a>(
    call: &Call<'_>,
    store: &'a mut Store,
    token: &str,
) -> Result<&'a mut Request, Refusal> {
    let request = store.requests.get_mut(token).ok_or(Refusal::NOT_FOUND)?;
    request.close_if_due(call.now);
    Ok(request)
}

pub(crate) fn create(call: &Call<'_>, store: &mut Store, _: &str) -> Outcome {
    let params = call.params.of("request")?;
    let text = |name| params.text(name).unwrap_or_default().to_owned();
    let is_on = |name| params.ticked(name).unwrap_or(false);
    let mut errors = Errors::default();
    if text("request").trim().is_empty() {
        errors.add("request", BLANK);
    }
    errors.check_files(params.files.len(), MOST_FILES);
    errors.check()?;
    let step = params.integer("close_after_duration");
    let url_token = store.url_token();
    let mut log = Log::default();
    log.add(EventKind::Creation, &call.visitor, call.now);
    let request = Request {
        url_token: url_token.clone(),
        user: call.visitor.user,
        account: call.account()?,
        name: text("name"),
        note: text("note"),
        text: Some(text("request")),
        response: None,
        passphrase: Some(text("passphrase")),
        files: store.attach(params.files.clone()),
        response_files: Vec::new(),
        step: step.and_then(Step::new).unwrap_or(Step::DEFAULT),
        retrieval_step: params.ticked("retrieval_step").unwrap_or(true),
        include_requestor: is_on("include_requestor"),
        response_file_attachments: is_on("response_file_attachments"),
        created_at: call.now,
        updated_at: call.now,
        log,
    };
    let object = record(call, &request);
    store.requests.push(url_token, request);
    Ok(json_response(StatusCode::CREATED, &object))
}

/// The caller's requests in this phase; `active` ones are those that are not closed.
pub(crate) fn list(call: &Call<'_>, store: &mut Store, which: &str) -> Outcome {
    let mine = store.requests.iter().rev().filter(|request| {
        let phase = request.phase(call.now);
        let wanted = match which {
            "active" => phase != Phase::Closed,
            other => json!(phase) == other,
        };
        wanted && call.owns(request.user) && call.lists_account(request.account)
    });
    let page = call.page(mine)?;
    let page = page.into_iter().map(|request| record(call, request));
    Ok(ok(&page.collect()))
}

pub(crate) fn preview(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let url = link(call, found(call, store, token)?);
    Ok(ok(&json!({ "url": url })))
}

pub(crate) fn audit(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let request = found(call, store, token)?;
    events(call, request.user, &request.log)
}

pub(crate) fn close(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let request = found(call, store, token)?;
    if !call.owns(request.user) {
        return Err(Refusal::NOT_OWNER);
    }
    if !request.is_closed() {
        request.close(call.now);
        request.log.add(EventKind::Expire, &call.visitor, call.now);
    }
    Ok(ok(&record(call, request)))
}

/// Refuses callers without the passphrase, if there is one.
fn check_passphrase(call: &Call<'_>, request: &mut Request) -> Result<(), Refusal> {
    let passphrase = request.passphrase.as_deref().unwrap_or_default();
    if call.knows(passphrase) {
        return Ok(());
    }
    let failed = EventKind::FailedPassphrase;
    request.log.add(failed, &call.visitor, call.now);
    Err(Refusal::WrongPassphrase)
}

pub(crate) fn show(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let request = found(call, store, token)?;
    let owns = call.owns(request.user);
    check_passphrase(call, request)?;
    let kind = match (request.is_closed(), owns) {
        (true, _) => EventKind::FailedView,
        (false, true) => EventKind::OwnerView,
        (false, false) => EventKind::View,
    };
    request.log.add(kind, &call.visitor, call.now);
    // The response is for the owner.
    let response_files = request.response_files.iter().filter(|_| owns);
    let mut object = state(call, request);
    object["request"] = json!(request.text);
    object["response"] = json!(request.response.as_ref().filter(|_| owns));
    object["files"] = files::list(call, request.files.iter().chain(response_files));
    Ok(ok(&object))
}

pub(crate) fn respond(call: &Call<'_>, store: &mut Store, token: &str) -> Outcome {
    let request = found(call, store, token)?;
    check_passphrase(call, request)?;
    let params = call.params.of("request")?;
    let uploads = params.files.clone();
    let response = params.text("response").unwrap_or_default();
    let mut errors = Errors::default();
    if request.phase(call.now) != Phase::Open {
        errors.add("base", "This request is not open.");
    }
    if response.trim().is_empty() && uploads.is_empty() {
        errors.add("response", BLANK);
    }
    if !uploads.is_empty() && !request.response_file_attachments {
        errors.add("files", "are not allowed");
    }
    errors.check_files(uploads.len(), MOST_FILES);
    errors.check()?;
    let files = store.attach(uploads);
    let request = store.requests.get_mut(token).ok_or(Refusal::NOT_FOUND)?;
    request.response = Some(response.to_owned());
    request.response_files = files;
    request.updated_at = call.now;
    request.log.add(EventKind::Edit, &call.visitor, call.now);
    Ok(ok(&state(call, request)))
}

fn link(call: &Call<'_>, request: &Request) -> String {
    let path = format!("/requests/{}", request.url_token);
    call.link(&path, request.retrieval_step)
}

/// The members for all callers.
fn state(call: &Call<'_>, request: &Request) -> Value {
    let html_url = link(call, request);
    let closes_at = request.closes_at();
    json!({
        "url_token": request.url_token,
        "state": request.phase(call.now),
        "close_after_duration": request.step.number(),
        "close_after_at": time(closes_at),
        "days_remaining": (seconds(call.now, closes_at) / DAY).max(0),
        "include_requestor": request.include_requestor,
        "response_file_attachments": request.response_file_attachments,
        "retrieval_step": request.retrieval_step,
        "passphrase": request.passphrase,
        "created_at": time(request.created_at),
        "updated_at": time(request.updated_at),
        "json_url": format!("{html_url}.json"),
        "html_url": html_url,
    })
}

/// The members for the owner.
fn record(call: &Call<'_>, request: &Request) -> Value {
    let mut object = state(call, request);
    object["account_id"] = json!(request.account);
    object["name"] = json!(request.name);
    object["note"] = json!(request.note);
    object
}
