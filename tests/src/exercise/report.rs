//! The report of requests and responses.

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use push_security_api::http::Uri;
use push_security_api::{Error, Operation, Response, Timestamp};

/// The time during which a call is retried that is refused while another process runs.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);

/// One line for each operation called.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
    /// Recognizes errors that mean that the server does not support an operation.
    is_absence: Option<fn(&Error) -> bool>,
}

#[derive(Debug)]
struct Line {
    operation: &'static Operation,
    ending: Ending,
}

#[derive(Debug)]
enum Ending {
    /// The status, if the call reveals it.
    Done(Option<u16>),
    /// The server does not support the operation.
    Absent,
    Failed(String),
}

impl Report {
    /// Reports errors for which `is_absence` holds as unsupported operations.
    pub fn absent_if(&mut self, is_absence: fn(&Error) -> bool) {
        self.is_absence = Some(is_absence);
    }

    fn note(&mut self, operation: &'static Operation, given: Result<Option<u16>, Error>) {
        let ending = match given {
            Ok(status) => Ending::Done(status),
            Err(error) if self.is_absence.is_some_and(|is| is(&error)) => Ending::Absent,
            Err(error) => Ending::Failed(error.to_string()),
        };
        self.lines.push(Line { operation, ending });
    }

    /// Awaits a call and reports its outcome.
    pub async fn call<T>(
        &mut self,
        operation: &'static Operation,
        call: impl Future<Output = Result<Response<T>, Error>>,
    ) {
        let given = call.await;
        self.note(
            operation,
            given.map(|response| Some(response.status().as_u16())),
        );
    }

    /// Retries a call for a while if it is refused while another process runs, and reports its outcome.
    pub async fn eventually<T, F>(&mut self, operation: &'static Operation, call: impl Fn() -> F)
    where
        F: Future<Output = Result<Response<T>, Error>>,
    {
        let begin = Instant::now();
        let mut ending = call().await;
        while ending.is_err() && begin.elapsed() < PATIENCE {
            tokio::time::sleep(PAUSE).await;
            ending = call().await;
        }
        self.call(operation, std::future::ready(ending)).await;
    }

    /// Reports the outcome of a hand-written call, which does not reveal the status.
    pub fn done<T>(&mut self, operation: &'static Operation, given: Result<T, Error>) {
        self.note(operation, given.map(|_| None));
    }

    /// Returns the number of failed calls.
    pub fn failed(&self) -> usize {
        self.count(|ending| matches!(ending, Ending::Failed(_)))
    }

    fn count(&self, is: impl Fn(&Ending) -> bool) -> usize {
        self.lines.iter().filter(|line| is(&line.ending)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let operation = line.operation;
            let mark = match line.ending {
                Ending::Done(_) => "ok",
                Ending::Absent => "absent",
                Ending::Failed(_) => "FAILED",
            };
            write!(
                f,
                "{mark:6}  {:32}  {:6}  {:36}  ",
                operation.id(),
                operation.method().as_str(),
                operation.path()
            )?;
            match &line.ending {
                Ending::Done(Some(status)) => writeln!(f, "{status}")?,
                Ending::Done(None) => writeln!(f, "2xx")?,
                Ending::Absent => writeln!(f, "not offered")?,
                Ending::Failed(error) => writeln!(f, "{error}")?,
            }
        }
        let absent = self.count(|ending| matches!(ending, Ending::Absent));
        write!(f, "{} operations called, ", self.lines.len())?;
        if absent > 0 {
            write!(f, "{absent} not offered, ")?;
        }
        write!(f, "{} failed", self.failed())
    }
}

/// Returns the id of the first item of a list, or another one if the list is empty.
pub async fn known<P: IntoIterator>(
    list: impl IntoFuture<Output = Result<P, Error>>,
    id: impl Fn(P::Item) -> String,
    otherwise: &str,
) -> String {
    let items = list.await.ok().into_iter().flatten();
    let mut ids = items.map(id).filter(|id| !id.is_empty() && !is_own(id));
    ids.next().unwrap_or_else(|| otherwise.to_owned())
}

/// Returns whether the id is that of the exercised company, which must not change.
fn is_own(id: &str) -> bool {
    std::env::var("KEEPNET_COMPANY_ID").is_ok_and(|own| own == id)
}

/// Returns the id in the response to a call, or another one if the call fails or has no id.
pub async fn answered<T>(
    call: impl IntoFuture<Output = Result<T, Error>>,
    id: impl Fn(T) -> String,
    otherwise: &str,
) -> String {
    let id = call.await.map(id).ok().filter(|id| !id.is_empty());
    id.unwrap_or_else(|| otherwise.to_owned())
}

/// Returns a variable of the environment, or a default.
pub fn variable(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

/// Returns a point in time for a call.
pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).expect("descriptions give times that exist")
}

/// Returns whether the host of the URL is a loopback address.
pub fn is_loopback(url: &str) -> bool {
    let Ok(url) = url.parse::<Uri>() else {
        return false;
    };
    url.scheme().is_some()
        && url.host().is_some_and(|host| {
            let address = host.trim_start_matches('[').trim_end_matches(']');
            host.eq_ignore_ascii_case("localhost")
                || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_exercised() {
        for url in [
            "http://127.0.0.1:4010",
            "http://localhost:1",
            "http://LOCALHOST",
            "http://[::1]:4010/base",
            "http://127.9.9.9",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "https://api.pushsecurity.com",
            "http://127.0.0.1@example.com",
            "http://localhost.example.com",
            "http://0.0.0.0",
            "http://10.0.0.1",
            "http://[::2]",
            "127.0.0.1",
            "/v1",
            "",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
