//! The retry table: what a response means, what became of its request, and whether it may be sent again.
//!
//! This is the only place that decides whether it would be safe; the retry layer adds budget and deadline. The retry
//! layer, [`Error::outcome`](crate::Error::outcome) and [`Error::is_retryable`](crate::Error::is_retryable) read the
//! table. ARCHITECTURE.md shows the same table, and a test compares the two.

use http::StatusCode;

use crate::error::kind::ErrorKind;
use crate::outcome::Outcome;
use crate::response_parts::ResponseParts;

/// What a response, or an attempt without one, means for the call.
///
/// Each verdict is a row of the retry table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The request was executed.
    Executed,
    /// The service responded with an error that another attempt would not change.
    Final,
    /// The credential was refused and nothing was executed. The request is sent once more if the credential can be
    /// renewed.
    StaleCredential,
    /// A shared limit was exceeded and nothing was executed. Every request under the limit waits.
    Throttled,
    /// The service refused the request temporarily and did nothing.
    Refused,
    /// The attempt failed temporarily, and the request may have been executed.
    Transient,
    /// The request may have been executed, and cannot be sent again: its body failed half-way, or a layer or transport
    /// of the user failed.
    Interrupted,
    /// The request was not sent, because no connection could be used.
    NotSent,
    /// The request was not sent, because the credential was refused while the request waited for its turn.
    CredentialLost,
    /// The request was not sent, because the client's own limiter or the token endpoint would have made it wait too
    /// long.
    Deferred,
    /// The request was not sent, and another attempt would fail in the same way.
    Unsendable,
}

/// The operations that the client sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryRule {
    /// Every operation.
    Any,
    /// Every operation, once, if its credential can be renewed.
    Renewed,
    /// Idempotent operations.
    Idempotent,
    /// No operation, but the caller may try every operation again later.
    Later,
    /// No operation.
    Never,
}

impl Verdict {
    /// The retry table.
    const fn row(self) -> (Outcome, RetryRule) {
        match self {
            Self::NotSent | Self::CredentialLost => (Outcome::NotSent, RetryRule::Any),
            Self::Deferred => (Outcome::NotSent, RetryRule::Later),
            Self::Unsendable => (Outcome::NotSent, RetryRule::Never),
            Self::Throttled | Self::Refused => (Outcome::Refused, RetryRule::Any),
            Self::StaleCredential => (Outcome::Refused, RetryRule::Renewed),
            Self::Transient => (Outcome::Unknown, RetryRule::Idempotent),
            Self::Interrupted => (Outcome::Unknown, RetryRule::Never),
            Self::Executed | Self::Final => (Outcome::Answered, RetryRule::Never),
        }
    }

    /// The verdict from HTTP's own rules and the facts of the operation.
    #[must_use]
    pub fn by_status(response: &ResponseParts<'_>) -> Self {
        match response.status {
            status if status.is_success() => Self::Executed,
            status if response.operation.refuses_with(status) => Self::Refused,
            status => Self::of_status(status),
        }
    }

