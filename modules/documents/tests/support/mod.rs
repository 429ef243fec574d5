//! A firm with cases and documents: the real database, a file store in a folder of its own, a clock that stands still.
#![expect(dead_code, reason = "each test binary uses its own part of this")]

use access::{App, Authenticator, Credentials, Ctx, Principal, Role, Routes};
use blob::BlobStore;
use cases::CaseFields;
use clock::{MockClock, SeededRandom, Timestamp};
use documents::{Document, DocumentFields, Files, Intake, JobDeps, NewFile, ReadText, RemoveBlobs, Settings};
use futures_util::future::BoxFuture;
use ids::{CaseId, FirmId, Id, UserId};
use queue::{Drained, Jobs, Outbox, Worker};
use std::path::PathBuf;
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
    pub(crate) files: Files,
    pub(crate) folder: PathBuf,
    _database: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::with_store(settings, |_| {}).await
    }

    pub(crate) async fn with_store(settings: Settings, change: impl FnOnce(&mut blob::Settings)) -> Self {
        let database = TestDatabase::create().await;
        let migrations = [
            queue::migrations(),
            access::migrations(),
            audit::migrations(),
            testkit::users(),
            clients::migrations(),
            cases::migrations(),
            documents::migrations(),
        ];
        let db = database.open(&migrations.concat()).await;
        let clock = testkit::clock();
        let random = Arc::new(SeededRandom::new(3));
        let folder = database.folder().join("files");
        let mut store = blob::Settings { min_free_bytes: 0, fsync: false, ..blob::Settings::at(&folder) };
        change(&mut store);
        let blobs = BlobStore::open(store, random.clone(), clock.clone()).await.unwrap();
        let headroom = headroom::Headroom::system(headroom::Settings::default());
        let app = App::new(db, clock.clone(), random, headroom, Outbox::new(), Jobs::new(), Arc::new(ByFirm));
        Self {
            app,
            clock,
            files: Files { blobs, settings, spill: audit::Spill::nowhere() },
            folder,
            _database: database,
        }
    }

    /// A partner of a firm.
    pub(crate) fn partner(&self, firm: u8) -> Ctx {
        self.of_role(firm, Role::Partner)
    }

    pub(crate) fn of_role(&self, firm: u8, role: Role) -> Ctx {
        self.app.act_as(principal(firm, role), "test")
    }

    pub(crate) fn router(&self) -> axum::Router {
        Routes::new().merge(documents::routes(self.files.clone())).into_parts(self.app.clone()).0
    }

    /// Does all work that is due.
    pub(crate) async fn work(&self) -> Drained {
        let deps = JobDeps { app: self.app.clone(), files: self.files.clone() };
        let (app, clock, random) = (&self.app, self.clock.clone(), self.app.random().clone());
        let worker = Worker::builder(app.db().clone(), app.jobs().clone(), clock, random)
            .register::<ReadText>(deps.clone())
            .register::<RemoveBlobs>(deps)
            .build();
        worker.drain_due().await.unwrap()
    }

    pub(crate) async fn case(&self, ctx: &Ctx, title: &str) -> CaseId {
        let fields = CaseFields { title: title.to_owned(), ..CaseFields::default() };
        cases::open_case(ctx, fields).await.unwrap().id
    }

    /// Puts a file into the store, as an upload does.
    pub(crate) async fn store(&self, name: &str, content: &[u8]) -> NewFile {
        let mut intake = Intake::start(&self.files, name, None, None).await.unwrap();
        intake.write(content).await.unwrap();
        intake.finish().await.unwrap()
    }

    pub(crate) async fn add(&self, ctx: &Ctx, name: &str, content: &[u8]) -> Document {
        let file = self.store(name, content).await;
        documents::add_document(ctx, &self.files, titled(name), file).await.unwrap()
    }

    /// How many rows a statement finds.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let text = format!("SELECT count(*) FROM {table}");
        let reader = self.app.db().reader();
        let rows = db::Reads::rows(reader, db::sql(self.app.db().dialect(), text, [])).await.unwrap();
        rows.first().unwrap().at(0).unwrap()
    }

    /// The payloads of the events of a topic, in the order in which they happened.
    pub(crate) async fn events(&self, topic: &str) -> Vec<serde_json::Value> {
        let text = "SELECT CAST(payload AS text) FROM outbox WHERE topic = $1 ORDER BY seq";
        let statement = db::sql(self.app.db().dialect(), text, [topic.into()]);
        let rows = db::Reads::rows(self.app.db().reader(), statement).await.unwrap();
        rows.iter().map(|row| serde_json::from_str(&row.at::<String>(0).unwrap()).unwrap()).collect()
    }

    /// Files of the store, and temporary ones.
    pub(crate) async fn files_on_disk(&self) -> (u64, u64) {
        let usage = self.files.blobs.usage().await.unwrap();
        (usage.blobs, usage.temp_files)
    }
}

pub(crate) fn titled(title: &str) -> DocumentFields {
    DocumentFields { title: title.to_owned(), ..DocumentFields::default() }
}
