//! Set-up of the log.

use tracing::Subscriber;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::reload::Handle;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// How to log.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// A level, or a list of `target=level`. The environment is not asked.
    pub level: String,
    /// The form of a line.
    pub format: Format,
    /// Whether text lines are coloured; for terminals only.
    pub ansi: bool,
}

/// Why the log could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level cannot be read.
    #[error("the log level cannot be read, write a level such as info or a list such as info,db=debug")]
    Level(#[source] ParseError),
    /// This process logs already.
    #[error("the log of this process is set up already")]
    AlreadySet(#[source] SetGlobalDefaultError),
}

/// A subscriber that is ready to be handed to `tracing`.
pub type BoxedSubscriber = Box<dyn Subscriber + Send + Sync>;

/// Sets the level of a log anew while it is written.
pub struct LevelSwitch(Box<dyn Fn(EnvFilter) -> bool + Send + Sync>);

impl std::fmt::Debug for LevelSwitch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LevelSwitch")
    }
}

impl LevelSwitch {
    fn of<S: 'static>(filter: Handle<EnvFilter, S>) -> Self {
        Self(Box::new(move |wanted| filter.reload(wanted).is_ok()))
    }

    /// Logs at this level, or list of `target=level`, from now on. `false` when the log is not written any more.
    pub fn set(&self, level: &str) -> Result<bool, LogError> {
        Ok((self.0)(EnvFilter::builder().parse(level).map_err(LogError::Level)?))
    }
}

/// Makes a subscriber without installing it; a test passes it to `tracing::subscriber::with_default`.
pub fn subscriber<W>(settings: &LogSettings, writer: W) -> Result<(BoxedSubscriber, LevelSwitch), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&settings.level).map_err(LogError::Level)?;
    // A line that cannot be written is told on standard error, which panics where that is what has gone: whoever collects the
    // log must not take the server with them.
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).log_internal_errors(false);
    Ok(match settings.format {
        Format::Text => {
            let lines = lines.with_ansi(settings.ansi).with_filter_reloading();
            let switch = LevelSwitch::of(lines.reload_handle());
            (Box::new(lines.finish()), switch)
        }
        Format::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(true).with_span_list(false);
            let lines = lines.with_filter_reloading();
            let switch = LevelSwitch::of(lines.reload_handle());
            (Box::new(lines.finish()), switch)
        }
    })
}

/// Makes the process log to `writer` from now on. The second call of a process fails and changes nothing.
pub fn init<W>(settings: &LogSettings, writer: W) -> Result<LevelSwitch, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (subscriber, switch) = subscriber(settings, writer)?;
    tracing::subscriber::set_global_default(subscriber).map_err(LogError::AlreadySet)?;
    Ok(switch)
}

/// As [`init`], for tests and tools that may come second: nothing when the log was set up before.
pub fn try_init<W>(settings: &LogSettings, writer: W) -> Result<Option<LevelSwitch>, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    match init(settings, writer) {
        Ok(switch) => Ok(Some(switch)),
        Err(LogError::AlreadySet(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
