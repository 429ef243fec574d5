use crate::fault::{Fault, room_for_row};
use crate::{Error, Row, Settings};
use futures_util::future::BoxFuture;
use futures_util::{Stream, TryStreamExt as _};
use sea_orm::sea_query::Values;
use sea_query_sqlx::SqlxValues;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, Postgres, Transaction};
use std::pin::{Pin, pin};
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

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
            .before_acquire(|connection, meta| {
                Box::pin(async move { Ok(meta.idle_for < TRUSTED || connection.ping().await.is_ok()) })
            })
    };
    let writers = settings.max_connections.div_ceil(2);
    let writer = pool(writers).connect_with(options).await.map_err(|error| Error::Open(Arc::new(error)))?;
    let reader = pool(settings.max_connections.saturating_sub(writers)).connect_lazy_with(read_only);
    Ok((writer, reader))
}

/// A connection that was used a moment ago is handed out without a question, which would cost a round trip each time.
const TRUSTED: Duration = Duration::from_secs(1);

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
    match tokio::time::timeout(pool.options().get_acquire_timeout(), taken).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error @ sqlx::Error::PoolClosed)) => Err(error.into()),
        // Whatever keeps the server from taking a connection, it may do so later.
        Ok(Err(error)) => Err(Error::Busy(Arc::new(error))),
        Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
    }
}

/// Whether the connection is gone, and not the statement wrong: 57P01 and 57P02 are a server's last words.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| ["57P01", "57P02"].contains(&&*code)),
        _ => false,
    }
}

/// How often something that may be done twice is begun anew on another connection. After the server was restarted, all
/// that the pool has are lost.
struct Tries(u32);

impl Tries {
    fn of(pool: &PgPool) -> Self {
        Self(pool.options().get_max_connections())
    }

    fn again_after(&mut self, error: &sqlx::Error) -> bool {
        let again = self.0 > 0 && is_lost(error);
        self.0 = self.0.saturating_sub(1);
        again
    }
}

/// Where transactions start.
#[derive(Debug, Clone)]
pub(crate) struct Writers {
    pool: PgPool,
    /// What is begun for callers that are gone. Each holds a connection of the pool, so there are no more than those.
    left: TaskTracker,
}

impl Writers {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, left: TaskTracker::new() }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        let mut tries = Tries::of(&self.pool);
        loop {
            let begun = Transaction::begin(connection(&self.pool).await?, None);
            match (Beginning { begun: Some(begun), left: &self.left }).await {
                Err(error) if tries.again_after(&error) => {}
                begun => return Ok(begun?),
            }
        }
    }

    pub(crate) async fn close(&self) {
        self.left.close();
        tokio::join!(self.left.wait(), self.pool.close());
    }
}

/// A transaction whose `BEGIN` is on its way.
///
/// When its caller goes away, the library would give the connection back to the pool as if nothing had been sent, with a
/// transaction that is open until the next caller ends it. So it is begun to the end all the same, and then taken back.
struct Beginning<'a> {
    begun: Option<BoxFuture<'static, sqlx::Result<Transaction<'static, Postgres>>>>,
    left: &'a TaskTracker,
}

impl Future for Beginning<'_> {
    type Output = sqlx::Result<Transaction<'static, Postgres>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(begun) = &mut self.begun else { return Poll::Pending };
        let begun = ready!(begun.as_mut().poll(context));
        self.begun = None;
        Poll::Ready(begun)
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        // When the runtime ends, its connections end with it.
        if let (Some(begun), Ok(runtime)) = (self.begun.take(), Handle::try_current()) {
            self.left.spawn_on(async move { drop(begun.await) }, &runtime);
        }
    }
}

/// The rows of a statement that only reads.
pub(crate) async fn rows(pool: &PgPool, text: &str, values: &Values) -> Result<Vec<Row>, Error> {
    let mut tries = Tries::of(pool);
    loop {
        let mut connection = connection(pool).await?;
        let query = sqlx::query_with(AssertSqlSafe(text), SqlxValues(values.clone()));
        let found = gather(query.fetch(&mut *connection)).await;
        match found {
            Err(Fault::Driver(error)) if tries.again_after(&error) => {}
            Err(fault) => {
                // What is still to come of a page that was refused would be read to its end before anybody else's.
                if matches!(fault, Fault::Memory(_)) {
                    connection.close_on_drop();
                }
                return Err(fault.into_error(Error::from));
            }
            Ok(rows) => return Ok(rows),
        }
    }
}

/// All rows, for each of which memory is borrowed as it comes: how long they are is known when they are there.
pub(crate) async fn gather(
    mut found: impl Stream<Item = sqlx::Result<PgRow>> + Unpin,
) -> Result<Vec<Row>, Fault<sqlx::Error>> {
    // bounded: by the statement's own limit; what it takes is borrowed.
    let mut rows = Vec::new();
    while let Some(row) = found.try_next().await? {
        rows.push(Row::postgres(row));
        room_for_row()?;
    }
    Ok(rows)
}
