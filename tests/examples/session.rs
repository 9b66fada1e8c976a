//! Runs one example as a worker on an endpoint.

use std::collections::BTreeMap;
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::endpoint::{Endpoint, Post};
use crate::process::{Ended, PATIENCE, example};

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) endpoint: Endpoint,
    process: Pid,
    end: JoinHandle<std::io::Result<Output>>,
}

impl Session {
    /// Starts the example `name` on an endpoint with these jobs in its queue.
    pub(crate) async fn start(name: &str, jobs: impl IntoIterator<Item = Value>) -> Self {
        Self::start_with(name, jobs, |_| ()).await
    }

    pub(crate) async fn start_with(
        name: &str,
        jobs: impl IntoIterator<Item = Value>,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = example(name);
        prepare(&mut command);
        Self::of(command, jobs).await
    }

    /// Starts any program on an endpoint with these jobs in its queue.
    pub(crate) async fn of(mut command: Command, jobs: impl IntoIterator<Item = Value>) -> Self {
        let endpoint = Endpoint::with_jobs(jobs).await;
        // A test may have set some of these variables for its program already.
        for (name, value) in endpoint.environment() {
            let mut given = command.as_std().get_envs();
            if !given.any(|(given, value)| given == name && value.is_some()) {
                command.env(name, value);
            }
        }
        let child = command.spawn().expect("the example starts");
        let process = child
            .id()
            .and_then(|id| Pid::from_raw(id.cast_signed()))
            .expect("a running process has an id");
        Self {
            endpoint,
            process,
            end: tokio::spawn(child.wait_with_output()),
        }
    }

    /// Waits for the given number of results, and returns all posts up to then, grouped by job. Only the posts of one
    /// job are ordered, because a worker posts a job's result while it runs the next job.
    pub(crate) async fn posts(&mut self, results: usize) -> BTreeMap<String, Vec<Post>> {
        let mut posts = BTreeMap::<_, Vec<_>>::new();
        let mut missing = results;
        while missing > 0 {
            let (job, post) = self.next().await;
            missing -= usize::from(matches!(post, Post::Result(_)));
            posts.entry(job).or_default().push(post);
        }
        posts
    }

    /// Waits for `count` results, and returns their bodies ordered by job id.
    pub(crate) async fn results(&mut self, count: usize) -> Vec<(String, Value)> {
        let posts = self.posts(count).await.into_iter();
        posts
            .filter_map(|(job, posts)| match posts.into_iter().next_back() {
                Some(Post::Result(body)) => Some((job, body)),
                _ => None,
            })
            .collect()
    }

    async fn next(&mut self) -> (String, Post) {
        let next = async {
            tokio::select! {
                // Posts that arrived before the worker's exit are returned first.
                biased;
                post = self.endpoint.next() => post,
                end = &mut self.end => panic!("the worker exited before it posted all results. {}", ended(end)),
            }
        };
        if let Ok(post) = timeout(PATIENCE, next).await {
            return post;
        }
        // The worker is killed only to get its output, which shows why it did not post.
        let _ = kill_process(self.process, Signal::KILL);
        panic!("the worker stopped posting. {}", self.ended().await);
    }

    /// Waits until the worker exits by itself.
    pub(crate) async fn ended(&mut self) -> Ended {
        ended(
            timeout(PATIENCE, &mut self.end)
                .await
                .expect("the worker exits"),
        )
    }

    /// Stops the worker as the platform does: with SIGTERM.
    pub(crate) async fn stop(mut self) -> Ended {
        kill_process(self.process, Signal::TERM).expect("the worker is running");
        self.endpoint.close();
        self.ended().await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end.abort();
    }
}

fn ended(end: Result<std::io::Result<Output>, tokio::task::JoinError>) -> Ended {
    end.expect("the waiting task does not panic")
        .expect("the worker's output can be read")
        .into()
}
