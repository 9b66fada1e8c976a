//! The texts of `--help`.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::file;

fn help(command: &str) -> snapbox::cmd::OutputAssert {
    Command::new(cargo_bin!("cargo-runpod"))
        .args(["runpod", command, "--help"])
        .assert()
        .success()
}

#[test]
fn the_help_tells_every_flag() {
    help("deploy").stdout_eq(file!["../help/deploy.txt"]);
    help("logs").stdout_eq(file!["../help/logs.txt"]);
    help("status").stdout_eq(file!["../help/status.txt"]);
    help("endpoints").stdout_eq(file!["../help/endpoints.txt"]);
    help("delete").stdout_eq(file!["../help/delete.txt"]);
}
