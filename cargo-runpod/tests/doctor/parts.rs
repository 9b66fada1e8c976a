//! Each part of the table, whole and broken.

use std::net::TcpListener;

use crate::machine::Machine;

const WORKER: &str =
    "[package]\nname = \"hello\"\nedition = \"2024\"\n[dependencies]\nrunpod-worker = \"0.1\"\n";

#[test]
fn a_machine_with_a_toolchain_and_a_project_has_no_problem() {
    let examined = Machine::real()
        .with("nvidia-smi", "echo 'NVIDIA L4, 570.1'")
        .with("musl-gcc", "exit 0")
        .env("RUNPOD_API_KEY", "rpa_0123456789ABCDEFGHIJ")
        .file(
            "home/.docker/config.json",
            r#"{"auths": {"ghcr.io": {"auth": "YTpi"}}}"#,
        )
        .file("here/Cargo.toml", WORKER)
        .file("here/src/main.rs", "fn main() {}")
        .examine();
    assert_eq!(examined.code, Some(0), "{}", examined.text);
    for subject in [
        "Rust",
        "linker",
        "C compiler",
        "API key",
        "registry",
        "manifest",
        "port",
        "GPU",
    ] {
        examined.assert(subject, "ok ", &[]);
    }
    examined.assert("Rust", "ok ", &["rustc 1.", "cargo 1."]);
    examined.assert("GPU", "ok ", &["NVIDIA L4, 570.1"]);
    examined.assert(
        "manifest",
        "ok ",
        &["[ROOM]/here/Cargo.toml, with the worker hello"],
    );
    assert!(
        examined.text.contains("\n0 problems, "),
        "{}",
        examined.text
    );
}

#[test]
fn without_a_toolchain_each_missing_program_is_named_with_its_remedy() {
    let examined = Machine::bare().env("CARGO", "").env("RUSTC", "").examine();
    assert_eq!(examined.code, Some(1));
    examined.assert(
        "Rust",
        "problem",
        &["no program `cargo` on PATH", "rustup.rs"],
    );
    examined.assert(
        "linker",
        "problem",
        &["no program `rustc` on PATH", "rustup.rs"],
    );
    examined.assert(
        "C compiler",
        "problem",
        &["no program `cc` on PATH", "set CC"],
    );
    examined.assert("musl", "warning", &["rustup target add", "musl-tools"]);
}

#[test]
fn an_old_toolchain_is_a_problem() {
    let machine = Machine::real()
        .with("old-cargo", "echo 'cargo 1.9.0 (abc 2016-05-18)'")
        .with("old-rustc", "echo 'rustc 1.9.0 (abc 2016-05-18)'");
    let (cargo, rustc) = (machine.program("old-cargo"), machine.program("old-rustc"));
    let examined = machine
        .env("CARGO", cargo.to_str().unwrap())
        .env("RUSTC", rustc.to_str().unwrap())
        .examine();
    assert_eq!(examined.code, Some(1));
    examined.assert(
        "Rust",
        "problem",
        &["rustc 1.9.0", "need Rust 1.91", "rustup update"],
    );
}

#[test]
fn without_a_linker_the_message_of_rustc_is_shown() {
    let examined = Machine::bare().examine();
    examined.assert("linker", "problem", &["linker `cc` not found", "libc6-dev"]);
}

#[test]
fn a_compiler_without_headers_is_a_problem() {
    let examined = Machine::bare()
        .with("cc", "echo 'stdlib.h: No such file' >&2; exit 1")
        .examine();
    examined.assert(
        "C compiler",
        "problem",
        &["`cc` failed: stdlib.h: No such file"],
    );
}

#[test]
fn a_driver_that_fails_is_a_problem_and_its_message_is_one_safe_line() {
    let script = "printf 'Driver/library \\033[31mversion mismatch\\nmore\\n'; exit 18";
    let examined = Machine::real().with("nvidia-smi", script).examine();
    assert_eq!(examined.code, Some(1));
    examined.assert(
        "GPU",
        "problem",
        &["failed: Driver/library  [31mversion mismatch\n"],
    );
    assert!(!examined.text.contains('\u{1b}'));
}

#[test]
fn a_port_in_use_is_a_warning_with_a_free_one() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let examined = Machine::real().port(port).examine();
    examined.assert(
        "port",
        "warning",
        &[&format!("another program uses port {port}"), "--port "],
    );
    assert_eq!(examined.code, Some(0), "{}", examined.text);
}

#[test]
fn a_manifest_that_cargo_cannot_read_is_a_problem() {
    let examined = Machine::real()
        .file("here/Cargo.toml", "[package\n")
        .examine();
    assert_eq!(examined.code, Some(1));
    examined.assert(
        "manifest",
        "problem",
        &["[ROOM]/here/Cargo.toml", "cargo metadata"],
    );
}

#[test]
fn settings_that_no_command_knows_are_a_problem() {
    for (more, told) in [
        (
            "[package.metadata.runpod.imagge]\n",
            "there is no table imagge",
        ),
        (
            "[package.metadata]\nrunpod = 1\n",
            "[package.metadata.runpod] is not a table",
        ),
        (
            "[package.metadata.runpod]\nimage = 1\n",
            "[package.metadata.runpod.image]",
        ),
        (
            "[package.metadata.runpod.deploy]\nworkerz = 1\n",
            "there is no setting workerz",
        ),
    ] {
        let examined = Machine::real()
            .file("here/Cargo.toml", &format!("{WORKER}{more}"))
            .file("here/src/main.rs", "fn main() {}")
            .examine();
        assert_eq!(examined.code, Some(1));
        examined.assert("manifest", "problem", &[told, "cargo runpod deploy"]);
    }
}

#[test]
fn a_folder_without_a_worker_is_a_warning() {
    let examined = Machine::real().examine();
    examined.assert(
        "manifest",
        "warning",
        &["in no cargo package", "cargo runpod new"],
    );
    let examined = Machine::real()
        .file("here/Cargo.toml", "[package]\nname = \"other\"\n")
        .file("here/src/lib.rs", "")
        .examine();
    examined.assert(
        "manifest",
        "warning",
        &["depends on runpod-worker", "cargo add runpod-worker"],
    );
}
