//! Reaps orphaned processes if this process is PID 1 of a container.
//!
//! If a process dies before its child processes, the kernel makes PID 1 their parent, and they stay zombies until PID
//! 1 waits for them. The worker must not wait for child processes that its own code has started, because
//! `std::process` and `tokio::process` would then not get their exit codes. The kernel keeps apart whose child
//! processes are whose: orphans become child processes of the main thread, and any other child process belongs to the
//! thread that started it (`/proc/self/task/<thread>/children`). Two cases look like orphans: child processes that
//! `main` starts on the main thread, and those whose thread has ended. So everything counts as started by this process
//! that existed before the first job, or that was ever seen at another thread. All others are reaped, but only if they
//! were already zombies at the last look. Only a child process that a short-lived thread starts can then lose its exit
//! code, and only if nothing waits for it for five seconds after it has exited.

#[cfg(target_os = "linux")]
pub(super) use linux::reap;

#[cfg(target_os = "linux")]
pub(crate) use linux::spare_children_so_far;

#[cfg(not(target_os = "linux"))]
pub(super) async fn reap() {}

#[cfg(not(target_os = "linux"))]
pub(crate) fn spare_children_so_far() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashSet;
    use std::time::Duration;
    use std::{fs, io};

    use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, getpid, waitid, waitpid};
    use tokio::sync::Notify;
    use tokio::time::{MissedTickBehavior, interval};

    /// The time between two looks at the child processes.
    const LOOK_EVERY: Duration = Duration::from_secs(5);

    /// Notified when the worker has started. Child processes that existed before count as its own.
    static STARTED: Notify = Notify::const_new();

    /// Never reaps a child process that exists now. Called when the worker has started.
    pub(crate) fn spare_children_so_far() {
        STARTED.notify_one();
    }

    /// Reaps orphans for as long as the process lives. Returns at once if this process is not PID 1.
    pub(in crate::process) async fn reap() {
        if !is_first_process() {
            return;
        }
        let mut family = Family::default();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let starts = tokio::select! {
                () = STARTED.notified() => true,
                _ = looks.tick() => false,
            };
            // Without the kernel's lists, nothing is known about any child process, so none is reaped.
            if let Ok((of_main, of_others)) = children() {
                family.look(&of_main, &of_others, is_zombie, reap_one);
            }
            family.has_started |= starts;
        }
    }

    /// Returns whether this process is PID 1, and `/proc` shows the processes of the same namespace.
    fn is_first_process() -> bool {
        let in_proc = fs::read_link("/proc/self").is_ok_and(|it| it.as_os_str() == "1");
        getpid().as_raw_pid() == 1 && in_proc
    }

    /// Returns the child processes of the main thread, and those of all other threads.
    fn children() -> io::Result<(Vec<Pid>, Vec<Pid>)> {
        let main = getpid().as_raw_pid().to_string();
        let (mut of_main, mut of_others) = (Vec::new(), Vec::new());
        for thread in fs::read_dir("/proc/self/task")? {
            let thread = thread?;
            let is_main = thread.file_name() == main.as_str();
            match fs::read_to_string(thread.path().join("children")) {
                Ok(list) => {
                    let list = list.split_whitespace().filter_map(|pid| pid.parse().ok());
                    let pids = list.filter_map(Pid::from_raw);
                    if is_main {
                        of_main.extend(pids);
                    } else {
                        of_others.extend(pids);
                    }
                }
                Err(error) if is_main => return Err(error),
                // The thread has ended. Its child processes are now in the list of another thread, perhaps one that
                // was read already. The next look finds them.
                Err(_) => {}
            }
        }
        Ok((of_main, of_others))
    }

    fn is_zombie(pid: Pid) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), look).is_ok_and(|status| status.is_some())
    }

    fn reap_one(pid: Pid) {
        if let Ok(Some(_)) = waitpid(Some(pid), WaitOptions::NOHANG) {
            tracing::debug!("reaped the orphaned process {}", pid.as_raw_pid());
        }
    }

    /// What is known about the child processes.
    #[derive(Debug, Default)]
    struct Family {
        /// The child processes that this process has started itself.
        own: HashSet<Pid>,
        /// The processes that were zombies at the last look, and that nobody here has started.
        zombies: HashSet<Pid>,
        /// Whether the worker had started at the last look.
        has_started: bool,
    }

    impl Family {
        /// Looks at the child processes `of_main`, the main thread, and `of_others`, and reaps orphans.
        fn look(
            &mut self,
            of_main: &[Pid],
            of_others: &[Pid],
            is_zombie: impl Fn(Pid) -> bool,
            reap: impl Fn(Pid),
        ) {
            // The number of a process that is gone may be used again.
            self.own
                .retain(|pid| of_main.contains(pid) || of_others.contains(pid));
            self.own.extend(of_others);
            if !self.has_started {
                self.own.extend(of_main);
            }
            let mut zombies = HashSet::new();
            for &pid in of_main {
                if self.own.contains(&pid) || !is_zombie(pid) {
                    continue;
                }
                if self.zombies.contains(&pid) {
                    reap(pid);
                } else {
                    zombies.insert(pid);
                }
            }
            self.zombies = zombies;
        }
    }

    #[cfg(test)]
    mod tests {
        use std::cell::RefCell;

        use super::*;

        fn pids<const N: usize>(numbers: [i32; N]) -> Vec<Pid> {
            numbers.into_iter().filter_map(Pid::from_raw).collect()
        }

        fn look(family: &mut Family, of_main: &[Pid], of_others: &[Pid]) -> Vec<Pid> {
            let reaped = RefCell::new(Vec::new());
            family.look(
                of_main,
                of_others,
                |_| true,
                |pid| reaped.borrow_mut().push(pid),
            );
            reaped.into_inner()
        }

        #[test]
        fn a_zombie_of_the_main_thread_is_reaped_at_the_second_look() {
            let mut family = Family {
                has_started: true,
                ..Family::default()
            };
            assert_eq!(look(&mut family, &pids([7]), &[]), []);
            assert_eq!(look(&mut family, &pids([7, 8]), &[]), pids([7]));
            assert_eq!(look(&mut family, &pids([8]), &[]), pids([8]));
        }

        #[test]
        fn a_child_that_existed_before_the_first_job_is_never_reaped() {
            let mut family = Family::default();
            assert_eq!(look(&mut family, &pids([7]), &[]), []);
            family.has_started = true;
            for _ in 0..3 {
                assert_eq!(look(&mut family, &pids([7]), &[]), []);
            }
        }

        #[test]
        fn a_child_that_was_seen_at_another_thread_is_never_reaped_while_it_exists() {
            let mut family = Family {
                has_started: true,
                ..Family::default()
            };
            assert_eq!(look(&mut family, &[], &pids([7])), []);
            // The thread has ended, so the kernel has moved its child process to the main thread.
            for _ in 0..3 {
                assert_eq!(look(&mut family, &pids([7]), &[]), []);
            }
            // The number belongs to another process now.
            assert_eq!(look(&mut family, &[], &[]), []);
            assert_eq!(look(&mut family, &pids([7]), &[]), []);
            assert_eq!(look(&mut family, &pids([7]), &[]), pids([7]));
        }

        #[test]
        fn the_children_of_this_process_are_read_by_thread() {
            let sleeper = || {
                std::process::Command::new("sleep")
                    .arg("60")
                    .spawn()
                    .unwrap()
            };
            let mut child = sleeper();
            let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
            // This test does not run on the main thread.
            let (of_main, of_others) = children().unwrap();
            assert!(of_others.contains(&pid) && !of_main.contains(&pid));
            assert!(!is_zombie(pid));
            child.kill().unwrap();
            let exited = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(pid), exited).unwrap();
            assert!(is_zombie(pid));
            assert!(
                !child.wait().unwrap().success(),
                "looking leaves the exit code"
            );
        }
    }
}
