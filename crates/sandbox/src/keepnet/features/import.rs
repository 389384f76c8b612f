//! Target users from a file: its upload, the mapping of its columns, the search of the result, the import.

use std::collections::HashSet;

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::handler::{Do, Table};
use super::memberships::{self, MEMBERSHIP, USERS, joined};
use super::people::{self, TARGET_USERS, valid_email};
use crate::common::service::header;
use crate::keepnet::call::{Call, done};
use crate::keepnet::lists::search::Search;
use crate::keepnet::records::uploads::{Job, Upload};
use crate::keepnet::records::{Record, Row, member, record, row, text, texts};
use crate::keepnet::request;
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/target-users",
    handlers: &[
        ("POST /upload", Do(upload)),
        ("GET /upload/{transactionId}", Do(get_upload)),
        ("POST /create-mapping", Do(create_mapping)),
        ("GET /mapping-job/{resourceId}", Do(mapping_job)),
        ("POST /{transactionId}/search", Do(search)),
        ("PUT /{transactionId}/update", Do(renew)),
        ("POST /{transactionId}/import", Do(import)),
    ],
};

/// The time that mapping takes, in milliseconds: a moment to start, then a little for each row (inferred).
const START: i64 = 2_000;
const EACH: i64 = 10;

fn of<'a>(call: &'a Call<'_>, id: &str) -> Result<&'a Upload, Refusal> {
    let uploads = &call.inner.uploads;
    let upload = uploads.get(id).filter(|one| one.company == call.company);
    upload.ok_or_else(|| Refusal::not_found("Transaction not found"))
}

/// Takes a CSV file; Excel is not played. Source: the published description. Its first row names the columns, and rows that
/// repeat another are left out (inferred from the counts in the response).
fn upload(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let parts = request::form(header(call.headers, CONTENT_TYPE), call.raw).unwrap_or_default();
    let files = parts.iter();
    let mut files = files.filter_map(|part| Some((part.file.as_ref()?, &part.content)));
    let (name, content) =
        (files.next()).ok_or_else(|| Refusal::input("The File field is required."))?;
    if files.next().is_some() {
        return Err(call.not_played("several files"));
    }
    let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    if ends(".xlsx") || ends(".xls") {
        return Err(call.not_played("an Excel file"));
    }
    let content = std::str::from_utf8(content).ok().filter(|_| ends(".csv"));
    let content = content.ok_or_else(|| Refusal::input("The file has to be CSV or Excel"))?;
    let mut rows = parse(content.trim_start_matches('\u{feff}'));
    if rows.is_empty() {
        return Err(Refusal::input("The file is empty"));
    }
    let columns = rows.remove(0);
    let before = rows.len();
    let mut seen = HashSet::new();
    rows.retain(|row| seen.insert(row.clone()));
    let id = call.store().id();
    let data = json!({
        "transactionId": id,
        "rowCount": rows.len(),
        "columnCount": columns.len(),
        "duplicateCount": before - rows.len(),
    });
    let upload = Upload {
        company: call.company.clone(),
        columns,
        rows,
        jobs: Vec::new(),
    };
    call.inner.uploads.insert(id, upload);
    Ok(Outcome::Data(data))
}

/// The rows of comma-separated values. Quotes may hold separators, line breaks and doubled quotes.
fn parse(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    row.push(cell);
    rows.push(row);
    rows.retain(|row| row.iter().any(|cell| !cell.trim().is_empty()));
    rows
}

/// The columns of a file and its first rows, as the published description has them. The number of rows is inferred.
fn get_upload(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let upload = of(call, &call.last_param())?;
    let rows = upload.rows.iter().take(10).map(|row| {
        let cells = upload.columns.iter().zip(row);
        let cells = cells.map(|(column, cell)| (column.clone(), json!(cell)));
        Value::Object(cells.collect())
    });
    call.data(json!({
        "fileType": "Csv",
        "sheetNames": [],
        "data": rows.collect::<Vec<_>>(),
        "fileFieldNames": upload.columns,
    }))
}

