//! Ethical walls: who must not see a case, why, and who said so.
//!
//! - A wall stands round one case and hides it, with all that hangs on it, from the users it screens; or it closes the case
//!   to everybody but those it admits. Every role is bound alike, administrators too.
//! - What a wall hides is decided in the statements that read (`access::Sight`): it binds from its commit on.
//! - Whoever is kept from a case does not see its walls either, and so can lift none of them. A wall that would leave nobody
//!   who may lift it is refused.
//! - Raising, changing and lifting need a reason, and are audited and announced (`wall.*`). So is, a moment later, every
//!   attempt to reach what a wall hides ([`Denials`]).

mod denials;
mod error;
mod jobs;
mod migration;
mod model;
mod routes;
mod service;
mod store;

pub use denials::Denials;
pub use error::{CODES, Error};
pub use jobs::LookIntoMiss;
pub use migration::migrations;
pub use model::{MEMBERS, Members, Wall, WallFilter};
pub use routes::routes;
pub use service::{change_wall, find_wall, lift_wall, list_walls, raise_wall};
