//! Judges from the ledger of a finished run whether every promise was kept.

use std::collections::HashSet;
use std::fmt;

use crate::jobs::End;
use crate::ledger::{Entry, Ledger, Outcome, Posted};
use crate::route::Route;

/// The result of judging a ledger.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) sums: Sums,
    /// The broken promises, one sentence each.
    pub(crate) offences: Vec<String>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Jobs that were handed out.
    pub(crate) taken: usize,
    /// Jobs with exactly one accepted result, not counting forced repeats.
    pub(crate) delivered: usize,
    pub(crate) stopped: usize,
    /// Jobs whose result the platform itself said it no longer wants.
    pub(crate) disowned: usize,
    pub(crate) spooled: usize,
    pub(crate) lost: usize,
    /// Results and items that were sent again because the answer to the first post was lost.
    pub(crate) forced: usize,
    /// Results and items that were accepted again without such a reason.
    pub(crate) unforced: usize,
    pub(crate) items: usize,
    /// Items that are missing although their job did not fail.
    pub(crate) missing_items: usize,
    pub(crate) takes: usize,
    pub(crate) posts: usize,
}

impl Verdict {
    /// Judges a run. `spooled` contains the jobs whose result waits on disk.
    pub(crate) fn of(ledger: &Ledger, spooled: &HashSet<String>, streams: bool) -> Self {
        let mut verdict = Self {
            sums: Sums {
                takes: ledger.takes.len(),
                posts: ledger.posts,
                ..Sums::default()
            },
            offences: ledger.offences.clone(),
        };
        let mut entries: Vec<&Entry> = ledger.entries.values().collect();
        entries.sort_by(|one, other| one.job.id.cmp(&other.job.id));
        for entry in entries.into_iter().filter(|entry| entry.taken > 0) {
            verdict.judge(entry, ledger, spooled, streams);
        }
        verdict
    }

