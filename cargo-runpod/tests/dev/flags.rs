//! The help of `cargo runpod dev`.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::file;

#[test]
fn the_help_is_this() {
    Command::new(cargo_bin!("cargo-runpod"))
        .args(["runpod", "dev", "--help"])
        .assert()
        .success()
        .stdout_eq(file!["help.txt"]);
}
