//! Finds contradictions in the settings, before any request is sent.

use crate::settings::deploy::{Deploy, Gpu, Kind};

/// Returns all contradictions, each with the settings that it is about.
pub(super) fn contradictions(settings: &Deploy) -> Vec<String> {
    let mut found = Vec::new();
    let mut refuse = |is_wrong: bool, text: String| {
        if is_wrong {
            found.push(text);
        }
    };
    refuse(
        settings
            .name
            .as_ref()
            .is_some_and(|name| name.trim().is_empty()),
        "name: found an empty text; expected the endpoint's name".to_owned(),
    );
    refuse(
        settings.gpu.is_some() && settings.cpu.is_some(),
        "gpu and cpu are both set; an endpoint has workers of one kind, so remove one of them"
            .to_owned(),
    );
    let workers = settings.workers;
    if let (Some(min), Some(max)) = (workers.min, workers.max) {
        refuse(min > max, min_above_max(min.into(), max.into()));
    }
    if let Some(seconds) = workers.idle_timeout {
        refuse(
            !(1..=3600).contains(&seconds),
            format!("workers.idle-timeout: found {seconds}; expected 1 to 3600 seconds"),
        );
    }
    let is_load_balancer = settings.kind == Some(Kind::LoadBalancer);
    if let Some(scaling) = settings.scaling {
        refuse(
            scaling.queue_delay.is_some() && scaling.request_count.is_some(),
            "scaling: queue-delay and request-count are both set; an endpoint scales by one of them".to_owned(),
        );
        refuse(
            scaling.queue_delay.is_none() && scaling.request_count.is_none(),
            "scaling: set queue-delay or request-count".to_owned(),
        );
        refuse(
            is_load_balancer && scaling.queue_delay.is_some(),
            "scaling.queue-delay: a load-balancer endpoint has no queue; set scaling.request-count"
                .to_owned(),
        );
        if let Some(delay) = scaling.queue_delay {
            let is_right = delay.is_finite() && delay >= 0.5;
            refuse(
                !is_right,
                format!("scaling.queue-delay: found {delay}; expected at least 0.5 seconds"),
            );
        }
        refuse(
            scaling.request_count == Some(0),
            "scaling.request-count: found 0; expected at least 1".to_owned(),
        );
        refuse(
            !is_load_balancer && scaling.request_count.is_some() && workers.idle_timeout.is_some(),
            idle_with_request_count(),
        );
    }
    if let Some(seconds) = settings.execution_timeout {
        refuse(
            !(5..=7 * 24 * 3600).contains(&seconds),
            format!("execution-timeout: found {seconds}; expected 5 to 604800 seconds (7 days)"),
        );
    }
    refuse(
        settings.disk == Some(0),
        "disk: found 0; expected at least 1 GB".to_owned(),
    );
    for name in settings.env.iter().flatten().map(|(name, _)| name) {
        refuse(
            name.is_empty() || name.contains(['=', '\0']),
            format!("env: {name:?} is not the name of a variable"),
        );
    }
    if let Some(gpu) = &settings.gpu {
        of_gpu(gpu, &mut refuse);
    }
    if let Some(cpus) = &settings.cpu {
        refuse(
            cpus.is_empty(),
            "cpu: the list is empty; expected at least one flavor".to_owned(),
        );
        for (at, cpu) in cpus.iter().enumerate() {
            let vcpus = cpu.vcpus;
            refuse(
                vcpus < 2 || !vcpus.is_power_of_two(),
                format!(
                    "cpu: {} has {vcpus} vCPUs; expected a power of two, at least 2",
                    cpu.id
                ),
            );
            refuse(
                cpus[..at].contains(cpu),
                format!("cpu: {} with {vcpus} vCPUs is listed twice", cpu.id),
            );
        }
    }
    found
}

