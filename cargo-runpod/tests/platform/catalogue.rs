//! A small catalogue, with one name of every kind that settings refer to.

use serde_json::{Value, json};

pub(super) fn gpus() -> Value {
    let gpu = |id: &str, name: &str, pool: Option<&str>| {
        json!({
            "id": id, "name": name, "pool": pool, "manufacturer": "NVIDIA", "memory": 24, "secure": true, "community": false,
            "price": { "secure": 0.4, "community": 0.3 }, "maxCount": { "secure": 8, "community": 4 },
        })
    };
    json!({ "gpus": [
        gpu("NVIDIA L4", "L4", Some("AMPERE_24")),
        gpu("NVIDIA GeForce RTX 4090", "RTX 4090", Some("ADA_24")),
        gpu("NVIDIA L40", "L40", Some("ADA_48_PRO")),
        gpu("NVIDIA L40S", "L40S", Some("ADA_48_PRO")),
        gpu("NVIDIA GeForce RTX 3070", "RTX 3070", None),
    ] })
}

pub(super) fn cpus() -> Value {
    json!({ "cpus": [{
        "id": "cpu5c", "name": "Compute-Optimized", "group": "Gen 5", "vcpu": { "min": 2, "max": 32 }, "ramGbPerVcpu": 2.0,
        "price": { "securePerVcpu": 0.04, "serverlessPerVcpu": 0.03 },
    }] })
}

pub(super) fn data_centers() -> Value {
    json!({ "dataCenters": [{
        "id": "US-TX-3", "name": "US Texas 3", "region": "NORTH_AMERICA", "networkVolumeTypes": ["STANDARD"], "compliance": [],
        "globalNetwork": true,
    }] })
}

pub(super) fn registries() -> Value {
    json!({ "registries": [{ "id": "reg_1", "name": "ghcr" }, { "id": "reg_2", "name": "twin" }, { "id": "reg_3", "name": "twin" }] })
}

pub(super) fn template(id: &str) -> Option<Value> {
    let is_serverless = match id {
        "tpl_1" => true,
        "tpl_pod" => false,
        _ => return None,
    };
    Some(json!({
        "id": id, "name": "a template", "image": "template:1", "args": "", "disk": 7, "mounts": {}, "ports": [],
        "env": { "FROM_TEMPLATE": "yes" }, "registry": null, "serverless": is_serverless, "public": false, "category": "NVIDIA",
        "startSsh": true, "startJupyter": true, "allowedCudaVersions": [],
    }))
}
