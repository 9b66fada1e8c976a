//! Systems that refuse to start threads.

use std::process::Command;

use snapbox::cmd::cargo_bin;

#[test]
fn a_system_that_refuses_a_thread_is_a_failure_and_no_panic() {
    for arguments in [
        &["invoke", "--url", "http://127.0.0.1:9", "{}"][..],
        &["dev"],
    ] {
        let ran = Command::new("sh")
            // The limit is in KiB. A thread's stack is larger than this.
            .args(["-c", "ulimit -v 1000000; exec \"$0\" runpod \"$@\""])
            .arg(cargo_bin!("cargo-runpod"))
            .args(arguments)
            .env("RUST_MIN_STACK", (1_u64 << 30).to_string())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&ran.stderr);
        assert_eq!(ran.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(
            text.contains("error: cannot start a thread: ") && text.contains("ulimit -u"),
            "{arguments:?}: {text}"
        );
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    }
}