fn of_gpu(gpu: &Gpu, refuse: &mut impl FnMut(bool, String)) {
    refuse(
        gpu.pools.is_empty() && !gpu.exclude.is_empty(),
        "gpu.exclude: the exclusions belong to gpu.pools, which is not set".to_owned(),
    );
    refuse(
        gpu.count == Some(0),
        "gpu.count: found 0; expected at least 1".to_owned(),
    );
    let versions = gpu.cuda_versions.iter().flatten();
    for version in versions.chain(&gpu.min_cuda) {
        refuse(
            !is_version(version),
            format!(
                "gpu: the CUDA version {version:?} is not of the form major.minor, such as 12.8"
            ),
        );
    }
    refuse(
        gpu.min_cuda.is_some()
            && gpu
                .cuda_versions
                .as_ref()
                .is_some_and(|versions| !versions.is_empty()),
        "gpu.cuda-versions and gpu.min-cuda are both set; set the exact versions or the lowest one"
            .to_owned(),
    );
}

fn is_version(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

pub(super) fn min_above_max(min: u64, max: u64) -> String {
    format!("workers: the minimum {min} is above the maximum {max}")
}

pub(super) fn idle_with_request_count() -> String {
    "workers.idle-timeout: a queue endpoint that scales by scaling.request-count has no idle timeout; remove one of them"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[track_caller]
    fn assert_refused(settings: &Value, about: &[&str]) {
        let settings = Deploy::of_table(settings).unwrap();
        let found = contradictions(&settings);
        assert_eq!(found.len(), about.len(), "{found:?}");
        for (found, about) in found.iter().zip(about) {
            assert!(found.contains(about), "{found} is not about {about}");
        }
    }

    #[test]
    fn each_contradiction_is_found() {
        for (settings, about) in [
            (json!({ "name": " " }), "name"),
            (
                json!({ "gpu": { "pools": ["A"] }, "cpu": [{ "id": "a", "vcpus": 2 }] }),
                "gpu and cpu",
            ),
            (
                json!({ "workers": { "min": 2, "max": 1 } }),
                "minimum 2 is above the maximum 1",
            ),
            (json!({ "workers": { "idle-timeout": 3601 } }), "3601"),
            (
                json!({ "scaling": { "queue-delay": 1, "request-count": 1 } }),
                "both set",
            ),
            (json!({ "scaling": {} }), "set queue-delay or"),
            (
                json!({ "type": "load-balancer", "scaling": { "queue-delay": 1 } }),
                "has no queue",
            ),
            (json!({ "scaling": { "queue-delay": 0.4 } }), "0.4"),
            (json!({ "scaling": { "request-count": 0 } }), "at least 1"),
            (
                json!({ "scaling": { "request-count": 1 }, "workers": { "idle-timeout": 5 } }),
                "no idle timeout",
            ),
            (json!({ "execution-timeout": 4 }), "found 4"),
            (json!({ "disk": 0 }), "disk"),
            (json!({ "env": { "A=B": "" } }), "A=B"),
            (json!({ "gpu": { "exclude": ["x"] } }), "gpu.exclude"),
            (
                json!({ "gpu": { "pools": ["A"], "count": 0 } }),
                "gpu.count",
            ),
            (
                json!({ "gpu": { "pools": ["A"], "min-cuda": "12" } }),
                "\"12\"",
            ),
            (
                json!({ "gpu": { "pools": ["A"], "min-cuda": "12.1", "cuda-versions": ["12.8"] } }),
                "both set",
            ),
            (json!({ "cpu": [] }), "empty"),
            (
                json!({ "cpu": [{ "id": "a", "vcpus": 6 }] }),
                "power of two",
            ),
            (
                json!({ "cpu": [{ "id": "a", "vcpus": 2 }, { "id": "a", "vcpus": 2 }] }),
                "twice",
            ),
        ] {
            assert_refused(&settings, &[about]);
        }
    }

    #[test]
    fn settings_that_fit_together_pass() {
        assert_refused(&json!({}), &[]);
        assert_refused(
            &json!({
                "type": "load-balancer", "scaling": { "request-count": 4 },
                "workers": { "min": 1, "max": 1, "idle-timeout": 5 },
                "gpu": { "pools": ["A"], "min-cuda": "12.1", "cuda-versions": [] }, "execution-timeout": 5,
            }),
            &[],
        );
    }

    #[test]
    fn all_contradictions_are_reported_together() {
        assert_refused(
            &json!({ "disk": 0, "workers": { "min": 2, "max": 1 } }),
            &["minimum", "disk"],
        );
    }
}
