//! Whether a result's copy on disk is there, as the one who writes it and the one who delivers the result see it.
//!
//! They are on two threads and wait for each other nowhere: a disk that hangs must not hold up a delivery. Whoever comes
//! second clears away what is no longer needed. Checked with loom in `tests/models.rs`.

use super::sync::{Mutex, MutexGuard, PoisonError};

/// `E` is what the copy is found by.
#[derive(Debug)]
pub(super) struct Copy<E> {
    state: Mutex<State<E>>,
}

#[derive(Debug)]
enum State<E> {
    /// Not yet, or it could not be written.
    Missing,
    Writing,
    There(E),
    /// It is to stay once it is written.
    Staying,
    /// It is not needed (any more).
    Settled,
}

/// What was there of a copy that is to stay.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Left<E> {
    There(E),
    /// Somebody is writing it.
    Soon,
    Missing,
}

impl<E> Copy<E> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::Missing),
        }
    }

    /// Whether the copy is to be written. Then [`written`](Self::written) or [`failed`](Self::failed) must follow.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        let wanted = matches!(*state, State::Missing);
        if wanted {
            *state = State::Writing;
        }
        wanted
    }

    /// It was written. Given back when it is needed no more: then it is the caller's to remove.
    pub(super) fn written(&self, entry: E) -> Option<E> {
        let mut state = self.state();
        match *state {
            State::Writing => {
                *state = State::There(entry);
                None
            }
            State::Staying => None,
            State::Missing | State::There(_) | State::Settled => Some(entry),
        }
    }

    /// It could not be written. True when it was to stay: then it is lost.
    pub(super) fn failed(&self) -> bool {
        let mut state = self.state();
        if matches!(*state, State::Writing) {
            *state = State::Missing;
        }
        matches!(*state, State::Staying)
    }

    /// It is not needed any more. What is there is the caller's to remove.
    pub(super) fn settle(&self) -> Option<E> {
        match std::mem::replace(&mut *self.state(), State::Settled) {
            State::There(entry) => Some(entry),
            _ => None,
        }
    }

    /// It is to stay for somebody else.
    pub(super) fn leave(&self) -> Left<E> {
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Staying) {
            State::There(entry) => Left::There(entry),
            State::Writing | State::Staying => Left::Soon,
            State::Missing => Left::Missing,
            State::Settled => {
                *state = State::Settled;
                Left::Soon
            }
        }
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound state.
    fn state(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
