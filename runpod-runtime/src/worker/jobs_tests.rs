use super::*;
use crate::handler::WorkerLink;

struct NoWorker;

impl WorkerLink for NoWorker {
    fn unhealthy(&self, _reason: String) {}

    fn emits(&self, _job_id: &Arc<str>) {}
}

fn jobs(limit: usize) -> Jobs {
    let jobs = Jobs::new();
    jobs.slots.set_limit(limit);
    jobs
}

fn admit(jobs: &Jobs, id: &str) -> Option<Arc<Job>> {
    let context = JobContext::new(id.into(), "w".into(), Arc::new(NoWorker));
    jobs.admit(context, DiskCopy::new(None))
}

fn wait(jobs: &Jobs, id: &str) -> Arc<Job> {
    let job = admit(jobs, id).unwrap();
    let taken = crate::platform::read_job(&format!(r#"{{"id":{id:?},"input":1}}"#)).unwrap();
    jobs.wait_for_slot(Arc::clone(&job), taken);
    job
}

/// Adds a job whose handler runs.
fn run(jobs: &Jobs, id: &str) -> (Arc<Job>, Slot) {
    wait(jobs, id);
    let (job, _, slot) = jobs.next_to_run().expect("a slot is free");
    let task = tokio::spawn(std::future::pending::<()>());
    jobs.runs(&job, task.abort_handle());
    (job, slot)
}

#[tokio::test]
async fn a_job_is_here_until_its_result_is_accepted_but_not_in_its_slot() {
    let jobs = jobs(2);
    let (first, slot) = run(&jobs, "b");
    let (_second, other) = run(&jobs, "a");
    assert_eq!((jobs.slots.used(), jobs.undelivered()), (2, (0, 0)));
    assert!(jobs.begin_delivery(&first, 7));
    assert!(!jobs.begin_delivery(&first, 7), "it already has its result");
    drop(slot);
    assert_eq!((jobs.slots.used(), jobs.undelivered()), (1, (1, 7)));
    assert_eq!(jobs.ids(), ["b", "a"]);
    drop(TableEntry(&jobs, &first));
    assert!(first.is_done());
    assert_eq!(
        (jobs.ids(), jobs.undelivered()),
        (vec!["a".to_owned()], (0, 0))
    );
    drop(other);
    assert_eq!(jobs.slots.used(), 0);
}

#[test]
fn the_same_job_is_not_admitted_twice_and_what_is_said_of_the_first_is_not_of_the_second() {
    let jobs = jobs(1);
    let first = admit(&jobs, "a").unwrap();
    assert!(admit(&jobs, "a").is_none());
    jobs.remove(&first);
    let second = admit(&jobs, "a").unwrap();
    assert!(!jobs.begin_delivery(&first, 1));
    jobs.remove(&first);
    assert_eq!(jobs.len(), 1);
    assert!(jobs.begin_delivery(&second, 1));
}

#[test]
fn slots_go_to_those_who_wait_in_their_order_and_not_to_those_who_were_stopped() {
    let jobs = jobs(1);
    let waiting: Vec<_> = ["first", "second", "third"]
        .map(|id| wait(&jobs, id))
        .into();
    let (job, _, slot) = jobs.next_to_run().unwrap();
    assert_eq!(&**job.id(), "first");
    assert!(jobs.next_to_run().is_none());
    assert_eq!(jobs.interrupt(&waiting[1]), Some(Interrupted::Waiting));
    assert_eq!(jobs.waiting(), 1);
    drop(slot);
    let (job, _, _slot) = jobs.next_to_run().unwrap();
    assert_eq!(&**job.id(), "third");
    assert_eq!((jobs.slots.used(), jobs.waiting()), (1, 0));
}

#[tokio::test]
async fn what_runs_or_waits_can_be_interrupted_and_not_what_is_being_delivered() {
    let jobs = jobs(2);
    let (running, _slot) = run(&jobs, "running");
    let (delivering, _slot2) = run(&jobs, "delivering");
    let waiting = wait(&jobs, "waiting");
    assert!(jobs.begin_delivery(&delivering, 0));
    assert_eq!(jobs.interrupt(&running), Some(Interrupted::Started));
    assert_eq!(jobs.interrupt(&delivering), None);
    let unfinished = jobs.unfinished();
    let ids: Vec<_> = unfinished.iter().map(|job| &**job.id()).collect();
    assert_eq!(ids, ["running", "waiting"]);
    assert!(jobs.has_unfinished());
    jobs.remove(&running);
    jobs.remove(&waiting);
    assert!(!jobs.has_unfinished() && !jobs.is_empty());
}

#[tokio::test]
async fn the_result_that_is_handed_over_is_given_to_who_waits_unless_the_job_is_stopped() {
    let jobs = jobs(1);
    let job = admit(&jobs, "a").unwrap();
    let result = JobResult {
        job_id: "a".into(),
        worker_id: "w".into(),
        streaming: true,
        items: Vec::new(),
        body: "{}".into(),
    };
    job.hand_over(result.clone());
    assert_eq!(job.result().await, Some(result));
    job.context.cancel().stop();
    assert_eq!(job.result().await, None);
}
