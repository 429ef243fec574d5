use crate::group::Line;
use crate::sqlite::Connection;
use crate::sqlite::connection::Purpose;
use crate::sqlite::held::{Held, HeldStore, PAGES_BYTES, Part, STATEMENT_BYTES};
use crate::sqlite::readers::Readers;
use crate::turns::Turns;
use crate::{Dialect, Error, Reader, Reads, Stats, Writer, postgres};
use headroom::BoundedStore;
use rustix::fs::Access;
use rustix::io::Errno;
use sea_orm::sea_query::Values;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How the database is opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `postgres://…`, `sqlite://path`, or nothing for the embedded database in `data_dir`.
    pub url: Option<String>,
    /// Where the embedded database lies.
    pub data_dir: PathBuf,
    /// SQLite: read connections.
    pub readers: u32,
    /// SQLite: prepared statements that each connection keeps.
    pub statements: u32,
    /// PostgreSQL: connections in all, half of them for reading.
    pub max_connections: u32,
    /// SQLite: whether verbs share an fsync. Off only to measure what it gives.
    pub group_commit: bool,
    /// How long a caller waits for a connection.
    pub acquire_timeout: Duration,
    /// How long an unused PostgreSQL connection is kept.
    pub idle_timeout: Duration,
    /// The longest that a statement may take; on SQLite a change is not cut off.
    pub statement_timeout: Duration,
    /// From how long on a statement is logged as slow.
    pub slow_statement: Duration,
}

impl Settings {
    /// The embedded database in `data_dir`, with the defaults of the configuration.
    pub fn embedded(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            url: None,
            data_dir: data_dir.into(),
            readers: 4,
            statements: 128,
            max_connections: 20,
            group_commit: true,
            acquire_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            statement_timeout: Duration::from_mins(1),
            slow_statement: Duration::from_secs(1),
        }
    }

    /// The file of an embedded database; nothing for PostgreSQL and for an address that is none.
    pub fn file(&self) -> Option<PathBuf> {
        match self.url.as_deref() {
            // `sqlite://relative` and `sqlite:///absolute`. A database in memory would be lost with the process.
            Some(url) => {
                let path = url.strip_prefix("sqlite:").filter(|path| !path.contains(":memory:"))?;
                Some(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
            }
            None => Some(self.data_dir.join("lexiflow.db")),
        }
    }
}

/// What one connection to an embedded database keeps at most in the stores of [`Db::stores`], in bytes, when it keeps so
/// many prepared statements.
pub const fn connection_bytes(statements: u32) -> u64 {
    PAGES_BYTES + STATEMENT_BYTES * statements as u64
}

/// All connections that read but one, which is left for short questions; the only one where there is one.
fn long_questions(connections: u32, settings: &Settings) -> Turns {
    Turns::new(connections.saturating_sub(1), settings.acquire_timeout)
}

/// An open database: its readers and its writer.
#[derive(Debug, Clone)]
pub struct Db {
    reader: Reader,
    writer: Writer,
    stats: Stats,
    embedded: Option<Embedded>,
}

/// What only an embedded database has.
#[derive(Debug, Clone)]
struct Embedded {
    committer: Line,
    readers: Readers,
    held: Held,
    /// Connections that may be open.
    most: u64,
}

