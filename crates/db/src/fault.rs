use crate::Error;
use headroom::Refusal;

/// Why a statement did not come to its end.
#[derive(Debug)]
pub(crate) enum Fault<E> {
    /// The database says so.
    Driver(E),
    /// There is no memory for what it finds.
    Memory(Refusal),
}

impl<E> From<E> for Fault<E>
where
    E: std::error::Error,
{
    fn from(error: E) -> Self {
        Self::Driver(error)
    }
}

impl<E> Fault<E> {
    /// The error for the caller; of the driver's, what `named` makes of it.
    pub(crate) fn into_error(self, named: impl FnOnce(E) -> Error) -> Error {
        match self {
            Self::Driver(error) => named(error),
            Self::Memory(refusal) => Error::Memory { what: FOUND, source: refusal },
        }
    }
}

const FOUND: &str = "what was found: ask for less at once, such as a smaller `limit`, or try again";
const CHANGED: &str = "the change: send less at once, or try again";

/// Borrows for what a row has added.
pub(crate) fn room_for_row<E>() -> Result<(), Fault<E>> {
    headroom::cover().map_err(Fault::Memory)
}

/// Borrows for a change, which is there several times by the time it is written: as it was sent, in its record, as an event.
pub(crate) fn room_for_change() -> Result<(), Error> {
    headroom::cover().map_err(|refusal| Error::Memory { what: CHANGED, source: refusal })
}
