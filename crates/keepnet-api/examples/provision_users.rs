//! Synchronises target users with an identity system: creates, changes, adds to a group, deletes.
//!
//! ```console
//! $ cargo run -p keepnet-api --features users --example provision_users
//! $ cargo run -p keepnet-api --features users --example provision_users -- jane.doe@example.com Jane Doe Finance
//! $ cargo run -p keepnet-api --features users --example provision_users -- --delete jane.doe@example.com
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;

use keepnet_api::Client;
use keepnet_api::types::CreateTargetUserRequest;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let keepnet = &service.keepnet;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--delete", email] => delete(keepnet, email).await,
        [email, first, last, department] => upsert(keepnet, email, first, last, department).await,
        [] if service.sandbox.is_some() => {
            // Changes that an identity system reports for one person.
            let jane = "jane.doe@example.com";
            upsert(keepnet, jane, "Jane", "Doe", "Sales").await?;
            upsert(keepnet, jane, "Jane", "Doe", "Sales").await?;
            upsert(keepnet, "Jane.Doe@Example.com", "Jane", "Doe", "Finance").await?;
            delete(keepnet, jane).await?;
            delete(keepnet, jane).await
        }
        _ => Err("give: EMAIL FIRST-NAME LAST-NAME DEPARTMENT, or --delete EMAIL".into()),
    }
}

async fn upsert(
    keepnet: &Client,
    email: &str,
    first: &str,
    last: &str,
    department: &str,
) -> Result<(), Box<dyn Error>> {
    // Fields that are not set, such as the time zone, keep their values.
    let person = CreateTargetUserRequest::new(email)
        .first_name(first)
        .last_name(last)
        .department(department);
    let user = keepnet.target_users().upsert(&person).await?;
    println!("{email} in {department}: {:?}", user.change);
    // Departments are groups. A group is created with its first member.
    let group = keepnet
        .target_groups()
        .add_people(department, [email])
        .await?;
    let made = if group.group.created {
        ", which is new"
    } else {
        ""
    };
    println!("  in the group {department}{made}");
    Ok(())
}

async fn delete(keepnet: &Client, email: &str) -> Result<(), Box<dyn Error>> {
    match keepnet.target_users().delete_by_email(email).await? {
        Some(id) => println!("{email}: deleted ({id})"),
        None => println!("{email}: no such user"),
    }
    Ok(())
}
