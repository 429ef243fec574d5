//! The made-up firm: pure, without a database, the same for the same seed.
//!
//! Every person, client and case is made on its own from the seed and its index, so that the cases stream and only those
//! on their way are held. Names come from lists of our own, texts from a sentence grammar of our own; dates lie in the
//! five years before [`REFERENCE_DAY`], whatever the day is on which the firm is made.

mod cases;
mod clients;
mod courts;
mod dice;
mod docket;
mod documents;
mod matters;
mod names;
mod parties;
mod people;
mod story;
mod telling;
mod time;

pub use cases::DemoCase;
pub use documents::Paper;
pub use names::Name;
pub use people::{MAIL_DOMAIN, Member};
pub use time::Work;

use ::clients::{ClientFields, ClientStatus};
use ::docket::juriscraper::CourtIdFault;
use chrono::NaiveDate;
use dice::{Dice, Stream};

/// The day after which nothing has happened yet.
pub const REFERENCE_DAY: NaiveDate = match NaiveDate::from_ymd_opt(2026, 6, 30) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// Cases for each client, on average.
const CASES_PER_CLIENT: u32 = 4;
/// A firm has some clients, however few its cases.
const FEWEST_CLIENTS: u32 = 6;

/// How often another client is drawn for a case.
const TRIES: u32 = 32;

/// Makes one firm.
#[derive(Debug, Clone)]
pub struct Generator {
    seed: u64,
    first: u64,
    cases: u32,
    staff: Vec<Member>,
}

impl Generator {
    /// A firm of `cases` cases. `first` is how many the firm has already: cases and clients go on from there, and no
    /// docket number comes again.
    pub fn new(seed: u64, first: u64, cases: u32) -> Self {
        Self { seed, first, cases, staff: people::staff(seed) }
    }

    /// The same firm with these people in the places of its own, in the same order of roles.
    #[must_use]
    pub fn with_staff(self, staff: Vec<Member>) -> Self {
        if staff.len() == self.staff.len() { Self { staff, ..self } } else { self }
    }

    /// The twelve people of the firm: lawyers who lead cases, other lawyers, and those who help them.
    pub fn staff(&self) -> &[Member] {
        &self.staff
    }

    /// How many clients there are.
    pub fn client_count(&self) -> u32 {
        (self.cases / CASES_PER_CLIENT).max(FEWEST_CLIENTS)
    }

    /// The clients.
    pub fn clients(&self) -> impl Iterator<Item = ClientFields> + '_ {
        (0..u64::from(self.client_count())).map(|index| self.client(index))
    }

    fn client(&self, index: u64) -> ClientFields {
        clients::client(self.seed, self.first + index)
    }

    /// How many cases there are.
    pub fn case_count(&self) -> u32 {
        self.cases
    }

    /// The cases, one by one. An error would be a court in our own list whose id is none.
    pub fn cases(&self) -> impl Iterator<Item = Result<DemoCase, CourtIdFault>> + '_ {
        (self.first..self.first + u64::from(self.cases)).map(|index| self.case(index))
    }

    fn case(&self, index: u64) -> Result<DemoCase, CourtIdFault> {
        let mut dice = Dice::of(self.seed, Stream::Case, !index);
        let mut client = dice.below(u64::from(self.client_count()));
        let mut fields = self.client(client);
        // Who has not engaged the firm has no case.
        for _ in 0..TRIES {
            if fields.status != ClientStatus::Prospective {
                break;
            }
            client = dice.below(u64::from(self.client_count()));
            fields = self.client(client);
        }
        let place = usize::try_from(client).unwrap_or(0);
        cases::case(
            self.seed,
            index,
            &cases::Assignment { client: place, fields: &fields, staff: &self.staff },
        )
    }
}
