//! The results of phishing campaigns.

use super::handler::{Do, Rows, Table};
use super::phishing::{self, PHISHING_CAMPAIGNS, PHISHING_SCENARIOS};
use super::rounds::{self, Fate, Round};
use crate::keepnet::call::Call;
use crate::keepnet::records::templates::filled;
use crate::keepnet::records::{Record, Row, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/phishing-simulator/phishing-campaign-job-report",
    handlers: &[
        ("POST /search", Rows(search)),
        ("POST /{resourceId}/search", Rows(of_campaign)),
        (
            "POST /{searchType}/search/{resourceId}/{instanceGroup}",
            Rows(users),
        ),
        ("GET /summary/{resourceId}/{instanceGroup}", Do(summary)),
    ],
};

fn fates(call: &Call<'_>, launch: &Round) -> Vec<Fate> {
    launch.fates(call.state.seed, call.now())
}

/// A template about a launch, filled in.
fn shown(call: &Call<'_>, template: &str, campaign: &Row, launch: &Round) -> Record {
    let values = launch.values(call.now(), &fates(call, launch));
    filled(template, &values, &[("campaign", campaign)])
}

/// The launches of a campaign.
fn launches(call: &Call<'_>, campaign: &Row) -> Vec<Row> {
    let launches = rounds::of(call, text(campaign, "resourceId")).into_iter();
    launches
        .map(|launch| Row::new(shown(call, "launch", campaign, &launch)))
        .collect()
}

fn search(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let campaigns = call.rows(PHISHING_CAMPAIGNS.path).iter();
    Ok(campaigns
        .flat_map(|campaign| launches(call, campaign))
        .collect())
}

fn of_campaign(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let campaign = PHISHING_CAMPAIGNS.find(call, &call.param("resourceId"))?;
    Ok(launches(call, &campaign))
}

/// The people in a launch who did one thing. The words for it are those of the vendor's front end, in any case. The
/// vendor documents 400 for `Submitted`.
fn users(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let (campaign, launch) = phishing::launch(call)?;
    let wanted: fn(&Fate) -> bool = match call.param("searchType").to_lowercase().as_str() {
        "all" => |_| true,
        "opened" => |fate| fate.opened.is_some(),
        "clicked" => |fate| fate.clicked.is_some(),
        "submitteddata" => |fate| fate.submitted.is_some(),
        "reported" => |fate| fate.reported.is_some(),
        "noresponse" => |fate| fate.sent.is_some() && fate.opened.is_none(),
        "attachmentopened" | "mfa" | "replied" => |_| false,
        _ => return Err(Refusal::input("The searchType is not known")),
    };
    let scenarios = texts(&campaign, "phishingScenarioResourceIds").into_iter();
    let mut scenarios = scenarios.filter_map(|id| PHISHING_SCENARIOS.find(call, &id).ok());
    let scenario = scenarios.next().unwrap_or_default();
    let fates = fates(call, &launch).into_iter().filter(wanted);
    let rows = fates.map(|fate| fate.row("recipient", ("scenario", &scenario)));
    Ok(rows.collect())
}

/// The vendor's front end reads from `campaignDurationExpired` that a campaign has ended.
fn summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, launch) = phishing::launch(call)?;
    let summary = shown(call, "launch summary", &campaign, &launch);
    Ok(Outcome::Data(call.view(&summary)))
}