impl Db {
    /// Opens the database, creating an embedded one where there is none. Refuses a damaged file.
    ///
    /// The caller runs [`Db::commit_groups`] as a task before the first change.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        match settings.url.as_deref() {
            Some(url) if url.starts_with("postgres:") || url.starts_with("postgresql:") => {
                let stats = Stats::new(settings.slow_statement);
                let (writer, reader) = postgres::open(url, settings).await?;
                let connections = reader.options().get_max_connections();
                Ok(Self {
                    reader: Reader::postgres(reader, long_questions(connections, settings), stats.clone()),
                    writer: Writer::postgres(writer, stats.clone()),
                    stats,
                    embedded: None,
                })
            }
            _ => match settings.file() {
                Some(path) => Self::open_sqlite(&path, settings),
                None => Err(Error::Address(
                    "write postgres://user@host/database or sqlite://path, or leave it empty for the embedded database"
                        .to_owned(),
                )),
            },
        }
    }

    fn open_sqlite(path: &Path, settings: &Settings) -> Result<Self, Error> {
        let stats = Stats::new(settings.slow_statement);
        make_private(path);
        check_writable(path)?;
        let held = Held::new(settings.statements);
        let connection =
            Connection::open(path, Purpose::Write, &held).map_err(|error| refused(path, error))?;
        check_pages(path, &connection)?;
        if let Err(error) = spill_beside(path, &connection) {
            tracing::warn!(error = %error, "large questions lay down what they need where SQLite finds a place");
        }
        let readers = Readers::new(
            path.to_owned(),
            settings.readers,
            held.clone(),
            settings.acquire_timeout,
            settings.statement_timeout,
        );
        let line = Line::new(connection, settings.group_commit, stats.clone());
        let most = u64::from(settings.readers.max(1)) + 1;
        Ok(Self {
            reader: Reader::sqlite(
                readers.clone(),
                long_questions(settings.readers, settings),
                stats.clone(),
            ),
            writer: Writer::sqlite(line.clone(), stats.clone()),
            stats,
            embedded: Some(Embedded { committer: line, readers, held, most }),
        })
    }

    /// Looks at every page of an embedded database that was too large for that at its opening, without keeping readers
    /// or writers waiting. Damage is noted in the [`Stats`].
    pub async fn check_pages(&self) -> Result<(), Error> {
        if self.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let rows = self.reader.rows(crate::sql(Dialect::Sqlite, "PRAGMA quick_check(1)", [])).await?;
        let verdict: String = rows.first().map_or_else(|| Ok(String::new()), |row| row.at(0))?;
        if verdict == "ok" {
            return Ok(());
        }
        let damage = Err(Error::Corrupt { path: String::new(), detail: verdict });
        self.stats.watch_for_damage(&damage);
        damage
    }

    /// The task that commits groups on SQLite; ends when the database is closed. On PostgreSQL it ends at once.
    pub fn commit_groups(&self) -> impl Future<Output = ()> + Send + 'static {
        let line = self.embedded.as_ref().map(|embedded| embedded.committer.clone());
        async move {
            if let Some(line) = line {
                line.commit_groups().await;
            }
        }
    }

    /// For reading.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// For changing.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.reader.dialect()
    }

    /// Whether several servers can have it open at once.
    pub fn is_shared(&self) -> bool {
        self.embedded.is_none()
    }

    /// The statement counters.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What the connections keep in memory: pages of the file and prepared statements. PostgreSQL keeps its own.
    pub fn stores(&self) -> Vec<Arc<dyn BoundedStore>> {
        let store = |embedded: &Embedded, part| -> Arc<dyn BoundedStore> {
            Arc::new(HeldStore {
                part,
                held: embedded.held.clone(),
                readers: embedded.readers.clone(),
                line: embedded.committer.clone(),
                most: embedded.most,
            })
        };
        let parts = [Part::Pages, Part::Statements];
        self.embedded.iter().flat_map(|embedded| parts.map(|part| store(embedded, part))).collect()
    }

    /// What the connections to an embedded database know of its schema, in bytes. It grows with the schema alone.
    pub fn schema_bytes(&self) -> u64 {
        self.embedded.as_ref().map_or(0, |embedded| embedded.held.schema_bytes())
    }

    /// Closes the readers of an embedded database that nobody uses, but for one, and says how many. They are opened again
    /// when they are needed. Of PostgreSQL's the pool closes what is idle.
    pub async fn close_cold_readers(&self) -> u32 {
        let Some(embedded) = &self.embedded else { return 0 };
        if embedded.readers.connections().1 <= 1 {
            return 0;
        }
        let readers = embedded.readers.clone();
        headroom::spawn_blocking(move || readers.close_cold()).await.unwrap_or(0)
    }

    /// Commits what is open and closes every connection.
    pub async fn close(&self) {
        // One that hangs does not keep the other open.
        tokio::join!(self.reader.close(), self.writer.close());
    }
}

/// Makes a missing file for this user alone; SQLite gives its log the mode of its file. What fails here, SQLite reports
/// when it opens the file.
fn make_private(path: &Path) {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    if let Err(error) = made
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        tracing::debug!(%error, "the database file was not made");
    }
}

/// SQLite opens a file that it may not write to for reading alone, and every change would fail later. A log that another
/// user has left fails the first statement, without saying which file it is. Only asks: to open and close the file would
/// give up the locks that another connection of this process has on it.
fn check_writable(path: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match rustix::fs::access(&file, Access::READ_OK | Access::WRITE_OK) {
            // What is missing is made.
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(errno) => {
                let path = PathBuf::from(file).display().to_string();
                return Err(Error::Unwritable { path, source: Arc::new(io::Error::from(errno)) });
            }
        }
    }
    Ok(())
}

/// The folder of the database takes the database; it takes what a question of it lays down.
fn spill_beside(path: &Path, connection: &Connection) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|source| Error::Io(Arc::new(source)))?;
    connection.spill_into(&folder)
}

/// Up to this size the whole file is checked at start; above it, only what a look at the schema touches.
const QUICK_CHECK_BYTES: u64 = 8 << 20;

fn check_pages(path: &Path, connection: &Connection) -> Result<(), Error> {
    let size_bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    let text = if size_bytes <= QUICK_CHECK_BYTES {
        "PRAGMA quick_check(1)"
    } else {
        "SELECT count(*) || '' FROM sqlite_schema"
    };
    let found = connection.patiently(text, &Values(Vec::new())).map_err(|error| refused(path, error))?;
    let verdict: String = found.rows.first().map_or_else(|| Ok(String::new()), |row| row.at(0))?;
    if verdict == "ok" || size_bytes > QUICK_CHECK_BYTES {
        return Ok(());
    }
    Err(Error::Corrupt { path: path.display().to_string(), detail: verdict })
}

fn refused(path: &Path, error: Error) -> Error {
    match error {
        Error::Corrupt { detail, .. } => Error::Corrupt { path: path.display().to_string(), detail },
        Error::Statement(source) | Error::ReadOnly(source) | Error::Io(source) => Error::Open(source),
        other => other,
    }
}
