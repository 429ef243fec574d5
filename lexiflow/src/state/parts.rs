use super::callers::Callers;
use super::spill_file::SpillFolder;
use super::{OpenMemory, StartError, bounds, folder, schema, settings, sign_on, signing};
use crate::about;
use crate::config::Config;
use access::{App, IdempotencyKeys, SharedRates};
use accounts::{ApiKeys, Entrance, Register, SendInvitation, SendReset};
use audit::{Notary, Spill, VerifyChain};
use blob::BlobStore;
use clock::{Random, SharedClock, SharedRandom};
use crypto::jws::SigningKey;
use crypto::password::Hasher;
use db::Db;
use documents::{Files, JobDeps, ReadText, RemoveBlobs};
use headroom::{Class, Headroom};
use queue::{Dispatcher, Jobs, Outbox, Schedule, Scheduler, Tasks, Worker};
use sessions::{Keys, Sessions};
use std::sync::Arc;
use std::time::Duration;
use telemetry::{BuildInfo, Metrics};
use web::RateLimits;

/// Everything that verbs, routes and background work need, ready for use.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The settings.
    pub config: Arc<Config>,
    /// What every verb begins with.
    pub app: App,
    /// Where files lie, and which are taken.
    pub files: Files,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Signs the audit log.
    pub notary: Notary,
    /// Knows logins.
    pub sessions: Sessions,
    /// How often somebody may ask.
    pub rates: RateLimits,
    /// The ways in that need no login.
    pub entrance: Entrance,
    /// Has it recorded what callers were refused.
    pub refusals: Arc<audit::Refusals>,
    /// The counters.
    pub metrics: Metrics,
    /// Hands events to listeners.
    pub dispatcher: Arc<Dispatcher>,
    /// Runs jobs.
    pub worker: Worker,
    /// Runs periodic work.
    pub scheduler: Scheduler,
    /// Holds the task that commits groups, which ends when the database is closed.
    committer: Tasks,
}

impl Parts {
    /// Opens the database and the file store, makes what is missing, and brings the schema up to date.
    pub async fn open(config: Config, clock: SharedClock, random: SharedRandom) -> Result<Self, StartError> {
        Self::open_with(config, clock, random, Box::new(Headroom::system)).await
    }

    /// As [`Parts::open`] with memory books of the caller's.
    pub(super) async fn open_with(
        config: Config,
        clock: SharedClock,
        random: SharedRandom,
        memory: OpenMemory,
    ) -> Result<Self, StartError> {
        Self::build(config, clock, random, memory, true).await
    }

    /// As [`Parts::open`] without touching the schema: for what describes the server and stores nothing.
    pub(crate) async fn describe(
        config: Config,
        clock: SharedClock,
        random: SharedRandom,
    ) -> Result<Self, StartError> {
        Self::build(config, clock, random, Box::new(Headroom::system), false).await
    }

    /// What each consumer takes of the memory limit at most.
    pub fn declared_bounds(&self) -> headroom::Bounds {
        bounds::declare(&self.config, bounds::limit_of(&self.config))
    }

    async fn build(
        mut config: Config,
        clock: SharedClock,
        random: SharedRandom,
        memory: OpenMemory,
        migrate: bool,
    ) -> Result<Self, StartError> {
        folder::prepare(&config.storage.data_dir)?;
        let limit_bytes = bounds::limit_of(&config);
        bounds::settle(&mut config, limit_bytes);
        let lending = bounds::lending(&config, limit_bytes);
        let headroom = memory(settings::memory(&config, limit_bytes, lending, random.as_ref()));
        let committer = Tasks::new();
        let db = Db::open(&settings::database(&config)).await?;
        for store in db.stores() {
            headroom.stores().register(store)?;
        }
        committer.spawn("db.commit_groups", db.commit_groups());
        if migrate {
            db::migrate::run(&db, &schema::migrations(), clock.now()).await?;
        }
        let store = settings::files(&config, limit_bytes);
        let path = store.root.clone();
        let blobs = BlobStore::open(store, Arc::clone(&random), Arc::clone(&clock)).await;
        let blobs = blobs.map_err(|source| StartError::Files { path, source })?;
        let spill = Spill::into_file(Box::new(SpillFolder::at(config.storage.data_dir.join("audit"))));
        let files = Files { blobs, settings: settings::documents(&config), spill };
        let hasher =
            Hasher::new(settings::hashing(&config), config.auth.argon2_parallel_hashes, Arc::clone(&random));
        let hasher = hasher.map_err(StartError::Hashing)?.within(headroom.class(Class::Interactive).clone());
        let keys = keys(&config, random.as_ref())?;
        let logins = settings::logins(&config);
        let rates = RateLimits::register(settings::rates(&config), Arc::clone(&clock), headroom.stores())?;
        let provider = sign_on::open(&config, &clock, &headroom)?;
        let sessions = Sessions::new(db.clone(), hasher.clone(), keys, provider, logins, headroom.stores())?;
        let entrance = settings::entrance(&config).map_err(StartError::MailFrom)?;
        let entrance = Entrance::new(entrance, headroom.stores())?;
        let notary = signing::notary(&config, random.as_ref(), &headroom)?;
        let callers = Callers { sessions: sessions.clone(), keys: ApiKeys::new(db.clone()) };
        let app = App::new(db, clock, random, headroom, Outbox::new(), Jobs::new(), Arc::new(callers));
        let refusals = Arc::new(audit::Refusals::register(app.headroom().stores(), files.spill.clone())?);
        let doors = Doors { hasher, notary, sessions, entrance, rates, refusals };
        Ok(Self::assemble(config, app, files, doors, committer))
    }