    /// Adds two verdicts.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.offences.extend(other.offences);
        let (sums, more) = (&mut self.sums, other.sums);
        sums.taken += more.taken;
        sums.delivered += more.delivered;
        sums.stopped += more.stopped;
        sums.disowned += more.disowned;
        sums.spooled += more.spooled;
        sums.lost += more.lost;
        sums.forced += more.forced;
        sums.unforced += more.unforced;
        sums.items += more.items;
        sums.missing_items += more.missing_items;
        sums.takes += more.takes;
        sums.posts += more.posts;
        self
    }

    fn judge(&mut self, entry: &Entry, ledger: &Ledger, spooled: &HashSet<String>, streams: bool) {
        let id = &entry.job.id;
        self.sums.taken += 1;
        self.order(entry);
        let results = self.results(entry, ledger);
        if results > 0 {
            self.sums.delivered += 1;
        } else if entry.is_stopped {
            self.sums.stopped += 1;
        } else if entry.is_disowned {
            self.sums.disowned += 1;
        } else if spooled.contains(id) {
            self.sums.spooled += 1;
        } else {
            self.sums.lost += 1;
            self.offences.push(format!("{id}: the result is lost"));
        }
        let items = self.items(entry, ledger);
        self.sums.items += items;
        let last = entry.accepted(Route::Result).last();
        if let Some(last) = last.filter(|_| !entry.is_stopped) {
            self.content(entry, last, items, streams);
        }
    }

    /// Checks that after a result, only the same result is posted.
    fn order(&mut self, entry: &Entry) {
        let mut posts = entry.posts.iter();
        let _ = posts.find(|post| post.route == Route::Result);
        if let Some(late) = posts.find(|post| post.route != Route::Result) {
            let kind = late.route;
            self.offences
                .push(format!("{}: {kind:?} after the result", entry.job.id));
        }
    }

    /// Returns how many results were accepted, not counting repeats after a lost answer.
    fn results(&mut self, entry: &Entry, ledger: &Ledger) -> usize {
        let mut count = 0;
        let mut before: Option<&Posted> = None;
        for post in entry.accepted(Route::Result) {
            match before {
                None => count += 1,
                Some(last) if is_forced(last, post, ledger) => self.sums.forced += 1,
                Some(_) => {
                    self.sums.unforced += 1;
                    self.offences
                        .push(format!("{}: a result was accepted again", entry.job.id));
                }
            }
            before = Some(post);
        }
        count
    }

    /// Returns how many items were accepted in order. Each may be accepted once, not counting forced repeats.
    fn items(&mut self, entry: &Entry, ledger: &Ledger) -> usize {
        let mut next = 0;
        let mut before: Option<&Posted> = None;
        for post in entry.accepted(Route::Item) {
            match post.said.number {
                Some(number) if number == next => next += 1,
                Some(number) if number + 1 == next => {
                    if before.is_some_and(|last| is_forced(last, post, ledger)) {
                        self.sums.forced += 1;
                    } else {
                        self.sums.unforced += 1;
                        self.offences.push(format!(
                            "{}: item {number} was accepted again",
                            entry.job.id
                        ));
                    }
                }
                other => {
                    let id = &entry.job.id;
                    self.offences.push(format!(
                        "{id}: item {other:?} arrived instead of item {next}"
                    ));
                    next = other.map_or(next, |other| other + 1);
                }
            }
            before = Some(post);
        }
        usize::try_from(next).unwrap_or(usize::MAX)
    }

    /// Checks that the result belongs to this job and matches what the handler did.
    fn content(&mut self, entry: &Entry, result: &Posted, items: usize, streams: bool) {
        let id = &entry.job.id;
        let said = &result.said;
        let has_failed = said.error.is_some();
        let must_fail = matches!(entry.job.plan.end, End::Error | End::Panic);
        let may_fail = must_fail
            || entry.is_refused
            || matches!(entry.job.plan.end, End::Hang | End::Block)
            || said
                .error
                .as_ref()
                .is_some_and(|error| error.contains("Shutdown"));
        if has_failed && !may_fail {
            let error = said.error.as_deref().unwrap_or_default();
            self.offences
                .push(format!("{id}: failed without a valid reason: {error:.300}"));
        }
        if must_fail && !has_failed {
            self.offences.push(format!("{id}: should have failed"));
        }
        if !has_failed && !streams && said.job.as_ref() != Some(id) {
            self.offences
                .push(format!("{id}: has the result of {:?}", said.job));
        }
        let due = usize::try_from(entry.job.plan.items).unwrap_or(usize::MAX);
        if streams && !has_failed && items < due {
            self.sums.missing_items += due - items;
            self.offences
                .push(format!("{id}: succeeded with {items} of {due} items"));
        }
        let others = entry.posts.iter().filter_map(|post| post.said.job.as_ref());
        if let Some(other) = others.into_iter().find(|other| *other != id) {
            self.offences
                .push(format!("{id}: a post contains data of job {other}"));
        }
    }

    /// Panics with a summary if a promise was broken.
    pub(crate) fn assert_kept(&self, about: &str) {
        let offences = &self.offences;
        let shown = offences.len().min(12);
        assert!(
            offences.is_empty(),
            "{} promises broken:\n    {}\n{}\n{about}",
            offences.len(),
            offences[..shown].join("\n    "),
            self.sums,
        );
    }
}

/// Returns whether the worker could not know that the first post was accepted, because its answer was lost or a worker
/// was killed in between. Both posts name the worker that made the result, whichever worker posts it again.
fn is_forced(first: &Posted, again: &Posted, ledger: &Ledger) -> bool {
    let is_unknown = first.outcome == Outcome::Hidden
        || (again.kills > first.kills && ledger.killed.contains(&first.worker));
    is_unknown && first.said == again.said
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "jobs taken {}, delivered {}, LOST {}, in the spool {}, stopped {}, disowned {}; accepted twice: {} forced, \
             {} unforced; stream items {}, missing {}; takes {}, posts {}",
            self.taken,
            self.delivered,
            self.lost,
            self.spooled,
            self.stopped,
            self.disowned,
            self.forced,
            self.unforced,
            self.items,
            self.missing_items,
            self.takes,
            self.posts,
        )
    }
}
