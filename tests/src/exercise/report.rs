//! What was sent and what came back.

use std::fmt;
use std::net::IpAddr;

use push_security_api::http::Uri;
use push_security_api::{Error, Operation, Response, Timestamp};

/// One line for each operation called.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    operation: &'static Operation,
    outcome: Result<u16, String>,
}

impl Report {
    /// Waits for a call and notes what it gave.
    pub(crate) async fn call<T>(
        &mut self,
        operation: &'static Operation,
        call: impl Future<Output = Result<Response<T>, Error>>,
    ) {
        let outcome = match call.await {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => Err(error.to_string()),
        };
        self.lines.push(Line { operation, outcome });
    }

    /// How many calls failed.
    pub(crate) fn failed(&self) -> usize {
        self.lines
            .iter()
            .filter(|line| line.outcome.is_err())
            .count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            let (operation, mark) = (
                line.operation,
                if line.outcome.is_ok() { "ok" } else { "FAILED" },
            );
            write!(
                f,
                "{mark:6}  {:32}  {:6}  {:36}  ",
                operation.id(),
                operation.method().as_str(),
                operation.path()
            )?;
            match &line.outcome {
                Ok(status) => writeln!(f, "{status}")?,
                Err(error) => writeln!(f, "{error}")?,
            }
        }
        write!(
            f,
            "{} operations called, {} failed",
            self.lines.len(),
            self.failed()
        )
    }
}

/// The id of the first item of a list, so that a server with a memory knows it; another if there is none.
pub(crate) async fn known<P: IntoIterator>(
    list: impl IntoFuture<Output = Result<P, Error>>,
    id: impl Fn(P::Item) -> String,
    otherwise: &str,
) -> String {
    let first = list.await.ok().and_then(|page| page.into_iter().next());
    first.map_or_else(|| otherwise.to_owned(), id)
}

/// A point in time that a call asks for.
pub(crate) fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).expect("descriptions give times that exist")
}

/// Whether this address is one of this machine that no other can reach.
pub(crate) fn is_loopback(url: &str) -> bool {
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
