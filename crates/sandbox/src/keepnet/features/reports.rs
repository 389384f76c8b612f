//! What came of phishing campaigns.

use serde_json::{Value, json};

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use super::phishing::{self, PHISHING_CAMPAIGNS, PHISHING_SCENARIOS};
use super::rounds::{self, Counts, Fate, Round, time};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::lists::search::Search;
use crate::keepnet::records::{Record, Row, record, row, text, texts};
use crate::keepnet::shapes::Shapes;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/phishing-simulator/phishing-campaign-job-report",
    handlers: &[
        ("POST /search", Rows(search)),
        ("POST /{resourceId}/search", Rows(runs)),
        (
            "POST /{searchType}/search/{resourceId}/{instanceGroup}",
            Rows(users),
        ),
        ("GET /summary/{resourceId}/{instanceGroup}", Do(summary)),
        (
            "GET /summary/training/{resourceId}/{instanceGroup}",
            Do(summary),
        ),
        ("POST /search-email-opened/{resourceId}", Do(detail)),
        ("POST /search-email-clicked/{resourceId}", Do(detail)),
        ("POST /search-email-submitted/{resourceId}", Do(detail)),
        ("POST /search-email-reported/{resourceId}", Do(detail)),
    ],
};

/// Every run of every campaign.
fn all(call: &Call<'_>) -> Vec<(Row, Round)> {
    let campaigns = call.rows(PHISHING_CAMPAIGNS.path).iter();
    campaigns
        .flat_map(|campaign| {
            let rounds = rounds::of(call, text(campaign, "resourceId")).into_iter();
            rounds.map(move |round| (Row::clone(campaign), round))
        })
        .collect()
}

fn fates(call: &Call<'_>, round: &Round) -> Vec<Fate> {
    round.fates(call.state.seed, call.now())
}

fn search(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let rows = all(call).into_iter().map(|(campaign, round)| {
        let counts = Counts::of(&fates(call, &round));
        row(json!({
            "phishingCampaignResourceId": text(&campaign, "resourceId"),
            "instanceGroup": round.number,
            "name": text(&campaign, "name"),
            "startDate": time(round.start),
            "totalOpenedCount": counts.opened,
            "totalClickedCount": counts.clicked,
            "totalSubmittedCount": counts.submitted,
            "totalNoResponseCount": counts.silent(),
            "totalTargetUserCount": counts.people,
            "emailDeliveredUserCount": counts.sent,
            "method": text(&campaign, "method"),
            "status": round.status(call.now()),
            "createdBy": text(&campaign, "createdBy"),
            "createdDate": text(&round.row, "createdDate"),
            "emailDelivery": "SMTP",
        }))
    });
    Ok(rows.collect())
}

fn runs(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let id = call.param("resourceId");
    PHISHING_CAMPAIGNS.find(call, &id)?;
    let rounds = rounds::of(call, &id).into_iter().map(|round| {
        row(json!({
            "instanceGroup": round.number,
            "startDate": time(round.start),
            "createdDate": text(&round.row, "createdDate"),
            "totalTargetUserCount": fates(call, &round).len(),
            "status": round.status(call.now()),
            "frequencyDescription": "OneTime",
            "frequencyCount": 1,
        }))
    });
    Ok(rounds.collect())
}

/// A person's row in the report of a run.
fn person(call: &Call<'_>, campaign: &Row, fate: &Fate) -> Row {
    let scenario = texts(campaign, "phishingScenarioResourceIds");
    let scenario = scenario.first().and_then(|id| {
        let found = PHISHING_SCENARIOS.find(call, id).ok()?;
        Some(text(&found, "name").to_owned())
    });
    let count = |at: Option<i64>| i32::from(at.is_some());
    let mut person = Record::clone(&fate.person);
    person.extend(record(json!({
        "resourceId": fate.id,
        "targetUserResourceId": text(&fate.person, "resourceId"),
        "phishingScenarioName": scenario,
        "lastSendingTime": time(fate.sent),
        "lastOpenedTime": time(fate.opened),
        "openedCount": count(fate.opened),
        "lastClickedTime": time(fate.clicked),
        "clickedCount": count(fate.clicked),
        "lastSubmittedTime": time(fate.submitted),
        "submittedCount": count(fate.submitted),
        "lastReportedTime": time(fate.reported),
        "reportedCount": count(fate.reported),
        // Source: the words of the vendor's front end.
        "status": if fate.sent.is_some() { "Successful" } else { "InQueue" },
        "emailDelivery": "SMTP",
        "activityType": "Human",
    })));
    row(Value::Object(person))
}

/// The words are those of the vendor's front end, whatever their case; the vendor documents 400 for `Submitted`.
fn users(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let (campaign, round) = phishing::run(call)?;
    let wanted: fn(&Fate) -> bool = match call.param("searchType").to_lowercase().as_str() {
        "all" => |_| true,
        "opened" => |fate| fate.opened.is_some(),
        "clicked" => |fate| fate.clicked.is_some(),
        "submitteddata" => |fate| fate.submitted.is_some(),
        "reported" => |fate| fate.reported.is_some(),
        "noresponse" => Fate::is_silent,
        "attachmentopened" | "mfa" | "replied" => |_| false,
        _ => return Err(Refusal::input("The searchType is not known")),
    };
    let fates = fates(call, &round).into_iter();
    let fates = fates.filter(wanted);
    Ok(fates.map(|fate| person(call, &campaign, &fate)).collect())
}

/// `campaignDurationExpired` is what the vendor's front end ends a campaign by.
fn summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (campaign, round) = phishing::run(call)?;
    let counts = Counts::of(&fates(call, &round));
    let expires = round.expires();
    let ends = [round.stop, expires].into_iter().flatten().min();
    let groups = texts(&round.row, "targetGroupResourceIds").len();
    call.data(json!({
        "phishingCampaignResourceId": text(&campaign, "resourceId"),
        "phishingCampaignName": text(&campaign, "name"),
        "campaignInfo": {
            "startDate": time(round.start),
            "endDate": time(ends),
            "scheduledDate": time(round.start),
            "totalTargetUserCount": counts.people,
            "emailDeliveredUserCount": counts.sent,
            "emailNotDeliveredUserCount": counts.people - counts.sent,
            "emailDeliveryStartDate": time(round.start),
            "emailDeliveryEndDate": time(round.start),
            "scheduleTypeId": 1,
        },
        "settings": {"duration": round.days},
        "targetUsers": {"targetGroupsCount": groups, "sendOnlyActiveUsers": true},
        "scenarioStats": {
            "openedEmail": counts.opened,
            "clickedEmail": counts.clicked,
            "submittedEmail": counts.submitted,
            "reportedEmail": counts.reported,
            "noResponseEmail": counts.silent(),
            "notDelivered": counts.people - counts.sent,
        },
        "campaignDurationExpired": round.stop.is_none() && expires.is_some_and(|end| end <= call.now()),
    }))
}

/// A sample of what the person with that row did. Source: the vendor documents the 404.
fn detail(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    // Complete like any other search, though only one record is returned.
    Search::strict(&call.body, true)?;
    let id = call.param("resourceId");
    let mut runs = all(call).into_iter();
    if !runs.any(|(_, round)| fates(call, &round).iter().any(|fate| fate.id == id)) {
        return Err(Refusal::NotFound(
            "Phishing campaign instance user not found",
        ));
    }
    let sample = Shapes::get().sample(&call.operation.response);
    Ok(Outcome::Data(sample))
}
