use serde_json::{Value, json};

use super::*;

fn endpoint(more: &Value) -> Endpoint {
    let mut endpoint = json!({
        "id": "ep1", "name": "n", "type": "QUEUE", "image": "a:1", "env": { "MODE": "slow" },
        "gpu": { "pools": ["ADA_24", "AMPERE_48"], "excludedTypes": ["x"], "count": 1, "allowedCudaVersions": ["12.8"], "minCudaVersion": null },
        "workers": { "min": 0, "max": 3, "idleTimeout": 10 }, "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 },
        "dataCenterIds": [], "networkVolumes": [], "timeout": 300_000, "flashboot": "OFF", "createdAt": "2026-01-01T00:00:00Z",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        endpoint[key] = value.clone();
    }
    serde_json::from_value(endpoint).unwrap()
}

fn settings(table: &Value) -> Deploy {
    Deploy::of_table(table).unwrap()
}

#[track_caller]
fn assert_update(table: &Value, body: &Value) {
    let plan = update(
        &endpoint(&json!({})),
        "a:1",
        &settings(table),
        &Resolved::default(),
    )
    .unwrap();
    assert_eq!(&serde_json::to_value(&plan.body).unwrap(), body);
    assert_eq!(
        plan.changes.is_empty(),
        *body == json!({}),
        "{:?}",
        plan.changes
    );
}

#[test]
fn settings_that_the_endpoint_has_already_change_nothing() {
    assert_update(
        &json!({
            "type": "queue", "gpu": { "pools": ["AMPERE_48", "ADA_24"], "exclude": ["x"], "count": 1, "cuda-versions": ["12.8"] },
            "env": { "MODE": "slow" }, "workers": { "min": 0, "max": 3, "idle-timeout": 10 }, "scaling": { "queue-delay": 4.0 },
            "execution-timeout": 300, "flashboot": "off", "volumes": [], "data-centers": [], "args": "", "ports": [],
        }),
        &json!({}),
    );
    assert_update(&json!({}), &json!({}));
}

#[test]
fn only_fields_that_differ_are_sent() {
    assert_update(
        &json!({ "workers": { "min": 0, "max": 5 } }),
        &json!({ "workers": { "max": 5 } }),
    );
    assert_update(
        &json!({ "scaling": { "request-count": 2 } }),
        &json!({ "scaling": { "type": "REQUEST_COUNT", "requestCount": 2 } }),
    );
    assert_update(
        &json!({ "flashboot": "on" }),
        &json!({ "flashboot": "FLASHBOOT" }),
    );
}

#[test]
fn pools_and_exclusions_are_sent_together() {
    assert_update(
        &json!({ "gpu": { "pools": ["ADA_24"], "exclude": ["x"] } }),
        &json!({ "gpu": { "pools": ["ADA_24"], "excludedTypes": ["x"] } }),
    );
    assert_update(
        &json!({ "gpu": { "pools": ["ADA_24", "AMPERE_48"], "exclude": [] } }),
        &json!({ "gpu": { "pools": ["ADA_24", "AMPERE_48"] } }),
    );
}

#[test]
fn a_new_cuda_floor_clears_the_set_of_versions() {
    assert_update(
        &json!({ "gpu": { "pools": ["AMPERE_48", "ADA_24"], "exclude": ["x"], "min-cuda": "12.1" } }),
        &json!({ "gpu": { "minCudaVersion": "12.1", "allowedCudaVersions": [] } }),
    );
}

#[test]
fn the_values_that_the_endpoint_keeps_take_part_in_the_checks() {
    let refused = |table: Value, more: Value| {
        update(
            &endpoint(&more),
            "a:1",
            &settings(&table),
            &Resolved::default(),
        )
        .unwrap_err()
        .join("\n")
    };
    let told = refused(json!({ "workers": { "min": 4 } }), json!({}));
    assert!(told.contains("minimum 4 is above the maximum 3"), "{told}");
    let told = refused(json!({ "type": "load-balancer" }), json!({}));
    assert!(told.contains("cannot be changed"), "{told}");
    let told = refused(json!({ "cpu": [{ "id": "cpu5c", "vcpus": 2 }] }), json!({}));
    assert!(told.contains("has GPU workers"), "{told}");
    let told = refused(
        json!({ "workers": { "idle-timeout": 20 } }),
        json!({ "scaling": { "type": "REQUEST_COUNT", "requestCount": 1 }, "workers": { "min": 0, "max": 3 } }),
    );
    assert!(told.contains("no idle timeout"), "{told}");
}

#[test]
fn a_template_applies_where_the_own_settings_are_absent() {
    let resolved = Resolved {
        registry: None,
        template: Some(Container {
            image: Some("template:1".to_owned()),
            env: Some(BTreeMap::from([
                ("A".to_owned(), "1".to_owned()),
                ("MODE".to_owned(), "x".to_owned()),
            ])),
            ..Container::default()
        }),
    };
    let now = endpoint(&json!({ "env": { "A": "1", "MODE": "fast" } }));
    let table = json!({ "template": "t", "env": { "MODE": "fast" } });
    let plan = update(&now, "a:1", &settings(&table), &resolved).unwrap();
    assert_eq!(plan.body, Body::default());
}

#[test]
fn changes_of_secrets_are_told_without_their_values() {
    let now = endpoint(&json!({ "env": { "API_KEY": "very-secret", "MODE": "slow" } }));
    let table = json!({ "env": { "API_KEY": "most-secret", "NEW": "1" } });
    let plan = update(&now, "a:1", &settings(&table), &Resolved::default()).unwrap();
    let shown: Vec<_> = plan
        .changes
        .iter()
        .map(|it| (it.field.as_str(), it.from.as_deref(), it.to.as_deref()))
        .collect();
    assert_eq!(
        shown,
        [
            ("env.API_KEY", Some("(hidden)"), Some("(hidden)")),
            ("env.MODE", Some("slow"), None),
            ("env.NEW", None, Some("1")),
        ]
    );
}

#[test]
fn a_new_endpoint_gets_the_scaling_that_its_type_needs() {
    let create = |table: Value| {
        let plan = create("n", "a:1", &settings(&table), &Resolved::default()).unwrap();
        serde_json::to_value(plan.body).unwrap()
    };
    let cpu = json!([{ "id": "cpu5c", "vcpus": 2 }]);
    assert_eq!(
        create(json!({ "cpu": cpu })),
        json!({
            "name": "n", "type": "QUEUE", "image": "a:1", "cpu": [{ "id": "cpu5c", "vcpuCount": 2 }],
            "scaling": { "type": "QUEUE_DELAY", "queueDelay": 4 },
        })
    );
    let body = create(json!({ "type": "load-balancer", "gpu": { "pools": ["ADA_24"] } }));
    assert_eq!(
        body["scaling"],
        json!({ "type": "REQUEST_COUNT", "requestCount": 4 })
    );
    assert_eq!(body["gpu"], json!({ "pools": ["ADA_24"] }));
    assert!(super::create("n", "a:1", &Deploy::default(), &Resolved::default()).is_err());
}
