//! What the programs beside the tests share; and the root README, compiled.

pub mod exercise;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
