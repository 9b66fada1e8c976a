use std::fs;

use tempfile::TempDir;

use super::*;

const MIB: u64 = 1 << 20;

/// Creates the files of a system. The machine has 64 GiB, of which 32 are available.
fn system(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let machine = (
        "proc/meminfo",
        "MemTotal: 67108864 kB\nMemFree: 1 kB\nMemAvailable: 33554432 kB\n",
    );
    for (path, text) in files.iter().chain([&machine]) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn memory(files: &[(&str, &str)]) -> Memory {
    Memory::below(system(files).path()).unwrap()
}

#[test]
fn without_a_limit_the_memory_of_the_machine_counts() {
    let machine = Memory {
        available: 32 << 30,
        limit: None,
    };
    assert_eq!(memory(&[]), machine);
    assert_eq!(
        memory(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "max\n"),
            ("sys/fs/cgroup/memory.current", "5\n"),
        ]),
        machine
    );
    assert_eq!(
        memory(&[
            ("proc/self/cgroup", "4:cpu,memory:/\n"),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n"
            ),
        ]),
        machine
    );
}

#[test]
fn the_limit_of_a_container_counts_without_what_it_uses_and_with_its_cache() {
    let expected = Memory {
        available: 1500 * MIB,
        limit: Some(2048 * MIB),
    };
    let limit = (2048 * MIB).to_string();
    let used = (1048 * MIB).to_string();
    let two = format!("anon 7\ninactive_file {}\n", 500 * MIB);
    assert_eq!(
        memory(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", &limit),
            ("sys/fs/cgroup/memory.current", &used),
            ("sys/fs/cgroup/memory.stat", &two),
        ]),
        expected
    );
    let one = format!("inactive_file 3\ntotal_inactive_file {}\n", 500 * MIB);
    // The path is that of the machine, and only the container's own group is mounted.
    assert_eq!(
        memory(&[
            (
                "proc/self/cgroup",
                "9:cpuset:/\n4:memory:/docker/0123abcd\n"
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", &limit),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", &used),
            ("sys/fs/cgroup/memory/memory.stat", &one),
        ]),
        expected
    );
}

#[test]
fn the_tightest_limit_of_the_group_and_the_groups_above_it_counts() {
    let found = memory(&[
        ("proc/self/cgroup", "0::/pod/../worker\n"),
        ("sys/fs/cgroup/pod/memory.max", "8589934592\n"),
        ("sys/fs/cgroup/pod/memory.current", "7516192768\n"),
        ("sys/fs/cgroup/pod/worker/memory.max", "4294967296\n"),
        ("sys/fs/cgroup/pod/worker/memory.current", "0\n"),
    ]);
    let expected = Memory {
        available: 1 << 30,
        limit: Some(4 << 30),
    };
    assert_eq!(found, expected);
}

#[test]
fn too_little_memory_is_a_failure_with_the_finding_the_expectation_and_the_variable() {
    let root = system(&[
        ("proc/self/cgroup", "0::/\n"),
        ("sys/fs/cgroup/memory.max", "2147483648"),
        ("sys/fs/cgroup/memory.current", "1610612736"),
    ]);
    let unfit = check(root.path(), Some(1.0)).unwrap_err();
    assert_eq!(
        unfit.to_string(),
        "found 0.50 GB of available memory of the container's 2.00 GB, expected at least 1.00 GB; \
         RUNPOD_MIN_MEMORY_GB sets the minimum"
    );
    assert!(check(root.path(), Some(0.5)).is_ok());
}

#[test]
fn the_default_minimum_is_four_gigabytes_and_in_a_small_container_half_of_its_memory() {
    let small = |used: &str| {
        system(&[
            ("proc/self/cgroup", "0::/\n"),
            ("sys/fs/cgroup/memory.max", "2147483648"),
            ("sys/fs/cgroup/memory.current", used),
        ])
    };
    assert!(check(small("1073741824").path(), None).is_ok());
    let unfit = check(small("1073741825").path(), None).unwrap_err();
    assert_eq!(unfit.expected, "at least 1.00 GB");

    let root = system(&[]);
    assert!(check(root.path(), None).is_ok());
    let little = "MemTotal: 67108864 kB\nMemAvailable: 4194303 kB\n";
    fs::write(root.path().join("proc/meminfo"), little).unwrap();
    let unfit = check(root.path(), None).unwrap_err();
    assert_eq!(unfit.expected, "at least 4.00 GB");
}

#[test]
fn files_with_anything_else_in_them_are_ignored() {
    let root = system(&[
        ("proc/self/cgroup", "0\n::\n0::/\nx:memory:/../..\n"),
        ("sys/fs/cgroup/memory.max", "-5 cows\n"),
    ]);
    assert_eq!(Memory::below(root.path()).unwrap().limit, None);
    fs::write(root.path().join("proc/meminfo"), "MemAvailable: many kB").unwrap();
    assert_eq!(
        check(root.path(), Some(1.0)).unwrap(),
        "unknown: this system has no /proc/meminfo"
    );
}
