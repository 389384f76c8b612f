//! Twenty calls of Keepnet: what `cargo xtask compile-time` compiles as a program that uses the client.

use keepnet_api::{Client, Error, SearchRequest};

async fn run(keepnet: &Client, id: &str) -> Result<usize, Error> {
    let search = || SearchRequest::new().page_size(500);
    let mut count = 0;
    count += keepnet.companies().list_my().await?.len();
    count += keepnet.roles().list().await?.len();
    count += keepnet.roles().list_with_available().await?.len();
    count += keepnet.target_groups().list().await?.len();
    count += keepnet.audit_logs().search(search()).items().try_collect().await?.len();
    count += keepnet.tags().search(search()).page().await?.items().len();
    count += keepnet.roles().search(search()).page().await?.items().len();
    count += keepnet.companies().search_clients(search()).page().await?.items().len();
    count += keepnet.system_users().search(search()).page().await?.items().len();
    count += keepnet.target_users().search(search()).page().await?.items().len();
    count += keepnet.target_groups().search(search()).page().await?.items().len();
    count += keepnet.phishing_campaigns().search(search()).page().await?.items().len();
    count += keepnet.phishing_landing_pages().search(search()).page().await?.items().len();
    count += keepnet.trainings().search_summary(search()).page().await?.items().len();
    println!("{:?}", keepnet.time_zones().list().await?);
    println!("{:?}", keepnet.jobs().get(id).await?);
    println!("{:?}", keepnet.companies().get(id).await?);
    println!("{:?}", keepnet.target_users().get(id).await?);
    println!("{:?}", keepnet.target_groups().get(id).await?);
    println!("{:?}", keepnet.phishing_campaigns().get(id).await?);
    Ok(count)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let id = std::env::args().nth(1).unwrap_or_default();
    let count = run(&Client::from_env()?, &id).await?;
    println!("{count}");
    Ok(())
}
