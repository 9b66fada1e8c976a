//! Compares the settings with the endpoint that exists, and makes the request that changes it.

use std::collections::BTreeMap;

use super::changes::{self, Change};
use super::checks::{idle_with_request_count, min_above_max};
use super::names::Resolved;
use crate::rest::endpoint::{Body, Container, Cpu, Endpoint, Gpu, Scaling, Workers};
use crate::settings::deploy::{Deploy, FlashBoot, Kind};

/// The scaling of a new endpoint without a setting, which the API requires.
const USUAL: u32 = 4;

/// A request and the changes that it makes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) body: Body,
    pub(super) changes: Vec<Change>,
}

impl Plan {
    /// Tells whether workers must be replaced for the change. The others apply to running workers.
    pub(super) fn makes_a_release(&self) -> bool {
        self.body.container != Container::default()
    }
}

/// Returns the request that creates the endpoint.
pub(super) fn create(
    name: &str,
    image: &str,
    settings: &Deploy,
    resolved: &Resolved,
) -> Result<Plan, String> {
    if settings.gpu.as_ref().is_none_or(|gpu| gpu.pools.is_empty()) && settings.cpu.is_none() {
        return Err(
            "a new endpoint needs GPUs or CPUs: pass --gpu POOL or --cpu FLAVOR:VCPUS, or set gpu or cpu in \
             [package.metadata.runpod.deploy]"
                .to_owned(),
        );
    }
    let kind = settings.kind.unwrap_or(Kind::Queue);
    let scaling = scaling(settings).unwrap_or(match kind {
        Kind::Queue => Scaling::QueueDelay {
            queue_delay: USUAL.into(),
        },
        Kind::LoadBalancer => Scaling::RequestCount {
            request_count: USUAL.into(),
        },
    });
    let body = Body {
        name: Some(name.to_owned()),
        kind: Some(of_kind(kind)),
        template_id: settings.template.clone(),
        container: container(image, settings, resolved),
        gpu: settings.gpu.as_ref().map(|gpu| Gpu {
            pools: Some(gpu.pools.clone()),
            excluded_types: Some(gpu.exclude.clone()).filter(|excluded| !excluded.is_empty()),
            count: gpu.count.map(Into::into),
            allowed_cuda_versions: gpu.cuda_versions.clone(),
            min_cuda_version: gpu.min_cuda.clone(),
        }),
        cpu: cpus(settings),
        workers: workers(settings),
        scaling: Some(scaling),
        data_center_ids: settings.data_centers.clone(),
        network_volumes: settings.volumes.clone(),
        timeout: timeout(settings),
        flashboot: settings.flashboot.map(of_flashboot),
    };
    let changes = changes::all(&body);
    Ok(Plan { body, changes })
}

/// Returns the request that changes the endpoint. It contains only the fields that differ.
pub(super) fn update(
    current: &Endpoint,
    image: &str,
    settings: &Deploy,
    resolved: &Resolved,
) -> Result<Plan, Vec<String>> {
    let faults = immutable(current, settings);
    if !faults.is_empty() {
        return Err(faults);
    }
    // The template was applied when the endpoint was created. Its settings apply again where the own ones are absent.
    let own = container(image, settings, resolved);
    let wanted = match &resolved.template {
        Some(template) => over(own, template),
        None => own,
    };
    let body = Body {
        container: differing(wanted, &current.container),
        gpu: gpu(settings, current.gpu.as_ref()),
        cpu: cpus(settings).filter(|cpus| current.cpu.as_ref() != Some(cpus)),
        workers: workers(settings).and_then(|wanted| {
            let differs = |wanted: Option<u64>, now: Option<u64>| {
                wanted.filter(|wanted| Some(*wanted) != now)
            };
            let workers = Workers {
                min: differs(wanted.min, current.workers.min),
                max: differs(wanted.max, current.workers.max),
                idle_timeout: differs(wanted.idle_timeout, current.workers.idle_timeout),
            };
            Some(workers).filter(|workers| *workers != Workers::default())
        }),
        scaling: scaling(settings).filter(|scaling| *scaling != current.scaling),
        data_center_ids: settings
            .data_centers
            .clone()
            .filter(|ids| !same(ids, &current.data_center_ids)),
        network_volumes: settings
            .volumes
            .clone()
            .filter(|ids| !same(ids, &current.network_volumes)),
        timeout: timeout(settings).filter(|timeout| *timeout != current.timeout),
        flashboot: settings
            .flashboot
            .map(of_flashboot)
            .filter(|mode| *mode != current.flashboot),
        ..Body::default()
    };
    let faults = together(current, settings, &body);
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(of_body(current, body))
}

