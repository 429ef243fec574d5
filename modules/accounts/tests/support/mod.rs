//! A server's parts without the server: a database, a clock that stands still, cheap password hashes.
#![expect(dead_code, reason = "each test binary uses its own part of this")]

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use accounts::{NewFirm, NewUser, User, UserWatch};
use clock::{MockClock, SeededRandom, SharedRandom, Timestamp};
use crypto::Secret;
use crypto::password::{Hasher, Settings};
use ids::{FirmId, UserId};
use std::sync::{Arc, Mutex};
use testkit::TestDatabase;

pub(crate) const PASSWORD: &str = "copper lantern violet harbor";

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) hasher: Hasher,
    pub(crate) watch: Watch,
    pub(crate) database: TestDatabase,
}

/// Remembers who was told to have changed.
#[derive(Debug, Default)]
pub(crate) struct Watch(pub(crate) Mutex<Vec<UserId>>);

impl UserWatch for Watch {
    fn user_changed(&self, _firm: FirmId, user: UserId) {
        self.0.lock().expect("no test panics while it holds this").push(user);
    }
}

#[derive(Debug)]
struct Nobody;

impl Authenticator for Nobody {
    fn authenticate<'a>(
        &'a self,
        _credentials: Credentials<'a>,
        _now: Timestamp,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Principal, access::Error>> + Send + 'a>> {
        Box::pin(std::future::ready(Err(access::Error::NotAuthenticated("nobody is known here"))))
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::create().await;
        let migrations =
            [queue::migrations(), access::migrations(), audit::migrations(), accounts::migrations()].concat();
        let db = database.open(&migrations).await;
        let clock = testkit::clock();
        let random: SharedRandom = Arc::new(SeededRandom::new(7));
        let headroom = headroom::Headroom::system(headroom::Settings::default());
        let cheap = Settings { memory_kib: 8, passes: 1, parallelism: 1 };
        let hasher = Hasher::new(cheap, 2, Arc::clone(&random)).expect("settings that Argon2 allows");
        let (outbox, jobs) = (queue::Outbox::new(), queue::Jobs::new());
        let app = App::new(db, clock.clone(), random, headroom, outbox, jobs, Arc::new(Nobody));
        Self { app, clock, hasher, watch: Watch::default(), database }
    }

    /// Sets up a firm and acts as its super administrator.
    pub(crate) async fn firm(&self, name: &str) -> Ctx {
        let slug = NewFirm { name: name.to_owned() }.slug();
        let admin = person("Root", "Keeper", &format!("root@{slug}.example"), Role::SuperAdmin);
        let firm = NewFirm { name: name.to_owned() };
        let password = Secret::new(PASSWORD);
        let principal =
            accounts::create_firm_with_admin(&self.app, &self.hasher, firm, admin, password).await;
        self.app.act_as(principal.expect("the firm is set up"), "test")
    }

    pub(crate) async fn add(&self, ctx: &Ctx, first: &str, role: Role) -> User {
        let email = format!("{}@example.com", first.to_lowercase());
        accounts::add_user(ctx, &self.hasher, person(first, "Tester", &email, role), Secret::new(PASSWORD))
            .await
            .expect("the user is added")
    }

    /// The same user's context.
    pub(crate) fn as_user(&self, user: &User) -> Ctx {
        let principal = Principal::of(user.id, user.firm, user.role);
        self.app.act_as(principal, "test")
    }

    pub(crate) fn told(&self) -> Vec<UserId> {
        self.watch.0.lock().expect("no test panics while it holds this").clone()
    }
}

pub(crate) fn person(first: &str, last: &str, email: &str, role: Role) -> NewUser {
    NewUser { email: email.to_owned(), first_name: first.to_owned(), last_name: last.to_owned(), role }
}
