//! Following a list: every record, oldest first where the service can order them, and new ones as they appear.

mod cursor;
mod pass;
mod record_hash;
mod returned;
mod stream;
mod timeline;

pub use cursor::TailCursor;
pub use stream::Tail;
pub use timeline::{Stamp, Timeline};