/// Maps columns to members. Source: the vendor's front end, which requires the e-mail address. The refusal of an unknown
/// column is inferred.
fn create_mapping(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let body = &call.body;
    let transaction = text(body, "transactionId").to_owned();
    let groups = texts(body, MEMBERSHIP);
    memberships::groups(call, &groups)?;
    let mappings = member(body, "fieldMappings").and_then(Value::as_array);
    let upload = of(call, &transaction)?;
    let mut fields = Vec::new();
    for mapping in mappings.into_iter().flatten().filter_map(Value::as_object) {
        let (column, field) = (text(mapping, "excelColumnName"), text(mapping, "fieldName"));
        let mut columns = upload.columns.iter();
        let position = columns.position(|name| name.eq_ignore_ascii_case(column));
        let none = || Refusal::input(format!("There is no column {column}"));
        fields.push((position.ok_or_else(none)?, field.to_owned()));
    }
    let mut names = fields.iter();
    if !names.any(|(_, field)| field.eq_ignore_ascii_case("email")) {
        return Err(Refusal::input("A column has to be mapped to Email"));
    }
    let rows = upload.rows.clone().into_iter();
    let users = rows.map(|cells| mapped(call, &transaction, &fields, &cells));
    let users: Vec<Row> = users.collect();
    let id = call.store().id();
    let ends = call.now() + START + EACH * i64::try_from(users.len()).unwrap_or_default();
    if let Some(upload) = call.inner.uploads.get_mut(&transaction) {
        upload.jobs.push(Job {
            id: id.clone(),
            ends,
            groups,
            users,
        });
    }
    done(&id)
}

/// The members that a column can be mapped to. Any other name is that of a custom field.
const MEMBERS: [&str; 11] = [
    "email",
    "firstName",
    "lastName",
    "department",
    "priority",
    "phoneNumber",
    "timeZone",
    "preferredLanguage",
    "managerFirstName",
    "managerLastName",
    "managerEmail",
];

/// A row of the file as a target user that is yet to be imported. The statuses are those of the vendor's front end. The
/// faults that make a row an error are inferred.
fn mapped(
    call: &mut Call<'_>,
    transaction: &str,
    fields: &[(usize, String)],
    cells: &[String],
) -> Row {
    let mut user = Map::new();
    let mut custom = Vec::new();
    for (position, field) in fields {
        let cell = cells.get(*position).map_or("", |cell| cell.trim());
        let mut members = MEMBERS.iter();
        let plain: String = field.chars().filter(|letter| *letter != ' ').collect();
        match members.find(|member| member.eq_ignore_ascii_case(&plain)) {
            Some(member) => user.insert((*member).to_owned(), json!(cell)),
            None => {
                custom.push(json!({"name": field, "dataType": "String", "value": cell}));
                None
            }
        };
    }
    let email = text(&user, "email").to_owned();
    let mut problems = Vec::new();
    if !valid_email(&email) {
        problems.push(json!({"fieldName": "Email", "message": "The e-mail address is not valid"}));
    }
    if !text(&user, "priority").is_empty() && people::priority(&mut user).is_err() {
        problems.push(json!({"fieldName": "Priority", "message": "The priority is not known"}));
    }
    let exists = existing(call, &email).is_some();
    let status = match (problems.is_empty(), exists) {
        (false, _) => "Error",
        (true, true) => "Exists",
        (true, false) => "New",
    };
    user.extend(record(json!({
        "resourceId": call.store().id(),
        "transactionId": transaction,
        "status": status,
        "validationDetail": problems,
        "customFields": custom,
        "createTime": call.now_text(),
    })));
    row(Value::Object(user))
}

fn existing(call: &Call<'_>, email: &str) -> Option<String> {
    let mut users = call.rows(USERS).iter();
    let found = users.find(|user| text(user, "email").eq_ignore_ascii_case(email));
    found.map(|user| text(user, "resourceId").to_owned())
}

/// The statuses and counts are those that the vendor's front end reads.
fn mapping_job(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    let uploads = call.inner.uploads.values();
    let uploads = uploads.filter(|upload| upload.company == call.company);
    let job = uploads
        .flat_map(|upload| &upload.jobs)
        .find(|job| job.id == id);
    let job = job.ok_or_else(|| Refusal::not_found("Mapping job not found"))?;
    let left = job.ends - call.now();
    let status = if left <= 0 { "Finished" } else { "InProgress" };
    let unread = usize::try_from((left.max(0) + EACH - 1) / EACH).unwrap_or(usize::MAX);
    let read = &job.users[..job.users.len().saturating_sub(unread)];
    let [new, existing, invalid] = counts(read);
    Ok(Outcome::Data(json!({
        "status": status,
        "newUserCount": new,
        "existingUserCount": existing,
        "invalidUserCount": invalid,
        "totalRowCount": job.users.len(),
    })))
}

