//! The steps of a deployment, in their order.

use std::time::Duration;

use super::Arguments;
use super::arguments;
use super::checks;
use super::image::Source;
use super::names::{self, Resolved};
use super::plan::{self, Plan};
use super::report::{declined, dry, existing, print_url, say, told, usage, warn};
use super::rollback;
use super::rollout::{Outcome, Rollout};
use super::secret;
use super::show;
use super::stage::Stage;
use crate::confirm;
use crate::failure::Failure;
use crate::invoke::{code, probe, safe_text};
use crate::progress::Progress;
use crate::rest::endpoint::{Body, Endpoint};
use crate::rest::find;
use crate::rest::worker::{Release, Releases};
use crate::rest::{Client, RestError};
use crate::settings::deploy::{Deploy, Kind};

#[derive(Debug)]
struct Deployment<'a> {
    arguments: &'a Arguments,
    stage: &'a Stage,
    client: Client,
    settings: Deploy,
    name: String,
    smoke: Option<Vec<u8>>,
}

pub(super) async fn run(arguments: &Arguments, stage: &Stage) -> Result<(), Failure> {
    let worker = arguments.selection.worker()?;
    let settings = arguments::settings(&arguments.settings, &worker)?;
    let mut faults = checks::contradictions(&settings);
    if arguments.smoke.is_some() && settings.kind == Some(Kind::LoadBalancer) {
        faults.push(
            "--smoke sends a job to a queue, which a load-balancer endpoint does not have; send a request to its address instead"
                .to_owned(),
        );
    }
    if !faults.is_empty() {
        return Err(usage(&faults));
    }
    let smoke = arguments.smoke.as_deref().map(probe::body).transpose()?;
    let name = settings
        .name
        .clone()
        .unwrap_or_else(|| worker.package.name.to_string());
    let client = Client::new(&arguments.api)?;
    let source = if arguments.rollback {
        None
    } else {
        Some(Source::of(arguments, &settings, &worker)?)
    };
    let deployment = Deployment {
        arguments,
        stage,
        client,
        settings,
        name,
        smoke,
    };
    match source {
        Some(source) => deployment.deploy(source).await,
        None => deployment.roll_back().await,
    }
}

