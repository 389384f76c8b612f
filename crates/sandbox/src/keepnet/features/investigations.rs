//! Searches through mailboxes, which take their time.

use std::sync::Arc;

use serde_json::{Value, json};

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use super::memberships::{self, USERS};
use super::resource::Resource;
use crate::keepnet::dates;
use crate::keepnet::http::call::{Call, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::lists::search::selected;
use crate::keepnet::records::{Record, Row, flag, integer, member, record, row, text, texts};

use crate::common::random::{ALPHANUMERIC, Random};

pub(crate) static INVESTIGATIONS: Resource = Resource {
    prepare,
    view: current,
    ..Resource::plain(
        "/api/investigations",
        "Investigation",
        "Investigation not found",
        &[
            "name",
            "duration",
            "startDate",
            "endDate",
            "targetUserType",
            "scanTypes",
            "autoAction",
        ],
    )
};

/// How long an investigation waits, and how long each mailbox then takes, in milliseconds (inferred).
const QUEUED: i64 = 5_000;
const MAILBOX: i64 = 500;

/// How long an action on an e-mail takes, in milliseconds (inferred).
const ACTION: i64 = 3_000;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/investigations",
    handlers: &[
        ("GET /scan-types", Do(scan_types)),
        ("GET /{resourceId}/summary", Do(summary)),
        ("POST /{resourceId}/search-email", Rows(search_emails)),
        ("PUT /{resourceId}/cancel", Do(cancel)),
        ("POST /{resourceId}/actions-delete", Do(delete_emails)),
    ],
};

