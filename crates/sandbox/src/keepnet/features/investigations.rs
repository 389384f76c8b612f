//! Investigations: searches through mailboxes, which take time.

use serde_json::{Value, json};

use super::handler::{Do, Rows, Table};
use super::memberships::{self, USERS};
use super::resource::Resource;
use crate::common::random::{ALPHANUMERIC, Random};
use crate::keepnet::call::{Call, choice, done};
use crate::keepnet::dates;
use crate::keepnet::records::templates::{self, filled};
use crate::keepnet::records::{Record, Row, flag, integer, member, record, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) static INVESTIGATIONS: Resource = Resource {
    prepare,
    view: current,
    ..Resource::plain(
        "/api/investigations",
        "Investigation",
        "Investigation not found",
    )
};

/// The time for which an investigation waits, and the time that each mailbox then takes, in milliseconds (inferred).
const QUEUED: i64 = 5_000;
const MAILBOX: i64 = 500;

/// The kinds of mailboxes, by their numbers. Source: the published description.
const MAILBOXES: [&str; 3] = ["AllUsers", "Groups", "SpecificUsers"];

/// The time that an action on an e-mail takes, in milliseconds (inferred).
const ACTION: i64 = 3_000;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/investigations",
    handlers: &[
        (
            "GET /scan-types",
            Do(|call| Ok(call.list(&templates::rows("scan types")))),
        ),
        ("GET /{resourceId}/summary", Do(summary)),
        ("POST /{resourceId}/search-email", Rows(search_emails)),
        ("PUT /{resourceId}/cancel", Do(cancel)),
        ("POST /{resourceId}/actions-delete", Do(act)),
        ("POST /{resourceId}/actions-delete-and-notify", Do(act)),
        ("POST /{resourceId}/actions-warning", Do(act)),
    ],
};

/// `duration` is in days. Source: the vendor's front end.
fn prepare(call: &mut Call<'_>, new: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    let (start, end) = (text(new, "startDate"), text(new, "endDate"));
    if dates::parse(start)
        .zip(dates::parse(end))
        .is_none_or(|(start, end)| start > end)
    {
        return Err(Refusal::input("startDate has to be before endDate"));
    }
    let named = texts(new, "targetUsers");
    let mailboxes: Vec<String> = match choice(new, "targetUserType", &MAILBOXES)? {
        Some("AllUsers") => emails(call.rows(USERS)),
        Some("Groups") => {
            memberships::groups(call, &named)?;
            emails(&memberships::members(call, &named))
        }
        // These are addresses, not ids. Source: the vendor's front end.
        Some(_) => match named.iter().all(|name| name.contains('@')) {
            true => named.clone(),
            false => return Err(Refusal::input("The targetUsers are not e-mail addresses")),
        },
        None => return Err(Refusal::input("The targetUserType is not known")),
    };
    let duration = integer(new, "duration");
    if !(1..=365).contains(&duration) {
        return Err(call.not_played("a duration that is not from 1 to 365"));
    }
    let end = call.now() + duration * 86_400_000;
    let targets = named.iter();
    let targets = targets.map(|target| json!({"resourceId": target, "targetUser": target}));
    let scans = member(new, "scanTypes").and_then(Value::as_array).cloned();
    let scans = scans.unwrap_or_default();
    let scan_types = scans.iter().map(
        |scan| json!({"resourceId": scan["mailConfigurationResourceId"], "scanType": scan["type"]}),
    );
    new.extend(record(json!({
        "companyResourceId": call.company,
        "incident": text(new, "name"),
        "source": "Manual",
        "priority": "Medium",
        "expireDate": dates::iso(end),
        "scanTypes": scan_types.collect::<Vec<_>>(),
        "scanConfigurationDetails": scans,
        "targetUsers": targets.collect::<Vec<_>>(),
        "mailboxes": mailboxes,
        "actions": {},
    })));
    Ok(())
}

fn emails(users: &[Row]) -> Vec<String> {
    users
        .iter()
        .map(|user| text(user, "email").to_owned())
        .collect()
}

/// The progress of an investigation.
struct Progress {
    status: &'static str,
    /// The mailboxes that have been searched.
    scanned: Vec<String>,
    total: usize,
    /// Milliseconds until the end.
    left: i64,
    ends: i64,
}

/// Source: the vendor's documentation, by which an investigation expires when its time is up before it is done.
fn progress(call: &Call<'_>, investigation: &Record) -> Progress {
    let time = |name: &str| dates::parse(text(investigation, name));
    let (created, cancelled) = (
        time("createTime").unwrap_or_default(),
        time("cancelledTime"),
    );
    let expires = time("expireDate").unwrap_or(i64::MAX);
    let mut mailboxes = texts(investigation, "mailboxes");
    let total = mailboxes.len();
    let duration = QUEUED + i64::try_from(total).unwrap_or_default() * MAILBOX;
    let until = call.now().min(cancelled.unwrap_or(i64::MAX)).min(expires);
    let passed = until - created;
    let status = match () {
        () if cancelled.is_some() => "Canceled",
        () if passed >= duration => "Finished",
        () if call.now() >= expires => "Expired",
        () if passed < QUEUED => "Queued",
        () => "Running",
    };
    let scanned = ((passed - QUEUED) / MAILBOX).max(0);
    mailboxes.truncate(usize::try_from(scanned).unwrap_or_default());
    Progress {
        status,
        scanned: mailboxes,
        total,
        left: (duration - passed).max(0),
        ends: created + duration,
    }
}

