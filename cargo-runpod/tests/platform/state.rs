//! The endpoints of the stand-in, their releases and their workers. A worker's state changes with each look at it, never
//! with time.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::machines::{Machines, Process};

const NOW: &str = "2026-06-01T12:00:00Z";

/// How the workers of an image behave. The name of the image chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// Ready after three looks.
    Healthy,
    /// Ready after eight looks, throttled at first.
    Slow,
    /// Starts again at every look.
    CrashLoop,
    PullFails,
    /// Stays in its first state.
    Stuck,
    Unhealthy,
}

impl Behaviour {
    fn of(image: &str) -> Self {
        let behaviours = [
            ("slow", Self::Slow),
            ("crash", Self::CrashLoop),
            ("missing", Self::PullFails),
            ("stuck", Self::Stuck),
            ("sick", Self::Unhealthy),
        ];
        let found = behaviours
            .into_iter()
            .find(|(part, _)| image.contains(part));
        found.map_or(Self::Healthy, |(_, behaviour)| behaviour)
    }
}

pub(crate) struct Worker {
    pub(crate) id: String,
    version: u64,
    image: String,
    behaviour: Behaviour,
    looks: u64,
    pub(crate) log: Vec<Value>,
    /// The worker itself, if it runs.
    process: Option<Process>,
}

pub(crate) struct Endpoint {
    pub(crate) body: Map<String, Value>,
    pub(crate) version: u64,
    pub(crate) releases: Vec<Value>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) jobs: Vec<Job>,
    machines: Option<Arc<Machines>>,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) input: Value,
    pub(crate) is_cancelled: bool,
}

impl Worker {
    fn new(id: String, version: u64, image: &str, machines: Option<&Machines>) -> Self {
        let behaviour = Behaviour::of(image);
        let mut worker = Self {
            id,
            version,
            image: image.to_owned(),
            behaviour,
            looks: 0,
            log: Vec::new(),
            process: None,
        };
        worker.say("system", &format!("create container {image}"));
        if let Some(machines) = machines {
            match machines.start(&worker.id, image) {
                Ok(process) => worker.process = Some(process),
                Err(why) => worker.say("system", &format!("error pulling image: {why}")),
            }
            return worker;
        }
        match behaviour {
            Behaviour::PullFails => {
                for _ in 0..3 {
                    worker.say(
                        "system",
                        &format!(
                            "error pulling image: manifest for {image} not found: manifest unknown"
                        ),
                    );
                }
            }
            Behaviour::CrashLoop => worker.say("container", "thread 'main' panicked: no model"),
            _ => worker.say("container", "loading the model"),
        }
        worker
    }

    /// Adds a line to the log.
    pub(crate) fn say(&mut self, source: &str, line: &str) {
        let number = self.log.len();
        let time = format!(
            "2026-06-01T12:{:02}:{:02}Z",
            5 + number / 120,
            number / 2 % 60
        );
        self.log
            .push(json!({ "ts": time, "source": source, "line": line }));
    }

    /// Adds the new lines of the process to the log.
    pub(crate) fn hear(&mut self) {
        let lines = self.process.as_ref().map(Process::lines);
        for line in lines.into_iter().flatten() {
            self.say("container", &line);
        }
    }

    fn status(&self) -> &'static str {
        if let Some(process) = &self.process {
            return if process.is_attached() {
                "IDLE"
            } else {
                "INITIALIZING"
            };
        }
        match (self.behaviour, self.looks) {
            (Behaviour::Healthy, 3..) | (Behaviour::Slow, 8..) => "IDLE",
            (Behaviour::Slow, ..4) => "THROTTLED",
            (Behaviour::Unhealthy, _) => "UNHEALTHY",
            _ => "INITIALIZING",
        }
    }

    fn is_ready(&self) -> bool {
        self.status() == "IDLE"
    }

    fn look(&mut self) {
        self.looks += 1;
        self.hear();
        if self.process.is_some() {
            return;
        }
        let was_ready_now =
            self.is_ready() && !self.log.iter().any(|line| line["line"] == "worker ready");
        if was_ready_now {
            self.say("container", "worker ready");
        }
        if self.behaviour == Behaviour::CrashLoop {
            self.say("container", "thread 'main' panicked: no model");
        }
    }

    fn told(&self, current: u64) -> Value {
        let start = if self.behaviour == Behaviour::CrashLoop {
            self.looks
        } else {
            0
        };
        json!({
            "id": self.id, "status": self.status(), "isStale": self.version != current, "version": self.version, "gpuCount": 1,
            "image": self.image, "uptimeSeconds": 60, "gpuTypeId": "NVIDIA L4", "dataCenterId": "US-TX-3",
            "startedAt": format!("2026-06-01T12:{start:02}:00Z"),
        })
    }
}

impl Endpoint {
    pub(crate) fn new(
        id: &str,
        number: usize,
        queue: &str,
        machines: Option<Arc<Machines>>,
        body: Map<String, Value>,
    ) -> Self {
        let mut endpoint = Self {
            body,
            version: 1,
            releases: Vec::new(),
            workers: Vec::new(),
            jobs: Vec::new(),
            machines,
        };
        endpoint.complete(id, queue);
        endpoint.release(number, &json!([]));
        endpoint
    }

