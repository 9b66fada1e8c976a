//! Lists the commands on the pages of the reference of `cargo runpod`.

use super::{
    Claim, How, ON_A_STAND_IN, beforehand, claim, ends, not_here, own, serves, tool, tool_serves,
};

pub(super) const COMMANDS: &[(&str, &[Claim])] = &[
    (
        "docs/reference/commands/build.md",
        &[
            not_here(
                "cargo runpod build",
                "it builds in release mode; the tests of cargo-runpod run it",
            ),
            not_here(
                "cargo runpod build --push ghcr.io/me/hello:1",
                "it needs a registry; the tests of cargo-runpod push to one",
            ),
        ],
    ),
    (
        "docs/reference/commands/deploy.md",
        &[not_here(
            "cargo runpod deploy --push registry.example.com/hello:1 --cpu cpu5c:2 --smoke '{\"name\": \"Ada\"}'",
            ON_A_STAND_IN,
        )],
    ),
    (
        "docs/reference/commands/endpoints.md",
        &[
            not_here("cargo runpod endpoints", ON_A_STAND_IN),
            not_here("cargo runpod status hello", ON_A_STAND_IN),
            not_here("cargo runpod logs hello --follow", ON_A_STAND_IN),
            not_here("cargo runpod delete hello", ON_A_STAND_IN),
        ],
    ),
    (
        "docs/reference/commands/completions.md",
        &[not_here(
            "cargo runpod completions fish > ~/.config/fish/conf.d/cargo-runpod.fish",
            "it writes into the home directory; cargo-runpod/tests/completions uses the script for bash",
        )],
    ),
    (
        "docs/reference/commands/dev.md",
        &[not_here(
            "cargo runpod dev",
            "it needs a worker's folder; the commands of docs/reference/commands/new.md run it in one",
        )],
    ),
    (
        "docs/reference/commands/doctor.md",
        &[not_here(
            "cargo runpod doctor",
            "its result depends on the machine; cargo-runpod/tests/doctor runs it on machines of its own",
        )],
    ),
    (
        "docs/reference/commands/health.md",
        &[
            beforehand(own(serves("cargo run -- --rp_serve_api"))),
            tool(
                ends("cargo runpod health", &["jobs:", "1 idle"]),
                "--url http://127.0.0.1:{port}",
            ),
        ],
    ),
    (
        "docs/reference/commands/hub-test.md",
        &[not_here(
            "cargo runpod hub-test",
            "it needs a worker's folder; cargo-runpod/tests/new/hub.rs runs it in one of each template",
        )],
    ),
    (
        "docs/reference/commands/invoke.md",
        &[
            beforehand(own(serves("cargo run -- --rp_serve_api"))),
            tool(
                ends(r#"cargo runpod invoke '{"name": "Ada"}'"#, &["Hello, Ada!"]),
                "--url http://127.0.0.1:{port}",
            ),
            ends(
                r#"RUNPOD_ENDPOINT_BASE_URL=http://127.0.0.1:9000/v2 cargo runpod invoke '{"name": "Ada"}'"#,
                &["Hello, Ada!"],
            ),
        ],
    ),
    (
        "docs/reference/commands/job.md",
        &[not_here(
            "cargo runpod job status 8a4e0f6c-2d0b-4b7e-9a53-5b1f6f0e6d11-l1",
            "it needs the id of a job; cargo-runpod/tests/invoke/detached.rs runs it",
        )],
    ),
    (
        "docs/reference/commands/new.md",
        &[
            ends(
                "cargo runpod new my-worker --template stream",
                &["my-worker"],
            ),
            claim("cd my-worker", How::Enters),
            tool_serves(
                "cargo runpod dev            # and in a second terminal: cargo runpod invoke",
            ),
            not_here(
                "cargo generate --path cargo-runpod/templates/stream --name my-worker --define 'runpod_dependency={ git = \"https://…\" }'",
                "cargo-generate is a program of another project",
            ),
        ],
    ),
    (
        "docs/reference/commands/purge.md",
        &[
            beforehand(own(serves("cargo run -- --rp_serve_api"))),
            tool(
                ends("cargo runpod purge --yes", &["removed 0 jobs"]),
                "--url http://127.0.0.1:{port}",
            ),
        ],
    ),
];
