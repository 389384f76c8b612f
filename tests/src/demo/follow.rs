//! Shows filters, and follows a detection to its employee, accounts and apps.

use std::time::Duration;

use push_security_api::types::{BrowserType, Detection, DetectionType, Employee, OsType};
use push_security_api::{Client, Timestamp};

use crate::Outcome;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Shows filters.
pub(crate) async fn look_around(push: &Client) -> Outcome<()> {
    let page = push
        .browsers()
        .list()
        .browser(BrowserType::Chrome)
        .os(OsType::Macos)
        .limit(3)
        .page()
        .await?;
    println!("Chrome on macOS, the first three:");
    for browser in page.items() {
        println!(
            "  {}  version {}, last seen {}",
            or_dash(browser.email.as_deref()),
            or_dash(browser.version.as_deref()),
            browser
                .last_online
                .map_or("never".to_owned(), |time| time.to_string()),
        );
    }
    println!();
    Ok(())
}

/// The owner of the stolen credential.
pub(crate) struct Victim {
    /// The id of the detection.
    pub(crate) detection: String,
    pub(crate) employee: Employee,
    pub(crate) email: String,
}

/// Returns a detection's employee, with the employee's accounts and their apps.
pub(crate) async fn follow_detection(
    push: &Client,
    raised: Option<&str>,
) -> Outcome<Option<Victim>> {
    let Some(detection) = newest(push, raised).await? else {
        println!("No stolen credentials were detected in the last 30 days.\n");
        return Ok(None);
    };
    let kind = detection
        .detection_type
        .as_ref()
        .map_or("unknown", AsRef::as_ref);
    println!(
        "Detection {}: {kind}, severity {}",
        detection.id,
        detection.severity.as_ref().map_or("unknown", AsRef::as_ref)
    );
    let Some(id) = detection.employee_id.as_deref() else {
        println!("  It names no employee.\n");
        return Ok(None);
    };
    let employee = push.employees().get(id).await?;
    println!("  Employee  {}", name(&employee));
    let accounts = push
        .accounts()
        .list()
        .employee_id(id)
        .items()
        .try_collect()
        .await?;
    for account in &accounts {
        let app = match &account.app_id {
            Some(app) => push.apps().get(app).await?.friendly_name,
            None => None,
        };
        println!(
            "  Account   {} at {}, MFA {}",
            or_dash(account.email.as_deref()),
            or_dash(app.as_deref().or(account.app_type.as_deref())),
            match account.mfa_registered {
                Some(true) => "registered",
                Some(false) => "missing",
                None => "unknown",
            }
        );
    }
    println!();
    Ok(employee.email.clone().map(|email| Victim {
        detection: detection.id,
        email,
        employee,
    }))
}

/// Returns the raised detection, or the newest stolen credential of the last 30 days.
async fn newest(push: &Client, raised: Option<&str>) -> Outcome<Option<Detection>> {
    if let Some(id) = raised {
        return Ok(Some(push.detections().get(id).await?));
    }
    let mut detections = push
        .detections()
        .list()
        .created_after(Timestamp::now().saturating_sub(30 * DAY))
        .items();
    let mut newest: Option<Detection> = None;
    while let Some(detection) = detections.try_next().await? {
        let stolen = detection.detection_type == Some(DetectionType::StolenCredentials);
        if stolen
            && newest
                .as_ref()
                .is_none_or(|newest| newest.created < detection.created)
        {
            newest = Some(detection);
        }
    }
    Ok(newest)
}

fn name(employee: &Employee) -> String {
    let words = [&employee.first_name, &employee.last_name];
    let name: Vec<_> = words.into_iter().flatten().map(String::as_str).collect();
    format!(
        "{} <{}>, {}",
        name.join(" "),
        or_dash(employee.email.as_deref()),
        or_dash(employee.department.as_deref())
    )
}

fn or_dash(text: Option<&str>) -> &str {
    text.unwrap_or("-")
}
