//! A firm with an index: the real database, outbox, dispatcher and indexer.

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use chrono::TimeDelta;
use clock::{MockClock, SeededRandom, Timestamp};
use db::{Db, Migration};
use futures_util::future::BoxFuture;
use headroom::{Headroom, InjectedSource};
use ids::{FirmId, Id, UserId};
use queue::{Dispatcher, Event, Jobs, Outbox, Settings};
use std::sync::Arc;
use testkit::TestDatabase;

#[derive(Debug)]
struct Nobody;

impl Authenticator for Nobody {
    fn authenticate<'a>(
        &'a self,
        _: Credentials<'a>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Principal, access::Error>> {
        Box::pin(async { Err(access::Error::NotAuthenticated("nobody is known here")) })
    }
}

/// What this module needs of the schema; its own migrations come last.
pub(crate) fn migrations() -> Vec<Migration> {
    let mut all = queue::migrations();
    all.extend(access::migrations());
    all.extend(search::migrations());
    all
}

/// An application with a search index and nothing else.
pub(crate) struct Index {
    pub(crate) app: App,
    clock: Arc<MockClock>,
    dispatcher: Dispatcher,
    _database: TestDatabase,
}

impl Index {
    pub(crate) async fn create() -> Self {
        let database = TestDatabase::create().await;
        let db = database.open(&migrations()).await;
        Self::of(database, db)
    }

    /// The application on a database that is open.
    pub(crate) fn of(database: TestDatabase, db: Db) -> Self {
        let clock = testkit::clock();
        let headroom =
            Headroom::new(headroom::Settings::default(), Arc::new(InjectedSource::with_limit(1 << 30)));
        let outbox = Outbox::new();
        let app = App::new(
            db.clone(),
            clock.clone(),
            Arc::new(SeededRandom::new(1)),
            headroom,
            outbox.clone(),
            Jobs::new(),
            Arc::new(Nobody),
        );
        let dispatcher =
            Dispatcher::new(db, outbox, vec![Arc::new(search::Indexer)], clock.clone(), Settings::default());
        Self { app, clock, dispatcher, _database: database }
    }

    pub(crate) fn firm(number: u8) -> FirmId {
        FirmId::from_parts(1, &[number; 10])
    }

    pub(crate) fn user(&self, firm: FirmId, role: Role) -> Ctx {
        let principal = Principal::of(UserId::from_parts(1, &[7; 10]), firm, role);
        self.app.act_as(principal, "test")
    }

    /// Publishes a fact as a verb would, some seconds after the last one, and waits until it is indexed.
    pub(crate) async fn tell(&self, ctx: &Ctx, event: &impl Event) {
        self.clock.advance(TimeDelta::seconds(5));
        let mut tx = ctx.begin().await.unwrap();
        ctx.publish(&mut tx, event).await.unwrap();
        tx.commit().await.unwrap();
        self.dispatcher.drain().await.unwrap();
    }
}
