//! Checks the names in the settings against Runpod's catalogue and the account, before anything is changed.

use crate::failure::Failure;
use crate::invoke::code;
use crate::rest::catalogue::GpuType;
use crate::rest::endpoint::Container;
use crate::rest::{Client, RestError};
use crate::settings::deploy::{Deploy, Gpu};
use crate::settings::nearest::hint;

/// The ids that the settings refer to.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) registry: Option<String>,
    /// The container settings of the template.
    pub(super) template: Option<Container>,
}

/// Looks up every name. All unknown names are reported together.
pub(super) async fn resolved(client: &Client, settings: &Deploy) -> Result<Resolved, Failure> {
    let mut faults = Vec::new();
    let mut resolved = Resolved::default();
    if let Some(gpu) = &settings.gpu
        && !gpu.pools.is_empty()
    {
        of_gpu(gpu, &client.gpus().await?.gpus, &mut faults);
    }
    if let Some(wanted) = &settings.cpu {
        let catalogue = client.cpus().await?.cpus;
        let known: Vec<&str> = catalogue.iter().map(|cpu| cpu.id.as_str()).collect();
        for cpu in wanted {
            match catalogue.iter().find(|known| known.id == cpu.id) {
                None => faults.push(format!(
                    "cpu: there is no flavor {}; {}",
                    cpu.id,
                    hint(&cpu.id, &known)
                )),
                Some(flavor)
                    if !(flavor.vcpu.min..=flavor.vcpu.max).contains(&cpu.vcpus.into()) =>
                {
                    faults.push(format!(
                        "cpu: {} has {} to {} vCPUs; found {}",
                        cpu.id, flavor.vcpu.min, flavor.vcpu.max, cpu.vcpus
                    ));
                }
                Some(_) => {}
            }
        }
    }
    if let Some(wanted) = settings
        .data_centers
        .as_ref()
        .filter(|wanted| !wanted.is_empty())
    {
        let catalogue = client.data_centers().await?.data_centers;
        let known: Vec<&str> = catalogue.iter().map(|center| center.id.as_str()).collect();
        for id in wanted.iter().filter(|id| !known.contains(&id.as_str())) {
            faults.push(format!(
                "data-centers: there is no data center {id}; {}",
                hint(id, &known)
            ));
        }
    }
    if let Some(wanted) = &settings.registry {
        match registry(client, wanted).await? {
            Ok(id) => resolved.registry = Some(id),
            Err(fault) => faults.push(fault),
        }
    }
    if let Some(id) = &settings.template {
        match client.template(id).await {
            Ok(template) if template.serverless => resolved.template = Some(template.container),
            Ok(_) => faults.push(format!(
                "template: {id} is a template for pods; expected one for serverless workers"
            )),
            Err(error) if error.is_unknown() => {
                faults.push(format!(
                    "template: there is no template {id} that this key can read"
                ));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if faults.is_empty() {
        return Ok(resolved);
    }
    Err(Failure::new(faults.join("\n")).with_code(code::USAGE))
}

fn of_gpu(gpu: &Gpu, catalogue: &[GpuType], faults: &mut Vec<String>) {
    let mut pools: Vec<&str> = catalogue
        .iter()
        .filter_map(|gpu| gpu.pool.as_deref())
        .collect();
    pools.sort_unstable();
    pools.dedup();
    for pool in gpu
        .pools
        .iter()
        .filter(|pool| !pools.contains(&pool.as_str()))
    {
        // A card is a natural mistake, because pods are created with its id.
        let card = catalogue.iter().find(|card| {
            card.id.eq_ignore_ascii_case(pool) || card.name.eq_ignore_ascii_case(pool)
        });
        faults.push(match card.map(|card| card.pool.as_deref()) {
            Some(Some(of_card)) => {
                format!("gpu: {pool} is a GPU and not a pool; it is in the pool {of_card}")
            }
            Some(None) => format!(
                "gpu: {pool} is a GPU that serverless endpoints cannot use; the pools are {}",
                pools.join(", ")
            ),
            None => format!("gpu: there is no pool {pool}; {}", hint(pool, &pools)),
        });
    }
    let cards: Vec<&str> = catalogue
        .iter()
        .filter(|card| {
            card.pool
                .as_ref()
                .is_some_and(|pool| gpu.pools.contains(pool))
        })
        .map(|card| card.id.as_str())
        .collect();
    for excluded in gpu.exclude.iter().map(|excluded| excluded.trim()) {
        if !cards.contains(&excluded) && !cards.is_empty() {
            faults.push(format!(
                "gpu.exclude: {excluded} is in none of the pools; {}",
                hint(excluded, &cards)
            ));
        }
    }
    if !cards.is_empty()
        && cards
            .iter()
            .all(|card| gpu.exclude.iter().any(|it| it.trim() == *card))
    {
        faults
            .push("gpu.exclude: every GPU of the pools is excluded; keep at least one".to_owned());
    }
}

/// Returns the id of the credentials with this name or id, or the fault in it.
async fn registry(client: &Client, wanted: &str) -> Result<Result<String, String>, RestError> {
    let registries = client.registries().await?.registries;
    if let Some(by_id) = registries.iter().find(|registry| registry.id == wanted) {
        return Ok(Ok(by_id.id.clone()));
    }
    let named: Vec<_> = registries
        .iter()
        .filter(|registry| registry.name == wanted)
        .collect();
    let all: Vec<&str> = registries
        .iter()
        .map(|registry| registry.name.as_str())
        .collect();
    Ok(match &named[..] {
        [only] => Ok(only.id.clone()),
        [] if all.is_empty() => Err(format!(
            "registry: the account has no registry credentials, so none are named {wanted}; add them in the Runpod console under \
             Settings"
        )),
        [] => Err(format!(
            "registry: there are no credentials {wanted}; {}",
            hint(wanted, &all)
        )),
        several => {
            let ids: Vec<&str> = several
                .iter()
                .map(|registry| registry.id.as_str())
                .collect();
            Err(format!(
                "registry: several credentials are named {wanted}; use an id: {}",
                ids.join(", ")
            ))
        }
    })
}
