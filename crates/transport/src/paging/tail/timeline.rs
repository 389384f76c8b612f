//! What following a list needs to know about its records.

use std::time::Duration;

use crate::error::Error;
use crate::paging::Paging;
use crate::request::Request;
use crate::wire::raw::RawJson;
use crate::wire::timestamp::Timestamp;

/// What [`Tail`](crate::Tail) has to know about a list: how to request its records from a time on, and the time of each.
pub trait Timeline: Send + Unpin + 'static {
    /// How the list is paged.
    type Paging: Paging;

    /// Whether the records come in ascending order of their times. If not, a time is only known to be complete once the
    /// list was read to its end.
    const ASCENDING: bool;

    /// By how much the service rounds times down.
    const RESOLUTION: Duration;

    /// Makes the request ask for records from this time on. It may ask for earlier ones as well.
    fn since(&self, request: Request, time: Timestamp) -> Request;

    /// Reads the id and the time of a record.
    ///
    /// # Errors
    /// If the user has to do something before the time can be read.
    fn stamp(&self, record: &RawJson) -> Result<Stamp, Error>;
}

/// What identifies a record, and its time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The id. A record without one, or with an empty one, is identified by its JSON.
    pub id: Option<String>,
    /// The time. A record without one counts as being of the time of the record before it.
    pub time: Option<Timestamp>,
}
