//! The requested lifetime, and whether the service keeps it.

use security_api_transport::{Error, Timestamp};
use serde_json::Value;

use crate::create::expiry::Expiry;
use crate::create::kept::{Kept, integer};
use crate::types::Edition;

/// A lifetime as the edition represents it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) expiry: Expiry,
    wire: Wire,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Days(u32),
    Step(u8),
}

/// How much the expiry in the response may differ from the requested one, to allow for the time that creating takes.
const SLACK_SECONDS: i64 = 60;

impl Lifetime {
    /// # Errors
    /// If the edition cannot express the lifetime. `field` is what the caller set.
    pub(crate) fn of(expiry: Expiry, edition: &Edition, field: &str) -> Result<Self, Error> {
        let wire = match edition {
            Edition::Oss => Wire::Days(expiry.whole_days(field)?),
            Edition::Commercial => Wire::Step(expiry.step(field)?),
            Edition::Unrecognized(_) => {
                return Err(Error::invalid(format!(
                    "`{field}`: the edition that was assumed is not known, so no lifetime can be expressed: assume the \
                     open-source or the commercial one, or let the client find out"
                )));
            }
        };
        Ok(Self { expiry, wire })
    }

    /// The values of `..._days` and `..._duration`.
    pub(crate) fn members(lifetime: Option<Self>) -> (Option<u32>, Option<u32>) {
        match lifetime.map(|lifetime| lifetime.wire) {
            None => (None, None),
            Some(Wire::Days(days)) => (Some(days), None),
            Some(Wire::Step(step)) => (None, Some(step.into())),
        }
    }

    /// The days that are sent, if the edition counts days.
    pub(crate) fn days(self) -> Option<u32> {
        match self.wire {
            Wire::Days(days) => Some(days),
            Wire::Step(_) => None,
        }
    }

    /// Compares what the service says about a push with what was asked. `names` are the members that say it.
    pub(crate) fn kept(self, response: &Value, names: &Names) -> Kept {
        let number = |name: &str| response.get(name).and_then(integer);
        let mut said: Vec<Kept> = Vec::new();
        if let Some(step) = number(names.duration) {
            let step = usize::try_from(step).ok();
            said.push(match step.and_then(|step| Expiry::STEPS.get(step)) {
                Some(step) => self.against(*step),
                None => Kept::Other("a step that is not known".to_owned()),
            });
        }
        let time = |name: &str| response.get(name)?.as_str()?.parse::<Timestamp>().ok();
        if let (Some(created), Some(ends)) = (time("created_at"), time(names.end)) {
            let lives = ends.unix_seconds().saturating_sub(created.unix_seconds());
            let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
            let most = seconds(self.expiry.most_seconds()).saturating_add(SLACK_SECONDS);
            let least = seconds(self.expiry.least_seconds()) - SLACK_SECONDS;
            let shown = format!("{lives} seconds");
            said.push(match lives {
                _ if lives > most => Kept::Other(shown),
                _ if lives < least => Kept::Less(shown),
                _ => Kept::AsAsked,
            });
        }
        // The commercial edition may send days in addition to its steps; how it handles less than one day is not known.
        if let (Some(days), Wire::Days(_), _) | (Some(days), Wire::Step(_), true) =
            (number(names.days), self.wire, said.is_empty())
        {
            let days = u32::try_from(days).ok().filter(|days| *days > 0);
            said.push(match days {
                Some(days) => self.against(Expiry::days(days)),
                // Zero or an invalid value may mean no end.
                None => Kept::Other("no end".to_owned()),
            });
        }
        let longer = said.iter().find(|kept| matches!(kept, Kept::Other(_)));
        let shorter = said.iter().find(|kept| matches!(kept, Kept::Less(_)));
        let kept = longer.or(shorter).or(said.first());
        kept.cloned().unwrap_or(Kept::NotSaid)
    }

