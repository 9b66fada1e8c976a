//! The C compilers. ring, which provides TLS, contains C code.

use std::path::Path;

use super::finding::Finding;
use super::programs::{Answer, ask};
use super::rust::{program, rustc};

const MUSL: &str = "x86_64-unknown-linux-musl";

pub(super) async fn c() -> Finding {
    let subject = "C compiler";
    let compiler = program("CC", "cc");
    let name = compiler.to_string_lossy().into_owned();
    let arguments = ["-x", "c", "-fsyntax-only", "-"];
    match ask(
        &compiler,
        &arguments,
        "#include <stdlib.h>\nint main(void) { return 0; }\n",
    )
    .await
    {
        Answer::Said(_) => Finding::ok(subject, format!("`{name}` compiles C")),
        other => Finding::problem(
            subject,
            other.told(&name),
            "install a C compiler: `apt-get install gcc libc6-dev` on Debian, `xcode-select --install` on macOS; or set \
             CC to the one that you have",
        ),
    }
}

/// Checks the tools for a static program, which `cargo runpod build` prefers.
pub(super) async fn musl() -> Finding {
    let subject = "musl";
    let arguments = ["--print", "target-libdir", "--target", MUSL];
    let has_library = match ask(rustc(), &arguments, "").await {
        Answer::Said(folder) => Path::new(folder.trim()).is_dir(),
        _ => false,
    };
    let target = format!("run `rustup target add {MUSL}`");
    let compiler = "install musl-gcc (`apt-get install musl-tools` on Debian), or set CC_x86_64_unknown_linux_musl to a C \
                    compiler for musl";
    match (has_library, musl_compiler().await) {
        (true, Some(name)) => Finding::ok(
            subject,
            format!("the target {MUSL} and `{name}` are installed"),
        ),
        (true, None) => Finding::warning(
            subject,
            format!("no C compiler for {MUSL}; {INSTEAD}"),
            compiler,
        ),
        (false, Some(_)) => Finding::warning(
            subject,
            format!("the target {MUSL} is not installed; {INSTEAD}"),
            target,
        ),
        (false, None) => Finding::warning(
            subject,
            format!("neither the target {MUSL} nor a C compiler for it is installed; {INSTEAD}"),
            format!("{target}, and {compiler}"),
        ),
    }
}

const INSTEAD: &str = if cfg!(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu"
)) {
    "`cargo runpod build` links with this system's GNU C library instead"
} else {
    "`cargo runpod build` cannot build for Runpod's machines"
};

async fn musl_compiler() -> Option<String> {
    let variable = "CC_x86_64_unknown_linux_musl";
    let given = program(variable, "").to_string_lossy().into_owned();
    let usual = ["musl-gcc", "x86_64-linux-musl-gcc"].map(str::to_owned);
    let candidates = if given.is_empty() {
        usual.to_vec()
    } else {
        vec![given]
    };
    for name in candidates {
        if matches!(ask(&name, &["--version"], "").await, Answer::Said(_)) {
            return Some(name);
        }
    }
    None
}