/// The values that templates show of an investigation.
fn values(call: &Call<'_>, investigation: &Record) -> Record {
    let progress = progress(call, investigation);
    let found = found(call, investigation, &progress).len();
    let (scanned, total) = (progress.scanned.len(), progress.total);
    let finished = progress.status == "Finished";
    record(json!({
        "status": progress.status,
        "found": found,
        "detected": found.to_string(),
        "total": total,
        "scanned": scanned,
        "unscanned": total - scanned,
        "percent": if finished { 100 } else { scanned * 100 / total.max(1) },
        "left": format!("{} s", progress.left / 1_000),
        "finished": finished.then(|| dates::iso(progress.ends)),
    }))
}

fn current(call: &Call<'_>, investigation: &Row) -> Row {
    let mut now = Record::clone(investigation);
    now.extend(filled("investigation", &values(call, investigation), &[]));
    Row::new(now)
}

/// The e-mails found so far: one in every third mailbox, whatever is looked for (made up). The statuses of actions are
/// those of the vendor's front end, except for `Queued`, which is inferred.
fn found(call: &Call<'_>, investigation: &Record, progress: &Progress) -> Vec<Row> {
    let id = text(investigation, "resourceId");
    let owners = progress.scanned.iter().step_by(3);
    let found = owners.map(|owner| {
        let purpose = format!("keepnet found {id} {owner}");
        let email = Random::new(call.state.seed, &purpose).text(ALPHANUMERIC, 12);
        let actions = investigation.get("actions");
        let action = actions.and_then(|actions| actions.get(&email));
        let action = action.map(|action| {
            let done = call.now() >= action["at"].as_i64().unwrap_or_default() + ACTION;
            json!({
                "actionType": action["type"],
                "status": if done { "Completed" } else { "Queued" },
                "isPermanentDelete": action["permanent"],
                "text": action["type"],
            })
        });
        let values = record(json!({ "id": email, "owner": owner, "action": action }));
        let records = [("investigation", investigation)];
        Row::new(filled("found e-mail", &values, &records))
    });
    found.collect()
}

fn one(call: &Call<'_>) -> Result<Row, Refusal> {
    INVESTIGATIONS.find(call, &call.param("resourceId"))
}

fn summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let investigation = one(call)?;
    let values = values(call, &investigation);
    let records = [("investigation", &*investigation)];
    let summary = filled("investigation summary", &values, &records);
    Ok(Outcome::Data(call.view(&summary)))
}

fn search_emails(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let investigation = one(call)?;
    Ok(found(call, &investigation, &progress(call, &investigation)))
}

/// The refusal of an investigation that has ended is inferred.
fn cancel(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let before = one(call)?;
    if !["Queued", "Running"].contains(&progress(call, &before).status) {
        return Err(Refusal::input("The investigation has ended already"));
    }
    let (id, now) = (call.param("resourceId"), call.now_text());
    INVESTIGATIONS.edit(call, &id, |investigation| {
        investigation.insert("cancelledTime".to_owned(), json!(now));
    })
}

/// Deletes the e-mails with these ids, or warns of them. Source: the vendor's front end. The refusal of other ids is
/// inferred.
fn act(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let investigation = one(call)?;
    let emails = found(call, &investigation, &progress(call, &investigation));
    let chosen = call.ids("items")?;
    let known = |id: &String| emails.iter().any(|row| text(row, "resourceId") == id);
    if !chosen.iter().all(known) {
        return Err(Refusal::input("The items are not of this investigation"));
    }
    let permanent = flag(&call.body, "isPermanentDelete");
    let kind = match permanent {
        _ if call.operation.path.ends_with("-warning") => "Warning",
        true => "Delete",
        false => "MoveToTrash",
    };
    let (id, now) = (call.param("resourceId"), call.now());
    let (path, not_found) = (INVESTIGATIONS.path, INVESTIGATIONS.not_found);
    call.change(path, &id, not_found, |record| {
        for email in &chosen {
            record["actions"][email] = json!({"type": kind, "permanent": permanent, "at": now});
        }
    })?;
    let after = record(json!({ "items": chosen, "isPermanentDelete": permanent }));
    let action = call.store().id();
    let entity = "InvestigationAction";
    call.log(entity, "CreateMany", &action, None, Some(&after));
    done(&action)
}
