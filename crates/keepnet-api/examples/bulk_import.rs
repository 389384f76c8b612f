//! Imports target users from a CSV or Excel file: uploads it, maps its columns, follows the reading, shows the rejected
//! rows, and imports the valid ones.
//!
//! ```console
//! $ cargo run -p keepnet-api --features users --example bulk_import
//! $ cargo run -p keepnet-api --features users --example bulk_import -- people.csv
//! $ cargo run -p keepnet-api --features users --example bulk_import -- people.csv --confirm
//! ```
//!
//! Without `--confirm`, nobody is imported.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;

use keepnet_api::Upload;
use keepnet_api::people::{ColumnMapping, ImportRows, UserField};

const PEOPLE: &str = "\
E-mail,First name,Last name,Team
ada.byron@example.com,Ada,Byron,Engineering
grace.murray@example.com,Grace,Murray,Engineering
somebody at example.com,Some,Body,Sales
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let users = service.keepnet.target_users();
    let (mut path, mut confirm) = (None, service.sandbox.is_some());
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--confirm" => confirm = true,
            _ => path = Some(argument),
        }
    }
    let file = match path {
        Some(path) => Upload::file(path).await?,
        None if service.sandbox.is_some() => {
            Upload::bytes("people.csv", PEOPLE).content_type("text/csv")
        }
        None => return Err("give the path of a CSV or Excel file".into()),
    };

    let import = users.import(file).await?;
    // After a failure from here on, `resume_import` continues with this id.
    let rows = import.rows.unwrap_or(0);
    println!("Uploaded as {}: {rows} rows", import.transaction_id());

    let columns = import.column_names().await?;
    let mut mapping = ColumnMapping::by_name(&columns);
    if columns.iter().any(|column| column == "Team") {
        mapping = mapping.column("Team", UserField::Department);
    }
    // Otherwise an unmapped column is an error, which names the column.
    let reading = import.map(&mapping.ignore_rest()).await?;
    let mut progress = reading.progress();
    while let Some(status) = progress.try_next().await? {
        println!(
            "  {}: {} of {rows}",
            status.state,
            status.read().unwrap_or(0)
        );
    }

    let found = reading.finished().await?;
    println!(
        "{} new, {} existing, {} wrong",
        found.new.unwrap_or(0),
        found.existing.unwrap_or(0),
        found.invalid.unwrap_or(0)
    );
    for row in import.rejected().await? {
        println!("  {}", row.email.unwrap_or_default());
        for problem in row.validation_detail.unwrap_or_default() {
            let field = problem.field_name.unwrap_or_default();
            println!("    {field}: {}", problem.message.unwrap_or_default());
        }
    }

    if confirm {
        import.confirm(ImportRows::All).await?;
        println!("The import was started; the job log says when it is done.");
    } else {
        println!("Nobody was imported; give --confirm to import them.");
    }
    Ok(())
}
