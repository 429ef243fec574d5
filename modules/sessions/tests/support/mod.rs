//! A server's parts without the server: a database, a clock that stands still, cheap password hashes.
#![expect(dead_code, reason = "each test binary uses its own part of this")]

use access::{App, Authenticator, Credentials, Ctx, Principal, Public, Request, Role};
use accounts::{NewFirm, NewUser, User};
use chrono::TimeDelta;
use clock::{Clock, MockClock, SeededRandom, SharedRandom};
use crypto::Secret;
use crypto::jws::SigningKey;
use crypto::password::{Hasher, Settings as HashSettings};
use headroom::Headroom;
use serde_json::Value;
use sessions::{Error, Keys, Login, Sessions, Settings, Shown};
use std::net::IpAddr;
use std::sync::Arc;
use testkit::TestDatabase;

pub(crate) const PASSWORD: &str = "copper lantern violet harbor";
pub(crate) const EMAIL: &str = "ada@example.com";

pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) hasher: Hasher,
    pub(crate) sessions: Sessions,
    /// A super administrator of the firm.
    pub(crate) root: Ctx,
    /// Who signs in.
    pub(crate) ada: User,
    pub(crate) database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let database = TestDatabase::create().await;
        let migrations = [
            queue::migrations(),
            access::migrations(),
            audit::migrations(),
            accounts::migrations(),
            sessions::migrations(),
        ];
        let db = database.open(&migrations.concat()).await;
        let clock = testkit::clock();
        let random: SharedRandom = Arc::new(SeededRandom::new(7));
        let headroom = Headroom::system(headroom::Settings::default());
        let cheap = HashSettings { memory_kib: 8, passes: 1, parallelism: 1 };
        let hasher = Hasher::new(cheap, 2, Arc::clone(&random)).expect("settings that Argon2 allows");
        let sessions =
            Sessions::new(db.clone(), hasher.clone(), keys(SEALING), None, settings, headroom.stores());
        let sessions = sessions.expect("room for three stores");
        let (outbox, jobs) = (queue::Outbox::new(), queue::Jobs::new());
        let known = Arc::new(sessions.clone());
        let app = App::new(db, clock.clone(), random, headroom, outbox, jobs, known);
        let root = first_firm(&app, &hasher).await;
        let ada = person("Ada", EMAIL, Role::Attorney);
        let ada =
            accounts::add_user(&root, &hasher, ada, Secret::new(PASSWORD)).await.expect("the user is added");
        Self { app, clock, hasher, sessions, root, ada, database }
    }

    pub(crate) fn pass(&self, time: TimeDelta) {
        self.clock.advance(time);
    }

    /// A request of a caller who is not signed in, from an address of the documentation range (RFC 5737).
    pub(crate) fn public(&self, last: u8) -> Public {
        let request = Request {
            address: Some(IpAddr::from([192, 0, 2, last])),
            user_agent: Some("test/1".to_owned()),
            ..Request::default()
        };
        Public { app: self.app.clone(), request: Arc::new(request) }
    }

    pub(crate) async fn try_sign_in(&self, email: &str, password: &str) -> Result<Login, Error> {
        self.try_sign_in_with(email, password, Shown::default()).await
    }

    pub(crate) async fn try_sign_in_with(
        &self,
        email: &str,
        password: &str,
        shown: Shown,
    ) -> Result<Login, Error> {
        sessions::sign_in(&self.public(1), &self.sessions, email, Secret::new(password), shown).await
    }

    /// Another process on the same database, with these sealing keys.
    pub(crate) fn replica(&self, settings: Settings, sealing: &str) -> Sessions {
        let headroom = Headroom::system(headroom::Settings::default());
        let db = self.app.db().clone();
        let sessions =
            Sessions::new(db, self.hasher.clone(), keys(sealing), None, settings, headroom.stores());
        sessions.expect("room for three stores")
    }

    /// What was published under a topic and not handed out, the oldest first.
    pub(crate) async fn events(&self, topic: &str) -> Vec<Value> {
        let text = "SELECT payload FROM outbox WHERE topic = $1 ORDER BY seq";
        let statement = db::sql(self.app.db().dialect(), text, [topic.into()]);
        let rows = db::Reads::rows(self.app.db().reader(), statement).await.expect("the outbox");
        let payload = |row: &db::Row| row.get::<String>("payload").expect("a payload");
        rows.iter().map(|row| serde_json::from_str(&payload(row)).expect("JSON")).collect()
    }

    pub(crate) async fn sign_in(&self) -> Login {
        self.try_sign_in(EMAIL, PASSWORD).await.expect("Ada signs in")
    }

    pub(crate) async fn refresh(&self, token: &Secret) -> Result<Login, Error> {
        sessions::refresh(&self.public(1), &self.sessions, token.clone()).await
    }

    /// Who the server takes the bearer of an access token for.
    pub(crate) async fn bearer(&self, token: &Secret) -> Result<Principal, access::Error> {
        self.sessions.authenticate(Credentials::Bearer(token.expose()), self.clock.now()).await
    }

    /// The context of a request with this access token.
    pub(crate) async fn ctx(&self, login: &Login) -> Ctx {
        self.app.act_as(self.bearer(&login.access_token).await.expect("a live login"), "test")
    }

    pub(crate) async fn is_live(&self, login: &Login) -> bool {
        self.bearer(&login.access_token).await.is_ok()
    }
}

/// A sealing key.
pub(crate) const SEALING: &str = "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn keys(sealing: &str) -> Keys {
    Keys {
        signing: SigningKey::new(&[42; 32]).expect("a key long enough"),
        sealing: sealing.parse().expect("sealing keys"),
    }
}

async fn first_firm(app: &App, hasher: &Hasher) -> Ctx {
    let firm = NewFirm { name: "Moreno & Kline".to_owned() };
    let admin = person("Root", "root@example.com", Role::SuperAdmin);
    let principal = accounts::create_firm_with_admin(app, hasher, firm, admin, Secret::new(PASSWORD)).await;
    app.act_as(principal.expect("the firm is set up"), "test")
}

pub(crate) fn person(first: &str, email: &str, role: Role) -> NewUser {
    NewUser { email: email.to_owned(), first_name: first.to_owned(), last_name: "Tester".to_owned(), role }
}
