//! The main loop of the command. It handles edits, builds, workers and signals, one at a time.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::arguments::Arguments;
use super::cargo_run::CargoRun;
use super::crew::Crew;
use super::described::Described;
use super::env_file::Environment;
use super::extras::Extras;
use super::front::Front;
use super::last_build::{LastBuild, OwnWrites};
use super::making::{Good, Made, Making, Plan};
use super::missing;
use super::profile::Profile;
use super::program::{Kept, Program, RunFolder};
use super::signals::{End, Signals};
use super::sources::Sources;
use super::target::Target;
use super::watch::Watch;
use super::worker::{News, Surroundings};
use super::{endpoint, say};
use crate::dev_endpoint::{DevEndpoint, Owner};
use crate::failure::Failure;
use crate::selection::Selection;

#[derive(Debug)]
pub(super) struct Session {
    selection: Box<Selection>,
    profile: Profile,
    environment: Environment,
    extras: Extras,
    workers: u16,
    signals: Signals,
    front: Arc<Front>,
    target: Target,
    folder: Arc<RunFolder>,
    watch: Watch,
    crew: Crew,
    news: mpsc::UnboundedReceiver<News>,
    making: Option<Making>,
    /// Whether the lock file has changed during the build in progress. The build itself may have changed it.
    is_lock_new: bool,
    last_build: LastBuild,
    own_writes: OwnWrites,
    /// Whether the newest build has only followed changes that the build before it has made or has probably used. If the
    /// program stays the same, this build prints nothing.
    is_to_make_sure: bool,
    builds: u32,
    /// The last successful build, and the way in which cargo runs it.
    built: Option<(Arc<Kept>, CargoRun)>,
    /// The program of the workers.
    program: Option<Arc<Program>>,
    /// Whether the workers must be replaced even if the program stays the same.
    is_restart_due: bool,
    /// The source files of that build.
    parts: Vec<PathBuf>,
    described: Described,
}

enum Step {
    End(End),
    Changed(Vec<PathBuf>),
    Made(Made),
    News(News),
    RestartDue,
}

impl Session {
    /// Starts a session. Fails for problems that an edit cannot fix: flags, the port, a `Cargo.toml` that cannot be
    /// read.
    pub(super) async fn start(arguments: &Arguments) -> Result<Self, Failure> {
        let signals = Signals::watch()?;
        let target = Target::find(&arguments.selection)?;
        let environment = Environment::read(&arguments.env_file).map_err(Failure::new)?;
        let extras = Extras::find(
            &arguments.watch,
            arguments.env_file.path(),
            target.worker.target_directory(),
        )?;
        let owner = Owner::new(&target.worker);
        let front = Arc::new(endpoint::serve(arguments, &owner).await?);
        let folder = Arc::new(RunFolder::make(&target)?);
        // Other commands can use only a queue.
        if let Front::Queue(endpoint) = &*front {
            write_address(endpoint.url(), owner, &folder);
        }
        let watch = Watch::start(Sources::of(&target, &[], &extras))?;
        say::note(&format!(
            "the endpoint is at {}: open it in a browser",
            front.url()
        ));
        let (tell, news) = mpsc::unbounded_channel();
        let around = Surroundings {
            front: Arc::clone(&front),
            arguments: arguments.args.clone().into(),
            spool: folder.spool(),
            with_prefix: arguments.workers > 1,
            news: tell,
        };
        Ok(Self {
            selection: arguments.selection.clone(),
            profile: arguments.profile.clone(),
            environment,
            extras,
            workers: arguments.workers,
            signals,
            front,
            target,
            folder,
            watch,
            crew: Crew::new(around, arguments.workers, arguments.stop_first),
            news,
            making: None,
            is_lock_new: false,
            last_build: LastBuild::begin(),
            own_writes: OwnWrites::default(),
            is_to_make_sure: false,
            builds: 0,
            built: None,
            program: None,
            is_restart_due: false,
            parts: Vec::new(),
            described: Described::default(),
        })
    }

