//! Offers results that an earlier worker could not deliver.

use std::sync::Arc;

use super::{Shared, deliver};

/// One after the other, oldest first, beside the worker's own work.
pub(super) async fn offer(shared: Arc<Shared>) {
    let Some(spool) = shared.spool.clone() else {
        return;
    };
    let listed = {
        let spool = spool.clone();
        tokio::task::spawn_blocking(move || spool.entries()).await
    };
    let entries = match listed {
        Ok(Ok(entries)) => entries,
        Ok(Err(error)) => {
            tracing::warn!("results of an earlier worker cannot be looked for: {error}");
            return;
        }
        Err(_) => return,
    };
    for entry in entries {
        if shared.stopping.has_begun() {
            return;
        }
        let loaded = {
            let (spool, entry) = (spool.clone(), entry.clone());
            tokio::task::spawn_blocking(move || spool.load(&entry)).await
        };
        let kept = match loaded {
            Ok(Ok(Some(kept))) => kept,
            Ok(Ok(None)) => continue,
            Ok(Err(error)) => {
                tracing::warn!("a result of an earlier worker cannot be read: {error}");
                continue;
            }
            Err(_) => return,
        };
        if deliver::offer_again(&shared, kept).await {
            let spool = spool.clone();
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || spool.remove(&entry)).await
            {
                tracing::warn!("a delivered result cannot be removed from the spool: {error}");
            }
        }
    }
}