/// The required members are those of the published description, but for `investigationType`, which the vendor's front
/// end leaves out; `duration` is days there.
fn prepare(call: &mut Call<'_>, new: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    let (start, end) = (text(new, "startDate"), text(new, "endDate"));
    if dates::parse(start)
        .zip(dates::parse(end))
        .is_none_or(|(start, end)| start > end)
    {
        return Err(Refusal::input("startDate has to be before endDate"));
    }
    let named = texts(new, "targetUsers");
    let mailboxes: Vec<String> = match text(new, "targetUserType").to_lowercase().as_str() {
        "allusers" => emails(call.rows(USERS)),
        "groups" => {
            memberships::check_groups(call, &named)?;
            emails(&memberships::members(call, &named))
        }
        // Addresses, and not ids. Source: the vendor's front end.
        "specificusers" => match named.iter().all(|name| name.contains('@')) {
            true => named.clone(),
            false => return Err(Refusal::input("The targetUsers are not e-mail addresses")),
        },
        _ => return Err(Refusal::input("The targetUserType is not known")),
    };
    let now = call.now();
    let days = integer(new, "duration").clamp(1, 365);
    let targets = named.iter();
    let targets = targets.map(|target| json!({"resourceId": target, "targetUser": target}));
    let targets: Vec<_> = targets.collect();
    let scans = member(new, "scanTypes").and_then(Value::as_array).cloned();
    let scans = scans.unwrap_or_default();
    let scan_types = scans.iter().map(
        |scan| json!({"resourceId": scan["mailConfigurationResourceId"], "scanType": scan["type"]}),
    );
    let scan_types: Vec<_> = scan_types.collect();
    new.extend(record(json!({
        "companyResourceId": call.company,
        "incident": text(new, "name"),
        "source": "Manual",
        "priority": "Medium",
        "expireDate": dates::iso(now + days * 86_400_000),
        "scanTypes": scan_types,
        "scanConfigurationDetails": scans,
        "targetUsers": targets,
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

/// How far an investigation has come. Source: the vendor's documentation (it expires when its time is up before it is
/// done).
struct Progress {
    status: &'static str,
    mailboxes: Vec<String>,
    scanned: usize,
    /// Milliseconds until it is done.
    left: i64,
}

fn progress(call: &Call<'_>, investigation: &Record) -> Progress {
    let created = dates::parse(text(investigation, "createTime")).unwrap_or_default();
    let cancelled = dates::parse(text(investigation, "cancelledTime"));
    let expires = dates::parse(text(investigation, "expireDate")).unwrap_or(i64::MAX);
    let mailboxes = texts(investigation, "mailboxes");
    let total = i64::try_from(mailboxes.len()).unwrap_or(i64::MAX);
    let duration = QUEUED + total * MAILBOX;
    let until = call.now().min(cancelled.unwrap_or(i64::MAX)).min(expires);
    let passed = until - created;
    let scanned = ((passed - QUEUED) / MAILBOX).clamp(0, total);
    let status = match () {
        () if cancelled.is_some() => "Canceled",
        () if passed >= duration => "Finished",
        () if call.now() >= expires => "Expired",
        () if passed < QUEUED => "Queued",
        () => "Running",
    };
    Progress {
        status,
        scanned: usize::try_from(scanned).unwrap_or_default(),
        mailboxes,
        left: (duration - passed).max(0),
    }
}

/// An investigation with the numbers of this moment.
fn current(call: &Call<'_>, investigation: &Row) -> Row {
    let progress = progress(call, investigation);
    let total = progress.mailboxes.len();
    let percent = match total {
        0 if progress.status == "Finished" => 100,
        0 => 0,
        total => progress.scanned * 100 / total,
    };
    let found = found(call, investigation, &progress).len();
    let mut now = Record::clone(investigation);
    now.extend(record(json!({
        "status": progress.status,
        "detected": found.to_string(),
        "scannedUsersCount": total,
        "completedUsersCount": progress.scanned,
        "progress": percent,
    })));
    if progress.status == "Finished" {
        let created = dates::parse(text(investigation, "createTime")).unwrap_or_default();
        let took = QUEUED + i64::try_from(total).unwrap_or_default() * MAILBOX;
        now.insert("finishedTime".to_owned(), json!(dates::iso(created + took)));
    }
    Arc::new(now)
}

/// The e-mails found so far: one in every third mailbox, whatever is looked for (made up). The statuses of actions are
/// those of the vendor's front end, but for `Queued`, which is inferred.
fn found(call: &Call<'_>, investigation: &Record, progress: &Progress) -> Vec<Row> {
    let id = text(investigation, "resourceId");
    let scanned = progress.mailboxes.iter().take(progress.scanned).step_by(3);
    let actions = investigation.get("actions");
    scanned
        .map(|owner| {
            let purpose = format!("keepnet found {id} {owner}");
            let email = Random::new(call.state.seed, &purpose).text(ALPHANUMERIC, 12);
            let action = actions.and_then(|actions| actions.get(&email));
            let action = action.map(|action| {
                let at = action["at"].as_i64().unwrap_or_default();
                let done = call.now() >= at + ACTION;
                json!({
                    "actionType": action["type"],
                    "status": if done { "Completed" } else { "Queued" },
                    "isPermanentDelete": action["permanent"],
                    "text": action["type"],
                })
            });
            row(json!({
                "resourceId": email,
                "from": "sender1@mail.example",
                "senderName": "Sender",
                "ownerEmail": owner,
                "subject": "Your invoice is overdue",
                "receivedTime": text(investigation, "startDate"),
                "attachmentCount": 1,
                "filterTags": ["Subject"],
                "scanType": "O365",
                "emailLastAction": action,
                "recipient": [owner],
            }))
        })
        .collect()
}

fn one(call: &Call<'_>) -> Result<Row, Refusal> {
    INVESTIGATIONS.find(call, &call.param("resourceId"))
}

fn summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let investigation = one(call)?;
    let progress = progress(call, &investigation);
    let found = found(call, &investigation, &progress).len();
    let total = progress.mailboxes.len();
    call.data(json!({
        "folders": [{"folderName": "Inbox", "mailCount": found}],
        "status": progress.status,
        "totalUserCount": total,
        "scannedUserCount": progress.scanned,
        "completedScannedUserCount": progress.scanned,
        "notScannedUserCount": total - progress.scanned,
        "totalEmailCount": found,
        "scannedEmailCount": found,
        "estimatedTime": format!("{} s", progress.left / 1_000),
        "cancelledTime": investigation.get("cancelledTime"),
        "onlineUserCount": total,
    }))
}

fn search_emails(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let investigation = one(call)?;
    Ok(found(call, &investigation, &progress(call, &investigation)))
}

/// That what has ended cannot be cancelled is inferred.
fn cancel(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let before = one(call)?;
    if !["Queued", "Running"].contains(&progress(call, &before).status) {
        return Err(Refusal::input("The investigation has ended already"));
    }
    let (id, now) = (call.param("resourceId"), call.now_text());
    INVESTIGATIONS.edit(call, &id, "Update", |investigation| {
        investigation.insert("cancelledTime".to_owned(), json!(now));
    })
}

/// The ids of e-mails, as the vendor's front end sends them. That others are refused is inferred.
fn delete_emails(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let investigation = one(call)?;
    let emails = found(call, &investigation, &progress(call, &investigation));
    let body = call.object()?;
    let chosen = selected(body, "items", "excludedItems", &emails)?;
    let known = |id: &String| emails.iter().any(|row| text(row, "resourceId") == id);
    if chosen.is_empty() || !chosen.iter().all(known) {
        return Err(Refusal::input("The items are not of this investigation"));
    }
    let permanent = flag(body, "isPermanentDelete");
    let kind = if permanent { "Delete" } else { "MoveToTrash" };
    let (id, now) = (call.param("resourceId"), call.now());
    let Resource {
        path, not_found, ..
    } = INVESTIGATIONS;
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

fn scan_types(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let kinds = ["O365", "Exchange", "GoogleWorkspace"];
    let rows = kinds.iter().enumerate().map(|(number, kind)| {
        row(json!({
            "type": kind,
            "typeId": number,
            "typeText": kind,
            "mailConfigurationResourceId": format!("mailconfig{number:02}"),
            "mailConfigurationName": format!("{kind} mailboxes"),
        }))
    });
    Ok(call.list(&rows.collect::<Vec<_>>()))
}
