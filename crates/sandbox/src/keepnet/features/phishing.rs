//! Phishing scenarios, campaigns and their runs.

use serde_json::{Value, json};

use super::handler::Handler::Do;
use super::handler::Table;
use super::memberships::{GROUPS, NO_GROUP};
use super::resource::Resource;
use super::rounds::{self, Round, Schedule};
use crate::keepnet::http::call::{Call, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::{Record, Row, integer, member, record, text, texts};

pub(crate) static PHISHING_SCENARIOS: Resource = Resource::plain(
    "/api/phishing-simulator/phishing-scenario",
    "PhishingScenario",
    "Phishing scenario not found",
    &["name", "methodTypeId"],
);

pub(crate) static PHISHING_CAMPAIGNS: Resource = Resource {
    prepare,
    view: with_status,
    ..Resource::plain(
        "/api/phishing-simulator/phishing-campaign",
        "PhishingCampaign",
        "Phishing campaign not found",
        &["name", "scheduleTypeId"],
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
    let mut shown = Vec::new();
    for id in &groups {
        let group = call.find(GROUPS, id, NO_GROUP)?;
        shown.push(json!({ "value": id, "text": text(&group, "name") }));
    }
    campaign.extend(record(json!({
        "method": scenarios.first().map(|first| &first["method"]),
        "phishingScenarioResourceIds": ids,
        "scenarioCount": ids.len().to_string(),
        "phishingScenarios": scenarios,
        "targetGroups": shown,
    })));
    if before.is_none() {
        let filtered = campaign.get("categoryFilter").is_some_and(Value::is_object);
        if ids.is_empty() && filtered {
            return Err(Refusal::NotPlayed(
                "campaigns whose scenarios are chosen by a filter",
            ));
        }
        // Source: the vendor's documentation (400 where one of the two is missing).
        if ids.is_empty() || groups.is_empty() {
            return Err(Refusal::input(
                "A scenario and a target group have to be named",
            ));
        }
        // A number that cannot be null, so an absent one is read as 0, which is no kind of delivery (inferred). Source
        // of the kinds: the vendor's documentation and front end, which always send one of them.
        if ![1, 2].contains(&integer(campaign, "emailDeliverySettingType")) {
            return Err(Refusal::input(
                "The emailDeliverySettingType is neither 1 nor 2",
            ));
        }
        // A campaign that is saved has a launch that waits: the vendor's front end starts it by its number (inferred
        // from there; it is not documented when the launch is made).
        let schedule = Schedule {
            start: rounds::scheduled(
                call.now(),
                integer(campaign, "scheduleTypeId"),
                text(campaign, "scheduledDate"),
            )?,
            days: Some(days(campaign)),
        };
        rounds::add(call, text(campaign, "resourceId"), schedule, &groups)?;
    }
    Ok(())
}

/// For how many days a campaign records what people do. Without any it is 0, as .NET reads an absent number (inferred).
fn days(campaign: &Record) -> i64 {
    integer(campaign, "duration").max(0)
}

fn with_status(call: &Call<'_>, campaign: &Row) -> Row {
    let rounds = rounds::of(call, text(campaign, "resourceId"));
    let last = rounds.last();
    let people = last.and_then(|last| last.row.get("users").and_then(Value::as_array));
    let launched = last.and_then(|last| last.start);
    let mut now = Record::clone(campaign);
    now.extend(record(json!({
        "status": last.map_or("Idle", |last| last.status(call.now())),
        "instanceCount": rounds.len().to_string(),
        "instanceGroup": last.map_or(0, |last| last.number),
        "targetUsers": people.map_or(0, Vec::len).to_string(),
        "lastLaunch": rounds::time(launched.filter(|at| *at <= call.now())),
    })));
    Row::new(now)
}

fn start(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.param("resourceId");
    let campaign = PHISHING_CAMPAIGNS.find(call, &id)?;
    let body = call.object()?.clone();
    let kind = integer(&body, "scheduleTypeId");
    let at = rounds::scheduled(call.now(), kind, text(&body, "scheduledDate"))?;
    // Source: the vendor's documentation and front end, which always name the target groups of a new launch.
    let groups = texts(&body, "targetGroupResourceIds");
    if groups.is_empty() {
        return Err(Refusal::input(
            "The targetGroupResourceIds field is required.",
        ));
    }
    let schedule = Schedule {
        start: at,
        days: Some(days(&campaign)),
    };
    rounds::add(call, &id, schedule, &groups)?;
    call.log("PhishingCampaignJob", "Create", &id, None, Some(&body));
    done(&id)
}

/// The run that the path names.
pub(crate) fn run(call: &Call<'_>) -> Result<(Row, Round), Refusal> {
    let campaign = PHISHING_CAMPAIGNS.find(call, &call.param("resourceId"))?;
    let number = call.param("instanceGroup").parse::<i64>();
    let number = number.map_err(|_| Refusal::input("The instanceGroup is not a number"))?;
    let mut rounds = rounds::of(call, text(&campaign, "resourceId")).into_iter();
    let round = rounds.find(|round| round.number == number);
    let round = round.ok_or(Refusal::NotFound("Phishing campaign instance not found"))?;
    Ok((campaign, round))
}

/// Starts a launch that was saved or is scheduled. Source: the vendor's front end; that it starts no other is inferred.
fn start_saved(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, round) = run(call)?;
    rounds::start(call, &round)?;
    changed(call, &campaign, "Update")
}

fn stop(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, round) = run(call)?;
    rounds::stop(call, &round)?;
    changed(call, &campaign, "Update")
}

fn delete(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, round) = run(call)?;
    rounds::remove(call, &round);
    changed(call, &campaign, "Delete")
}

fn changed(
    call: &mut Call<'_>,
    campaign: &Row,
    operation: &'static str,
) -> Result<Outcome, Refusal> {
    let id = text(campaign, "resourceId");
    call.log("PhishingCampaignJob", operation, id, None, None);
    done(id)
}
