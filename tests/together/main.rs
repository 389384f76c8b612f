//! All three services together.

#[test]
fn x() {}
