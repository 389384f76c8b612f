//! Phishing scenarios, campaigns and their launches.

use serde_json::{Value, json};

use super::handler::{Do, Table};
use super::memberships;
use super::resource::Resource;
use super::rounds::{self, Round, Schedule};
use crate::keepnet::call::{Call, done};
use crate::keepnet::records::templates::filled;
use crate::keepnet::records::{Record, Row, integer, member, record, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) static PHISHING_SCENARIOS: Resource = Resource::plain(
    "/api/phishing-simulator/phishing-scenario",
    "PhishingScenario",
    "Phishing scenario not found",
);

pub(crate) static PHISHING_CAMPAIGNS: Resource = Resource {
    prepare,
    view: with_status,
    ..Resource::plain(
        "/api/phishing-simulator/phishing-campaign",
        "PhishingCampaign",
        "Phishing campaign not found",
    )
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/phishing-simulator/phishing-campaign-job",
    handlers: &[
        ("POST /start/{resourceId}", Do(start)),
        ("POST /start/{resourceId}/{instanceGroup}", Do(start_saved)),
        ("PATCH /stop/{resourceId}/{instanceGroup}", Do(stop)),
        ("DELETE /{resourceId}/{instanceGroup}", Do(delete)),
    ],
};

/// The name of launches in the audit log.
const JOB: &str = "PhishingCampaignJob";

fn scenario_ids(campaign: &Record) -> Vec<String> {
    let mut ids = texts(campaign, "phishingScenarioResourceIds");
    let list = member(campaign, "phishingScenarios").and_then(Value::as_array);
    let list = list.into_iter().flatten();
    ids.extend(
        list.filter_map(|one| one["phishingScenarioResourceId"].as_str())
            .map(str::to_owned),
    );
    ids.dedup();
    ids
}

fn prepare(
    call: &mut Call<'_>,
    campaign: &mut Record,
    before: Option<&Record>,
) -> Result<(), Refusal> {
    // The status for an unknown scenario is inferred.
    let ids = scenario_ids(campaign);
    let mut scenarios = Vec::new();
    for id in &ids {
        let found = PHISHING_SCENARIOS.find(call, id);
        let found = found.map_err(|_| Refusal::input("Phishing scenario not found"))?;
        scenarios.push(json!({
            "resourceId": id,
            "phishingScenarioResourceId": id,
            "name": text(&found, "name"),
            "method": text(&found, "method"),
        }));
    }
    let groups = texts(campaign, "targetGroupResourceIds");
    let shown = memberships::groups(call, &groups)?.into_iter();
    let shown = shown
        .map(|group| json!({"value": text(&group, "resourceId"), "text": text(&group, "name")}));
    campaign.extend(record(json!({
        "method": scenarios.first().map(|first| &first["method"]),
        "phishingScenarioResourceIds": ids,
        "scenarioCount": ids.len().to_string(),
        "phishingScenarios": scenarios,
        "targetGroups": shown.collect::<Vec<_>>(),
    })));
    if before.is_none() {
        let filtered = campaign.get("categoryFilter").is_some_and(Value::is_object);
        if ids.is_empty() && filtered {
            return Err(call.not_played("categoryFilter"));
        }
        // Source: the vendor's documentation (400 where one of the two is missing).
        if ids.is_empty() || groups.is_empty() {
            let message = "A scenario and a target group have to be named";
            return Err(Refusal::input(message));
        }
        // Source of the kinds: the vendor's documentation and front end, which always send one of them. An absent
        // number is read as 0, and 0 is refused (inferred).
        if ![1, 2].contains(&integer(campaign, "emailDeliverySettingType")) {
            let message = "The emailDeliverySettingType is neither 1 nor 2";
            return Err(Refusal::input(message));
        }
        // A campaign that is saved has a launch that waits. Inferred from the vendor's front end, which starts that
        // launch by its number.
        let schedule = Schedule {
            start: rounds::scheduled(call.now(), campaign)?,
            days: Some(days(call, campaign)?),
        };
        rounds::add(call, text(campaign, "resourceId"), schedule, &groups)?;
    }
    Ok(())
}

/// The days for which a campaign records reactions. Without a duration they are 0, as .NET reads an absent number
/// (inferred).
fn days(call: &Call<'_>, campaign: &Record) -> Result<i64, Refusal> {
    let days = integer(campaign, "duration");
    let not_played = || call.not_played("a negative duration");
    (days >= 0).then_some(days).ok_or_else(not_played)
}

fn with_status(call: &Call<'_>, campaign: &Row) -> Row {
    let launches = rounds::of(call, text(campaign, "resourceId"));
    let last = launches.last();
    let people = last.and_then(|last| last.row.get("users")?.as_array());
    let launched = last.and_then(|last| last.start);
    let values = json!({
        "status": last.map_or("Idle", |last| last.status(call.now())),
        "launches": launches.len().to_string(),
        "number": last.map_or(0, |last| last.number),
        "people": people.map_or(0, Vec::len).to_string(),
        "launched": rounds::time(launched.filter(|at| *at <= call.now())),
    });
    let mut now = Record::clone(campaign);
    now.extend(filled("campaign", &record(values), &[]));
    Row::new(now)
}

/// Adds a launch. Source: the vendor's documentation and front end, which always name the target groups of one.
fn start(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.param("resourceId");
    let campaign = PHISHING_CAMPAIGNS.find(call, &id)?;
    let body = call.body.clone();
    let schedule = Schedule {
        start: rounds::scheduled(call.now(), &body)?,
        days: Some(days(call, &campaign)?),
    };
    let groups = call.ids("targetGroupResourceIds")?;
    rounds::add(call, &id, schedule, &groups)?;
    call.log(JOB, "Create", &id, None, Some(&body));
    done(&id)
}

/// The launch that the path names.
pub(crate) fn launch(call: &Call<'_>) -> Result<(Row, Round), Refusal> {
    let campaign = PHISHING_CAMPAIGNS.find(call, &call.param("resourceId"))?;
    let number = call.param("instanceGroup").parse::<i64>();
    let number = number.map_err(|_| Refusal::input("The instanceGroup is not a number"))?;
    let mut launches = rounds::of(call, text(&campaign, "resourceId")).into_iter();
    let launch = launches.find(|launch| launch.number == number);
    let launch =
        launch.ok_or_else(|| Refusal::not_found("Phishing campaign instance not found"))?;
    Ok((campaign, launch))
}

/// Starts a launch that was saved or is scheduled. Source: the vendor's front end. The refusal of any other launch is
/// inferred.
fn start_saved(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, launch) = launch(call)?;
    rounds::start(call, &launch)?;
    call.changed(JOB, "Update", text(&campaign, "resourceId"))
}

/// Cancels a launch. Source: the vendor's documentation of cancelled campaigns.
fn stop(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, launch) = launch(call)?;
    rounds::stop(call, &launch)?;
    call.changed(JOB, "Update", text(&campaign, "resourceId"))
}

/// Deletes a launch and its report. Inferred: the published description only names the operation.
fn delete(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, launch) = launch(call)?;
    rounds::remove(call, &launch);
    call.changed(JOB, "Delete", text(&campaign, "resourceId"))
}
