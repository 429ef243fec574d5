//! A firm with cases and dockets, on the real database.

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use clock::{SeededRandom, Timestamp};
use futures_util::future::BoxFuture;
use headroom::{Headroom, InjectedSource};
use ids::{FirmId, Id, UserId};
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

/// An application with cases and dockets and nothing else.
pub(crate) struct Firm {
    pub(crate) app: App,
    _database: TestDatabase,
}

impl Firm {
    pub(crate) async fn create() -> Self {
        let database = TestDatabase::create().await;
        let mut migrations = queue::migrations();
        for more in [
            access::migrations(),
            audit::migrations(),
            testkit::users(),
            clients::migrations(),
            cases::migrations(),
            docket::migrations(),
        ] {
            migrations.extend(more);
        }
        let db = database.open(&migrations).await;
        let clock = testkit::clock();
        let headroom =
            Headroom::new(headroom::Settings::default(), Arc::new(InjectedSource::with_limit(1 << 30)));
        let random = Arc::new(SeededRandom::new(1));
        let (outbox, jobs) = (queue::Outbox::new(), queue::Jobs::new());
        let app = App::new(db, clock, random, headroom, outbox, jobs, Arc::new(Nobody));
        Self { app, _database: database }
    }

    pub(crate) fn user(&self, firm: u8, role: Role) -> Ctx {
        let firm = FirmId::from_parts(1, &[firm; 10]);
        self.app.act_as(Principal::of(UserId::from_parts(1, &[7; 10]), firm, role), "test")
    }
}
