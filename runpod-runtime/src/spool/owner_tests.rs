use super::*;

/// Creates the file of a worker in `place` that showed its last sign of life `before` ago.
fn heard_of(directory: &Path, name: &str, place: &Place, before: Duration) -> File {
    let path = path_of(directory, name);
    let mut file = create_private(&path).unwrap();
    file.write_all(place.text().as_bytes()).unwrap();
    let now = fs::metadata(&path).unwrap().modified().unwrap();
    file.set_modified(now - before).unwrap();
    file
}

/// Returns the name of another worker.
fn name(number: u128) -> String {
    format!("{number:032x}")
}

fn elsewhere() -> Place {
    Place(Some("01234567-89ab-cdef-0123-456789abcdef 7\n".to_owned()))
}

#[test]
fn a_worker_lives_as_long_as_its_process_and_is_gone_at_once_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let us = Owner::enter(directory.path()).unwrap();
    let other = Owner::enter(directory.path()).unwrap();
    let name = other.name().to_owned();
    assert!(us.knows_alive(directory.path(), &name));
    assert!(us.knows_alive(directory.path(), us.name()));

    // The system releases the lock in the same way when a process ends for any reason.
    drop(other);
    assert!(!us.knows_alive(directory.path(), &name));
    assert!(!us.knows_alive(directory.path(), "never-heard-of"));
}

#[test]
fn a_worker_that_ended_in_good_order_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let us = Owner::enter(directory.path()).unwrap();
    let other = Owner::enter(directory.path()).unwrap();
    other.leave(directory.path());
    assert!(!us.knows_alive(directory.path(), other.name()));
    us.leave(directory.path());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_worker_elsewhere_whose_lock_cannot_be_seen_lives_as_long_as_it_is_heard_of() {
    let directory = tempfile::tempdir().unwrap();
    let us = Owner::enter(directory.path()).unwrap();
    let (young, old, unknown) = (name(1), name(2), name(3));
    heard_of(directory.path(), &young, &elsewhere(), LEASE / 2);
    heard_of(directory.path(), &old, &elsewhere(), 2 * LEASE);
    heard_of(directory.path(), &unknown, &Place(None), LEASE / 2);
    let lives = |name: &str| us.knows_alive(directory.path(), name);
    assert_eq!(
        [lives(&young), lives(&old), lives(&unknown)],
        [true, false, true]
    );
}

#[test]
fn a_worker_that_is_heard_of_again_lives_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut us = Owner::enter(directory.path()).unwrap();
    let mut other = Owner::enter(directory.path()).unwrap();
    // The workers behave as if they were on two machines that do not see each other's locks.
    other.file.unlock().unwrap();
    us.place = elsewhere();
    other.place = Place(None);
    let then = other.file.metadata().unwrap().modified().unwrap() - 2 * LEASE;
    other.file.set_modified(then).unwrap();
    assert!(!us.knows_alive(directory.path(), other.name()));
    us.forget_dead(directory.path());
    other.renew(directory.path()).unwrap();
    assert!(us.knows_alive(directory.path(), other.name()));
    other.place = elsewhere();
}

#[test]
fn files_of_workers_that_are_gone_are_cleared_away_and_of_silent_ones_only_after_a_day() {
    let directory = tempfile::tempdir().unwrap();
    let us = Owner::enter(directory.path()).unwrap();
    let here = us.place.clone();
    let (killed, silent, lost) = (name(1), name(2), name(3));
    drop(heard_of(directory.path(), &killed, &here, Duration::ZERO));
    heard_of(directory.path(), &silent, &elsewhere(), 2 * LEASE);
    heard_of(directory.path(), &lost, &elsewhere(), 2 * LONGEST_KEPT);
    us.forget_dead(directory.path());
    let left = |name: &str| path_of(directory.path(), name).exists();
    assert_eq!(
        [left(&killed), left(&silent), left(&lost), left(us.name())],
        // On systems other than Linux there is no boot id, so nobody can be sure that `killed` is gone.
        [here.0.is_none(), true, false, true]
    );
}
