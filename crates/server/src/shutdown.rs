//! The order of an end: readyz turns false, watches end, no new connections, in-flight requests finish.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    /// readyz answers 500, everything still works (`--shutdown-delay-duration`).
    NotReady,
    /// No new connections; watches end; each connection ends after its last request.
    Draining,
}

/// Tells everybody how far the shutdown has come; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown {
    phase: Arc<watch::Sender<Phase>>,
    drain_time: Duration,
}

impl Shutdown {
    /// A running server that gives in-flight requests `drain_time` when it stops.
    pub fn new(drain_time: Duration) -> Self {
        Self { phase: Arc::new(watch::Sender::new(Phase::Running)), drain_time }
    }

    /// How long in-flight requests get.
    pub fn drain_time(&self) -> Duration {
        self.drain_time
    }

    /// Begins the shutdown: not ready for `delay`, then draining.
    pub async fn begin(&self, delay: Duration) {
        self.phase.send_replace(Phase::NotReady);
        tokio::time::sleep(delay).await;
        self.phase.send_replace(Phase::Draining);
    }

    /// True once the shutdown has begun.
    pub fn begun(&self) -> bool {
        *self.phase.borrow() > Phase::Running
    }

    /// Waits until no new connections are to be taken.
    pub async fn stop_accepting(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until connections are to end after their last request.
    pub async fn close_connections(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until watches are to end.
    pub async fn end_watches(&self) {
        self.reached(Phase::Draining).await;
    }

    async fn reached(&self, phase: Phase) {
        let mut seen = self.phase.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = seen.wait_for(|now| *now >= phase).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn phases_come_in_order() {
        let shutdown = Shutdown::new(Duration::from_secs(1));
        assert!(!shutdown.begun());
        let other = shutdown.clone();
        let task = tokio::spawn(async move { other.begin(Duration::from_secs(5)).await });
        tokio::task::yield_now().await;
        assert!(shutdown.begun());
        assert!(tokio::time::timeout(Duration::from_secs(4), shutdown.stop_accepting()).await.is_err());
        shutdown.stop_accepting().await;
        task.await.unwrap();
    }
}
