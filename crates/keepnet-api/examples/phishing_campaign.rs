//! Runs a phishing campaign for one target group, and shows the reactions.
//!
//! ```console
//! $ cargo run -p keepnet-api --features phishing,users --example phishing_campaign
//! ```
//!
//! With credentials for the real service in the environment, it saves the campaign, and sends it only with `--live`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::time::Duration;

use keepnet_api::SearchRequest;
use keepnet_api::phishing::NewCampaign;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let keepnet = &service.keepnet;

    let mut scenarios = keepnet
        .phishing_scenarios()
        .search(SearchRequest::new())
        .items();
    let scenario = scenarios.try_next().await?.ok_or("there is no scenario")?;
    let groups = keepnet.target_groups().search(SearchRequest::new());
    let groups = groups.items().try_collect().await?;
    let largest = groups.into_iter().max_by_key(|group| group.user_count);
    let group = largest.ok_or("there is no target group")?;
    println!(
        "{} for {}",
        scenario.name.as_deref().unwrap_or("A scenario"),
        group.name.as_deref().unwrap_or("a group"),
    );

    let campaigns = keepnet.phishing_campaigns();
    let new = NewCampaign::new("Example campaign", scenario.resource_id).groups(group.resource_id);
    let id = campaigns.save(new).await?;
    println!("  saved as {id}");
    if !service.may_act() {
        println!("Run it with --live to send it.");
        return Ok(());
    }
    let launch = campaigns.launch(&id).await?;
    let mut progress = campaigns.wait(&launch).polling(service.polling());
    while let Some(state) = progress.try_next().await? {
        let stats = state.summary.scenario_stats.unwrap_or_default();
        println!(
            "  {}: {} opened it, {} clicked, {} submitted data, {} reported it",
            state.status.as_deref().unwrap_or("?"),
            stats.opened_email.unwrap_or_default(),
            stats.clicked_email.unwrap_or_default(),
            stats.submitted_email.unwrap_or_default(),
            stats.reported_email.unwrap_or_default(),
        );
        service.pass(Duration::from_secs(86_400));
    }

    println!("Clicked:");
    let mut people = campaigns.recipients(&launch).items();
    while let Some(person) = people.try_next().await? {
        if person.clicked_count > Some(0) {
            println!("  {}", person.email.as_deref().unwrap_or("(no address)"));
        }
    }
    Ok(())
}
