//! The keywords of schemas.

/// Keywords without effect on the Rust type.
pub(super) const ANNOTATIONS: &[&str] = &[
    "$comment",
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "readOnly",
    "title",
    "uniqueItems",
    "writeOnly",
    "x-argument",
    "x-default",
    "x-deprecated",
    "x-document",
    "x-id-of",
    "x-rust-name",
    "x-source",
    "x-variable",
];

/// Keywords that determine the Rust type.
pub(super) const SHAPES: &[&str] = &[
    "additionalProperties",
    "enum",
    "items",
    "properties",
    "required",
    "type",
    "x-known-values",
    "x-secret",
    "x-text",
    "x-timestamp",
];

/// The terms of all searches, which are hand-written.
pub(super) const SEARCH_TERMS: &[&str] =
    &["ascending", "filter", "orderBy", "pageNumber", "pageSize"];
