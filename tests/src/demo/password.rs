//! The one-time link to the employee's new password.

use pwpush_api::types::{Edition, Push};
use pwpush_api::{Client, Expiry, NewPush, Retrieved, Secret};

use crate::Outcome;

const LENGTH: usize = 20;

/// The 56 unambiguous characters.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/// Generates a password from the system's random numbers.
fn fresh() -> Outcome<Secret> {
    let mut password = String::with_capacity(LENGTH);
    while password.len() < LENGTH {
        let mut bytes = [0; 2 * LENGTH];
        getrandom::fill(&mut bytes)?;
        // Values above the last whole multiple are drawn again, so that all letters are equally likely.
        let whole = 256 / LETTERS.len() * LETTERS.len();
        let fit = bytes
            .iter()
            .map(|byte| usize::from(*byte))
            .filter(|byte| *byte < whole);
        let letters = fit.map(|byte| char::from(LETTERS[byte % LETTERS.len()]));
        password.extend(letters.take(LENGTH - password.len()));
    }
    Ok(password.into())
}

/// Sends a new password as a link that opens once.
pub(crate) async fn send(pwpush: &Client, employee: &str) -> Outcome<Push> {
    // The open-source edition expires pushes after days. The commercial edition supports hours, and a working day is
    // enough.
    let expiry = match pwpush.edition().await? {
        Edition::Commercial => Expiry::hours(12),
        _ => Expiry::days(1),
    };
    let push = NewPush::text(fresh()?)
        .expire_after(expiry)
        .views(1)
        .retrieval_step(true)
        .name(format!("Fresh password of {employee}"));
    let push = pwpush.pushes().create(push).await?;
    println!(
        "A fresh password for {employee} is behind a link that opens once and lives {expiry}."
    );
    println!("  {}", push.link().expose());
    Ok(push.into_inner())
}

/// Opens the link as the employee, and then as someone who is too late.
pub(crate) async fn open_twice(visitor: &Client, push: &Push) -> Outcome<()> {
    for who in ["The employee opens it", "Somebody opens it again"] {
        let found = match visitor.pushes().show(&push.token).await? {
            Retrieved::Secret(_) => "there is the password",
            Retrieved::Expired(_) => "it has expired",
        };
        println!("  {who}: {found}.");
    }
    println!();
    Ok(())
}
