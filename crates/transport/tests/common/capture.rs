//! A subscriber that records every span and event, with all fields as text.

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[derive(Clone, Debug, Default)]
pub(crate) struct Span {
    pub(crate) name: &'static str,
    pub(crate) parent: Option<usize>,
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl Span {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Shared>);

#[derive(Default)]
struct Shared {
    spans: Mutex<Vec<Span>>,
    events: Mutex<String>,
    entered: Mutex<Vec<usize>>,
    next: AtomicU64,
}

struct Fields<'a>(&'a mut Vec<(&'static str, String)>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }
}

impl Capture {
    /// Records this thread while the guard lives.
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let capture = Self::default();
        let guard = tracing::subscriber::set_default(capture.clone());
        (capture, guard)
    }

    pub(crate) fn spans(&self, name: &str) -> Vec<Span> {
        let mut spans = self.0.spans.lock().unwrap().clone();
        spans.retain(|span| span.name == name);
        spans
    }

    /// Returns spans and events as one text.
    pub(crate) fn text(&self) -> String {
        format!(
            "{:?}\n{}",
            self.0.spans.lock().unwrap(),
            self.0.events.lock().unwrap()
        )
    }
}

fn index(id: &Id) -> usize {
    usize::try_from(id.into_u64() - 1).unwrap()
}

impl Subscriber for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Vec::new();
        attributes.record(&mut Fields(&mut fields));
        let parent = match attributes.parent() {
            Some(parent) => Some(index(parent)),
            None => self.0.entered.lock().unwrap().last().copied(),
        };
        let mut spans = self.0.spans.lock().unwrap();
        spans.push(Span {
            name: attributes.metadata().name(),
            parent,
            fields,
        });
        Id::from_u64(self.0.next.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut spans = self.0.spans.lock().unwrap();
        values.record(&mut Fields(&mut spans[index(span)].fields));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Vec::new();
        event.record(&mut Fields(&mut fields));
        let mut events = self.0.events.lock().unwrap();
        writeln!(events, "{} {fields:?}", event.metadata().target()).unwrap();
    }

    fn enter(&self, span: &Id) {
        self.0.entered.lock().unwrap().push(index(span));
    }

    fn exit(&self, span: &Id) {
        let mut entered = self.0.entered.lock().unwrap();
        if let Some(place) = entered.iter().rposition(|entered| *entered == index(span)) {
            entered.remove(place);
        }
    }
}