    /// Adds the values that the API chooses.
    fn complete(&mut self, id: &str, queue: &str) {
        let body = &mut self.body;
        body.insert("id".to_owned(), json!(id));
        body.insert("createdAt".to_owned(), json!(NOW));
        body.remove("templateId");
        for (key, value) in [
            ("dataCenterIds", json!([])),
            ("networkVolumes", json!([])),
            ("timeout", json!(300_000)),
            ("flashboot", json!("OFF")),
            ("env", json!({})),
            ("workers", json!({})),
        ] {
            body.entry(key).or_insert(value);
        }
        for (key, value) in [("min", 0), ("max", 3)] {
            let workers = body["workers"]
                .as_object_mut()
                .expect("workers are an object");
            workers.entry(key).or_insert(json!(value));
        }
        if body["type"] == "QUEUE" && body["scaling"]["type"] == "QUEUE_DELAY" {
            let workers = body["workers"]
                .as_object_mut()
                .expect("workers are an object");
            workers.entry("idleTimeout").or_insert(json!(10));
        }
        if let Some(gpu) = body.get_mut("gpu").and_then(Value::as_object_mut) {
            gpu.entry("count").or_insert(json!(1));
            gpu.entry("allowedCudaVersions").or_insert(json!([]));
            gpu.entry("minCudaVersion").or_insert(Value::Null);
        }
        for cpu in body
            .get_mut("cpu")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            cpu["memory"] = json!(cpu["vcpuCount"].as_u64().unwrap_or_default() * 2);
        }
        let urls = if body["type"] == "QUEUE" {
            let operations = [
                "run",
                "runSync",
                "status",
                "stream",
                "cancel",
                "retry",
                "purgeQueue",
                "health",
            ];
            let urls = operations.map(|operation| {
                (
                    operation.to_owned(),
                    json!(format!("{queue}/{id}/{}", operation.to_lowercase())),
                )
            });
            Value::Object(urls.into_iter().collect())
        } else {
            json!({ "base": format!("https://{id}.api.example"), "health": format!("https://{id}.api.example/ping") })
        };
        body.insert("requestUrls".to_owned(), urls);
    }

    /// Makes a release, and starts a worker for it if one is needed.
    pub(crate) fn release(&mut self, number: usize, diff: &Value) {
        if !self.releases.is_empty() {
            self.version += 1;
        }
        self.releases.insert(
            0,
            json!({
                "id": format!("rel_{number}_{}", self.version), "version": self.version, "source": "MANUAL", "buildId": null,
                "createdByUserId": null, "workerCount": 0, "createdAt": NOW, "diff": diff,
            }),
        );
        let has_minimum = self.body["workers"]["min"].as_u64().unwrap_or_default() > 0;
        if has_minimum || !self.workers.is_empty() {
            self.start();
        }
    }

    /// Starts a worker of the current version.
    pub(crate) fn start(&mut self) {
        let image = self
            .body
            .get("image")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let id = format!("worker_{}", self.version);
        if !self.workers.iter().any(|worker| worker.id == id) {
            let machines = self.machines.as_deref();
            self.workers
                .push(Worker::new(id, self.version, &image, machines));
        }
    }

    /// Applies a change, and returns what has changed of the container.
    pub(crate) fn change(&mut self, changes: &Map<String, Value>) -> Vec<Value> {
        let mut diff = Vec::new();
        for (key, value) in changes {
            let internal = match key.as_str() {
                "image" => "template.imageName",
                "env" => "template.env",
                "dataCenterIds" => "locations",
                other => other,
            };
            let is_of_container = !matches!(
                key.as_str(),
                "workers" | "scaling" | "timeout" | "name" | "flashboot"
            );
            let old = self.body.get(key).cloned().unwrap_or(Value::Null);
            if is_of_container && old != *value {
                diff.push(json!({ "field": internal, "old": old, "new": value }));
            }
            match (self.body.get_mut(key), value) {
                (Some(Value::Object(now)), Value::Object(wanted))
                    if matches!(key.as_str(), "gpu" | "workers") =>
                {
                    if wanted.contains_key("pools") {
                        now.remove("excludedTypes");
                    }
                    for (key, value) in wanted {
                        let value = if key == "minCudaVersion" && value == "" {
                            Value::Null
                        } else {
                            value.clone()
                        };
                        now.insert(key.clone(), value);
                    }
                }
                _ => {
                    self.body.insert(key.clone(), value.clone());
                }
            }
        }
        diff
    }

    pub(crate) fn look(&mut self) -> Value {
        let has_work = |machines: &Arc<Machines>| machines.has_waiting_jobs();
        if self.workers.is_empty() && self.machines.as_ref().is_some_and(has_work) {
            self.start();
        }
        for worker in &mut self.workers {
            worker.look();
        }
        let version = self.version;
        if self
            .workers
            .iter()
            .any(|worker| worker.version == version && worker.is_ready())
        {
            self.workers.retain(|worker| worker.version == version);
        }
        let workers: Vec<Value> = self
            .workers
            .iter()
            .map(|worker| worker.told(version))
            .collect();
        let count = |status: &str| {
            workers
                .iter()
                .filter(|worker| worker["status"] == status)
                .count()
        };
        json!({
            "workers": workers, "endpointVersion": version,
            "summary": {
                "running": count("RUNNING"), "idle": count("IDLE"), "initializing": count("INITIALIZING"),
                "throttled": count("THROTTLED"), "unhealthy": count("UNHEALTHY"), "total": workers.len(),
            },
        })
    }

    pub(crate) fn has_ready_worker(&self) -> bool {
        self.workers
            .iter()
            .any(|worker| worker.version == self.version && worker.is_ready())
    }

    pub(crate) fn told_releases(&self) -> Value {
        let total = self.workers.len();
        let latest = self
            .workers
            .iter()
            .filter(|worker| worker.version == self.version)
            .count();
        json!({
            "endpointVersion": self.version, "releases": self.releases,
            "rollout": {
                "inProgress": latest < total, "workersOnLatest": latest, "workersTotal": total,
                "percentOnLatest": (latest * 100).checked_div(total).unwrap_or_default(),
            },
        })
    }
}
