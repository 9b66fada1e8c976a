//! The guide is true: its links lead somewhere, its programs are the examples, its commands do what it says, and what
//! stands in it in two languages does the same in both. Its code is compiled by the documentation tests.

mod commands;
mod links;
mod markdown;
mod pairs;
mod programs;
