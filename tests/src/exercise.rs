//! Support for the exerciser's generated calls: a report, and the sandboxes against which they must succeed.

mod body;
mod report;
mod sandbox;

pub use body::{filter, json, searching};
pub use report::{Report, answered, is_loopback, known, time, variable};
pub use sandbox::{Run, runs};
