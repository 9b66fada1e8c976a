//! Slots, which limit how many handlers run at the same time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A worker's slots.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    use_of: Mutex<InUse>,
    /// Notified when a slot becomes free. Only one task may wait.
    freed: Notify,
}

#[derive(Debug, Default)]
struct InUse {
    slots: usize,
    /// The maximum number of slots in use.
    limit: usize,
}

/// A slot, which is released when this value is dropped. It belongs to the code that runs the handler: a blocking
/// handler whose job was stopped keeps its slot until its thread has finished.
#[derive(Debug)]
#[must_use]
pub(crate) struct Slot(Option<Arc<Slots>>);

impl Slots {
    /// Sets the maximum number of slots in use. A lower maximum does not affect slots that are already in use.
    pub(crate) fn set_limit(&self, limit: usize) {
        self.in_use().limit = limit;
    }

    /// Takes a slot if one is free.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Slot> {
        let mut in_use = self.in_use();
        if in_use.slots >= in_use.limit {
            return None;
        }
        in_use.slots += 1;
        Some(Slot(Some(Arc::clone(self))))
    }

    /// Returns the number of slots in use.
    pub(crate) fn used(&self) -> usize {
        self.in_use().slots
    }

    /// Returns the maximum number of slots in use, and the number of slots in use.
    #[cfg(feature = "metrics")]
    pub(crate) fn limit_and_used(&self) -> (usize, usize) {
        let in_use = self.in_use();
        (in_use.limit, in_use.slots)
    }

    /// Waits until [`changed`](Self::changed) is called or a slot is released. Changes since the last wait count as
    /// well.
    pub(crate) async fn change(&self) {
        self.freed.notified().await;
    }

    /// Wakes the waiter.
    pub(crate) fn changed(&self) {
        self.freed.notify_one();
    }

    /// Locks the count. No user code runs under the lock, so the count is correct even if the lock is poisoned.
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
