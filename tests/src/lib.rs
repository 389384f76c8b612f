//! Code that the programs and tests share. Compiles the root README.

pub mod exercise;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
