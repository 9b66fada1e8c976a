//! An endpoint that does not exist yet.

use serde_json::json;
use snapbox::str;

use crate::command::Stage;

const CPU: &str = "cpu = [{ id = \"cpu5c\", vcpus = 2 }]\n";

#[test]
fn all_settings_arrive_at_the_new_endpoint() {
    let stage = Stage::with(
        r#"
gpu = { pools = ["ADA_24", "ADA_48_PRO"], exclude = ["NVIDIA L40"], count = 2, min-cuda = "12.1" }
scaling = { queue-delay = 0.5 }
workers = { min = 1, max = 5, idle-timeout = 30 }
execution-timeout = 60
flashboot = "on"
volumes = ["vol_1"]
data-centers = ["US-TX-3"]
env = { MODE = "fast", API_KEY = "very-secret" }
pass-env = ["PASSED"]
registry = "ghcr"
template = "tpl_1"
disk = 20
args = "--quiet"
ports = ["80/http"]
"#,
    );
    let mut command = stage.command(&["deploy", "--yes", "--image", "example/hello:1"]);
    command.env("PASSED", "from-here");
    let ran = stage.finish(command);
    ran.assert(0, str![[r#"
[ADDRESS]/queue/ep1/run

"#]], str![[r#"
Endpoint hello does not exist at [ADDRESS]/v2. It is created with:
  type                  QUEUE
  template              tpl_1
  image                 example/hello:1
  registry              reg_1
  args                  --quiet
  disk                  20 GB
  ports                 80/http
  env.API_KEY           (hidden)
  env.MODE              fast
  env.PASSED            from-here
  data-centers          US-TX-3
  execution-timeout     60 s
  flashboot             FLASHBOOT
  gpu                   ADA_24, ADA_48_PRO without NVIDIA L40
  gpu.count             2
  gpu.min-cuda          12.1
  scaling               queue-delay 0.5 s
  volumes               vol_1
  workers.idle-timeout  30 s
  workers.max           5
  workers.min           1
created endpoint hello (ep1)
...
worker worker_1 runs the new version
warning: workers.min is 1, so the endpoint never scales to zero; 1 worker(s) are billed even without jobs

"#]]);
    let (request, body) = stage.only_change();
    assert_eq!(request, "POST /serverless");
    assert_eq!(
        body,
        json!({
            "name": "hello", "type": "QUEUE", "templateId": "tpl_1", "image": "example/hello:1", "args": "--quiet", "disk": 20,
            "ports": ["80/http"], "env": { "API_KEY": "very-secret", "MODE": "fast", "PASSED": "from-here" }, "registry": "reg_1",
            "gpu": { "pools": ["ADA_24", "ADA_48_PRO"], "excludedTypes": ["NVIDIA L40"], "count": 2, "minCudaVersion": "12.1" },
            "workers": { "min": 1, "max": 5, "idleTimeout": 30 }, "scaling": { "type": "QUEUE_DELAY", "queueDelay": 0.5 },
            "dataCenterIds": ["US-TX-3"], "networkVolumes": ["vol_1"], "timeout": 60_000, "flashboot": "FLASHBOOT",
        })
    );
}

#[test]
fn flags_replace_the_settings_of_the_manifest() {
    let stage = Stage::with(&format!(
        "{CPU}name = \"other\"\nworkers = {{ min = 1, max = 2 }}\nenv = {{ A = \"1\", B = \"2\" }}"
    ));
    let flags = [
        "--image=a:1",
        "--name=mine",
        "--gpu=ADA_24",
        "--gpu-count=2",
        "--min-workers=0",
        "--env=B=3",
        "--env=C=x=y",
        "--queue-delay=2",
    ];
    stage.deploy(&flags).code(0);
    let (_, body) = stage.only_change();
    assert_eq!(
        body,
        json!({
            "name": "mine", "type": "QUEUE", "image": "a:1", "env": { "A": "1", "B": "3", "C": "x=y" },
            "gpu": { "pools": ["ADA_24"], "count": 2 }, "workers": { "min": 0, "max": 2 },
            "scaling": { "type": "QUEUE_DELAY", "queueDelay": 2 },
        })
    );
}

#[test]
fn without_a_minimum_no_worker_starts_and_the_command_says_so() {
    let stage = Stage::with(CPU);
    stage
        .deploy(&["--image", "example/hello:1"])
        .assert(0, str![[r#"
[ADDRESS]/queue/ep1/run

"#]], str![[r#"
Endpoint hello does not exist at [ADDRESS]/v2. It is created with:
  type     QUEUE
  image    example/hello:1
  cpu      cpu5c:2
  scaling  queue-delay 4 s
created endpoint hello (ep1)
no worker starts before the first job, because the minimum is 0, so the new version was not tried; pass --smoke JSON to send a job

"#]]);
}

#[test]
fn a_load_balancer_shows_its_address() {
    let stage = Stage::with(CPU);
    let ran = stage.deploy(&["--image=a:1", "--type=load-balancer"]);
    ran.code(0)
        .says("no worker starts before the first request")
        // It has no queue for a job.
        .does_not_say("--smoke");
    assert_eq!(ran.stdout, "https://ep1.api.example\n");
    let (_, body) = stage.only_change();
    assert_eq!(
        body["scaling"],
        json!({ "type": "REQUEST_COUNT", "requestCount": 4 })
    );
}

#[test]
fn a_dry_run_prints_the_request_without_secrets_and_sends_nothing_that_changes_anything() {
    let stage = Stage::with(&format!(
        "{CPU}env = {{ MODE = \"fast\", HF_TOKEN = \"very-secret\" }}"
    ));
    let ran = stage.run(&["deploy", "--dry-run", "--image", "example/hello:1"]);
    ran.assert(
        0,
        str![[r#"
POST [ADDRESS]/v2/serverless
{
  "name": "hello",
  "type": "QUEUE",
  "image": "example/hello:1",
  "env": {
    "HF_TOKEN": "(hidden)",
    "MODE": "fast"
  },
  "cpu": [
    {
      "id": "cpu5c",
      "vcpuCount": 2
    }
  ],
  "scaling": {
    "type": "QUEUE_DELAY",
    "queueDelay": 4
  }
}

"#]],
        str![[r#"
Endpoint hello does not exist at [ADDRESS]/v2. It is created with:
  type          QUEUE
  image         example/hello:1
  env.HF_TOKEN  (hidden)
  env.MODE      fast
  cpu           cpu5c:2
  scaling       queue-delay 4 s
--dry-run: nothing was changed

"#]],
    );
    ran.does_not_say("very-secret");
    assert_eq!(stage.platform.changes(), []);
}

#[test]
fn a_second_run_changes_nothing() {
    let stage = Stage::with(&format!(
        "{CPU}template = \"tpl_1\"\nenv = {{ MODE = \"fast\" }}\nworkers = {{ max = 2 }}\nscaling = {{ queue-delay = 4 }}\nregistry = \"ghcr\""
    ));
    stage.deploy(&["--image", "example/hello:1"]).code(0);
    stage
        .deploy(&["--image", "example/hello:1"])
        .assert(0, str![[r#""#]], str![[r#"
endpoint hello (ep1) is up to date; nothing was changed
note: example/hello:1 is a tag. If other content was pushed under it, deploy the image by its digest (NAME@sha256:…)

"#]]);
    stage.only_change();
}

#[test]
fn the_settings_that_the_pages_show_are_accepted() {
    let pages = [
        include_str!("../../../docs/reference/commands/deploy.md"),
        include_str!("../../../docs/how-to/deploy-a-worker.md"),
    ];
    for page in pages {
        let blocks = page.split("```toml\n[package.metadata.runpod.deploy]\n");
        let blocks: Vec<&str> = blocks.skip(1).collect();
        assert!(!blocks.is_empty(), "the page shows settings");
        for block in blocks {
            let (settings, _) = block.split_once("```").expect("the block ends");
            let stage = Stage::with(settings);
            let mut command = stage.command(&["deploy", "--dry-run", "--image=a:1"]);
            command.env("HF_TOKEN", "hf_very-secret");
            stage.finish(command).code(0).does_not_say("very-secret");
        }
    }
}
