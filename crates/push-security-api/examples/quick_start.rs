//! Checks the key, lists some browsers, and follows one detection to the employee and their accounts.
//!
//! ```console
//! $ cargo run -p push-security-api --example quick_start
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;

use push_security_api::types::{BrowserType, OsType};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let push = &service.push;

    // Fails with words that say what to do if the address or the key is wrong.
    push.check().await?;

    // `page()` asks for one page, and `items()` for every item across pages. A list is not awaited by itself.
    let page = push
        .browsers()
        .list()
        .os(OsType::Macos)
        .browser(BrowserType::Chrome)
        .limit(5)
        .page()
        .await?;
    println!("Chrome on macOS, the first {}:", page.items().len());
    for browser in page.items() {
        // Nearly every member is optional, because the service may leave it out.
        let email = browser.email.as_deref().unwrap_or("nobody known");
        println!("  {}  {email}", browser.id);
    }

    let mut detections = push.detections().list().limit(1).items();
    let Some(detection) = detections.try_next().await? else {
        println!("There are no detections.");
        return Ok(());
    };
    println!(
        "\nDetection {}: {}",
        detection.id,
        detection
            .detection_type
            .as_ref()
            .map_or("of a kind not said", AsRef::as_ref),
    );

    let Some(employee_id) = &detection.employee_id else {
        println!("  It names no employee.");
        return Ok(());
    };
    let employee = push.employees().get(employee_id).await?;
    println!("  employee  {}", employee.email.unwrap_or(employee.id));

    let mut accounts = push.accounts().list().employee_id(employee_id).items();
    while let Some(account) = accounts.try_next().await? {
        let app = account.app_type.as_deref().unwrap_or("an unnamed app");
        let mfa = match account.mfa_registered {
            Some(true) => "with MFA",
            Some(false) => "without MFA",
            None => "MFA not known",
        };
        println!("  account   {app}, {mfa}");
    }
    Ok(())
}