/// Returns the plan that sends this body.
pub(super) fn of_body(current: &Endpoint, body: Body) -> Plan {
    let changes = changes::between(current, &body);
    Plan { body, changes }
}

/// Returns the settings that the API cannot change on an existing endpoint.
fn immutable(current: &Endpoint, settings: &Deploy) -> Vec<String> {
    let mut faults = Vec::new();
    let remedy = "delete the endpoint first, or deploy under another name";
    if let (Some(kind), Some(now)) = (settings.kind.map(of_kind), current.kind.as_deref())
        && kind != now
    {
        faults.push(format!(
            "type: the endpoint is {now}, and its type cannot be changed; {remedy}"
        ));
    }
    if settings.cpu.is_some() && current.gpu.is_some() {
        faults.push(format!(
            "cpu: the endpoint has GPU workers, which cannot be changed to CPUs; {remedy}"
        ));
    }
    if settings.gpu.is_some() && current.cpu.is_some() {
        faults.push(format!(
            "gpu: the endpoint has CPU workers, which cannot be changed to GPUs; {remedy}"
        ));
    }
    faults
}

/// Returns the contradictions between the settings and the values that the endpoint keeps.
fn together(current: &Endpoint, settings: &Deploy, body: &Body) -> Vec<String> {
    let mut faults = Vec::new();
    let wanted = body.workers.unwrap_or_default();
    let (min, max) = (
        wanted.min.or(current.workers.min),
        wanted.max.or(current.workers.max),
    );
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        faults.push(min_above_max(min, max));
    }
    let scaling = body.scaling.unwrap_or(current.scaling);
    match scaling {
        Scaling::QueueDelay { .. } if current.is_load_balancer() => {
            faults.push("scaling.queue-delay: a load-balancer endpoint has no queue; set scaling.request-count".to_owned());
        }
        Scaling::RequestCount { .. }
            if !current.is_load_balancer() && settings.workers.idle_timeout.is_some() =>
        {
            faults.push(idle_with_request_count());
        }
        _ => {}
    }
    faults
}

fn container(image: &str, settings: &Deploy, resolved: &Resolved) -> Container {
    Container {
        image: Some(image.to_owned()),
        args: settings.args.clone(),
        disk: settings.disk.map(Into::into),
        ports: settings.ports.clone(),
        env: settings.env.clone(),
        registry: resolved.registry.clone(),
    }
}

/// Puts the own settings over the template's, as the API does for a new endpoint.
fn over(own: Container, template: &Container) -> Container {
    let env = match (own.env, &template.env) {
        (Some(own), Some(template)) => {
            let mut env = template.clone();
            env.extend(own);
            Some(env)
        }
        (own, template) => own.or_else(|| template.clone()),
    };
    Container {
        image: own.image.or_else(|| template.image.clone()),
        args: own.args.or_else(|| template.args.clone()),
        disk: own.disk.or(template.disk),
        ports: own.ports.or_else(|| template.ports.clone()),
        env,
        registry: own.registry.or_else(|| template.registry.clone()),
    }
}

fn differing(wanted: Container, now: &Container) -> Container {
    // An absent value and an empty one are the same container.
    let text = |wanted: Option<String>, now: &Option<String>| {
        wanted.filter(|wanted| now.as_deref().unwrap_or_default() != wanted)
    };
    let no_ports = Vec::new();
    let no_env = BTreeMap::new();
    Container {
        image: text(wanted.image, &now.image),
        args: text(wanted.args, &now.args),
        disk: wanted.disk.filter(|disk| now.disk != Some(*disk)),
        ports: wanted
            .ports
            .filter(|ports| !same(ports, now.ports.as_ref().unwrap_or(&no_ports))),
        env: wanted
            .env
            .filter(|env| now.env.as_ref().unwrap_or(&no_env) != env),
        registry: text(wanted.registry, &now.registry),
    }
}

