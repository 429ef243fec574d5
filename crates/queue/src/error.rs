/// Any error, kept as a source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong with events and jobs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// The payload does not serialise.
    #[error("the payload of {name} cannot be written as JSON")]
    Payload {
        /// The event's topic or the job's kind.
        name: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The payload is larger than a row may be. Store the data and send its id.
    #[error(
        "the payload of {name} has {size_bytes} bytes, more than {limit_bytes}: store the data and send its id"
    )]
    TooLarge {
        /// The event's topic or the job's kind.
        name: &'static str,
        /// Its size.
        size_bytes: usize,
        /// The most that is taken.
        limit_bytes: usize,
    },
}

/// A row that does not read as it was written.
pub(crate) fn unreadable(error: db::Misread) -> Error {
    Error::Database(db::Error::from(error))
}

/// The most of an error's text that is kept with a failed event or job.
const ERROR_TEXT_BYTES: usize = 2 << 10;

/// An error and its sources in one line, cut at 2 KiB.
pub(crate) fn text_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source
        && text.len() < ERROR_TEXT_BYTES
    {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text.truncate(text.floor_char_boundary(ERROR_TEXT_BYTES));
    text
}

/// The JSON text of a payload, refused above `limit_bytes`.
pub(crate) fn payload_of<T: serde::Serialize>(
    name: &'static str,
    value: &T,
    limit_bytes: usize,
) -> Result<String, Error> {
    let text = serde_json::to_string(value).map_err(|source| Error::Payload { name, source })?;
    if text.len() > limit_bytes {
        return Err(Error::TooLarge { name, size_bytes: text.len(), limit_bytes });
    }
    Ok(text)
}
