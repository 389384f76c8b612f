//! Takes back what was created and is not as asked, and says in the error what became of it.

use http::StatusCode;
use security_api_transport::{Client, Error, Operation, Outcome, Secret};
use serde_json::Value;

use crate::confirmation::{Unconfirmed, is_gone};
use crate::create::difference::Difference;
use crate::not_as_asked::{Fate, error};
use crate::operations::PUSHES_EXPIRE;

/// A push or request that was created.
pub(super) struct Made {
    pub(super) response: Unconfirmed,
    pub(super) token: Option<Secret>,
    /// Whether it was created for certain. A response that reports a failure, or has neither token nor link, leaves
    /// that open.
    pub(super) is_certain: bool,
}

impl Made {
    /// Tries to undo the creation, and returns the error that creating fails with.
    pub(super) async fn take_back(
        self,
        client: &Client,
        undo: &'static Operation,
        what: &str,
        differences: Vec<Difference>,
    ) -> Error {
        let more = format!("{}{}", remedy(&differences), described(&differences));
        let (made, gone, end) = match undo.id() == PUSHES_EXPIRE.id() {
            true => ("push", "expired", "expire"),
            false => ("request", "closed", "close"),
        };
        let lives = match self.is_certain {
            true => "is still live",
            false => "may still be live",
        };
        let Some(token) = self.token else {
            let what = format!(
                "{what}, and the {made} could not be {gone}, because the response has no token: it {lives}{more}"
            );
            return error(
                self.response,
                what,
                differences,
                Fate::StillLive { token: None },
            );
        };
        let undone: Result<Value, Error> = client.operation(undo, &[token.expose()]).call().await;
        if undone
            .as_ref()
            .is_ok_and(|state| is_gone(undo, &token, state))
        {
            let what = format!("{what}; the {made} was {gone} at once: it is gone{more}");
            return error(self.response, what, differences, Fate::Withdrawn);
        }
        let what = format!(
            "{what}, and the {made} could not be {gone}: it {lives}; `{end}` it with the token in `NotAsAsked::fate()`{more}"
        );
        let token = Some(token);
        let error = error(self.response, what, differences, Fate::StillLive { token });
        match undone {
            Ok(_) => error,
            Err(why) => error.with_source(why),
        }
    }
}

/// What the instance would keep. It comes last in the text of an error, which is cut if it is long.
fn described(differences: &[Difference]) -> String {
    let mut text = String::new();
    for (index, difference) in differences.iter().enumerate() {
        text.push_str(if index == 0 { "; differences: " } else { ", " });
        text.push_str(&difference.to_string());
    }
    text
}

/// The remedy. An instance replaces values outside of its bounds with its defaults.
fn remedy(differences: &[Difference]) -> &'static str {
    let said = differences.iter().any(|it| it.kept().is_some());
    match (said, differences.iter().all(Difference::is_less)) {
        (false, _) => "",
        (true, true) => "; ask for what it keeps, or accept less with `or_less`",
        (true, false) => "; ask for what it keeps, or leave the option out",
    }
}

/// Adds a remark on what may exist although the call failed.
pub(super) fn link_lost(error: Error) -> Error {
    let unavailable = error.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
    match error.outcome() {
        Outcome::Unknown if unavailable => error.with_hint(
            "the instance, or a proxy before it, is not available now, so probably nothing was created; if something \
             was, nobody has its link",
        ),
        // A success without a token need not be the service's.
        _ if error.may_be_executed() => error.with_hint(
            "it may have been created, but nobody has its link: it then lives as long as the instance lets it",
        ),
        _ => error,
    }
}
