//! Set-up of the log.

use tracing::Subscriber;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

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

/// Makes a subscriber without installing it; a test passes it to `tracing::subscriber::with_default`.
pub fn subscriber<W>(settings: &LogSettings, writer: W) -> Result<BoxedSubscriber, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&settings.level).map_err(LogError::Level)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match settings.format {
        Format::Text => Box::new(lines.with_ansi(settings.ansi).finish()),
        Format::Json => {
            Box::new(lines.json().flatten_event(true).with_current_span(true).with_span_list(false).finish())
        }
    })
}

/// Makes the process log to `writer` from now on. The second call of a process fails and changes nothing.
pub fn init<W>(settings: &LogSettings, writer: W) -> Result<(), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing::subscriber::set_global_default(subscriber(settings, writer)?).map_err(LogError::AlreadySet)
}

/// As [`init`], for tests and tools that may come second: tells whether this call set the log up.
pub fn try_init<W>(settings: &LogSettings, writer: W) -> Result<bool, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    match init(settings, writer) {
        Ok(()) => Ok(true),
        Err(LogError::AlreadySet(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
