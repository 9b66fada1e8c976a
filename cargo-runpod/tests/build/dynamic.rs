//! Programs that use shared libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::command::{a_crate, build, refused, text};
use crate::registry::{Registry, base, base_with, tool};

/// The folder in which Debian has its libraries.
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";

/// A worker that calls a function of a library, which needs a second library.
fn a_worker_with_libraries() -> TempDir {
    let folder = a_crate(
        "",
        "#[link(name = \"outer\")] unsafe extern \"C\" { fn outer() -> i32; }
         fn main() { println!(\"--test_input\\nThe local endpoint is at {}\", unsafe { outer() }); }",
    );
    let native = folder.path().join("native");
    fs::create_dir(&native).unwrap();
    library(&native, "inner", "int inner() { return 41; }", &[]);
    library(
        &native,
        "outer",
        "int inner(); int outer() { return inner() + 1; }",
        &["-L.", "-linner"],
    );
    let script = format!(
        "fn main() {{ println!(\"cargo:rustc-link-search=native={0}\"); \
         println!(\"cargo:rustc-link-arg=-Wl,-rpath-link,{0}\"); }}",
        native.display()
    );
    fs::write(folder.path().join("build.rs"), script).unwrap();
    folder
}

fn library(folder: &Path, name: &str, code: &str, more: &[&str]) {
    fs::write(folder.join(format!("{name}.c")), code).unwrap();
    let output = Command::new("cc")
        .args([
            "-shared",
            "-fPIC",
            "-o",
            &format!("lib{name}.so"),
            &format!("{name}.c"),
        ])
        .args(more)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A folder with libraries of this machine, for a base image.
fn with_libraries(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let from = PathBuf::from(LIBRARIES).join(name);
        fs::copy(&from, folder.path().join(name)).unwrap();
    }
    folder
}

const GLIBC: [&str; 4] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
];

#[test]
fn libraries_that_the_base_lacks_are_named_and_packed_on_demand() {
    let registry = Registry::start();
    base_with(
        &registry,
        "base/glibc:1",
        with_libraries(&GLIBC).path(),
        LIBRARIES,
        &[],
        // The others are compressed with gzip.
        &["--dest-compress-format=zstd"],
    );
    let folder = a_worker_with_libraries();
    let name = registry.name("base/glibc:1");
    let arguments = ["--profile=dev", "--base", &name];
    let output = build(folder.path(), &arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("base/glibc:1 lacks libraries:\n  libouter.so, needed by the program\n"),
        "{said}"
    );
    assert!(said.contains("pass --bundle-libs"), "{said}");

    let mut packing = arguments.to_vec();
    packing.push("--bundle-libs");
    let output = build(folder.path(), &packing);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    for part in [
        "/app/worker  (x86-64, dynamic, stripped)",
        "/app/lib/libinner.so",
        "/app/lib/libouter.so",
        "  libc.so.6  (in the base image: /usr/lib/x86_64-linux-gnu/libc.so.6)",
        "of the GNU C library;",
        "with the image's files and this machine's libraries, and `main` returns its state.",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    let image = folder.path().join("target/runpod-image/fast");
    let image = format!("oci:{}", image.display());
    let config = tool("skopeo", &["inspect", "--config", &image]);
    assert!(config.contains("LD_LIBRARY_PATH=/app/lib"), "{config}");
}

#[test]
fn an_image_on_a_base_runs_from_the_root_directory_that_umoci_unpacks() {
    let registry = Registry::start();
    base(
        &registry,
        "base/glibc:1",
        with_libraries(&GLIBC).path(),
        LIBRARIES,
        &[],
    );
    let folder = a_worker_with_libraries();
    let (from, to) = (registry.name("base/glibc:1"), registry.name("me/fast:1"));
    let arguments = [
        "--profile=dev",
        "--bundle-libs",
        "--base",
        &from,
        "--push",
        &to,
    ];
    let output = build(folder.path(), &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let layout = folder.path().join("pulled");
    let layout = format!("{}:it", layout.display());
    let (from, to) = (format!("docker://{to}"), format!("oci:{layout}"));
    tool("skopeo", &["copy", "--src-tls-verify=false", &from, &to]);
    let bundle = folder.path().join("bundle");
    let bundle = bundle.to_str().unwrap();
    tool(
        "umoci",
        &["unpack", "--rootless", "--image", &layout, bundle],
    );
    let loader = format!("{LIBRARIES}/ld-linux-x86-64.so.2");
    let output = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "chroot",
            &format!("{bundle}/rootfs"),
        ])
        .args([&loader, "/app/worker"])
        .env("LD_LIBRARY_PATH", format!("/app/lib:{LIBRARIES}"))
        .output()
        .unwrap();
    assert!(text(&output.stdout).contains("is at 42"), "{output:?}");
}

#[test]
fn a_base_without_the_gnu_c_library_is_refused() {
    let registry = Registry::start();
    let files = tempfile::tempdir().unwrap();
    fs::write(files.path().join("libc.musl-x86_64.so.1"), "").unwrap();
    base(&registry, "base/musl:1", files.path(), "/lib", &[]);
    let folder = a_crate("", crate::command::WORKER);
    let name = registry.name("base/musl:1");
    let output = build(folder.path(), &["--profile=dev", "--base", &name]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("has no GNU C library") && said.contains("--static"),
        "{said}"
    );
}

#[test]
fn libraries_that_are_opened_at_run_time_are_checked_like_the_others() {
    let registry = Registry::start();
    base(
        &registry,
        "base/glibc:1",
        with_libraries(&GLIBC).path(),
        LIBRARIES,
        &[],
    );
    let folder = a_crate(
        "[package.metadata.runpod.image]\nlibraries = [\"libcuda.so.1\", \"libcublas.so.12\"]\n",
        crate::command::WORKER,
    );
    let name = registry.name("base/glibc:1");
    let output = build(folder.path(), &["--profile=dev", "--base", &name]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("lacks libraries:\n  libcublas.so.12, needed by the program, which opens it at run time\nChoose"),
        "{said}"
    );
    let arguments = ["--profile=dev", "--library=libcuda.so.1", "--base", &name];
    let output = build(folder.path(), &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(
        said.contains("libcuda.so.1  (from the driver of the machine with the GPU)"),
        "{said}"
    );
}

#[test]
fn an_empty_image_is_refused_for_a_program_with_shared_libraries() {
    let folder = a_crate("", crate::command::WORKER);
    for arguments in [&["--dynamic"][..], &["--library=libcuda.so.1"]] {
        let said = refused(folder.path(), arguments);
        assert!(
            said.contains("`scratch` is empty; pass --base IMAGE"),
            "{said}"
        );
    }
    // The library is linked although the program is to be static.
    let folder = a_worker_with_libraries();
    let output = build(folder.path(), &["--profile=dev"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--base"), "{said}");
    assert!(!said.contains("SIGSEGV"), "{said}");
}
