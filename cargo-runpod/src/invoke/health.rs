//! The state of an endpoint's workers.

use serde::Deserialize;

use super::safe_text;
use super::target::Target;

/// The answer of `GET /health`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Health {
    #[serde(default)]
    pub(super) jobs: Jobs,
    #[serde(default)]
    pub(super) workers: Workers,
    /// Only a local endpoint sends this field.
    local: Option<Local>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Jobs {
    pub(super) in_queue: u64,
    pub(super) in_progress: u64,
    pub(super) completed: u64,
    pub(super) failed: u64,
    pub(super) retried: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Workers {
    pub(super) idle: u64,
    pub(super) initializing: u64,
    pub(super) ready: u64,
    pub(super) running: u64,
    pub(super) throttled: u64,
    pub(super) unhealthy: u64,
}

#[derive(Debug, Deserialize)]
struct Local {
    state: String,
    reason: Option<String>,
}

impl Health {
    /// Returns the reason in one line.
    pub(super) fn why_a_job_waits(&self, target: &Target) -> String {
        match &self.local {
            Some(local) => local.told(target),
            None => self.workers.told(target),
        }
    }
}

impl Local {
    fn told(&self, target: &Target) -> String {
        let reason = self.reason.as_deref().map(|it| safe_text::line(it, 256));
        let with = |text: &str| match &reason {
            Some(reason) => format!("{text}: {reason}"),
            None => text.to_owned(),
        };
        match self.state.as_str() {
            "ready" => busy(),
            "building" => "the worker is being built".to_owned(),
            "loading" => match &reason {
                Some(reason) => format!(
                    "the worker is loading again and has not asked for a job yet; the previous one stopped: {reason}"
                ),
                None => loading(),
            },
            "build_failed" => {
                with("the worker's build failed; see the terminal of `cargo runpod dev`")
            }
            "crashed" => with("the worker crashed"),
            "unhealthy" => with("the worker reports that it is unhealthy"),
            "no_worker" => no_worker(target),
            other => with(&format!(
                "the endpoint's state is {}",
                safe_text::line(other, 60)
            )),
        }
    }
}

impl Workers {
    fn told(&self, target: &Target) -> String {
        if self.idle + self.ready + self.running > 0 {
            busy()
        } else if self.initializing > 0 {
            loading()
        } else if self.throttled > 0 {
            "the endpoint's workers are throttled: Runpod has no free machine for them at the moment"
                .to_owned()
        } else if self.unhealthy > 0 {
            "all workers of the endpoint are unhealthy".to_owned()
        } else {
            no_worker(target)
        }
    }
}

fn busy() -> String {
    "all workers are busy with other jobs".to_owned()
}

fn loading() -> String {
    "the worker is loading and has not asked for a job yet".to_owned()
}

fn no_worker(target: &Target) -> String {
    if target.is_here {
        format!(
            "no worker is attached to the endpoint at {}; to start one, run `cargo runpod dev` in a worker's folder",
            target.url
        )
    } else {
        "the endpoint has no worker and none is starting; check its maximum number of workers in the Runpod console".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_told(json: &str, told: &str) {
        let health: Health = serde_json::from_str(json).unwrap();
        let target = Target {
            url: "http://127.0.0.1:8000".to_owned(),
            is_here: true,
            key: None,
            key_variable: "RUNPOD_LOCAL_API_KEY",
            endpoint: None,
        };
        let why = health.why_a_job_waits(&target);
        assert!(why.contains(told), "{json}: {why}");
    }

    #[test]
    fn the_workers_of_a_deployed_endpoint_are_counted() {
        for (workers, told) in [
            (r#"{"running": 1}"#, "busy"),
            (r#"{"idle": 1, "initializing": 1}"#, "busy"),
            (r#"{"initializing": 1}"#, "is loading"),
            (r#"{"throttled": 2}"#, "throttled"),
            (r#"{"unhealthy": 1}"#, "unhealthy"),
            ("{}", "no worker is attached"),
        ] {
            assert_told(&format!(r#"{{"jobs": {{}}, "workers": {workers}}}"#), told);
        }
        assert_told("{}", "no worker is attached");
    }

    #[test]
    fn a_local_endpoint_says_itself_what_is_missing() {
        for (local, told) in [
            (r#"{"state": "ready"}"#, "busy"),
            (r#"{"state": "building"}"#, "is being built"),
            (r#"{"state": "loading"}"#, "is loading"),
            (
                r#"{"state": "loading", "reason": "exit code 1"}"#,
                "the previous one stopped: exit code 1",
            ),
            (
                r#"{"state": "build_failed", "reason": "the worker does not build"}"#,
                "build failed; see the terminal of `cargo runpod dev`: the worker does not build",
            ),
            (
                r#"{"state": "crashed", "reason": "exit code 1\n\u001b[1m"}"#,
                r"the worker crashed: exit code 1 \u{1b}[1m",
            ),
            (r#"{"state": "unhealthy"}"#, "unhealthy"),
            (r#"{"state": "no_worker"}"#, "no worker is attached"),
            (r#"{"state": "asleep"}"#, "the endpoint's state is asleep"),
        ] {
            assert_told(
                &format!(r#"{{"workers": {{"idle": 1}}, "local": {local}}}"#),
                told,
            );
        }
    }
}