    /// Runs until the user stops the command.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        self.build();
        loop {
            match self.step().await {
                Step::End(end) => return self.end(end).await,
                Step::Changed(files) => self.changed(files).await,
                Step::Made(made) => self.made(made),
                Step::News(news) => self.hear(news),
                Step::RestartDue => self.crew.restart(),
            }
        }
    }

    async fn step(&mut self) -> Step {
        let made = async {
            match &mut self.making {
                Some(making) => making.made().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            end = self.signals.next() => Step::End(end),
            Some(news) = self.news.recv() => Step::News(news),
            files = self.watch.changed() => Step::Changed(files),
            made = made => Step::Made(made),
            () = self.crew.restart_due() => Step::RestartDue,
        }
    }

    fn hear(&mut self, news: News) {
        let (target, parts) = (&self.target, &self.parts);
        self.crew
            .hear(news, |help| missing::told(help, target, parts));
    }

    fn build(&mut self) {
        self.front.build_started(self.workers);
        self.begin();
    }

    fn begin(&mut self) {
        self.builds += 1;
        self.is_lock_new = false;
        self.is_to_make_sure = false;
        self.watch.build_begins();
        self.last_build = LastBuild::begin();
        self.making = Some(Making::start(Plan {
            target: self.target.clone(),
            profile: self.profile.clone(),
            variables: Arc::clone(&self.environment.variables),
            folder: Arc::clone(&self.folder),
            number: self.builds,
            before: self.built.as_ref().map(|(kept, _)| Arc::clone(kept)),
            progress: Arc::clone(&self.last_build.progress),
        }));
    }

    async fn changed(&mut self, files: Vec<PathBuf>) {
        let is_extra = |file: &PathBuf| self.watch.sources().only_restarts(file);
        let (extras, mut sources): (Vec<_>, Vec<_>) = files.into_iter().partition(is_extra);
        self.last_build
            .pass_over(&self.target.packages, &mut sources);
        if sources.is_empty() {
            self.make_sure_of_writes();
        }
        self.is_restart_due |= self.environment.changed(&extras);
        if !sources.is_empty() {
            self.edited(sources).await;
        } else if self.is_restart_due {
            self.say_changed(&extras, "");
            self.restart();
        }
    }

    /// Replaces the workers by workers of the last successful build. A build in progress does the same at its end.
    fn restart(&mut self) {
        let Some((kept, run)) = self.built.as_ref().filter(|_| self.making.is_none()) else {
            return;
        };
        self.is_restart_due = false;
        let program = Arc::new(Program {
            kept: Arc::clone(kept),
            run: run.with(&self.environment.variables),
        });
        self.crew.renew(&program);
        self.program = Some(program);
    }

    async fn edited(&mut self, files: Vec<PathBuf>) {
        let is_lock = |file: &PathBuf| file.file_name().is_some_and(|name| name == "Cargo.lock");
        if files.iter().all(is_lock) {
            if self.making.is_some() {
                self.is_lock_new = true;
                return;
            }
            if self.has_own_lock_file() {
                return;
            }
        }
        let again = if self.making.is_some() {
            "; restarting the build"
        } else {
            ""
        };
        self.say_changed(&files, again);
        if let Some(making) = self.making.take() {
            making.end().await;
        }
        if files.iter().any(|file| file.ends_with("Cargo.toml")) {
            self.find_again();
        }
        self.build();
    }

    fn say_changed(&self, files: &[PathBuf], then: &str) {
        let changed = say::files(files, self.target.worker.workspace());
        say::note(&format!("{changed} changed{then}"));
    }

    /// Builds again because the last build may have used other files than the present ones.
    fn make_sure(&mut self) {
        self.begin();
        self.is_to_make_sure = true;
    }

    /// Makes sure that the changes during a build script were not a person's edits of the files that the script reads.
    fn make_sure_of_writes(&mut self) {
        let was_sure = self.is_to_make_sure;
        if self.making.is_none() && self.last_build.is_in_doubt(&mut self.own_writes, was_sure) {
            self.make_sure();
        }
    }

    /// Tells whether the last build used or wrote the present lock file.
    fn has_own_lock_file(&self) -> bool {
        let now = self.target.worker.lock_file();
        let resolved = &self.last_build.progress.resolved;
        resolved.get().is_some_and(|resolved| *resolved == now)
    }

    /// Reads the packages again, because they may have changed. The build reports a manifest that cannot be read.
    fn find_again(&mut self) {
        if let Ok(target) = Target::find(&self.selection) {
            self.target = target;
            let sources = Sources::of(&self.target, &self.parts, &self.extras);
            self.watch.set(sources, std::time::SystemTime::now());
        }
    }

    fn made(&mut self, made: Made) {
        let began = self.making.take().map(|making| making.began);
        self.watch.build_ended(matches!(made, Made::Good(_)));
        self.last_build.end();
        match made {
            Made::Good(good) => {
                if let Some(began) = began {
                    self.watch
                        .set(Sources::of(&self.target, &good.parts, &self.extras), began);
                }
                self.good(good);
            }
            Made::Failed => self.not_built("the worker does not build"),
            Made::Broken(reason) => self.not_built(&reason),
            // The next build follows immediately.
            Made::Ended => {}
        }
        if self.is_lock_new && !self.has_own_lock_file() {
            self.make_sure();
        }
        self.make_sure_of_writes();
    }

    fn good(&mut self, good: Good) {
        self.parts = good.parts;
        if good.described != self.described {
            self.front.describe(good.described.clone());
            self.described = good.described;
        }
        let now = Program {
            run: good.run.with(&self.environment.variables),
            kept: Arc::clone(&good.kept),
        };
        self.built = Some((good.kept, good.run));
        let is_new = self.program.as_deref() != Some(&now);
        if is_new || self.is_restart_due {
            self.restart();
        } else if !self.is_to_make_sure {
            say::note("the program is the same as before, so its workers continue");
        }
        // The workers are started before this call, so the endpoint never appears to have none.
        self.front.build_finished();
    }

    fn not_built(&self, why: &str) {
        let meanwhile = match self.program {
            Some(_) => "the workers of the last successful build continue",
            None => self.front.words().wait,
        };
        self.front.build_failed(why);
        say::fault(&format!("{why}; {meanwhile}. Waiting for an edit"));
    }

    async fn end(mut self, mut end: End) -> Result<(), Failure> {
        if let Some(making) = self.making.take() {
            making.end().await;
        }
        let words = self.front.words();
        self.front.close();
        self.crew.stop();
        let running = self.front.open().running;
        if end == End::Asked && running > 0 && !self.crew.is_gone() {
            say::note(&format!(
                "waiting for {} to finish; press Ctrl-C again to stop at once",
                words.count(running)
            ));
        }
        let mut cut_off = 0;
        while !self.crew.is_gone() {
            if end == End::AtOnce {
                cut_off = cut_off.max(self.front.open().running);
                self.crew.kill();
            }
            tokio::select! {
                _ = self.signals.next() => end = End::AtOnce,
                Some(news) = self.news.recv() => self.hear(news),
            }
        }
        // Jobs that were cut off are in the queue again.
        let queued = self.front.open().waiting.saturating_sub(cut_off);
        for (number, what) in [(cut_off, "cut off"), (queued, words.lost)] {
            match number {
                0 => {}
                1 => say::note(&format!("{} was {what}", words.count(1))),
                _ => say::note(&format!("{} were {what}", words.count(number))),
            }
        }
        let Self { front, crew, .. } = self;
        drop(crew);
        if let Some(front) = Arc::into_inner(front) {
            front.shutdown().await;
        }
        Ok(())
    }
}

/// Stores the endpoint's address for other commands in the same project.
fn write_address(url: String, owner: Owner, folder: &RunFolder) {
    let at = DevEndpoint {
        url,
        pid: std::process::id(),
        owner,
    };
    if let Err(error) = at.write(folder.path()) {
        let folder = folder.path().display();
        say::fault(&format!(
            "cannot write the endpoint's address to {folder}: {error}; pass its port to `cargo runpod invoke` with --port"
        ));
    }
}
