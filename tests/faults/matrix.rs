//! The table of promises from `matrix.md`, and the promises that follow from the retry table.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use push_security_api::Outcome;

use crate::calls::Call;

const MATRIX: &str = include_str!("matrix.md");
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    Succeeds,
    Fails(Outcome),
}

/// The promise for a call: its outcome, and how often the request with the fault is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Promise {
    pub(crate) end: End,
    pub(crate) sends: usize,
    /// Whether the error must be retryable.
    pub(crate) is_retryable: bool,
    /// Whether one more request undoes the call.
    pub(crate) is_undone: bool,
    /// Whether a part of a download is taken for the whole.
    pub(crate) is_cut: bool,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            End::Succeeds => write!(f, "ok {}", self.sends),
            End::Fails(outcome) => write!(f, "{outcome:?} {}", self.sends),
        }
    }
}

/// The timeouts of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    pub(crate) connect: Duration,
    pub(crate) attempt: Duration,
    pub(crate) idle: Duration,
    /// The deadline of the call.
    pub(crate) deadline: Duration,
}

impl Time {
    /// Returns the timeout that ends first.
    pub(crate) fn shortest(self) -> Duration {
        let of_parts = self.connect.min(self.attempt).min(self.idle);
        of_parts.min(self.deadline)
    }
}

/// The protocol beneath a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Over {
    /// HTTP/1.1 without TLS.
    Plain,
    /// HTTP/1.1 over TLS.
    Tls,
    Http2,
}

impl Over {
    fn parse(name: &str) -> Self {
        match name {
            "1.1" => Self::Plain,
            "TLS" => Self::Tls,
            "2" => Self::Http2,
            other => panic!("`{other}` is no protocol"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "HTTP/1.1",
            Self::Tls => "HTTP/1.1 over TLS",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// A line of the table, over one protocol.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) fault: String,
    pub(crate) over: Over,
    pub(crate) always: bool,
    pub(crate) time: Time,
    /// Whether the client waits until a timeout.
    pub(crate) hangs: bool,
    /// Cells in the order of [`Call::ALL`]. `None` if there is no promise.
    pub(crate) cells: Vec<Option<Promise>>,
}

/// A row of the retry table: its outcome, whether all operations are retried, and whether idempotent operations are.
struct Retry {
    outcome: Outcome,
    any: String,
    idempotent: String,
}

fn cells(line: &str) -> Vec<&str> {
    line.trim()
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect()
}

fn lines_after<'a>(text: &'a str, header: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    text.lines()
        .skip_while(move |line| !line.starts_with(header))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(cells)
}

fn outcome(name: &str) -> Outcome {
    match name {
        "NotSent" => Outcome::NotSent,
        "Refused" => Outcome::Refused,
        "Unknown" => Outcome::Unknown,
        "Answered" => Outcome::Answered,
        other => panic!("`{other}` is not an outcome"),
    }
}

/// Returns the rows of the retry table by short name. `None` is the row of a success.
fn retry_table() -> BTreeMap<&'static str, Option<Retry>> {
    let rows: Vec<_> = lines_after(ARCHITECTURE, "| what happened | outcome |").collect();
    lines_after(MATRIX, "| row  ")
        .map(|names| {
            let (short, begins) = (names[0].trim_matches('`'), names[1]);
            let row = rows
                .iter()
                .find(|row| row[0].starts_with(begins))
                .map(|row| Retry {
                    outcome: outcome(row[1].trim_matches('`')),
                    any: row[2].to_owned(),
                    idempotent: row[3].to_owned(),
                });
            assert!(
                row.is_some() || short == "-",
                "no row begins with `{begins}`"
            );
            (short, row)
        })
        .collect()
}

/// Returns the timeouts by name.
fn times() -> BTreeMap<&'static str, Time> {
    let seconds = |text: &str| {
        let seconds = text.trim_end_matches(" s").parse();
        Duration::from_secs(seconds.expect("seconds"))
    };
    lines_after(MATRIX, "| time ")
        .map(|cells| {
            let time = Time {
                connect: seconds(cells[1]),
                attempt: seconds(cells[2]),
                idle: seconds(cells[3]),
                deadline: seconds(cells[4]),
            };
            (cells[0].trim_matches('`'), time)
        })
        .collect()
}

/// Returns the promise of a call that follows from a row of the retry table.
fn derived(row: Option<&Retry>, call: Call, always: bool) -> Promise {
    let Some(row) = row else {
        return Promise {
            end: End::Succeeds,
            sends: 1,
            is_retryable: false,
            is_undone: false,
            is_cut: false,
        };
    };
    let again = match call {
        // Token requests have no side effects, and use another policy.
        Call::Token => &row.idempotent,
        _ if call.is_idempotent() => &row.idempotent,
        _ => &row.any,
    };
    let (again, is_retryable) = match again.as_str() {
        "yes" => (if call == Call::Token { 2 } else { 3 }, true),
        "once, with a new token" => (usize::from(call == Call::Export), false),
        "no" => (0, false),
        other => panic!("`{other}` is nothing that the retry table says"),
    };
    match (again, always) {
        (1.., false) => Promise {
            end: End::Succeeds,
            sends: 2,
            is_retryable,
            is_undone: false,
            is_cut: false,
        },
        _ => Promise {
            end: End::Fails(match call {
                Call::Token => Outcome::NotSent,
                _ => row.outcome,
            }),
            sends: 1 + again,
            is_retryable,
            is_undone: false,
            is_cut: false,
        },
    }
}

/// Parses a cell, which must follow from the row unless it is marked.
fn promise(text: &str, derived: Promise, call: Call, place: &str) -> Option<Promise> {
    if text == "n/a" {
        return None;
    }
    let (said, mark) = text.split_once('*').unwrap_or((text, ""));
    let (end, sends) = said.split_once(' ').expect("an end and a number");
    let end = match end {
        "ok" => End::Succeeds,
        other => End::Fails(outcome(other)),
    };
    let said = Promise {
        end,
        sends: sends.parse().expect("a number"),
        is_retryable: derived.is_retryable
            && (end != End::Fails(Outcome::Unknown) || call.is_idempotent()),
        is_undone: mark == "e",
        is_cut: mark == "c",
    };
    if mark.is_empty() {
        assert_eq!(said, derived, "{place} does not follow from its row");
    } else {
        let note = format!("- `*{mark}` ");
        assert!(MATRIX.contains(&note), "{place} has no note on `*{mark}`");
    }
    Some(said)
}

/// Reads the table. Panics if it contradicts the retry table.
pub(crate) fn read() -> Vec<Line> {
    let (retry_table, times) = (retry_table(), times());
    let mut lines: Vec<Line> = Vec::new();
    let (mut row, mut protocols) = ("-", "1.1");
    for cells in lines_after(MATRIX, "| fault ") {
        let fault = match cells[0] {
            "" => lines.last().expect("a line before").fault.clone(),
            fault => {
                (row, protocols) = (cells[1], cells[2]);
                fault.to_owned()
            }
        };
        let always = cells[3] == "always";
        let of_row = &retry_table[row];
        let promises = Call::ALL.into_iter().zip(&cells[5..]).map(|(call, cell)| {
            let place = format!("{fault}, {protocols}, {}, {}", cells[3], call.name());
            promise(cell, derived(of_row.as_ref(), call, always), call, &place)
        });
        let promises: Vec<_> = promises.collect();
        lines.extend(protocols.split(' ').map(|over| Line {
            fault: fault.clone(),
            over: Over::parse(over),
            always,
            time: times[cells[4]],
            hangs: cells[4] != "ample",
            cells: promises.clone(),
        }));
    }
    lines
}
