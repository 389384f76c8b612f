//! What is special about a member of a model.

/// What is special about a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberRule {
    /// The object makes no sense without it.
    Required,
    /// Its slot wants JSON, see [`Slot::takes_json`](super::Slot::takes_json).
    Json,
    /// It is sent with this value if it is not set.
    Default(bool),
    /// It is sent as an empty object if it is not set.
    Empty,
    /// Its number is sent as text.
    Digits,
    /// Nothing.
    None,
}
