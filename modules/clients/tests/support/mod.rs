//! A firm with clients: the real database, a clock that stands still, and as many firms as a test wants.

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use clients::{ClientFields, ClientKind, ClientStatus};
use clock::{SeededRandom, Timestamp};
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
    _database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let migrations =
            [queue::migrations(), access::migrations(), audit::migrations(), clients::migrations()];
        let db = database.open(&migrations.concat()).await;
        let clock = testkit::clock();
        let headroom = headroom::Headroom::system(headroom::Settings::default());
        let random = Arc::new(SeededRandom::new(3));
        let app = App::new(db, clock, random, headroom, Outbox::new(), Jobs::new(), Arc::new(ByFirm));
        Self { app, _database: database }
    }

    /// A partner of a firm.
    pub(crate) fn partner(&self, firm: u8) -> Ctx {
        self.app.act_as(principal(firm, Role::Partner), "test")
    }

    /// How many rows a statement finds.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let text = format!("SELECT count(*) FROM {table}");
        let reader = self.app.db().reader();
        let rows = db::Reads::rows(reader, db::sql(self.app.db().dialect(), text, [])).await.unwrap();
        rows.first().unwrap().at(0).unwrap()
    }
}

pub(crate) fn named(name: &str) -> ClientFields {
    ClientFields {
        name: name.to_owned(),
        kind: ClientKind::default(),
        status: ClientStatus::default(),
        email: None,
        phone: None,
        address: None,
        notes: None,
    }
}
