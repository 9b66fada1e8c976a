//! The command line of `cargo runpod deploy`.

use clap::Args;

use crate::failure::Failure;
use crate::invoke::code;
use crate::rest::Api;
use crate::selection::{Selection, Worker};
use crate::settings::deploy::{Cpu, Deploy, FlashBoot, Gpu, Kind, Scaling};

/// Deploy the worker in this folder as a Runpod endpoint
///
/// Builds the worker's image and pushes it, unless you name an image with `--image`. Then it creates the endpoint, or
/// updates the endpoint of the same name. The settings come from `[package.metadata.runpod.deploy]` in Cargo.toml; a flag
/// replaces its setting. The command shows the changes and asks before it makes them. Then it waits until a worker runs
/// the new version, and shows that worker's log.
#[derive(Debug, Args)]
#[command(after_help = CODES)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Arguments {
    /// The image to deploy, which a registry already has. Nothing is built and pushed
    #[arg(long, value_name = "REFERENCE", conflicts_with = "push")]
    pub(super) image: Option<String>,

    /// The name under which the worker's image is pushed to a registry
    #[arg(long, value_name = "REGISTRY/NAME:TAG")]
    pub(super) push: Option<String>,

    /// Use plain HTTP for registries on other machines, too
    #[arg(long, conflicts_with = "image")]
    pub(super) insecure: bool,

    /// Make the changes without asking
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Print the requests that would change something, and do not send them. Nothing is built and pushed
    #[arg(long)]
    pub(super) dry_run: bool,

    /// Undo the changes of the endpoint's newest release
    #[arg(long, conflicts_with_all = ["image", "push", "insecure"])]
    pub(super) rollback: bool,

    /// After the deployment, send a job with this input and wait for its outcome
    #[arg(long, value_name = "JSON")]
    pub(super) smoke: Option<String>,

    /// How long to wait until a worker runs the new version, and then for the smoke job
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) timeout: u32,

    #[command(flatten)]
    pub(super) api: Api,

    #[command(flatten)]
    pub(super) settings: Flags,

    // This field is last because its heading applies to everything after it.
    #[command(flatten)]
    pub(super) selection: Selection,
}

/// The settings of the endpoint.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Endpoint settings")]
pub(super) struct Flags {
    /// The name of the endpoint, or the id of an existing endpoint [default: the package's name]
    #[arg(long)]
    name: Option<String>,

    /// How requests reach the workers [default: queue]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,

    /// A GPU pool that workers may run on, such as `ADA_24`; can be repeated
    #[arg(long, value_name = "POOL", conflicts_with = "cpu")]
    gpu: Vec<String>,

    /// How many GPUs a worker gets
    #[arg(long, value_name = "NUMBER", conflicts_with = "cpu")]
    gpu_count: Option<u32>,

    /// A CPU flavor and its number of vCPUs, such as `cpu5c:4`; can be repeated
    #[arg(long, value_name = "FLAVOR:VCPUS", value_parser = cpu)]
    cpu: Vec<Cpu>,

    /// The number of workers that always run. They are billed, even without jobs
    #[arg(long, value_name = "NUMBER")]
    min_workers: Option<u32>,

    /// The largest number of workers
    #[arg(long, value_name = "NUMBER")]
    max_workers: Option<u32>,

    /// How many seconds a worker waits for jobs before it stops
    #[arg(long, value_name = "SECONDS")]
    idle_timeout: Option<u32>,

    /// Start workers if jobs wait longer than this
    #[arg(long, value_name = "SECONDS", conflicts_with = "request_count")]
    queue_delay: Option<f64>,

    /// Start workers if each has more requests than this
    #[arg(long, value_name = "NUMBER")]
    request_count: Option<u32>,

    /// How many seconds a job may run
    #[arg(long, value_name = "SECONDS")]
    execution_timeout: Option<u32>,

    /// Whether stopped workers may be resumed
    #[arg(long, value_name = "MODE")]
    flashboot: Option<FlashBoot>,

    /// The id of a network volume to mount; can be repeated
    #[arg(long = "volume", value_name = "ID")]
    volumes: Vec<String>,

    /// The id of a data center that workers may run in; can be repeated
    #[arg(long = "data-center", value_name = "ID")]
    data_centers: Vec<String>,

    /// A variable for the worker. `NAME` alone takes the value from your environment; can be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,

    /// The name or id of registry credentials in your Runpod account, for a private image
    #[arg(long, value_name = "NAME")]
    registry: Option<String>,

