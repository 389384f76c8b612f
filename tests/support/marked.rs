//! Secrets with a mark, and everything that could show them: errors with their sources, `Debug`, spans and events.
#![allow(
    dead_code,
    reason = "each program that is compiled with this module uses a part of it"
)]

use std::error::Error as StdError;
use std::fmt::{self, Debug, Write as _};
use std::sync::{Arc, Mutex};

use security_api_sandbox::Fault;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event as LogEvent, Metadata, Subscriber};

/// The mark in everything that must stay hidden.
pub(crate) const MARK: &str = "hunter2";

/// Returns faults with the mark wherever an error may take text from.
pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault::reset(),
        Fault::status(200).body(MARK),
        Fault::status(200).body(vec![b'h', b'u', 0xff]),
        Fault::status(200)
            .header("content-encoding", "gzip")
            .body(MARK),
        Fault::status(500).body("<html>hunter2</html>"),
        Fault::status(503).header("retry-after", MARK),
        Fault::status(429).header("retry-after", "3600"),
        Fault::status(302).header("location", "https://hunter2:hunter2@example.com/?hunter2"),
        Fault::status(301).header("location", "/elsewhere?hunter2"),
        Fault::status(403).header("x-hunter2", MARK),
    ]
}

/// Returns everything that an error and its sources show.
pub(crate) fn shown(error: &(dyn StdError + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, " {error} {error:?}").unwrap();
        cause = error.source();
    }
    text
}

#[track_caller]
pub(crate) fn hides(error: &(dyn StdError + 'static)) {
    let text = shown(error);
    assert!(!text.contains(MARK), "{text}");
}

#[track_caller]
pub(crate) fn hidden(value: &impl Debug) {
    let text = format!("{value:?} {value:#?}");
    assert!(!text.contains(MARK), "{text}");
}

/// Records all logs, with their values.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{} = {value:?}", field.name()).unwrap();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn StdError + 'static)) {
        writeln!(self.0, "{} = {}", field.name(), shown(value)).unwrap();
    }
}

/// The prefix of the names of threads that are not recorded, because servers run in them.
pub(crate) const SERVERS: &str = "servers";

fn is_of_server() -> bool {
    let thread = std::thread::current();
    thread.name().is_some_and(|name| name.starts_with(SERVERS))
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        if is_of_server() {
            return Id::from_u64(1);
        }
        let mut text = self.0.lock().unwrap();
        writeln!(text, "span {}", span.metadata().name()).unwrap();
        span.record(&mut Writer(&mut text));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        if !is_of_server() {
            values.record(&mut Writer(&mut self.0.lock().unwrap()));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &LogEvent<'_>) {
        if !is_of_server() {
            event.record(&mut Writer(&mut self.0.lock().unwrap()));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Records logs of the crate `log`.
impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if !is_of_server() {
            let mut text = self.0.lock().unwrap();
            writeln!(text, "log {} {}", record.target(), record.args()).unwrap();
        }
    }

    fn flush(&self) {}
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// Runs `work`, and returns its output and the logs.
pub(crate) fn recorded<T>(work: impl std::future::Future<Output = T>) -> (T, String) {
    let log = Log::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let result = tracing::subscriber::with_default(log.clone(), || runtime.block_on(work));
    (result, log.text())
}

/// Checks that the logs contain `expected` and none of the secrets.
#[track_caller]
pub(crate) fn says_none(text: &str, expected: &str, secrets: &[&str]) {
    assert!(
        text.contains(expected),
        "nothing was recorded of `{expected}`"
    );
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "recorded: {line:?}");
    }
}
