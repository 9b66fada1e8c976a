//! Slots: how many handlers may run at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The slots of a worker.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    use_of: Mutex<InUse>,
    /// A slot became free. For one who waits.
    freed: Notify,
}

#[derive(Debug, Default)]
struct InUse {
    slots: usize,
    /// How many may be in use at once.
    limit: usize,
}

/// A slot, which is free for the next job when this is dropped. Whatever really runs the handler's code has it: a blocking
/// handler whose job was stopped keeps its slot until its thread is back.
#[derive(Debug)]
#[must_use]
pub(crate) struct Slot(Option<Arc<Slots>>);

impl Slots {
    /// How many may be in use at once from now on. Those in use stay.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.in_use().limit = limit;
    }

    /// A slot, if one is free.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Slot> {
        let mut in_use = self.in_use();
        if in_use.slots >= in_use.limit {
            return None;
        }
        in_use.slots += 1;
        Some(Slot(Some(Arc::clone(self))))
    }

    /// How many are in use.
    pub(crate) fn used(&self) -> usize {
        self.in_use().slots
    }

    /// Waits until [`changed`](Self::changed) is called or a slot is freed, since the last time that somebody waited.
    pub(crate) async fn change(&self) {
        self.freed.notified().await;
    }

    /// Wakes who waits for a change.
    pub(crate) fn changed(&self) {
        self.freed.notify_one();
    }

    /// No code of a user's runs under the lock, so a poisoned one still holds a sound count.
    fn in_use(&self) -> MutexGuard<'_, InUse> {
        self.use_of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(slots) = self.0.take() {
            slots.in_use().slots -= 1;
            slots.changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_slots_as_the_limit_says_and_a_lower_limit_takes_none_away() {
        let slots = Arc::<Slots>::default();
        assert!(slots.take().is_none());
        slots.set_limit(2);
        let (first, second) = (slots.take(), slots.take());
        assert!(first.is_some() && second.is_some() && slots.take().is_none());
        slots.set_limit(1);
        assert_eq!(slots.used(), 2);
        drop(first);
        assert!(slots.take().is_none());
        drop(second);
        assert!(slots.take().is_some());
        assert_eq!(slots.used(), 0);
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_a_slot_that_was_freed_before() {
        let slots = Arc::<Slots>::default();
        slots.set_limit(1);
        drop(slots.take());
        slots.change().await;
    }
}
