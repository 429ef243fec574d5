//! A firm with cases: the real database, a clock that stands still, and as many firms as a test wants.
#![expect(dead_code, reason = "each test binary uses its own part of this")]

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use cases::CaseFields;
use clock::{MockClock, SeededRandom, Timestamp};
use futures_util::future::BoxFuture;
use ids::{FirmId, Id, UserId};
use queue::{Jobs, Outbox};
use std::sync::Arc;
use testkit::TestDatabase;

/// Takes `Bearer <number of the firm>` for that firm's partner.
#[derive(Debug)]
struct ByFirm;

impl Authenticator for ByFirm {
    fn authenticate<'a>(
        &'a self,
        credentials: Credentials<'a>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Principal, access::Error>> {
        let Credentials::Bearer(token) = credentials else { panic!("only bearer tokens come here") };
        Box::pin(async move { Ok(principal(token.parse().unwrap(), Role::Partner)) })
    }
}

fn principal(firm: u8, role: Role) -> Principal {
    let user = UserId::from_parts(1, &[firm; 10]);
    Principal::of(user, FirmId::from_parts(1, &[firm; 10]), role)
}

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<MockClock>,
    _database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let migrations = [
            queue::migrations(),
            access::migrations(),
            audit::migrations(),
            testkit::users(),
            clients::migrations(),
            cases::migrations(),
        ];
        let db = database.open(&migrations.concat()).await;
        let clock = testkit::clock();
        let headroom = headroom::Headroom::system(headroom::Settings::default());
        let random = Arc::new(SeededRandom::new(3));
        let app = App::new(db, clock.clone(), random, headroom, Outbox::new(), Jobs::new(), Arc::new(ByFirm));
        Self { app, clock, _database: database }
    }

    /// A partner of a firm.
    pub(crate) fn partner(&self, firm: u8) -> Ctx {
        self.of_role(firm, Role::Partner)
    }

    /// Makes the caller a user whom a case may name.
    pub(crate) async fn enrol(&self, ctx: &Ctx) {
        testkit::add_user(self.app.db(), ctx.firm().uuid(), ctx.user().uuid()).await;
    }

    pub(crate) fn of_role(&self, firm: u8, role: Role) -> Ctx {
        self.app.act_as(principal(firm, role), "test")
    }

    /// How many rows a statement finds.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let text = format!("SELECT count(*) FROM {table}");
        let reader = self.app.db().reader();
        let rows = db::Reads::rows(reader, db::sql(self.app.db().dialect(), text, [])).await.unwrap();
        rows.first().unwrap().at(0).unwrap()
    }
}

pub(crate) fn titled(title: &str) -> CaseFields {
    CaseFields { title: title.to_owned(), ..CaseFields::default() }
}
