//! Enrols target users in a training, follows it, and shows the progress of each.
//!
//! ```console
//! $ cargo run -p keepnet-api --features training,users --example enrol_in_training
//! ```
//!
//! With credentials for the real service in the environment, it shows what it would do, and does it only with `--live`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::time::Duration;

use keepnet_api::SearchRequest;
use keepnet_api::training::NewEnrollment;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let keepnet = &service.keepnet;

    let search = SearchRequest::new().text("phishing");
    let mut trainings = keepnet.trainings().search(search).items();
    let training = trainings.try_next().await?.ok_or("no training matches")?;
    let some = SearchRequest::new().page_size(12);
    let people = keepnet.target_users().search(some).page().await?;
    println!(
        "{} for {} people",
        training.training_name.as_deref().unwrap_or("A training"),
        people.items().len(),
    );
    if !service.may_act() {
        println!("Run it with --live to enrol them.");
        return Ok(());
    }

    let ids = people
        .into_items()
        .into_iter()
        .filter_map(|user| user.resource_id);
    let training = training.training_id.ok_or("the training has no id")?;
    let enrollments = keepnet.enrollments();
    let id = enrollments
        .enroll(NewEnrollment::new("Example enrolment", training).users(ids))
        .await?;
    let mut progress = enrollments.wait(&id).polling(service.polling());
    while let Some(state) = progress.try_next().await? {
        println!(
            "  {}: {} are done, {} have begun",
            state.status.as_deref().unwrap_or("?"),
            state.summary.completed_count.unwrap_or_default(),
            state.summary.in_progress_count.unwrap_or_default(),
        );
        service.pass(Duration::from_secs(86_400));
    }

    let mut people = enrollments.participants(&id).items();
    while let Some(person) = people.try_next().await? {
        println!(
            "  {}: {}",
            person.email.as_deref().unwrap_or("(no address)"),
            person.status.as_deref().unwrap_or("?"),
        );
    }
    Ok(())
}
