//! The import of target users, over a fake transport and against the sandbox.
#![cfg(feature = "users")]

mod common;

use std::time::Duration;

use common::{company, envelope, over, refused, service};
use keepnet_api::operations::{
    TARGET_USERS_CONFIRM_IMPORT, TARGET_USERS_CREATE_MAPPING, TARGET_USERS_GET_MAPPING_JOB,
    TARGET_USERS_GET_UPLOAD, TARGET_USERS_SEARCH_IMPORT, TARGET_USERS_UPLOAD,
};
use keepnet_api::people::{ColumnMapping, ImportRows, UserField};
use keepnet_api::{Error, ErrorKind, Outcome, Reason, SearchRequest, Upload};
use security_api_transport::FakeResponse;
use serde_json::json;
use tokio::time::Instant;

fn job(state: &str, read: u32) -> FakeResponse {
    envelope(json!({
        "status": state,
        "newUserCount": read,
        "existingUserCount": 0,
        "invalidUserCount": 0,
        "totalRowCount": 3,
    }))
}

#[tokio::test(start_paused = true)]
async fn progress_is_followed_until_it_is_finished() {
    let fake = service();
    let states = [("Queued", 0), ("", 1), ("InProgress", 2), ("Finished", 3)];
    for (state, read) in states {
        fake.once(&TARGET_USERS_GET_MAPPING_JOB, job(state, read));
    }
    let import = over(&fake).target_users().resume_import("tx-1");
    let mut progress = import.reading("job-1").progress();
    let mut seen = Vec::new();
    while let Some(status) = progress.try_next().await.unwrap() {
        assert_eq!(status.total, Some(3));
        seen.push((status.read().unwrap(), status.finished));
    }
    assert_eq!(seen, [(0, false), (1, false), (2, false), (3, true)]);
}

#[tokio::test(start_paused = true)]
async fn after_a_timeout_the_reading_can_be_awaited_again() {
    let fake = service();
    fake.always(&TARGET_USERS_GET_MAPPING_JOB, job("InProgress", 1));
    let import = over(&fake).target_users().resume_import("tx-1");
    let start = Instant::now();
    let error = import.reading("job-1").finished().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(start.elapsed() <= Duration::from_secs(600));
    let text = error.to_string();
    assert!(
        text.contains("job-1") && text.contains("resume_import(\"tx-1\")"),
        "{text}"
    );
    assert!(fake.requests_of(&TARGET_USERS_GET_MAPPING_JOB).len() < 100);
}

#[tokio::test]
async fn a_file_that_the_service_cannot_read_is_an_error() {
    let fake = service();
    fake.always(&TARGET_USERS_GET_MAPPING_JOB, job("FinishedWithError", 1));
    let import = over(&fake).target_users().resume_import("tx-1");
    let error = import.reading("job-1").finished().await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`FinishedWithError`") && text.contains("nothing was imported"),
        "{text}"
    );
    // It is not the error of a deadline, after which waiting would help.
    assert!(text.contains("its file was not read"), "{text}");
    assert!(!text.contains("still being read"), "{text}");
}

#[tokio::test]
async fn counts_missing_in_the_job_are_taken_from_the_rows() {
    let fake = service();
    fake.always(
        &TARGET_USERS_GET_MAPPING_JOB,
        envelope(json!({"status": "Finished"})),
    );
    let rows = json!({"status": "Finished", "items": {"results": []}, "newUserCount": 2, "existingUserCount": 1, "invalidUserCount": 0});
    fake.always(&TARGET_USERS_SEARCH_IMPORT, envelope(rows));
    let import = over(&fake).target_users().resume_import("tx-1");
    let found = import.reading("job-1").finished().await.unwrap();
    assert_eq!(
        (found.new, found.existing, found.invalid),
        (Some(2), Some(1), Some(0))
    );
}

#[tokio::test]
async fn all_rejected_rows_are_returned_without_a_total() {
    let page = |emails: &[&str]| {
        let rows: Vec<_> = emails.iter().map(|one| json!({"email": one})).collect();
        envelope(json!({"items": {"results": rows}}))
    };
    let fake = service();
    let look = &TARGET_USERS_SEARCH_IMPORT;
    fake.once(look, page(&["a", "b"]));
    fake.once(look, page(&["c"]));
    fake.always(look, page(&[]));
    let import = over(&fake).target_users().resume_import("tx-1");
    let rows = import.rejected().await.unwrap();
    let emails: Vec<_> = rows.iter().filter_map(|row| row.email.as_deref()).collect();
    assert_eq!(emails, ["a", "b", "c"]);
}

