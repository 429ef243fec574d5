//! A log that an earlier build began, before entries had a second form: it stays good, goes on, and is guarded as ever.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use access::{App, Authenticator, Credentials, Ctx, Principal, Role};
use audit::{
    Act, Against, Asked, Checkpoint, Entity, Fault, Filter, Format, Notary, Trust, Verdict, Witness,
};
use chrono::{DateTime, SecondsFormat};
use clock::{SeededRandom, Timestamp};
use crypto::digest::{hex, sha256};
use crypto::ed25519::KeyPair;
use db::{Db, Dialect, Reads as _};
use headroom::{Class, Headroom};
use ids::FirmId;
use std::sync::Arc;
use testkit::TestDatabase;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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

#[derive(Debug)]
struct NoWitness;

impl Witness for NoWitness {
    fn keep(&self, _checkpoint: &Checkpoint) -> std::io::Result<()> {
        Ok(())
    }

    fn newest(&self, _firm: FirmId) -> std::io::Result<Option<Checkpoint>> {
        Ok(None)
    }
}

const FIRM: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
const USER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);
/// Seconds since 1970, before the tests' clock begins.
const BEGUN: i64 = 1_772_000_000;

fn moment(seq: i64) -> Timestamp {
    DateTime::from_timestamp(BEGUN + seq, 0).unwrap()
}

/// The hash of the first form, from its description: written here a second time, so that the one of the module is checked.
fn hash(seq: i64, before: [u8; 32]) -> [u8; 32] {
    let (seq_bytes, at) = (seq.to_be_bytes(), moment(seq).timestamp_micros().to_be_bytes());
    let (id, changes) =
        (Uuid::from_u128(seq.unsigned_abs().into()), format!("{{\"title\":[null,\"{seq}\"]}}"));
    let fields: [Option<&[u8]>; 20] = [
        Some(b"lexiflow-audit-entry-1"),
        Some(&before),
        Some(&seq_bytes),
        Some(FIRM.as_bytes()),
        Some(id.as_bytes()),
        Some(USER.as_bytes()),
        None,
        Some(b"create"),
        Some(b"case"),
        Some(id.as_bytes()),
        None,
        Some(b"done"),
        None,
        Some(changes.as_bytes()),
        None,
        None,
        Some(b"POST"),
        Some(b"/api/cases"),
        Some(b"earlier"),
        Some(&at),
    ];
    let mut bytes = Vec::new();
    for field in fields {
        let length = field.map_or(u32::MAX, |field| u32::try_from(field.len()).unwrap());
        bytes.extend(length.to_be_bytes());
        bytes.extend(field.unwrap_or_default());
    }
    sha256(&bytes)
}

async fn run(db: &Db, text: &str) {
    let mut tx = db.writer().begin().await.unwrap();
    tx.run(db::sql(tx.dialect(), text, [])).await.unwrap();
    tx.commit().await.unwrap();
}

/// A database of an earlier build, with so many entries, which this build brings up to date.
async fn earlier(database: &TestDatabase, entries: i64) -> Db {
    let today = [queue::migrations(), access::migrations(), audit::migrations()].concat();
    let then: Vec<_> =
        today.iter().filter(|migration| migration.name != "0012_audit_entry_forms").copied().collect();
    assert_eq!(then.len() + 1, today.len());
    let db = database.open(&then).await;
    let is_embedded = db.dialect() == Dialect::Sqlite;
    let id = |id: Uuid| if is_embedded { format!("X'{}'", id.simple()) } else { format!("'{id}'") };
    let bytes = |bytes: &[u8]| {
        if is_embedded { format!("X'{}'", hex(bytes)) } else { format!("'\\x{}'", hex(bytes)) }
    };
    let at = |at: Timestamp| {
        if is_embedded {
            at.timestamp_micros().to_string()
        } else {
            format!("'{}'", at.to_rfc3339_opts(SecondsFormat::Micros, true))
        }
    };
    let firm = id(FIRM);
    run(&db, &format!("INSERT INTO audit_chains (firm_id, begun_at) VALUES ({firm}, {})", at(moment(1))))
        .await;
    let mut before = [0; 32];
    for seq in 1..=entries {
        before = hash(seq, before);
        let own = id(Uuid::from_u128(seq.unsigned_abs().into()));
        let (user, when, hash) = (id(USER), at(moment(seq)), bytes(&before));
        let text = format!(
            "INSERT INTO audit_log (firm_id, seq, id, user_id, action, entity, entity_id, outcome, changes, method, \
             route, correlation, at, hash) VALUES ({firm}, {seq}, {own}, {user}, 'create', 'case', {own}, 'done', \
             '{{\"title\":[null,\"{seq}\"]}}', 'POST', '/api/cases', 'earlier', {when}, {hash})"
        );
        run(&db, &text).await;
    }
    let applied = db::migrate::run(&db, &today, moment(entries)).await.unwrap();
    assert_eq!(applied, ["0012_audit_entry_forms"]);
    db
}

