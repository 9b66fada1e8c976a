//! Describes the differences between an endpoint and a request, for a person.

use std::collections::BTreeMap;

use super::secret::{self, HIDDEN};
use crate::rest::endpoint::{Body, Container, Cpu, Endpoint, Gpu, Scaling, Workers};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) field: String,
    /// `None` if the endpoint does not exist yet, or does not have the value.
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// Returns everything that a body sets.
pub(super) fn all(body: &Body) -> Vec<Change> {
    let mut changes = Changes::default();
    changes.text("type", None, body.kind.map(str::to_owned));
    changes.text("template", None, body.template_id.clone());
    changes.container(&Container::default(), &body.container);
    changes.rest(&Parts::new(), &of_body(body));
    changes.0
}

/// Returns the values of an endpoint that a body changes.
pub(super) fn between(current: &Endpoint, body: &Body) -> Vec<Change> {
    let mut changes = Changes::default();
    changes.container(&current.container, &body.container);
    changes.rest(&of_endpoint(current), &of_body(body));
    changes.0
}

/// The fields outside of the container, as texts to compare and show.
type Parts = BTreeMap<&'static str, String>;

fn of_body(body: &Body) -> Parts {
    let mut parts = Parts::new();
    add(
        &mut parts,
        body.gpu.as_ref(),
        body.cpu.as_deref(),
        body.workers,
        body.scaling,
    );
    let lists = [
        ("data-centers", &body.data_center_ids),
        ("volumes", &body.network_volumes),
    ];
    parts.extend(
        lists
            .into_iter()
            .filter_map(|(key, list)| Some((key, listed(list.as_ref()?)))),
    );
    parts.extend(
        body.timeout
            .map(|ms| ("execution-timeout", format!("{} s", ms / 1000))),
    );
    parts.extend(body.flashboot.map(|mode| ("flashboot", mode.to_owned())));
    parts
}

fn of_endpoint(endpoint: &Endpoint) -> Parts {
    let mut parts = Parts::new();
    let scaling = Some(endpoint.scaling);
    add(
        &mut parts,
        endpoint.gpu.as_ref(),
        endpoint.cpu.as_deref(),
        Some(endpoint.workers),
        scaling,
    );
    parts.insert("data-centers", listed(&endpoint.data_center_ids));
    parts.insert("volumes", listed(&endpoint.network_volumes));
    parts.insert(
        "execution-timeout",
        format!("{} s", endpoint.timeout / 1000),
    );
    parts.insert("flashboot", endpoint.flashboot.clone());
    parts
}

fn add(
    parts: &mut Parts,
    gpu: Option<&Gpu>,
    cpu: Option<&[Cpu]>,
    workers: Option<Workers>,
    scaling: Option<Scaling>,
) {
    if let Some(gpu) = gpu {
        parts.extend(gpu.pools.as_ref().map(|pools| {
            let excluded = gpu
                .excluded_types
                .as_ref()
                .filter(|excluded| !excluded.is_empty());
            let without = excluded
                .map(|excluded| format!(" without {}", listed(excluded)))
                .unwrap_or_default();
            ("gpu", format!("{}{without}", listed(pools)))
        }));
        parts.extend(gpu.count.map(|count| ("gpu.count", count.to_string())));
        parts.extend(
            gpu.allowed_cuda_versions
                .as_ref()
                .map(|versions| ("gpu.cuda-versions", listed(versions))),
        );
        let floor = gpu.min_cuda_version.as_ref();
        parts.extend(floor.map(|min| {
            (
                "gpu.min-cuda",
                if min.is_empty() {
                    "none".to_owned()
                } else {
                    min.clone()
                },
            )
        }));
    }
    parts.extend(cpu.map(|cpus| {
        let cpus: Vec<String> = cpus
            .iter()
            .map(|cpu| format!("{}:{}", cpu.id, cpu.vcpu_count))
            .collect();
        ("cpu", listed(&cpus))
    }));
    let workers = workers.unwrap_or_default();
    parts.extend(workers.min.map(|min| ("workers.min", min.to_string())));
    parts.extend(workers.max.map(|max| ("workers.max", max.to_string())));
    parts.extend(
        workers
            .idle_timeout
            .map(|seconds| ("workers.idle-timeout", format!("{seconds} s"))),
    );
    parts.extend(scaling.map(|scaling| {
        (
            "scaling",
            match scaling {
                Scaling::QueueDelay { queue_delay } => format!("queue-delay {queue_delay} s"),
                Scaling::Other => "unknown".to_owned(),
                Scaling::RequestCount { request_count } => format!("request-count {request_count}"),
            },
        )
    }));
}

fn listed(list: &[String]) -> String {
    if list.is_empty() {
        "none".to_owned()
    } else {
        list.join(", ")
    }
}

#[derive(Debug, Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn text(&mut self, field: &str, from: Option<String>, to: Option<String>) {
        if to.is_some() {
            self.0.push(Change {
                field: field.to_owned(),
                from,
                to,
            });
        }
    }

    fn container(&mut self, now: &Container, wanted: &Container) {
        self.text("image", now.image.clone(), wanted.image.clone());
        self.text("registry", now.registry.clone(), wanted.registry.clone());
        self.text("args", now.args.clone(), wanted.args.clone());
        let disk = |disk: Option<u64>| disk.map(|disk| format!("{disk} GB"));
        self.text("disk", disk(now.disk), disk(wanted.disk));
        let ports = |ports: &Option<Vec<String>>| ports.as_deref().map(listed);
        self.text("ports", ports(&now.ports), ports(&wanted.ports));
        let Some(env) = &wanted.env else { return };
        let none = BTreeMap::new();
        let before = now.env.as_ref().unwrap_or(&none);
        for name in before
            .keys()
            .chain(env.keys().filter(|name| !before.contains_key(*name)))
        {
            if before.get(name) == env.get(name) {
                continue;
            }
            let is_hidden = [before, env]
                .iter()
                .filter_map(|env| env.get(name))
                .any(|value| secret::is_secret(name, value));
            let shown = |env: &BTreeMap<String, String>| {
                let value = env.get(name)?;
                Some(if is_hidden {
                    HIDDEN.to_owned()
                } else {
                    secret::shown(name, value)
                })
            };
            self.0.push(Change {
                field: format!("env.{name}"),
                from: shown(before),
                to: shown(env),
            });
        }
    }

    fn rest(&mut self, now: &Parts, wanted: &Parts) {
        for (field, to) in wanted {
            let from = now.get(field);
            if from != Some(to) {
                self.text(field, from.cloned(), Some(to.clone()));
            }
        }
    }
}