    /// A step of months equals the days that it stands for.
    fn against(self, kept: Expiry) -> Kept {
        let asked = self.expiry;
        if kept == asked {
            Kept::AsAsked
        } else if kept.nominal_seconds() > asked.most_seconds() {
            Kept::Other(kept.to_string())
        } else if kept.most_seconds() < asked.nominal_seconds() {
            Kept::Less(kept.to_string())
        } else {
            Kept::AsAsked
        }
    }
}

/// The members of a response that contain a lifetime.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(expiry: Expiry, edition: &Edition, response: &Value) -> Kept {
        Lifetime::of(expiry, edition, "expire_after")
            .unwrap()
            .kept(response, &OF_PUSH)
    }

    #[test]
    fn a_lifetime_is_as_asked_only_if_the_response_says_so() {
        let created = "2026-03-01T12:00:00.000Z";
        const AS_ASKED: &str = "AsAsked";
        const LESS: &str = "Less";
        const OTHER: &str = "Other";
        const NOT_SAID: &str = "NotSaid";
        for (expiry, edition, response, expected) in [
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": 1}),
                AS_ASKED,
            ),
            (
                Expiry::days(3),
                Edition::Oss,
                json!({"expire_after_days": 2}),
                LESS,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": "1"}),
                AS_ASKED,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": 7}),
                OTHER,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": null}),
                NOT_SAID,
            ),
            (Expiry::days(1), Edition::Oss, json!({}), NOT_SAID),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": 0}),
                OTHER,
            ),
            (
                Expiry::days(1),
                Edition::Oss,
                json!({"expire_after_days": -1}),
                OTHER,
            ),
            (
                Expiry::days(60),
                Edition::Oss,
                json!({"expire_after_days": 10}),
                LESS,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 2}),
                LESS,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T12:30:00Z"}),
                LESS,
            ),
            (
                Expiry::months(1),
                Edition::Commercial,
                json!({"expire_after_duration": 15, "created_at": created, "expires_at": "2026-03-29T12:00:00Z"}),
                AS_ASKED,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 3}),
                AS_ASKED,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 4}),
                OTHER,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 18}),
                OTHER,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 3, "expire_after_days": 1}),
                AS_ASKED,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_days": 1}),
                OTHER,
            ),
            (
                Expiry::days(7),
                Edition::Commercial,
                json!({"expire_after_days": 7}),
                AS_ASKED,
            ),
            (
                Expiry::days(7),
                Edition::Commercial,
                json!({"expire_after_days": 8}),
                OTHER,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T13:01:00Z"}),
                AS_ASKED,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T13:01:01Z"}),
                OTHER,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T12:59:00Z"}),
                AS_ASKED,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T12:58:59Z"}),
                LESS,
            ),
            (
                Expiry::months(2),
                Edition::Oss,
                json!({"expire_after_days": 60}),
                AS_ASKED,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"created_at": created, "expires_at": "2026-03-01T13:05:00Z"}),
                OTHER,
            ),
            (
                Expiry::hours(1),
                Edition::Commercial,
                json!({"expire_after_duration": 3, "created_at": created, "expires_at": "2026-03-08T12:00:00Z"}),
                OTHER,
            ),
            (
                Expiry::months(1),
                Edition::Commercial,
                json!({"expire_after_duration": 15, "created_at": created, "expires_at": "2026-04-01T12:00:00Z"}),
                AS_ASKED,
            ),
            (
                Expiry::days(30),
                Edition::Commercial,
                json!({"expire_after_duration": 15, "created_at": created, "expires_at": "2026-04-01T12:00:00Z"}),
                OTHER,
            ),
            (
                Expiry::days(30),
                Edition::Commercial,
                json!({"expire_after_duration": 15}),
                AS_ASKED,
            ),
        ] {
            let result = kept(expiry, &edition, &response);
            let result = format!("{result:?}");
            assert!(result.starts_with(expected), "{expiry} {response} {result}");
        }
    }
}
