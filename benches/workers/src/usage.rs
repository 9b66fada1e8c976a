//! The figures that the system reports about a process and its descendants.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Pid;

use crate::sample::float;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A process whose figures are read from `/proc`.
#[derive(Debug, Clone, Copy)]
pub struct Usage(Pid);

impl Usage {
    /// Returns the figures of this process and its descendants.
    pub fn of(process: Pid) -> Self {
        Self(process)
    }

    /// Returns the processor time since the start: user and system time of all threads, including threads that have
    /// exited.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has exited.
    pub fn processor_time(self) -> Outcome<Duration> {
        let mut ticks = 0;
        for process in self.group() {
            // The indexes start at the field after the program's name. The name is in brackets and may contain any
            // character.
            let fields = process.stat()?;
            ticks += field(&fields, 11)? + field(&fields, 12)?;
        }
        Ok(Duration::from_millis(ticks * 1000 / ticks_a_second()))
    }

    /// Returns the number of threads.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has exited.
    pub fn threads(self) -> Outcome<u64> {
        self.sum(|process| process.status("Threads:"))
    }

    /// Returns the peak of the resident memory, in MB.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has exited.
    pub fn peak_memory(self) -> Outcome<f64> {
        Ok(megabytes(self.sum(|process| process.status("VmHWM:"))?))
    }

    /// Returns the proportional set size (PSS) in MB: the private resident memory plus a share of the memory that is
    /// shared with other processes.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has exited.
    pub fn share_of_memory(self) -> Outcome<f64> {
        let kilobytes = self.sum(|process| process.read("smaps_rollup", "Pss:"))?;
        Ok(megabytes(kilobytes))
    }

    /// Returns the number of voluntary context switches of all current threads, that is, how often they started to
    /// wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the process has exited.
    pub fn waits(self) -> Outcome<u64> {
        let mut waits = 0;
        for process in self.group() {
            for task in fs::read_dir(process.0.join("task"))?.flatten() {
                waits += Folder(task.path()).status("voluntary_ctxt_switches:")?;
            }
        }
        Ok(waits)
    }

    fn sum(self, of: impl Fn(&Folder) -> Outcome<u64>) -> Outcome<u64> {
        self.group().iter().map(of).sum()
    }

    /// Returns the process and its descendants. Among the workers, only the SDK's has descendants.
    fn group(self) -> Vec<Folder> {
        let id = self.0.as_raw_nonzero().get();
        let itself = Folder(PathBuf::from(format!("/proc/{id}")));
        let mut group = itself.descendants();
        group.push(itself);
        group
    }
}

/// The folder of a process or a thread in `/proc`.
struct Folder(PathBuf);

impl Folder {
    fn descendants(&self) -> Vec<Self> {
        let mut found = Vec::new();
        for task in fs::read_dir(self.0.join("task"))
            .into_iter()
            .flatten()
            .flatten()
        {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            for child in children.split_whitespace() {
                let child = Self(PathBuf::from("/proc").join(child));
                found.extend(child.descendants());
                found.push(child);
            }
        }
        found
    }

    fn stat(&self) -> Outcome<Vec<String>> {
        let stat = fs::read_to_string(self.0.join("stat"))?;
        let (_, fields) = stat.rsplit_once(") ").ok_or("a process without a name")?;
        Ok(fields.split_whitespace().map(str::to_owned).collect())
    }

    fn status(&self, name: &str) -> Outcome<u64> {
        self.read("status", name)
    }

    fn read(&self, file: &str, name: &str) -> Outcome<u64> {
        let text = fs::read_to_string(self.0.join(file))?;
        let value = text.lines().find_map(|line| line.strip_prefix(name));
        let value = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
        value.ok_or_else(|| format!("{file} of {} has no {name}", self.0.display()).into())
    }
}

fn field(fields: &[String], index: usize) -> Outcome<u64> {
    let field = fields.get(index).and_then(|field| field.parse().ok());
    field.ok_or_else(|| "/proc does not report the process's times".into())
}

/// Returns the frequency of the clock that `/proc` uses.
fn ticks_a_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

fn megabytes(kilobytes: u64) -> f64 {
    float(kilobytes) / 1000.0
}
