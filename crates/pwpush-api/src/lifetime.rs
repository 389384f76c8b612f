//! The lifetime that was asked for, and whether the service keeps to it.

use security_api_transport::{Error, Timestamp};
use serde_json::Value;

use crate::expiry::Expiry;
use crate::types::Edition;

/// A lifetime as the edition takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) expiry: Expiry,
    wire: Wire,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Days(u8),
    Step(u8),
}

/// How much later than asked the service may say it will expire, for the time that creating takes.
const SLACK_SECONDS: i64 = 60;

impl Lifetime {
    /// # Errors
    /// If the edition cannot express it. `field` is what the caller set.
    pub(crate) fn of(expiry: Expiry, edition: &Edition, field: &str) -> Result<Self, Error> {
        let wire = match edition {
            Edition::Oss => Wire::Days(expiry.whole_days(field)?),
            Edition::Commercial => Wire::Step(expiry.step(field)?),
            Edition::Unrecognized(_) => {
                return Err(Error::invalid(format!(
                    "`{field}`: the edition that was assumed is not known, so no lifetime can be told"
                )));
            }
        };
        Ok(Self { expiry, wire })
    }

    /// The values of `..._days` and `..._duration`.
    pub(crate) fn members(lifetime: Option<Self>) -> (Option<u32>, Option<u32>) {
        match lifetime.map(|lifetime| lifetime.wire) {
            None => (None, None),
            Some(Wire::Days(days)) => (Some(days.into()), None),
            Some(Wire::Step(step)) => (None, Some(step.into())),
        }
    }

    /// Compares what the service says of a push with what was asked. `names` are the members in which it does.
    ///
    /// # Errors
    /// What is wrong: that it would live longer, or that nothing says it would not.
    pub(crate) fn kept(self, answer: &Value, names: &Names) -> Result<(), String> {
        let number = |name: &str| answer.get(name).and_then(integer);
        let asked = self.expiry;
        let longer = |is: &str| Err(format!("it would live for {is} instead of {asked}"));
        let mut confirmed = false;
        if let Some(step) = number(names.duration) {
            let step = usize::try_from(step)
                .ok()
                .and_then(|step| Expiry::STEPS.get(step));
            match step {
                Some(step) if is_longer(*step, asked) => return longer(&step.to_string()),
                Some(_) => confirmed = true,
                None => return Err("its lifetime is a step that is not known".to_owned()),
            }
        }
        let time = |name: &str| answer.get(name)?.as_str()?.parse::<Timestamp>().ok();
        if let (Some(created), Some(ends)) = (time("created_at"), time(names.end)) {
            let lives = ends.unix_seconds().saturating_sub(created.unix_seconds());
            let most = i64::try_from(asked.most_seconds()).unwrap_or(i64::MAX);
            if lives > most.saturating_add(SLACK_SECONDS) {
                return longer(&format!("{lives} seconds"));
            }
            confirmed = true;
        }
        // The commercial edition may give days beside its steps; what it makes of less than one is not known.
        if let (Some(days), Wire::Days(_), _) | (Some(days), Wire::Step(_), false) =
            (number(names.days), self.wire, confirmed)
        {
            // None at all may mean for ever.
            let days = u32::try_from(days).ok().filter(|days| *days > 0);
            let days = Expiry::days(days.unwrap_or(u32::MAX));
            if is_longer(days, asked) {
                return longer(&days.to_string());
            }
            confirmed = true;
        }
        if confirmed {
            Ok(())
        } else {
            Err("the answer does not say how long it will live".to_owned())
        }
    }
}

/// The members in which an answer tells a lifetime.
#[derive(Debug)]
pub(crate) struct Names {
    days: &'static str,
    duration: &'static str,
    end: &'static str,
}

pub(crate) const OF_PUSH: Names = Names {
    days: "expire_after_days",
    duration: "expire_after_duration",
    end: "expires_at",
};

pub(crate) const OF_REQUEST: Names = Names {
    days: "close_after_days",
    duration: "close_after_duration",
    end: "close_after_at",
};

/// Compares the views that the service says with those asked.
///
/// # Errors
/// What is wrong.
pub(crate) fn views_kept(answer: &Value, asked: u32) -> Result<(), String> {
    match answer.get("expire_after_views").and_then(integer) {
        Some(views) if (1..=i64::from(asked)).contains(&views) => Ok(()),
        // None at all may mean any number.
        Some(..1) => Err("it could be viewed without end".to_owned()),
        Some(views) => Err(format!(
            "it could be viewed {views} times instead of {asked}"
        )),
        None => Err("the answer does not say how often it can be viewed".to_owned()),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

fn is_longer(lifetime: Expiry, asked: Expiry) -> bool {
    // A step of months is as long as was meant by days of the same number.
    lifetime != asked && lifetime.least_seconds() > asked.most_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(expiry: Expiry, edition: &Edition, answer: &Value) -> Result<(), String> {
        Lifetime::of(expiry, edition, "expire_after")
            .unwrap()
            .kept(answer, &OF_PUSH)
    }

    #[test]
    fn a_lifetime_is_kept_only_if_the_answer_says_so() {
        let created = "2026-03-01T12:00:00.000Z";
        for (expiry, edition, answer, is_kept) in [
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": 1}),
                true,
            ),
            (
                Expiry::days(3),
                Edition::Oss,
                json!({"expire_after_days": 2}),
                true,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": "1"}),
                true,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": 7}),
                false,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": null}),
                false,
            ),
            (Expiry::days(1), Edition::Oss, json!({}), false),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": 0}),
                false,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": -1}),
                false,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 3}),
                true,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 4}),
                false,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 18}),
                false,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 3, "expire_after_days": 1}),
                true,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_days": 1}),
                false,
            ),
            (
                Expiry::days(7),
                Edition::Commercial,
                json!({"expire_after_days": 7}),
                true,
            ),
            (
                Expiry::days(7),
                Edition::Commercial,
                json!({"expire_after_days": 8}),
                false,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T13:00:01Z"}),
                true,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T13:05:00Z"}),
                false,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 3, "created_at": created, "expires_at": "2026-03-08T12:00:00Z"}),
                false,
            ),
            (
                Expiry::months(1),
                Edition::Commercial,
                json!({"expire_after_duration": 15, "created_at": created, "expires_at": "2026-04-01T12:00:00Z"}),
                true,
            ),
            (
                Expiry::days(30),
                Edition::Commercial,
                json!({"expire_after_duration": 15, "created_at": created, "expires_at": "2026-04-01T12:00:00Z"}),
                false,
            ),
            (
                Expiry::days(30),
                Edition::Commercial,
                json!({"expire_after_duration": 15}),
                true,
            ),
        ] {
            let result = kept(expiry, &edition, &answer);
            assert_eq!(result.is_ok(), is_kept, "{expiry} {answer} {result:?}");
        }
    }

    #[test]
    fn views_are_kept_only_if_the_answer_says_so() {
        for (answer, is_kept) in [
            (json!({"expire_after_views": 2}), true),
            (json!({"expire_after_views": 1}), true),
            (json!({"expire_after_views": "2"}), true),
            (json!({"expire_after_views": 5}), false),
            (json!({"expire_after_views": "5"}), false),
            (json!({"expire_after_views": 0}), false),
            (json!({"expire_after_views": -1}), false),
            (json!({"expire_after_views": null}), false),
            (json!({}), false),
        ] {
            assert_eq!(views_kept(&answer, 2).is_ok(), is_kept, "{answer}");
        }
    }
}
