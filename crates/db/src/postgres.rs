use crate::{Error, Settings};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use std::str::FromStr;
use std::sync::Arc;

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

#[expect(clippy::disallowed_methods, reason = "`Writer::begin` is the one caller")]
pub(crate) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, Error> {
    Ok(pool.begin().await?)
}
