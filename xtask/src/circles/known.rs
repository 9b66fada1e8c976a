//! Circles that are still there.

/// The files of each. No circle may be added, and none of these may grow: a change that breaks one up shortens the list.
pub(super) const KNOWN: &[&[&str]] = &[
    &[
        "runpod-runtime/src/config/error.rs",
        "runpod-runtime/src/config/secret.rs",
        "runpod-runtime/src/config/url_template.rs",
    ],
    &[
        "runpod-runtime/src/handler/argument.rs",
        "runpod-runtime/src/handler/call.rs",
    ],
    &[
        "runpod-runtime/src/handler/items.rs",
        "runpod-runtime/src/handler/running.rs",
    ],
    &[
        "runpod-runtime/src/logging/bridge.rs",
        "runpod-runtime/src/logging/layer.rs",
        "runpod-runtime/src/logging/mod.rs",
    ],
    &[
        "runpod-runtime/src/platform/spool/file.rs",
        "runpod-runtime/src/platform/spool/mod.rs",
        "runpod-runtime/src/platform/spool/owner.rs",
    ],
    &[
        "runpod-runtime/src/ready.rs",
        "runpod-runtime/src/serve_api.rs",
    ],
    &[
        "runpod-runtime/src/worker/attempts.rs",
        "runpod-runtime/src/worker/deliver.rs",
        "runpod-runtime/src/worker/emit.rs",
        "runpod-runtime/src/worker/heartbeat.rs",
        "runpod-runtime/src/worker/job.rs",
        "runpod-runtime/src/worker/mod.rs",
        "runpod-runtime/src/worker/refuse.rs",
        "runpod-runtime/src/worker/run.rs",
        "runpod-runtime/src/worker/signals.rs",
        "runpod-runtime/src/worker/spooled.rs",
        "runpod-runtime/src/worker/stop.rs",
        "runpod-runtime/src/worker/take.rs",
    ],
];
