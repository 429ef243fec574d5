use super::dice::{Dice, Stream};
use super::names;

/// A court: its id as PACER writes it, its name, and its offices' numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Court {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    offices: &'static [u8],
}

const fn court(id: &'static str, name: &'static str, offices: &'static [u8]) -> Court {
    Court { id, name, offices }
}

/// Federal district courts; the judges that sit in them here are invented.
pub(super) const COURTS: [Court; 24] = [
    court("cand", "Northern District of California", &[3, 4, 5]),
    court("cacd", "Central District of California", &[2, 5, 8]),
    court("casd", "Southern District of California", &[3]),
    court("nysd", "Southern District of New York", &[1, 7]),
    court("nyed", "Eastern District of New York", &[1, 2]),
    court("txsd", "Southern District of Texas", &[2, 4]),
    court("txed", "Eastern District of Texas", &[2, 4, 6]),
    court("txnd", "Northern District of Texas", &[3, 4]),
    court("ilnd", "Northern District of Illinois", &[1, 3]),
    court("flsd", "Southern District of Florida", &[0, 1, 9]),
    court("flmd", "Middle District of Florida", &[3, 6, 8]),
    court("gand", "Northern District of Georgia", &[1, 2]),
    court("ded", "District of Delaware", &[1]),
    court("njd", "District of New Jersey", &[1, 2, 3]),
    court("mad", "District of Massachusetts", &[1, 3, 4]),
    court("paed", "Eastern District of Pennsylvania", &[2, 5]),
    court("ohnd", "Northern District of Ohio", &[1, 3, 5]),
    court("mied", "Eastern District of Michigan", &[2, 4]),
    court("wawd", "Western District of Washington", &[2, 3]),
    court("ord", "District of Oregon", &[1, 3, 6]),
    court("azd", "District of Arizona", &[2, 3, 4]),
    court("cod", "District of Colorado", &[1]),
    court("mnd", "District of Minnesota", &[0]),
    court("vaed", "Eastern District of Virginia", &[1, 2, 3]),
];

/// How many judges a court has here.
const JUDGES: u64 = 5;
/// Serial numbers between two cases of one court: other cases were filed in between.
const SERIAL_STEP: u64 = 3;

impl Court {
    /// The court and the serial number of the `index`th case. No two cases share both, whatever the seed and the year.
    pub(super) fn of_case(index: u64, dice: &mut Dice) -> (&'static Self, u64) {
        let count = COURTS.len() as u64;
        let place = usize::try_from(index % count).unwrap_or(0);
        (&COURTS[place], 101 + (index / count) * SERIAL_STEP + dice.below(SERIAL_STEP))
    }

    /// A docket number such as `1:26-cv-00123`.
    pub(super) fn docket_number(&self, year: i32, serial: u64, dice: &mut Dice) -> String {
        format!("{}:{:02}-cv-{serial:05}", dice.pick(self.offices), year.rem_euclid(100))
    }

    /// One of the court's judges.
    pub(super) fn judge(&self, seed: u64, dice: &mut Dice) -> String {
        let bytes = self.id.bytes().fold(0, |sum, byte| sum * 256 + u64::from(byte));
        let mut own = Dice::of(seed, Stream::Judge, bytes.wrapping_mul(JUDGES) + dice.below(JUDGES));
        names::person(&mut own).full()
    }
}