impl Deployment<'_> {
    async fn deploy(&self, source: Source) -> Result<(), Failure> {
        let resolved = names::resolved(&self.client, &self.settings).await?;
        let image = match source {
            Source::Registry(image) => image,
            Source::Worker(build) if self.arguments.dry_run => {
                say(&format!(
                    "--dry-run: the image would be built and pushed to {}; its digest is known only after that",
                    build.name()
                ));
                build.image("(known after the build)")
            }
            Source::Worker(build) => {
                // These faults are found before the build, which takes minutes.
                if !self.arguments.yes {
                    confirm::needs_a_terminal()?;
                }
                self.planned(&build.image(""), &resolved).await?;
                build.pushed().await?
            }
        };
        let (current, plan) = self.planned(&image, &resolved).await?;
        let Some(current) = current else {
            return self.create(&plan).await;
        };
        let releases = self.client.releases(&current.id).await?;
        self.update(&current, &releases, &plan, &image).await
    }

    /// Returns the endpoint, if it exists, and the request that creates or changes it.
    async fn planned(
        &self,
        image: &str,
        resolved: &Resolved,
    ) -> Result<(Option<Endpoint>, Plan), Failure> {
        let endpoints = self.client.endpoints().await?;
        let current = find::among(&endpoints, &self.name)?;
        let plan = match current {
            Some(current) => plan::update(current, image, &self.settings, resolved),
            None => plan::create(&self.name, image, &self.settings, resolved)
                .map_err(|fault| vec![fault]),
        };
        let plan = plan.map_err(|faults| usage(&faults))?;
        Ok((current.cloned(), plan))
    }

    async fn roll_back(&self) -> Result<(), Failure> {
        let current = find::existing(&self.client, &self.name).await?;
        let releases = self.client.releases(&current.id).await?;
        let newest = releases.history.first().ok_or_else(|| {
            Failure::new(format!(
                "endpoint {} has no releases, so there is none to undo",
                current.name
            ))
        })?;
        let body = rollback::of(newest).map_err(Failure::new)?;
        let plan = plan::of_body(&current, body);
        self.update(&current, &releases, &plan, "").await
    }

    async fn create(&self, plan: &Plan) -> Result<(), Failure> {
        let url = self.client.url();
        show::changes(
            &format!(
                "Endpoint {} does not exist at {url}. It is created with:",
                self.name
            ),
            &plan.changes,
        );
        if self.arguments.dry_run {
            return dry("POST", &format!("{url}/serverless"), &plan.body);
        }
        if !self.is_confirmed("Create this endpoint?").await? {
            return Err(declined());
        }
        // Someone else may have created it while the question was on the screen.
        let endpoints = self.client.endpoints().await?;
        if let Some(other) = find::among(&endpoints, &self.name)? {
            return Err(Failure::new(format!(
                "nothing was changed: endpoint {} ({}) was created by another deployment meanwhile; run the command again to compare \
                 with it",
                other.name, other.id
            )));
        }
        let created = self
            .sent(
                format!("POST {url}/serverless"),
                self.client.create(&plan.body),
                &plan.body,
            )
            .await?;
        self.exists(&created);
        say(&format!(
            "created endpoint {} ({})",
            created.name, created.id
        ));
        let twins: Vec<String> = self
            .client
            .endpoints()
            .await?
            .into_iter()
            .filter(|other| other.name == created.name && other.id != created.id)
            .map(|other| other.id)
            .collect();
        if !twins.is_empty() {
            say(&format!(
                "note: another deployment has created an endpoint of the same name at the same time: {}. Delete one of them with \
                 `cargo runpod delete ID`",
                twins.join(", ")
            ));
        }
        self.finish(&created, None).await
    }

    async fn update(
        &self,
        current: &Endpoint,
        releases: &Releases,
        plan: &Plan,
        image: &str,
    ) -> Result<(), Failure> {
        let url = format!("{}/serverless/{}", self.client.url(), current.id);
        *self.stage.exists.borrow_mut() = Some(existing(current, false));
        if plan.changes.is_empty() {
            say(&format!(
                "endpoint {} ({}) is up to date; nothing was changed",
                current.name, current.id
            ));
            if !image.contains('@') && !image.is_empty() {
                say(&format!(
                    "note: {} is a tag. If other content was pushed under it, deploy the image by its digest (NAME@sha256:…)",
                    safe_text::line(image, 200)
                ));
            }
            return match (&self.smoke, self.arguments.dry_run) {
                (Some(_), false) => self.finish(current, None).await,
                _ => Ok(()),
            };
        }
        let version = releases.version();
        let number = version
            .map(|version| format!(", version {version}"))
            .unwrap_or_default();
        show::changes(
            &format!(
                "Endpoint {} ({}{number}) changes:",
                current.name, current.id
            ),
            &plan.changes,
        );
        if self.arguments.dry_run {
            return dry("PATCH", &url, &plan.body);
        }
        if !self.is_confirmed("Make these changes?").await? {
            return Err(declined());
        }
        let now = self.client.releases(&current.id).await?;
        let newest =
            |releases: &Releases| releases.history.first().map(|release| release.id.clone());
        if now.version() != version || newest(&now) != newest(releases) {
            return Err(Failure::new(format!(
                "nothing was changed: another deployment has changed endpoint {} meanwhile ({}); run the command again to compare with \
                 its version",
                current.name,
                told(&now)
            )));
        }
        let request = format!("PATCH {url}");
        let updated = self
            .sent(
                request,
                self.client.update(&current.id, &plan.body),
                &plan.body,
            )
            .await?;
        self.exists(&updated);
        say(&format!(
            "updated endpoint {} ({})",
            updated.name, updated.id
        ));
        let now = self.client.releases(&updated.id).await?;
        let is_new = |release: &&Release| release.version > version;
        if version.is_some() && now.history.iter().filter(is_new).count() > 1 {
            say(&format!(
                "note: several releases were made since the comparison, so another deployment may have run at the same time; compare the \
                 result with `cargo runpod status {}`",
                current.id
            ));
        }
        if plan.makes_a_release() {
            return self.finish(&updated, version).await;
        }
        // Other changes, such as another GPU pool, may make a release as well.
        if self.smoke.is_some() || now.version() != version {
            return self.finish(&updated, None).await;
        }
        say("the changes apply to running workers; no new version was made");
        warn(&updated);
        print_url(&updated);
        Ok(())
    }

    /// Waits for the new version, and prints the address of the endpoint.
    async fn finish(&self, endpoint: &Endpoint, before: Option<u64>) -> Result<(), Failure> {
        if self.smoke.is_some() && endpoint.is_load_balancer() {
            return Err(usage(&[
                "--smoke: the endpoint is a load balancer and has no queue; send a request to its address instead".to_owned(),
            ]));
        }
        let progress = Progress::new();
        let rollout = Rollout {
            client: &self.client,
            progress: &progress,
            stage: self.stage,
            endpoint: &endpoint.id,
            before,
            min_workers: endpoint.workers.min.unwrap_or_default(),
            smoke: self.smoke.as_deref(),
            limit: Duration::from_secs(self.arguments.timeout.into()),
        };
        let outcome = rollout.wait().await;
        progress.clear();
        match outcome? {
            Outcome::Up { worker } => {
                say(&format!(
                    "worker {} runs the new version",
                    safe_text::line(&worker, 60)
                ));
            }
            Outcome::Asleep if endpoint.is_load_balancer() => say(
                "no worker starts before the first request, because the minimum is 0, so the new version was not tried",
            ),
            Outcome::Asleep => say(
                "no worker starts before the first job, because the minimum is 0, so the new version was not tried; pass --smoke JSON to \
                 send a job",
            ),
        }
        warn(endpoint);
        print_url(endpoint);
        Ok(())
    }

    async fn is_confirmed(&self, question: &str) -> Result<bool, Failure> {
        if self.arguments.yes {
            return Ok(true);
        }
        confirm::is_confirmed(question).await
    }

    /// Waits for the answer to a request that changes something.
    async fn sent(
        &self,
        request: String,
        answer: impl Future<Output = Result<Endpoint, RestError>>,
        body: &Body,
    ) -> Result<Endpoint, Failure> {
        *self.stage.in_flight.borrow_mut() = Some(request);
        let answer = answer.await;
        *self.stage.in_flight.borrow_mut() = None;
        answer.map_err(|error| {
            let mut text = secret::redacted(&error.told(), body.container.env.as_ref());
            text.push_str(if error.is_unclear() {
                "\nThe request may have been carried out. Run the same command again to continue; `cargo runpod endpoints` shows the \
                 endpoints that exist"
            } else {
                "\nNothing was changed."
            });
            Failure::new(text).with_code(code::NO_ANSWER)
        })
    }

    fn exists(&self, endpoint: &Endpoint) {
        *self.stage.exists.borrow_mut() = Some(existing(endpoint, true));
    }
}
