//! What is told of a wall, to whoever closes what is open to the screened.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use cases::CaseFields;
use clock::{SeededRandom, Timestamp};
use db::Reads as _;
use futures_util::future::BoxFuture;
use ids::{FirmId, Id, UserId};
use queue::{Jobs, Outbox};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use testkit::TestDatabase;
use walls::{Members, change_wall, lift_wall, raise_wall};

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

async fn app(database: &TestDatabase) -> App {
    let migrations = [
        queue::migrations(),
        access::migrations(),
        audit::migrations(),
        accounts::migrations(),
        clients::migrations(),
        cases::migrations(),
        walls::migrations(),
    ];
    let db = database.open(&migrations.concat()).await;
    let headroom = headroom::Headroom::system(headroom::Settings::default());
    let random = Arc::new(SeededRandom::new(3));
    App::new(db, testkit::clock(), random, headroom, Outbox::new(), Jobs::new(), Arc::new(Nobody))
}

/// A user of the firm who may sign in.
async fn add_user(app: &App, firm: FirmId, number: u8, role: Role) -> UserId {
    let user = UserId::from_parts(1, &[number; 10]);
    let mut tx = app.db().writer().begin().await.unwrap();
    let text = "INSERT INTO users (id, firm_id, email, first_name, last_name, search_text, role, active, version, \
                created_at, updated_at) VALUES ($1, $2, $3, 'A', 'B', 'a b', $4, $5, 1, $6, $6)";
    let email = format!("{number}@example.com");
    let now = db::Stamp(app.clock().now());
    let values =
        [user.uuid().into(), firm.uuid().into(), email.into(), role.as_str().into(), true.into(), now.into()];
    tx.run(db::sql(tx.dialect(), text, values)).await.unwrap();
    tx.commit().await.unwrap();
    user
}

async fn firm(app: &App) -> FirmId {
    let firm = FirmId::from_parts(1, &[9; 10]);
    let mut tx = app.db().writer().begin().await.unwrap();
    let text = "INSERT INTO firms (id, name, slug, version, created_at, updated_at) VALUES ($1, 'Firm', 'firm', 1, $2, $2)";
    let values = [firm.uuid().into(), db::Stamp(app.clock().now()).into()];
    tx.run(db::sql(tx.dialect(), text, values)).await.unwrap();
    tx.commit().await.unwrap();
    firm
}

/// The facts about walls that wait to be handed out, by their topics.
async fn told(ctx: &Ctx) -> BTreeMap<String, Value> {
    let text = "SELECT topic, payload FROM outbox WHERE topic LIKE 'wall.%'";
    let rows = ctx.reader().rows(db::sql(ctx.reader().dialect(), text, [])).await.unwrap();
    rows.iter()
        .map(|row| {
            let payload: String = row.at(1).unwrap();
            (row.at(0).unwrap(), serde_json::from_str(&payload).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn each_change_of_a_wall_is_told_with_whom_it_screens_now() {
    let database = TestDatabase::create().await;
    let app = app(&database).await;
    let firm = firm(&app).await;
    let admin = add_user(&app, firm, 1, Role::Admin).await;
    let (ada, bob) =
        (add_user(&app, firm, 2, Role::Partner).await, add_user(&app, firm, 3, Role::Clerk).await);
    let ctx = app.act_as(Principal::of(admin, firm, Role::Admin), "test");
    let fields = CaseFields { title: "Alder v. Birch".to_owned(), ..CaseFields::default() };
    let case = cases::open_case(&ctx, fields).await.unwrap().id;
    let members = Members { screened: vec![ada], admitted: None };
    let wall = raise_wall(&ctx, case, "Former client".to_owned(), members.clone()).await.unwrap();
    // Nothing differs, and nothing is told.
    change_wall(&ctx, wall.id, None, "The same", |_| members).await.unwrap();
    let both = Members { screened: vec![bob, ada, ada], admitted: Some(vec![admin]) };
    let changed = change_wall(&ctx, wall.id, None, "Another one", |_| both).await.unwrap();
    assert_eq!((changed.version, changed.members.screened.len()), (2, 2));
    lift_wall(&ctx, wall.id, None, "Consent".to_owned()).await.unwrap();
    let of_wall = json!({ "wall": wall.id, "case": case });
    let with = |more: Value| {
        let mut all = of_wall.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    assert_eq!(
        told(&ctx).await,
        BTreeMap::from([
            ("wall.raised".to_owned(), with(json!({ "screened": [ada], "closed": false }))),
            ("wall.changed".to_owned(), with(json!({ "screened": [ada, bob], "closed": true }))),
            ("wall.lifted".to_owned(), of_wall),
        ])
    );
}
