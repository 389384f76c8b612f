//! What the generator writes, and what it refuses.