struct World {
    ctx: Ctx,
    notary: Notary,
}

fn world(db: Db) -> World {
    let headroom = Headroom::system(headroom::Settings::default());
    let random = Arc::new(SeededRandom::new(7));
    let key = KeyPair::generate(&*random);
    let notary = Notary::new(key, Vec::new(), Arc::new(NoWitness), headroom.class(Class::Background).clone());
    let (outbox, jobs) = (queue::Outbox::new(), queue::Jobs::new());
    let app = App::new(db, testkit::clock(), random, headroom, outbox, jobs, Arc::new(Nobody));
    let ctx = app.act_as(Principal::of(USER.into(), FIRM.into(), Role::SuperAdmin), "today");
    World { ctx, notary }
}

impl World {
    async fn verify(&self) -> Verdict {
        let (app, stop) = (self.ctx.app(), CancellationToken::new());
        let memory = app.headroom().class(Class::Background).clone();
        let trust = Trust::default();
        let against = Against { trust: &trust, witnessed: None };
        audit::verify_chain(app.db().reader(), &memory, FIRM.into(), against, Asked::default(), &stop)
            .await
            .unwrap()
    }

    async fn record(&self) {
        let mut tx = self.ctx.begin().await.unwrap();
        audit::record(&mut tx, &self.ctx, Act::Update, Entity::of(self.ctx.user())).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn export(&self) -> String {
        let begun = audit::export(self.ctx.clone(), &self.notary, Filter::default(), Format::Ndjson);
        let mut export = Box::pin(begun).await.unwrap();
        let mut text = Vec::new();
        while let Some(piece) = Box::pin(export.piece()).await.unwrap() {
            text.extend(piece);
        }
        String::from_utf8(text).unwrap()
    }
}

#[tokio::test]
async fn a_log_of_an_earlier_build_stays_good_and_goes_on() {
    let database = TestDatabase::create().await;
    let db = earlier(&database, 40).await;
    let world = world(db);
    let found = world.verify().await;
    assert_eq!((found.is_intact(), found.entries, found.last), (true, 40, Some(40)), "{found:?}");
    world.record().await;
    let entries = audit::entries_of(world.ctx.reader(), FIRM.into(), world.ctx.user(), 10).await.unwrap();
    assert_eq!((entries.len(), entries[0].seq), (1, 41));
    let found = world.verify().await;
    assert_eq!((found.is_intact(), found.entries), (true, 41), "{found:?}");
    let text = world.export().await;
    assert_eq!((text.matches("\"form\":1").count(), text.matches("\"form\":2").count()), (40, 1));
    let read = audit::read_export(text.as_bytes(), world.notary.trust()).unwrap();
    assert!(read.verdict.is_intact() && read.verdict.entries == 41, "{:?}", read.verdict);
    // A line that does not say its form has the first, as in exports of earlier builds; the last line is not theirs.
    let silent = text.replace("\"form\":1,", "").replace("\"key\":null,", "");
    let read = audit::read_export(silent.as_bytes(), world.notary.trust()).unwrap();
    assert!(
        read.verdict.faults.iter().all(|fault| !matches!(fault, Fault::Altered { .. })),
        "{:?}",
        read.verdict
    );
}

#[tokio::test]
async fn what_the_first_form_does_not_cover_cannot_be_slipped_in() {
    let database = TestDatabase::create().await;
    let db = earlier(&database, 5).await;
    let on = if db.dialect() == Dialect::Sqlite { "" } else { " ON audit_log" };
    run(&db, &format!("DROP TRIGGER audit_log_unchanged{on}")).await;
    let world = world(db);
    let key = match world.ctx.reader().dialect() {
        Dialect::Sqlite => "X'019CAE6BDE617903BDF20A584CED39F0'",
        Dialect::Postgres => "'019cae6b-de61-7903-bdf2-0a584ced39f0'",
    };
    for (column, value) in [("api_key_id", key), ("status", "200"), ("elapsed_micros", "0"), ("form", "2")] {
        let db = world.ctx.app().db();
        run(db, &format!("UPDATE audit_log SET {column} = {value} WHERE seq = 3")).await;
        assert_eq!(world.verify().await.faults, [Fault::Altered { seq: 3 }], "{column}");
        let back = if column == "form" { "1" } else { "NULL" };
        run(db, &format!("UPDATE audit_log SET {column} = {back} WHERE seq = 3")).await;
        assert!(world.verify().await.is_intact(), "{column}");
    }
}
