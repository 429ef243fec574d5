use crate::{Error, Settings};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use std::pin::pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The two pools: one that may write, one whose sessions are read-only.
pub(crate) async fn open(url: &str, settings: &Settings) -> Result<(PgPool, PgPool), Error> {
    let options = PgConnectOptions::from_str(url).map_err(|error| Error::Address(error.to_string()))?;
    let timeout = settings.statement_timeout.as_millis().to_string();
    let options = options
        .options([("statement_timeout", timeout.as_str()), ("timezone", "UTC")])
        .application_name("lexiflow");
    let read_only = options.clone().options([("default_transaction_read_only", "on")]);
    let pool = |size: u32| {
        PgPoolOptions::new()
            .max_connections(size.max(1))
            .min_connections(0)
            .acquire_timeout(settings.acquire_timeout)
            .idle_timeout(settings.idle_timeout)
            .test_before_acquire(false)
    };
    let writers = settings.max_connections.div_ceil(2);
    let writer = pool(writers).connect_with(options).await.map_err(|error| Error::Open(Arc::new(error)))?;
    let reader = pool(settings.max_connections.saturating_sub(writers)).connect_lazy_with(read_only);
    Ok((writer, reader))
}

/// How often somebody who waits for a connection looks whether one has become free.
const LOOK: Duration = Duration::from_millis(50);

/// A connection that is free, or a new one.
///
/// When the server takes no more connections, the pool tries again to make one until its time is over, beside those that
/// others have given back meanwhile. So whoever waits and sees a free one stands in line again, and takes it.
pub(crate) async fn connection(pool: &PgPool) -> Result<PoolConnection<Postgres>, Error> {
    let taken = async {
        loop {
            let mut asked = pin!(pool.acquire());
            loop {
                match tokio::time::timeout(LOOK, &mut asked).await {
                    Ok(answer) => return answer,
                    Err(_) if pool.num_idle() > 0 => break,
                    Err(_) => {}
                }
            }
        }
    };
    let in_time = tokio::time::timeout(pool.options().get_acquire_timeout(), taken).await;
    Ok(in_time.unwrap_or(Err(sqlx::Error::PoolTimedOut))?)
}

pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, Error> {
    Ok(Transaction::begin(connection(pool).await?, None).await?)
}
