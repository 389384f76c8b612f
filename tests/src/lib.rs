//! The root README, compiled.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
