//! Tests the guide: its links work, the programs that it quotes are the examples, its commands do what it says, and
//! programs in two languages do the same. The documentation tests compile its code.

mod commands;
mod links;
mod markdown;
mod pairs;
mod programs;
