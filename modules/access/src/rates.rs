use crate::store::rates::{self, Share};
use crate::{App, Error};
use web::{Known, RateLimits};

/// Tells other servers on the same database how often callers asked here, and learns how often they asked there.
#[derive(Debug, Clone)]
pub struct SharedRates {
    app: App,
    limits: RateLimits,
}

impl SharedRates {
    /// From now on the limits hold for all servers of the database together.
    pub fn of(app: App, limits: RateLimits) -> Self {
        limits.share();
        Self { app, limits }
    }

    /// Ends when the others should hear of something at once.
    pub async fn wait(&self) {
        self.limits.wait_to_share().await;
    }

    /// Tells what was admitted since the last time. When that takes longer than `patience` the server counts alone until
    /// the next time.
    pub async fn tell(&self, patience: std::time::Duration) -> Result<(), Error> {
        let mut told = self.limits.admitted();
        if told.is_empty() {
            return Ok(());
        }
        told.sort_unstable_by_key(|admitted| admitted.key.digest());
        let shares: Vec<Share> = told
            .iter()
            .map(|admitted| Share { digest: admitted.key.digest(), cost_micros: admitted.cost_micros })
            .collect();
        let known = match tokio::time::timeout(patience, self.add(&shares)).await {
            Ok(Ok(known)) => known,
            Ok(Err(error)) => {
                self.limits.learn(&told, None);
                return Err(error);
            }
            Err(_) => {
                self.limits.learn(&told, None);
                return Ok(());
            }
        };
        self.limits.learn(&told, Some(&known));
        Ok(())
    }

    async fn add(&self, shares: &[Share]) -> Result<Vec<Known>, Error> {
        let now_micros = self.app.clock().now().timestamp_micros();
        let mut tx = self.app.db().writer().begin().await?;
        let known = rates::add_shares(&mut tx, shares, now_micros).await?;
        tx.commit().await?;
        Ok(known.into_iter().map(|(digest, paid_micros)| Known { digest, paid_micros }).collect())
    }

    /// Forgets keys of which everything is paid for, at most 1,000 at once, and says how many.
    pub async fn forget_paid(app: &App) -> Result<u64, Error> {
        let mut tx = app.db().writer().begin().await?;
        let forgotten = rates::forget_paid(&mut tx, app.clock().now().timestamp_micros()).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
