//! Asking again after failures that may pass, with growing pauses, as upstream's webhook client does.

use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use crate::Error;

/// How often and after which pauses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// First pause.
    pub initial: Duration,
    /// What each pause is multiplied by for the next one.
    pub factor: f64,
    /// A pause grows by a random part of itself up to this.
    pub jitter: f64,
    /// Tries in all.
    pub steps: u32,
}

impl Default for Backoff {
    /// Upstream's for webhooks: 5 tries, 500 ms, × 1.5, 20 % jitter.
    fn default() -> Self {
        Self { initial: Duration::from_millis(500), factor: 1.5, jitter: 0.2, steps: 5 }
    }
}

impl Backoff {
    /// The pause after try number `n`, which counts from 0; `None` after the last try.
    pub fn pause(&self, n: u32) -> Option<Duration> {
        if n.saturating_add(1) >= self.steps {
            return None;
        }
        let growth = self.factor.max(1.0).powi(i32::try_from(n).unwrap_or(i32::MAX));
        let jitter = 1.0 + self.jitter.clamp(0.0, 1.0) * fraction();
        Some(
            Duration::try_from_secs_f64(self.initial.as_secs_f64() * growth * jitter)
                .unwrap_or(Duration::MAX),
        )
    }
}

/// Asks until there is an answer, a failure that stays, or no try left.  A `Retry-After` of the other side makes a
/// pause longer, up to ten seconds.  Whoever has a deadline drops the future.
///
/// # Errors
/// That of the last try.
pub async fn with_backoff<T, F>(backoff: &Backoff, mut ask: impl FnMut() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let mut tries = 0;
    loop {
        let error = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let pause = backoff.pause(tries).filter(|_| error.is_transient());
        let Some(pause) = pause else { return Err(error) };
        let wanted = error.retry_after().unwrap_or_default().min(Duration::from_secs(10));
        tokio::time::sleep(pause.max(wanted)).await;
        tries += 1;
    }
}

/// Something between 0 and 1 that differs each time; nothing secret depends on it.
fn fraction() -> f64 {
    let random = std::hash::RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    const FAST: Backoff = Backoff { initial: Duration::from_micros(1), factor: 1.5, jitter: 0.2, steps: 5 };

    fn tries(fail: impl Fn(u32) -> Option<Kind>) -> (u32, Result<(), Kind>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut count = 0;
        let result = runtime.block_on(with_backoff(&FAST, || {
            count += 1;
            let failed = fail(count);
            async move { failed.map_or(Ok(()), |kind| Err(Error::new(kind, "x"))) }
        }));
        (count, result.map_err(|e| e.kind()))
    }

    #[test]
    fn what_may_pass_is_tried_again() {
        assert_eq!(tries(|_| None), (1, Ok(())));
        for kind in [Kind::Reset, Kind::Status(500), Kind::Status(502), Kind::Status(429), Kind::Status(504)]
        {
            assert_eq!(tries(|n| (n < 3).then_some(kind)), (3, Ok(())));
            assert_eq!(tries(|_| Some(kind)), (5, Err(kind)));
        }
        for kind in [Kind::Connect, Kind::Timeout, Kind::Tls, Kind::Status(503), Kind::Status(403)] {
            assert_eq!(tries(|_| Some(kind)), (1, Err(kind)));
        }
    }

    #[test]
    fn pauses_grow() {
        let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
        let pauses: Vec<_> = (0..5).map(|n| backoff.pause(n).map(|p| p.as_millis())).collect();
        assert_eq!(pauses, [Some(500), Some(750), Some(1125), Some(1687), None]);
        let jittered = Backoff::default().pause(0).unwrap();
        assert!((Duration::from_millis(500)..=Duration::from_millis(600)).contains(&jittered));
    }
}