/// The numbers of rows that are new users, existing users, and errors.
fn counts(users: &[Row]) -> [usize; 3] {
    ["New", "Exists", "Error"].map(|status| {
        let of_status = users.iter().filter(|user| text(user, "status") == status);
        of_status.count()
    })
}

/// The mapping of a file, once it is done.
fn mapping<'a>(call: &'a Call<'_>) -> Result<Option<&'a Job>, Refusal> {
    let upload = of(call, &call.param("transactionId"))?;
    Ok(upload.jobs.last().filter(|job| call.now() >= job.ends))
}

fn search(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let search = Search::of(call)?;
    let users = mapping(call)?.map(|job| job.users.clone());
    let (status, message) = match users {
        Some(_) => ("Finished", "The file has been read"),
        None => ("InProgress", "The file is being read"),
    };
    let users = users.unwrap_or_default();
    let [new, existing, invalid] = counts(&users);
    let items = search.page("page<ImportedTargetUserRow>", users)?;
    call.data(json!({
        "status": status,
        "message": message,
        "items": items,
        "newUserCount": new,
        "existingUserCount": existing,
        "invalidUserCount": invalid,
    }))
}

/// Makes another transaction of the same file, which is yet to be mapped. The old one stays (inferred).
fn renew(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let old = call.param("transactionId");
    let upload = Upload {
        jobs: Vec::new(),
        ..of(call, &old)?.clone()
    };
    let new = call.store().id();
    call.inner.uploads.insert(new.clone(), upload);
    call.data(json!({ "transactionId": new, "oldTransactionId": old }))
}

/// Source of the words: the vendor's front end, and its documentation, which says `All` and `Selected`. The counts, and the
/// refusal of other words and of a file that is still being read, are inferred.
fn import(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let body = &call.body;
    let (mut chosen, mut status) = (None, None);
    match text(body, "importType").to_ascii_lowercase().as_str() {
        "importall" | "all" => {}
        "importselected" | "selected" => chosen = Some(texts(body, "selectedResourceIds")),
        "onlynew" => status = Some("New"),
        "onlyupdateexisting" => status = Some("Exists"),
        _ => return Err(Refusal::input("importType is not known")),
    }
    let job = mapping(call)?.ok_or_else(|| Refusal::input("The file is still being read"))?;
    let (users, groups) = (job.users.clone(), job.groups.clone());
    let is_row = |id: &String| users.iter().any(|user| text(user, "resourceId") == id);
    if !chosen.iter().flatten().all(is_row) {
        return Err(call.not_played("selectedResourceIds that are not rows of the file"));
    }
    let (mut created, mut updated, mut skipped) = (0, 0, 0);
    for user in users {
        let id = text(&user, "resourceId").to_owned();
        if chosen.as_ref().is_some_and(|chosen| !chosen.contains(&id)) {
            continue;
        }
        if status.is_some_and(|status| text(&user, "status") != status) {
            continue;
        }
        if text(&user, "status") == "Error" {
            skipped += 1;
            continue;
        }
        let mut new = Record::clone(&user);
        new.retain(|name, _| name == "customFields" || MEMBERS.contains(&name.as_str()));
        if text(&new, "priority").is_empty() {
            new.remove("priority");
        }
        new.insert(MEMBERSHIP.to_owned(), json!(groups));
        match existing(call, text(&user, "email")) {
            Some(id) => {
                let before = TARGET_USERS.find(call, &id)?;
                // Members without a column in the file stay as they are (inferred).
                for (name, value) in before.iter() {
                    new.entry(name).or_insert_with(|| value.clone());
                }
                new.insert(MEMBERSHIP.to_owned(), json!(joined(&before, &groups)));
                TARGET_USERS.update(call, &id, new)?;
                updated += 1;
            }
            None => {
                // Imported users are active, as campaigns leave out inactive ones (inferred).
                new.insert("isActive".to_owned(), json!(true));
                TARGET_USERS.create(call, new)?;
                created += 1;
            }
        }
    }
    // An upload is imported once (inferred).
    call.inner.uploads.remove(&call.param("transactionId"));
    Ok(Outcome::Data(json!({
        "createdCount": created,
        "updatedCount": updated,
        "skippedCount": skipped,
    })))
}
