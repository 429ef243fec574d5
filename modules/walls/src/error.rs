use ids::{UserId, WallId};
use web::codes;
use web::problem::{Code, Failure, Fault, Missed};

/// No such wall in the firm.
const WALL_NOT_FOUND: Code = Code::new("wall_not_found", 404, "The ethical wall was not found");
/// The wall was lifted.
const WALL_LIFTED: Code = Code::new("wall_lifted", 409, "The ethical wall was lifted");
/// A user named for a wall is not the firm's.
const WALL_USER_UNKNOWN: Code =
    Code::new("wall_user_unknown", 400, "A user of the ethical wall was not found");
/// Nobody would be left who may lift the wall.
const WALL_WITHOUT_STEWARD: Code =
    Code::new("wall_without_steward", 422, "Nobody could lift the ethical wall");
/// The wall keeps nobody from anything.
const WALL_SCREENS_NOBODY: Code = Code::new("wall_screens_nobody", 422, "The ethical wall screens nobody");

/// This module's codes.
pub const CODES: &[Code] =
    &[WALL_NOT_FOUND, WALL_LIFTED, WALL_USER_UNKNOWN, WALL_WITHOUT_STEWARD, WALL_SCREENS_NOBODY];

/// Why a wall could not be raised, seen, changed or lifted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such wall, it is another firm's, or its case is not for the caller to see.
    #[error("there is no ethical wall {0}")]
    NotFound(WallId),
    /// A lifted wall stays as it was.
    #[error("the ethical wall {0} was lifted; raise another one")]
    Lifted(WallId),
    /// It was changed since it was read.
    #[error(
        "the wall was changed since you read it and is at version {now}: read it again and repeat your change"
    )]
    Stale {
        /// Its version now.
        now: i64,
    },
    /// A user is not the firm's.
    #[error("there is no user {user} in your firm")]
    UnknownUser {
        /// The list that names the user.
        field: &'static str,
        /// The user.
        user: UserId,
    },
    /// Nobody who may lift the wall would see its case.
    #[error(
        "nobody who may lift walls would see the case any more: leave out an active partner or administrator, or admit one"
    )]
    NoSteward,
    /// Neither a screened user nor a closed case.
    #[error("name at least one user in `screened`, or close the case with `admitted`")]
    ScreensNobody,
    /// The caller may not do it.
    #[error(transparent)]
    Refused(#[from] access::Refusal),
    /// The operation could not be begun or announced.
    #[error(transparent)]
    Access(#[from] access::Error),
    /// The case could not be used.
    #[error(transparent)]
    Case(#[from] cases::Error),
    /// A user could not be looked up.
    #[error(transparent)]
    User(#[from] accounts::Error),
    /// The record of it could not be written.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => WALL_NOT_FOUND,
            Self::Lifted(_) => WALL_LIFTED,
            Self::Stale { .. } => codes::STALE_VERSION,
            Self::UnknownUser { .. } => WALL_USER_UNKNOWN,
            Self::NoSteward => WALL_WITHOUT_STEWARD,
            Self::ScreensNobody => WALL_SCREENS_NOBODY,
            Self::Refused(refusal) => access::refusal_code(refusal),
            Self::Access(error) => error.code(),
            Self::Case(error) => error.code(),
            Self::User(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Database(error) => access::database_code(error),
        }
    }

    fn faults(&self) -> Vec<Fault> {
        match self {
            Self::UnknownUser { field, .. } => vec![Fault::new(*field, "unknown", self.to_string())],
            Self::NoSteward | Self::ScreensNobody => {
                vec![Fault::new("screened", "refused", self.to_string())]
            }
            Self::Case(error) => error.faults(),
            _ => Vec::new(),
        }
    }

    fn missed(&self) -> Option<Missed> {
        match self {
            Self::NotFound(id) => Some(Missed::of(*id)),
            Self::Case(error) => error.missed(),
            _ => None,
        }
    }
}
