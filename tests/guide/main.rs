//! Tests the guide: its links work, the programs that it quotes are the examples, its commands have the described
//! effects, and its programs in two languages behave the same. The documentation tests compile its code.

mod commands;
mod links;
mod markdown;
mod pairs;
mod programs;
