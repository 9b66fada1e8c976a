//! Lists the commands on the pages of all other pages.

use super::{
    ASKS_HELLO, BUILDS_THE_BENCH, COMPILES_THE_WORKSPACE, Claim, DEPLOYS, ON_A_STAND_IN, ends,
    invokes_to_be, not_here, own, serves, tool_serves,
};

pub(super) const OTHERS: &[(&str, &[Claim])] = &[
    (
        "README.md",
        &[
            serves("cargo run --example stream -- --rp_serve_api"),
            not_here(
                "cargo install --path cargo-runpod",
                "it installs a program into the user's folder; the commands below run the same program",
            ),
            ends(
                "cargo runpod new hello --template stream",
                &["Created the worker `hello` from the template `stream`."],
            ),
            tool_serves("cd hello && cargo runpod dev"),
            invokes_to_be(&[r#"{"index":0,"text":"TO"}"#, r#"{"index":5,"text":"BE"}"#]),
            not_here(DEPLOYS, ON_A_STAND_IN),
            not_here("cargo xtask test", "this test is a part of it"),
        ],
    ),
    (
        "CONTRIBUTING.md",
        &[
            not_here(
                "cargo xtask bench noop-50 --only ours,reqwest --rounds 3    # about ten seconds",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench noop --only ours,ours-without-spool,hyper,reqwest",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench --list                                    # the names of cells and workers",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench http                                      # HTTP mode and a bare axum server",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench transfers                                 # downloads and uploads, curl and the SDK",
                BUILDS_THE_BENCH,
            ),
        ],
    ),
    (
        "docs/explanation/performance.md",
        &[
            not_here(
                "cargo xtask bench                      # all measurements, in about 15 minutes; replaces the table on this page",
                "it takes a quarter of an hour",
            ),
            not_here(
                "cargo xtask bench noop-50 --only ours,reqwest --rounds 3",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench http                 # about one minute",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench transfers            # some minutes, and some more for the S3 server in the first run",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo xtask bench transfers download small --rounds 3",
                BUILDS_THE_BENCH,
            ),
            not_here(
                "cargo test --release -p runpod-worker --no-default-features --features volume-cache --test volume_cache -- --ignored --nocapture speed",
                "it needs a release build",
            ),
            not_here(
                "cargo bench --bench loading -- --folder target",
                "it needs a release build",
            ),
            not_here(
                "cargo bench --bench loading -- --folder target --warm",
                "it needs a release build",
            ),
        ],
    ),
    (
        "docs/explanation/build-cost.md",
        &[
            not_here(
                "cargo xtask compile-cost               # three cold builds of each; `--rounds N` for another number",
                "it takes most of an hour",
            ),
            not_here(
                "cargo xtask compile-cost features      # `--without-times` counts only crates and bytes, which needs fewer builds",
                "it takes hours",
            ),
            not_here(
                "cargo update -p idna_adapter --precise 1.1.0",
                "it contacts a registry and changes a lock file",
            ),
        ],
    ),
    (
        "docs/reference/local-endpoint.md",
        &[
            own(serves(
                "cargo run -- --rp_serve_api            # in the worker's folder; --serve-api means the same",
            )),
            ASKS_HELLO,
            own(serves(
                "RUNPOD_LOCAL_API_KEY=choose-one cargo run -- --rp_serve_api --rp_api_host 0.0.0.0 --rp_api_allow_host 'host.docker.internal,*.proxy.runpod.net'",
            )),
            own(serves(
                "cargo run -- --rp_serve_api --rp_api_allow_origin http://localhost:3000",
            )),
            not_here(
                "RUNPOD_WEBHOOK_GET_JOB='http://127.0.0.1:8000/v2/local/job-take/$ID' … python handler.py",
                "the line leaves out the other variables; tests/local attaches Python workers",
            ),
            own(serves(
                r#"cargo run -- --rp_serve_api --rp_api_faults '{"seed": 7, "rules": [{"route": "status", "error": 0.2, "status": 503}]}'"#,
            )),
            not_here(
                "cargo run -p runpod-local --features cli -- --port 8000",
                "the feature is off in this test; runpod-local/tests/program.rs runs it with the feature",
            ),
        ],
    ),
    (
        "docs/explanation/what-the-attributes-generate.md",
        &[
            not_here(
                "touch examples/hello.rs && RUNPOD_MACROS_DEBUG=1 cargo check --example hello     # all attributes",
                COMPILES_THE_WORKSPACE,
            ),
            not_here(
                "touch src/main.rs && RUNPOD_MACROS_DEBUG=greet cargo check                       # those on the function `greet`",
                COMPILES_THE_WORKSPACE,
            ),
        ],
    ),
    (
        "docs/reference/running.md",
        &[own(ends(
            r#"cargo run -- --test_input '{"input": {"name": "Ada"}}'"#,
            &["Hello, Ada!", "local_test"],
        ))],
    ),
    (
        "docs/explanation/batching.md",
        &[not_here(
            "SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation",
            "it overwrites files of the guide; the same test without the variable compares them",
        )],
    ),
    (
        "docs/explanation/concurrency.md",
        &[not_here(
            "SNAPSHOTS=overwrite cargo test --workspace --all-features --test simulation",
            "it overwrites files of the guide; the same test without the variable compares them",
        )],
    ),
    (
        "docs/explanation/the-cost-of-rules.md",
        &[not_here(
            "SNAPSHOTS=overwrite cargo test --release --workspace --all-features --test simulation -- --include-ignored",
            "it overwrites files of the guide; the same test without the variable compares them",
        )],
    ),
];