    /// The id of a serverless template whose container settings apply where yours are absent
    #[arg(long, value_name = "ID")]
    template: Option<String>,

    /// The size of the container's disk
    #[arg(long, value_name = "GB")]
    disk: Option<u32>,
}

const CODES: &str = "\
Exit codes: 0 deployed, 1 no worker came up or the smoke job failed, 2 wrong usage or no consent, 5 no answer or a refusal \
from Runpod; 130 after Ctrl-C, 143 after SIGTERM

Environment:
  RUNPOD_API_KEY            The key of your account. It is sent to https addresses and to this machine only
  RUNPOD_REST_URL           The address of Runpod's REST API [default: https://api.runpod.io/v2]
  RUNPOD_ENDPOINT_BASE_URL  The base address of endpoints for --smoke [default: https://api.runpod.ai/v2]
  RUNPOD_REGISTRY_USER, RUNPOD_REGISTRY_PASSWORD
                            The login at the registry of --push [default: the login of Docker or Podman]";

fn cpu(text: &str) -> Result<Cpu, String> {
    let (id, vcpus) = text.split_once(':').unwrap_or((text, ""));
    let vcpus = vcpus
        .parse()
        .map_err(|_| "expected a flavor and a number of vCPUs, such as cpu5c:4".to_owned())?;
    Ok(Cpu {
        id: id.to_owned(),
        vcpus,
    })
}

impl Flags {
    /// Puts the flags over the settings of the manifest.
    pub(super) fn over(&self, mut settings: Deploy) -> Result<Deploy, Failure> {
        fn set<T: Clone>(setting: &mut Option<T>, flag: Option<&T>) {
            if let Some(flag) = flag {
                *setting = Some(flag.clone());
            }
        }
        fn list(setting: &mut Option<Vec<String>>, flag: &[String]) {
            if !flag.is_empty() {
                *setting = Some(flag.to_vec());
            }
        }
        set(&mut settings.name, self.name.as_ref());
        set(&mut settings.kind, self.kind.as_ref());
        set(
            &mut settings.execution_timeout,
            self.execution_timeout.as_ref(),
        );
        set(&mut settings.flashboot, self.flashboot.as_ref());
        set(&mut settings.registry, self.registry.as_ref());
        set(&mut settings.template, self.template.as_ref());
        set(&mut settings.disk, self.disk.as_ref());
        set(&mut settings.workers.min, self.min_workers.as_ref());
        set(&mut settings.workers.max, self.max_workers.as_ref());
        set(
            &mut settings.workers.idle_timeout,
            self.idle_timeout.as_ref(),
        );
        list(&mut settings.volumes, &self.volumes);
        list(&mut settings.data_centers, &self.data_centers);
        if self.queue_delay.is_some() || self.request_count.is_some() {
            settings.scaling = Some(Scaling {
                queue_delay: self.queue_delay,
                request_count: self.request_count,
            });
        }
        if !self.cpu.is_empty() {
            settings.cpu = Some(self.cpu.clone());
            settings.gpu = None;
        }
        if !self.gpu.is_empty() {
            let of_manifest = settings.gpu.take().unwrap_or_default();
            settings.cpu = None;
            settings.gpu = Some(Gpu {
                pools: self.gpu.clone(),
                // The exclusions belong to the pools of the manifest.
                exclude: Vec::new(),
                ..of_manifest
            });
        }
        if self.gpu_count.is_some() {
            settings.gpu.get_or_insert_default().count = self.gpu_count;
        }
        for variable in &self.env {
            match variable.split_once('=') {
                Some((name, value)) => {
                    let env = settings.env.get_or_insert_default();
                    env.insert(name.to_owned(), value.to_owned());
                }
                None => settings.pass_env.push(variable.clone()),
            }
        }
        for name in std::mem::take(&mut settings.pass_env) {
            let value = std::env::var(&name).map_err(|_| {
                Failure::new(format!(
                    "{name} is to be passed to the worker, but it is not set here, or not UTF-8; set it, or remove it from \
                     --env and from pass-env in Cargo.toml"
                ))
                .with_code(code::USAGE)
            })?;
            settings.env.get_or_insert_default().insert(name, value);
        }
        Ok(settings)
    }
}

/// Returns the settings of the manifest with the flags over them.
pub(super) fn settings(flags: &Flags, worker: &Worker) -> Result<Deploy, Failure> {
    let of_manifest = Deploy::of(worker).map_err(|failure| failure.with_code(code::USAGE))?;
    flags.over(of_manifest)
}