    fn assemble(config: Config, app: App, files: Files, doors: Doors, committer: Tasks) -> Self {
        let Doors { hasher, notary, sessions, entrance, rates, refusals } = doors;
        let (db, clock, random) = (app.db().clone(), Arc::clone(app.clock()), Arc::clone(app.random()));
        let dispatcher = Dispatcher::new(
            db.clone(),
            app.outbox().clone(),
            vec![Arc::new(search::Indexer)],
            Arc::clone(&clock),
            queue::Settings::default(),
        )
        .metered_by(app.headroom().clone());
        let deps = JobDeps { app: app.clone(), files: files.clone() };
        let transport = settings::transport(&config);
        let letters = accounts::JobDeps { app: app.clone(), entrance: entrance.clone(), transport };
        let worker = Worker::builder(db.clone(), app.jobs().clone(), Arc::clone(&clock), Arc::clone(&random))
            .concurrency(config.workers.job_concurrency)
            .pause_while(app.headroom().background_paused())
            .metered_by(app.headroom().clone())
            .register::<ReadText>(deps.clone())
            .register::<RemoveBlobs>(deps)
            .register::<walls::LookIntoMiss>(app.clone())
            .register::<VerifyChain>(audit::JobDeps { app: app.clone(), notary: notary.clone() })
            .register::<SendReset>(letters.clone())
            .register::<SendInvitation>(letters.clone())
            .register::<Register>(letters.clone())
            .build();
        let mut schedules = schedules(&app, &files, &sessions, letters);
        schedules.extend(audit::schedules(&app, &notary, &files.spill, signing::retention(&config)));
        let metered = |schedule: Schedule| schedule.metered_by(app.headroom().clone());
        let schedules = schedules.into_iter().map(metered).collect();
        Self {
            scheduler: Scheduler::new(db, clock, random, schedules),
            metrics: Metrics::new(&BuildInfo { version: about::VERSION, revision: about::COMMIT }),
            dispatcher: Arc::new(dispatcher),
            config: Arc::new(config),
            app,
            files,
            hasher,
            notary,
            sessions,
            rates,
            entrance,
            refusals,
            worker,
            committer,
        }
    }

    /// Commits what is open and closes the database. The names of what did not end in time.
    pub async fn close(&self) -> Vec<&'static str> {
        let closed = tokio::time::timeout(DATABASE_CLOSES_WITHIN, self.app.db().close()).await;
        // The committer ends also when the database hangs.
        let mut left = self.committer.shutdown(COMMITTER_ENDS_WITHIN).await;
        if closed.is_err() {
            left.push("database");
        }
        left
    }
}

/// How long a database has to close: one that hangs must keep nobody.
const DATABASE_CLOSES_WITHIN: Duration = Duration::from_secs(10);
const COMMITTER_ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Who comes in, how often, and what is said of it.
struct Doors {
    hasher: Hasher,
    notary: Notary,
    sessions: Sessions,
    entrance: Entrance,
    rates: RateLimits,
    refusals: Arc<audit::Refusals>,
}

/// The keys, from the settings or the data folder.
fn keys(config: &Config, random: &dyn Random) -> Result<Keys, StartError> {
    let signing = folder::signing_key(config, random)?;
    Ok(Keys {
        signing: SigningKey::new(&signing).map_err(StartError::Key)?,
        sealing: folder::sealing_keys(config, random)?,
    })
}

/// Temporary files of uploads are swept when they are older than any upload may last.
const STALE_UPLOAD: Duration = Duration::from_hours(24);

/// All periodic work.
fn schedules(app: &App, files: &Files, sessions: &Sessions, letters: accounts::JobDeps) -> Vec<Schedule> {
    let keys = IdempotencyKeys::new(app.clone());
    let (blobs, rates) = (files.blobs.clone(), app.clone());
    vec![
        sessions::cleanup_schedule(sessions.clone(), Arc::clone(app.clock())),
        sessions::expiry_schedule(app.clone(), sessions.clone()),
        accounts::cleanup_schedule(letters),
        search::refold_schedule(app.db().clone()),
        cases::refold_schedule(app.db().clone()),
        documents::orphans_schedule(app.clone(), files.clone()),
        Schedule::new("access.idempotency_keys", Duration::from_hours(1), move |stop| {
            let keys = keys.clone();
            async move {
                queue::work_off(&stop, || keys.forget_old()).await?;
                Ok(())
            }
        }),
        Schedule::new("access.rate_limits", Duration::from_mins(10), move |stop| {
            let app = rates.clone();
            async move {
                queue::work_off(&stop, || SharedRates::forget_paid(&app)).await?;
                Ok(())
            }
        }),
        Schedule::new("blob.temporary_files", Duration::from_hours(1), move |_| {
            let blobs = blobs.clone();
            async move {
                blobs.sweep_temp(STALE_UPLOAD).await?;
                Ok(())
            }
        }),
    ]
}