/// Returns the GPU fields to change. Pools and exclusions are one selection: pools alone would clear the exclusions.
fn gpu(settings: &Deploy, current: Option<&Gpu>) -> Option<Gpu> {
    let wanted = settings.gpu.as_ref()?;
    let none = Gpu::default();
    let current = current.unwrap_or(&none);
    let now = |list: &Option<Vec<String>>| list.clone().unwrap_or_default();
    let mut gpu = Gpu::default();
    let is_other_selection = !wanted.pools.is_empty()
        && (!same(&wanted.pools, &now(&current.pools))
            || !same(&wanted.exclude, &now(&current.excluded_types)));
    if is_other_selection {
        gpu.pools = Some(wanted.pools.clone());
        gpu.excluded_types = Some(wanted.exclude.clone()).filter(|excluded| !excluded.is_empty());
    }
    gpu.count = wanted
        .count
        .map(u64::from)
        .filter(|count| current.count.unwrap_or(1) != *count);
    let allowed = now(&current.allowed_cuda_versions);
    let floor = current.min_cuda_version.clone().unwrap_or_default();
    if let Some(versions) = wanted
        .cuda_versions
        .as_ref()
        .filter(|versions| !same(versions, &allowed))
    {
        gpu.allowed_cuda_versions = Some(versions.clone());
        // The API refuses both, and setting one of them does not clear the other.
        if !versions.is_empty() && !floor.is_empty() {
            gpu.min_cuda_version = Some(String::new());
        }
    }
    if let Some(min) = wanted.min_cuda.as_ref().filter(|min| **min != floor) {
        gpu.min_cuda_version = Some(min.clone());
        if !allowed.is_empty() {
            gpu.allowed_cuda_versions = Some(Vec::new());
        }
    }
    Some(gpu).filter(|gpu| *gpu != Gpu::default())
}

fn cpus(settings: &Deploy) -> Option<Vec<Cpu>> {
    let cpus = settings.cpu.as_ref()?.iter();
    Some(
        cpus.map(|cpu| Cpu {
            id: cpu.id.clone(),
            vcpu_count: cpu.vcpus.into(),
        })
        .collect(),
    )
}

fn workers(settings: &Deploy) -> Option<Workers> {
    let workers = Workers {
        min: settings.workers.min.map(Into::into),
        max: settings.workers.max.map(Into::into),
        idle_timeout: settings.workers.idle_timeout.map(Into::into),
    };
    Some(workers).filter(|workers| *workers != Workers::default())
}

fn scaling(settings: &Deploy) -> Option<Scaling> {
    let scaling = settings.scaling?;
    match (scaling.queue_delay, scaling.request_count) {
        (Some(queue_delay), _) => Some(Scaling::QueueDelay { queue_delay }),
        (None, Some(count)) => Some(Scaling::RequestCount {
            request_count: count.into(),
        }),
        (None, None) => None,
    }
}

/// Returns the execution timeout in milliseconds, as the API has it.
fn timeout(settings: &Deploy) -> Option<u64> {
    settings
        .execution_timeout
        .map(|seconds| u64::from(seconds) * 1000)
}

fn of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Queue => "QUEUE",
        Kind::LoadBalancer => "LOAD_BALANCER",
    }
}

fn of_flashboot(mode: FlashBoot) -> &'static str {
    match mode {
        FlashBoot::Off => "OFF",
        FlashBoot::On => "FLASHBOOT",
        FlashBoot::Priority => "PRIORITY_FLASHBOOT",
    }
}

/// Compares two lists whose order has no meaning.
fn same(a: &[String], b: &[String]) -> bool {
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    sorted(a) == sorted(b)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
