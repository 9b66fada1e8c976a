//! `cargo runpod completions` in a real bash on a terminal.

mod bash;
