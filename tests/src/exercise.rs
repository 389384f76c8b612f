//! What the exerciser needs beside its calls, which are generated: a report, and the sandboxes that it must succeed against.

mod body;
mod report;
mod sandbox;

pub use body::{filter, json, searching};
pub use report::{Report, answered, is_loopback, known, time, variable};
pub use sandbox::{Run, runs};
