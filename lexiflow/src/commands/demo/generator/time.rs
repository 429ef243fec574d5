use super::dice::Dice;
use super::people::{LAWYERS, WORKERS};
use super::story::Story;
use super::telling::Teller;
use chrono::{Days, NaiveDate};

/// A tenth of an hour: the unit in which firms bill.
const UNIT_SECONDS: u64 = 360;

/// A piece of work on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// Who worked: an index into the staff.
    pub member: usize,
    /// On which day.
    pub worked_on: NaiveDate,
    /// How long, in seconds: a tenth of an hour to six hours.
    pub worked_seconds: i64,
    /// What was done.
    pub description: String,
    /// Whether the client may be billed for it.
    pub billable: bool,
    /// The UTBMS activity code (Litigation Code Set, A101 to A111).
    pub activity_code: &'static str,
}

/// Activity codes of the UTBMS Litigation Code Set with what was done under them.
const ACTIVITIES: [(&str, &str); 12] = [
    (
        "A101",
        "Prepare [an outline for the deposition of {witness}|the hearing before Judge {judge}|a work plan for discovery about {subject}]",
    ),
    ("A102", "Research [limitation of liability|the standard for {claim}|jurisdiction over {opponent}]"),
    (
        "A103",
        "Draft [the opposition to the motion of {opponent}|interrogatories about {subject}|a declaration of {manager}]",
    ),
    ("A103", "Revise [the pleading after comments of {lead}|the proposed order|the privilege log]"),
    ("A104", "Review [the production of {opponent}|the report of {expert}|correspondence around {event}]"),
    ("A105", "Confer with {lead} about [strategy|the expert {expert}|next steps]"),
    ("A106", "Call with {client} about [settlement|documents in {city}|the budget of the next phase]"),
    ("A107", "Call with {opposing} about [the discovery schedule|a stipulation|the inspection in {town}]"),
    ("A108", "Correspond with {expert} about the [draft report|data on {subject}]"),
    ("A109", "Attend [the deposition of {witness}|the status conference|the mediation in {city}]"),
    ("A110", "Index and file [exhibits|the production of {client}|the transcript of {witness}]"),
    ("A111", "Arrange [travel to {city}|the court reporter|copies for the hearing]"),
];

/// The work of a case, between `from` and `to`, in the order of its days.
pub(super) fn work(story: &Story, lead: usize, from: NaiveDate, to: NaiveDate, dice: Dice) -> Vec<Work> {
    let mut teller = Teller { story, dice };
    let days = u64::try_from((to - from).num_days()).unwrap_or(0);
    let second = teller.dice.index(LAWYERS);
    let helper = LAWYERS + teller.dice.index(WORKERS - LAWYERS);
    let count = teller.dice.between(3, 12);
    let mut work: Vec<Work> =
        (0..count).map(|_| piece(&mut teller, [lead, second, helper], from, days)).collect();
    work.sort_by_key(|piece| piece.worked_on);
    work
}

fn piece(teller: &mut Teller<'_>, team: [usize; 3], from: NaiveDate, days: u64) -> Work {
    let (activity_code, what) = *teller.dice.pick(&ACTIVITIES);
    let units = teller.dice.rather_low(1, 60);
    Work {
        member: *teller.dice.pick(&team),
        worked_on: from + Days::new(teller.dice.between(0, days)),
        worked_seconds: i64::try_from(units * UNIT_SECONDS).unwrap_or(0),
        description: teller.tell(what),
        billable: teller.dice.chance(88),
        activity_code,
    }
}
