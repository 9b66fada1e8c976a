//! Explains the signal that ended a program.

/// Returns the signal's name and what it usually means.
pub(super) fn explained(signal: i32) -> String {
    let (name, meaning) = match signal {
        4 => (
            "SIGILL",
            "it uses instructions that this processor does not have; check `target-cpu` in cargo's configuration",
        ),
        6 => (
            "SIGABRT",
            "it gave up by itself, often after a panic with `panic = \"abort\"` or a failed check in a C library",
        ),
        7 => (
            "SIGBUS",
            "it read a file that became shorter, or memory that does not exist",
        ),
        8 => ("SIGFPE", "it divided a whole number by zero"),
        9 => (
            "SIGKILL",
            "the system killed it, usually because the memory was used up",
        ),
        11 => (
            "SIGSEGV",
            "it used memory that is not its own. A static program that needs shared libraries ends like this: build it \
             with --dynamic and --base",
        ),
        15 => ("SIGTERM", "something asked it to stop"),
        31 => ("SIGSYS", "it made a system call that this machine forbids"),
        _ => return format!("signal {signal} ended it"),
    };
    format!("the signal {name} ended it: {meaning}")
}

#[cfg(test)]
mod tests {
    use super::explained;

    #[test]
    fn a_signal_has_a_name_and_a_meaning() {
        assert!(explained(11).starts_with("the signal SIGSEGV ended it: "));
        assert_eq!(explained(64), "signal 64 ended it");
    }
}
