use crate::{Error, store};
use db::Reads;
use ids::FirmId;

/// Firms that are looked up at once.
const FIRMS: u64 = 100;

/// The firms that have a chain, one after the other in the order of their ids.
#[derive(Debug, Default)]
pub struct Chains {
    page: std::vec::IntoIter<FirmId>,
    last: Option<FirmId>,
}

impl Chains {
    /// From the first firm on.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next firm; nothing after the last one.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn next(&mut self, db: &impl Reads) -> Result<Option<FirmId>, Error> {
        if self.page.as_slice().is_empty() {
            self.page = store::log::firms(db, self.last, FIRMS).await?.into_iter();
        }
        let next = self.page.next();
        self.last = next.or(self.last);
        Ok(next)
    }
}