#[tokio::test]
async fn rejected_rows_that_do_not_come_are_an_error() {
    let page = |rows: usize, total: Option<u64>| {
        let rows: Vec<_> = (0..rows)
            .map(|one| json!({"email": one.to_string()}))
            .collect();
        envelope(json!({"items": {"results": rows, "totalNumberOfRecords": total}}))
    };
    for (pages, says) in [
        // The second page is empty although the total is larger.
        ([page(2, Some(3)), page(0, Some(3))], "2 of 3 rejected rows"),
        // The service ignores the page number, and there is more than one page.
        ([page(2, Some(3)), page(2, Some(3))], "2 of 3 rejected rows"),
        (
            [page(500, None), page(500, None)],
            "500 of all rejected rows",
        ),
        ([page(2, None), page(2, None)], "2 of all rejected rows"),
    ] {
        let fake = service();
        for page in pages {
            fake.once(&TARGET_USERS_SEARCH_IMPORT, page);
        }
        let import = over(&fake).target_users().resume_import("tx-1");
        let error = import.rejected().await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    // The service counts rows that it does not send.
    let fake = service();
    let counts = json!({"items": null, "invalidUserCount": 5});
    fake.always(&TARGET_USERS_SEARCH_IMPORT, envelope(counts));
    let import = over(&fake).target_users().resume_import("tx-1");
    let error = import.rejected().await.unwrap_err();
    assert!(
        error.to_string().contains("0 of 5 rejected rows"),
        "{error}"
    );
}

#[tokio::test]
async fn no_page_of_rejected_rows_is_asked_for_beyond_the_total() {
    let page = |emails: &[&str]| {
        let rows: Vec<_> = emails.iter().map(|one| json!({"email": one})).collect();
        envelope(json!({"items": {"results": rows, "totalNumberOfRecords": 3}}))
    };
    let fake = service();
    let look = &TARGET_USERS_SEARCH_IMPORT;
    fake.once(look, page(&["a", "b"]));
    fake.once(look, page(&["c"]));
    let import = over(&fake).target_users().resume_import("tx-1");
    let rows = import.rejected().await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(fake.requests_of(look).len(), 2);
}

#[tokio::test]
async fn the_error_of_a_step_says_how_far_the_import_is() {
    let fake = service();
    let users = over(&fake).target_users();
    fake.once(&TARGET_USERS_UPLOAD, refused("The file has to be CSV"));
    let error = users.import(Upload::bytes("a.txt", "x")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("nothing was imported: upload the file again"),
        "{error}"
    );
    assert!(
        users
            .import(Upload::bytes("a.csv", ""))
            .await
            .unwrap_err()
            .is_invalid()
    );

    let import = users.resume_import("tx-1");
    fake.once(&TARGET_USERS_GET_UPLOAD, FakeResponse::status(404));
    let error = import.column_names().await.unwrap_err();
    assert!(
        error.to_string().contains("no longer has the upload"),
        "{error}"
    );

    let file = json!({"fileFieldNames": ["Mail"]});
    fake.always(&TARGET_USERS_GET_UPLOAD, envelope(file));
    let error = import
        .map(&ColumnMapping::by_name(["Email"]))
        .await
        .unwrap_err();
    assert!(
        error.is_invalid() && error.to_string().contains("`Email`"),
        "{error}"
    );
    assert!(fake.requests_of(&TARGET_USERS_CREATE_MAPPING).is_empty());
    fake.once(&TARGET_USERS_CREATE_MAPPING, refused("No"));
    let mapping = ColumnMapping::new().column("Mail", UserField::Email);
    let error = import.map(&mapping).await.unwrap_err();
    assert!(
        error.to_string().contains("resume_import(\"tx-1\")"),
        "{error}"
    );
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));
}

#[tokio::test]
async fn the_documented_value_is_sent_if_the_other_is_refused() {
    let fake = service();
    fake.once(
        &TARGET_USERS_CONFIRM_IMPORT,
        refused("ImportType is not valid"),
    );
    fake.once(&TARGET_USERS_CONFIRM_IMPORT, envelope(json!(null)));
    let import = over(&fake).target_users().resume_import("tx-1");
    import
        .confirm(ImportRows::Selected(vec!["row-1".to_owned()]))
        .await
        .unwrap();
    let sent = fake.requests_of(&TARGET_USERS_CONFIRM_IMPORT);
    let words: Vec<_> = sent
        .iter()
        .map(|request| request.json()["importType"].clone())
        .collect();
    assert_eq!(words, ["ImportSelected", "Selected"]);
    assert_eq!(sent[1].json()["selectedResourceIds"], json!(["row-1"]));

    fake.always(
        &TARGET_USERS_CONFIRM_IMPORT,
        refused("The file is still being read"),
    );
    let error = import.confirm(ImportRows::All).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it was not confirmed; nothing was imported"),
        "{error}"
    );
    let none = import
        .confirm(ImportRows::Selected(Vec::new()))
        .await
        .unwrap_err();
    assert!(none.is_invalid());
}

