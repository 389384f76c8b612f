//! Takes up the oldest open report of a phishing e-mail, looks for its copies in all mailboxes, moves them to the trash
//! and closes the report.
//!
//! ```console
//! $ cargo run -p keepnet-api --features incident_response --example triage_reported_emails
//! ```
//!
//! With credentials for the real service in the environment, it shows the open reports, and does the rest only with
//! `--live`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::time::Duration;

use keepnet_api::SearchRequest;
use keepnet_api::incident_response::{Deletion, NewInvestigation, ReportedEmails};
use keepnet_api::types::{NotifiedEmailRequest, NotifiedEmailResult};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let emails = service.keepnet.notified_emails();

    let suspects = ReportedEmails::open()
        .result(NotifiedEmailResult::Phishing)
        .result(NotifiedEmailResult::Malicious);
    let mut oldest_first = NotifiedEmailRequest::from(suspects);
    oldest_first.search = oldest_first.search.ascending(true);
    let mut open = emails.search(oldest_first).items();
    let Some(report) = open.try_next().await? else {
        println!("Nothing harmful is open.");
        return Ok(());
    };
    let id = report.resource_id.ok_or("the report has no id")?;
    let email = emails.get(&id).await?;
    println!(
        "{}, from {}, reported by {}",
        email.subject.as_deref().unwrap_or("(no subject)"),
        email.from.as_deref().unwrap_or("nobody"),
        report.reported_by.as_deref().unwrap_or("somebody"),
    );
    if !service.may_act() {
        println!("Run it with --live to search for its copies and delete them.");
        return Ok(());
    }
    emails.take_up(&id).await?;

    // The message itself, as evidence. Here it is only measured.
    let message = emails.download_msg_files(&id).send().await?;
    println!(
        "  the message has {} bytes",
        message.bytes(32 << 20).await?.len()
    );

    let investigations = service.keepnet.investigations();
    let search = NewInvestigation::of_email("Copies of a reported e-mail", &email);
    let investigation = investigations.start(search).await?;
    let mut progress = investigations
        .wait(&investigation)
        .polling(service.polling());
    while let Some(state) = progress.try_next().await? {
        println!(
            "  {}: {} of {} mailboxes",
            state.status.as_deref().unwrap_or("?"),
            state.scanned_user_count.unwrap_or_default(),
            state.total_user_count.unwrap_or_default(),
        );
        service.pass(Duration::from_secs(20));
    }

    let results = service.keepnet.investigation_results();
    let mut copies = results
        .search_emails(&investigation, SearchRequest::new())
        .items();
    let mut found = Vec::new();
    while let Some(copy) = copies.try_next().await? {
        found.extend(copy.resource_id);
    }
    println!("  {} copies", found.len());
    if !found.is_empty() {
        investigations
            .delete_emails(&investigation, found, Deletion::ToTrash)
            .await?;
    }
    emails
        .close(
            &id,
            NotifiedEmailResult::Phishing,
            "Copies were moved to the trash.",
        )
        .await?;
    println!("  closed");
    Ok(())
}
