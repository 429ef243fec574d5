//! A made-up firm.
use super::{CommandError, Console, Session, arguments::Demo};
/// Not here yet.
pub async fn run(_: Demo, _: &Session, _: &mut Console) -> Result<(), CommandError> {
    Ok(())
}