#[tokio::test]
async fn a_confirmation_whose_response_was_lost_is_not_retried() {
    let fake = service();
    let broken = Error::new(ErrorKind::Io, "reset").with_outcome(Outcome::Unknown);
    fake.always(&TARGET_USERS_CONFIRM_IMPORT, FakeResponse::error(broken));
    let import = over(&fake).target_users().resume_import("tx-1");
    let error = import.confirm(ImportRows::All).await.unwrap_err();
    assert!(error.to_string().contains("job log"), "{error}");
    assert_eq!(fake.requests_of(&TARGET_USERS_CONFIRM_IMPORT).len(), 1);
    // It was confirmed, so the service has no upload any more.
    fake.always(&TARGET_USERS_CONFIRM_IMPORT, FakeResponse::status(404));
    let error = import.confirm(ImportRows::All).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("it was confirmed before or has expired"),
        "{text}"
    );
    assert!(
        text.contains("job log") && !text.contains("nothing was imported"),
        "{text}"
    );
}

#[tokio::test]
async fn an_import_can_be_resumed_between_all_steps() {
    let (sandbox, keepnet) = company().await;
    let users = keepnet.target_users();
    let one = users
        .search(SearchRequest::new().page_size(1))
        .page()
        .await
        .unwrap();
    let known = one.items()[0].email.clone().unwrap();
    let group = keepnet
        .target_groups()
        .find_or_create("Imported")
        .await
        .unwrap();
    let csv = format!(
        "E-mail,First name,Team,Shoe size\nnew.one@example.com,New,Sales,40\nnew.two@example.com,Two,Sales,41\n\
         {known},Old,Finance,42\nnobody,No,Sales,43\nnobody,No,Sales,43\n"
    );
    let file = Upload::bytes("people.csv", csv).content_type("text/csv");
    let import = users.import(file).await.unwrap();
    assert_eq!(
        (import.rows, import.columns, import.duplicates),
        (Some(4), Some(4), Some(1))
    );

    let import = users.resume_import(import.transaction_id());
    let names = import.column_names().await.unwrap();
    assert_eq!(names, ["E-mail", "First name", "Team", "Shoe size"]);
    let mapping = ColumnMapping::by_name(&names)
        .column("Team", UserField::Department)
        .column("Shoe size", UserField::Custom("Shoe size".to_owned()))
        .group(&group.id);
    let job = import.map(&mapping).await.unwrap().id().to_owned();

    let import = users.resume_import(import.transaction_id());
    sandbox.clock().advance(Duration::from_secs(3600));
    let found = import.reading(job).finished().await.unwrap();
    assert_eq!(
        (found.new, found.existing, found.invalid),
        (Some(2), Some(1), Some(1))
    );
    assert_eq!((found.total, found.read()), (Some(4), Some(4)));

    let rejected = import.rejected().await.unwrap();
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].email.as_deref(), Some("nobody"));
    assert!(!rejected[0].validation_detail.as_ref().unwrap().is_empty());
    let preview = import
        .preview(SearchRequest::new().page_size(2))
        .await
        .unwrap();
    assert_eq!((preview.rows.len(), preview.matching), (2, Some(4)));
    assert!(preview.status.finished);

    let company = &sandbox.keepnet().company_ids()[0];
    let before = sandbox.keepnet().target_users(company);
    import.confirm(ImportRows::New).await.unwrap();
    assert_eq!(sandbox.keepnet().target_users(company), before + 2);
    let new = users
        .find_by_email("new.one@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(new.department.as_deref(), Some("Sales"));
    let old = users.find_by_email(&known).await.unwrap().unwrap();
    assert_ne!(old.first_name.as_deref(), Some("Old"));
    let members = keepnet
        .target_groups()
        .search_users(&group.id, SearchRequest::new())
        .items();
    assert_eq!(members.try_collect().await.unwrap().len(), 2);
}

#[tokio::test]
async fn no_column_of_a_file_is_lost_and_those_of_managers_are_taken() {
    const FILE: &str = "Email Address,First Name,Manager Email,Shoe size\n\
                        jane@example.com,Jane,boss@example.com,38\n";
    let (sandbox, client) = company().await;
    let users = client.target_users();
    let import = users
        .import(Upload::bytes("people.csv", FILE))
        .await
        .unwrap();
    let columns = import.column_names().await.unwrap();
    let mapping = ColumnMapping::by_name(&columns);
    let error = import.map(&mapping).await.unwrap_err();
    assert!(error.is_invalid(), "{error}");
    assert!(
        error.to_string().contains("columns Shoe size are"),
        "{error}"
    );
    let mapping = mapping.ignore("Shoe size");
    import.map(&mapping).await.unwrap();
    // The same file again, from its beginning.
    let first = import;
    let import = first.renew().await.unwrap();
    assert_ne!(import.transaction_id(), first.transaction_id());
    let job = import.map(&mapping).await.unwrap();
    sandbox.clock().advance(Duration::from_secs(60));
    assert!(job.status().await.unwrap().finished);
    import.confirm(ImportRows::All).await.unwrap();
    let jane = users
        .find_by_email("jane@example.com")
        .await
        .unwrap()
        .unwrap();
    let jane = users.get(jane.resource_id.unwrap()).await.unwrap();
    assert_eq!(jane.manager_email.as_deref(), Some("boss@example.com"));
    assert_eq!(jane.is_active, Some(true));
}