    /// The verdict from HTTP's own rules on a response that is no success.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::StaleCredential,
            429 => Self::Throttled,
            // HTTP says that what is not registered counts as 500, and so does what is no valid status. Gateways use
            // such statuses if a service does not respond.
            408 | 425 | 500 | 502 | 503 | 504 | 509 | 512..=999 => Self::Transient,
            _ => Self::Final,
        }
    }

    /// The verdict on an attempt that failed with an error of this kind and outcome.
    #[must_use]
    pub(crate) const fn of_failure(kind: ErrorKind, outcome: Outcome) -> Self {
        let is_passing = matches!(
            kind,
            ErrorKind::Connect | ErrorKind::Io | ErrorKind::Timeout
        );
        match outcome {
            Outcome::NotSent if is_passing => Self::NotSent,
            Outcome::NotSent => match kind {
                ErrorKind::RateLimit | ErrorKind::Credential => Self::Deferred,
                _ => Self::Unsendable,
            },
            Outcome::Refused => Self::Refused,
            Outcome::Unknown if is_passing => Self::Transient,
            Outcome::Unknown => Self::Interrupted,
            // The request succeeded, and its response cannot be read.
            Outcome::Answered if matches!(kind, ErrorKind::Decode | ErrorKind::TooLarge) => {
                Self::Executed
            }
            Outcome::Answered => Self::Final,
        }
    }

    /// The outcome of the request.
    pub(crate) const fn outcome(self) -> Outcome {
        self.row().0
    }

    /// Whether the client may send the request again.
    pub(crate) const fn allows_retry(self, is_idempotent: bool) -> bool {
        match self.row().1 {
            RetryRule::Any | RetryRule::Renewed => true,
            RetryRule::Idempotent => is_idempotent,
            RetryRule::Later | RetryRule::Never => false,
        }
    }

    /// Whether the same call may succeed later, and making it again is safe.
    pub(crate) const fn is_retryable(self, is_idempotent: bool) -> bool {
        match self.row().1 {
            RetryRule::Any | RetryRule::Later => true,
            RetryRule::Idempotent => is_idempotent,
            RetryRule::Renewed | RetryRule::Never => false,
        }
    }

    /// Whether another attempt is known to fail in the same way.
    pub(crate) const fn is_permanent(self) -> bool {
        matches!(
            self.row(),
            (Outcome::NotSent | Outcome::Answered, RetryRule::Never)
        )
    }

    /// The same outcome, but another attempt would not help.
    pub(crate) const fn permanent(self) -> Self {
        match self.outcome() {
            Outcome::NotSent => Self::Unsendable,
            Outcome::Unknown => Self::Interrupted,
            Outcome::Refused => Self::Final,
            Outcome::Answered => self,
        }
    }

    /// The verdict on the whole call after an attempt that the service refused: its request reached the service.
    pub(crate) const fn after_refused(self) -> Self {
        match self.row() {
            // The row of a request that was refused and is not to be sent again.
            (Outcome::NotSent, RetryRule::Never) => Self::StaleCredential,
            (Outcome::NotSent, _) => Self::Refused,
            _ => self,
        }
    }

    /// The verdict on the whole call after an attempt that may have been executed: its outcome is unknown unless this
    /// response is final.
    pub(crate) const fn after_unknown(self) -> Self {
        match self.row() {
            (Outcome::NotSent | Outcome::Refused, RetryRule::Renewed | RetryRule::Never) => {
                Self::Interrupted
            }
            (Outcome::NotSent | Outcome::Refused, _) => Self::Transient,
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every verdict, with its wording in ARCHITECTURE.md.
    const ROWS: [(&str, &[Verdict]); 8] = [
        (
            "name resolution or connecting failed",
            &[Verdict::NotSent, Verdict::CredentialLost],
        ),
        (
            "the rate limiter or the token endpoint",
            &[Verdict::Deferred],
        ),
        ("certificate, name or proxy refused", &[Verdict::Unsendable]),
        (
            "429 of a shared limit",
            &[Verdict::Throttled, Verdict::Refused],
        ),
        ("401 on a stale token", &[Verdict::StaleCredential]),
        ("408, 425, 500, 502, 503, 504", &[Verdict::Transient]),
        (
            "the request's own body failed half-way",
            &[Verdict::Interrupted],
        ),
        (
            "429 that is a lock on one object",
            &[Verdict::Final, Verdict::Executed],
        ),
    ];

    #[test]
    fn the_table_in_the_architecture_is_the_one_that_is_kept() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
        let Ok(text) = std::fs::read_to_string(path) else {
            // The crate was unpacked by itself.
            return;
        };
        let table: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("| what happened | outcome |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .collect();
        assert_eq!(table.len(), ROWS.len());
        for (line, (begins, verdicts)) in table.into_iter().zip(ROWS) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert!(cells[0].starts_with(begins), "{line}");
            for verdict in verdicts {
                let (outcome, retry) = verdict.row();
                assert_eq!(cells[1], format!("`{outcome:?}`"), "{verdict:?}: {line}");
                let retried = match retry {
                    RetryRule::Any => ["yes", "yes"],
                    RetryRule::Renewed => ["once, with a new token", "once, with a new token"],
                    RetryRule::Idempotent => ["no", "yes"],
                    RetryRule::Later => ["by the caller, later", "by the caller, later"],
                    RetryRule::Never => ["no", "no"],
                };
                assert_eq!(cells[2..], retried, "{verdict:?}: {line}");
            }
        }
    }

    #[test]
    fn only_a_final_response_settles_what_an_earlier_attempt_left_open() {
        for (_, verdicts) in ROWS {
            for &verdict in verdicts {
                let outcome = match verdict.outcome() {
                    Outcome::Answered => Outcome::Answered,
                    _ => Outcome::Unknown,
                };
                assert_eq!(verdict.after_unknown().outcome(), outcome, "{verdict:?}");
            }
        }
    }

    #[test]
    fn what_is_permanent_keeps_its_outcome_or_is_final_and_is_never_retried() {
        for (_, verdicts) in ROWS {
            for &verdict in verdicts {
                let permanent = verdict.permanent();
                assert!(!permanent.is_retryable(true), "{verdict:?}");
                if verdict.outcome() != Outcome::Refused {
                    assert_eq!(permanent.outcome(), verdict.outcome(), "{verdict:?}");
                }
            }
        }
    }
}
