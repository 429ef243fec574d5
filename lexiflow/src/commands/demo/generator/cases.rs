use super::courts::Court;
use super::dice::{Dice, Stream};
use super::documents::{self, Paper};
use super::matters::{MATTERS, Matter};
use super::people::{LEADS, Member};
use super::story::{Sides, Story, Venue};
use super::time::{self, Work};
use super::{REFERENCE_DAY, docket as sheets, names, parties};
use ::cases::CaseStatus;
use chrono::{Datelike as _, Days, NaiveDate};
use clients::{ClientFields, ClientKind};
use docket::juriscraper::{CourtIdFault, DocketFile};

/// Five years.
const SPAN_DAYS: u64 = 5 * 365 + 1;

/// A case with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoCase {
    /// Its place among the cases of the firm.
    pub index: u64,
    /// The client: an index into the clients.
    pub client: usize,
    /// Who leads the work: an index into the staff.
    pub lead: usize,
    /// The practice area.
    pub practice_area: &'static str,
    /// What it is about, in a sentence or two.
    pub description: String,
    /// Where it stands in the firm.
    pub status: CaseStatus,
    /// The court's record: case, parties, counsel and docket entries.
    pub docket: DocketFile,
    /// The firm's documents.
    pub papers: Vec<Paper>,
    /// The time worked.
    pub work: Vec<Work>,
}

/// For whom a case is, and by whom.
pub(super) struct Assignment<'a> {
    pub(super) client: usize,
    pub(super) fields: &'a ClientFields,
    pub(super) staff: &'a [Member],
}

/// Where a case stands, and when it ended.
struct Standing {
    status: CaseStatus,
    ended: Option<NaiveDate>,
}

impl Standing {
    /// The older a case, the likelier it is over.
    fn of(filed: NaiveDate, dice: &mut Dice) -> Self {
        let ended = filed + Days::new(dice.between(90, 1100));
        if ended < REFERENCE_DAY && dice.chance(75) {
            let status = if dice.chance(20) { CaseStatus::Archived } else { CaseStatus::Closed };
            return Self { status, ended: Some(ended) };
        }
        let status = if dice.chance(12) { CaseStatus::OnHold } else { CaseStatus::Open };
        Self { status, ended: None }
    }

    /// The last day on which something happened.
    fn last_day(&self) -> NaiveDate {
        self.ended.unwrap_or(REFERENCE_DAY)
    }
}

/// The `index`th case.
pub(super) fn case(seed: u64, index: u64, assignment: &Assignment<'_>) -> Result<DemoCase, CourtIdFault> {
    let mut dice = Dice::of(seed, Stream::Case, index);
    let filed = REFERENCE_DAY - Days::new(dice.between(1, SPAN_DAYS));
    let matter = *dice.pick(&MATTERS);
    let lead = dice.index(LEADS);
    let standing = Standing::of(filed, &mut dice);
    let sides = sides(matter, assignment, lead, &mut dice);
    let (court, serial) = Court::of_case(index, &mut dice);
    let docket_number = court.docket_number(filed.year(), serial, &mut dice);
    let judge = court.judge(seed, &mut dice);
    let story = Story::new(&mut dice, matter, sides, Venue { court, docket_number, judge, filed_on: filed });
    let description = about(&story);
    let docket = record(seed, index, &story, &standing, &mut dice)?;
    let last = standing.last_day();
    let began = filed - Days::new(dice.between(5, 40));
    Ok(DemoCase {
        index,
        client: assignment.client,
        lead,
        practice_area: matter.area,
        description,
        status: standing.status,
        docket,
        papers: documents::papers(&story, last, Dice::of(seed, Stream::Documents, index)),
        work: time::work(&story, lead, began, last, Dice::of(seed, Stream::Time, index)),
    })
}

fn sides(matter: &Matter, assignment: &Assignment<'_>, lead: usize, dice: &mut Dice) -> Sides {
    let is_person = assignment.fields.kind == ClientKind::Person;
    // Persons sue companies here, not the other way round.
    let client_is_plaintiff = is_person || (!matter.personal && dice.chance(45));
    let opponent = match (matter.personal, is_person) {
        (true, false) => names::person(dice).full(),
        _ => names::company(dice),
    };
    let client = assignment.fields.name.clone();
    let opponent = if opponent == client { names::law_firm(dice) } else { opponent };
    Sides { client, opponent, client_is_plaintiff, lead: assignment.staff[lead].name.clone() }
}

fn about(story: &Story) -> String {
    let told = |name: &str| story.slot(name).unwrap_or_default().to_owned();
    format!(
        "{} concerning {}, under the {} of {}. We act for the {}, {}; the other side is represented by {}.",
        first_upper(story.matter.claims[0]),
        told("subject"),
        told("agreement"),
        told("signed"),
        story.our_side().to_lowercase(),
        story.client,
        story.opposing_firm.trim_end_matches('.'),
    )
}

pub(super) fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn record(
    seed: u64,
    index: u64,
    story: &Story,
    standing: &Standing,
    dice: &mut Dice,
) -> Result<DocketFile, CourtIdFault> {
    let matter = story.matter;
    let listed = parties::parties(story, standing.ended, &mut Dice::of(seed, Stream::Parties, index));
    let sheet = Dice::of(seed, Stream::Docket, index);
    Ok(DocketFile {
        court: story.court.id.parse()?,
        docket_number: story.docket_number.clone(),
        number: None,
        case_name: Some(story.title.clone()),
        date_filed: Some(story.filed_on),
        date_terminated: standing.ended,
        date_converted: None,
        date_discharged: None,
        cause: Some(matter.cause.to_owned()),
        nature_of_suit: Some(matter.suit.to_owned()),
        jurisdiction: Some(matter.jurisdiction.to_owned()),
        jury_demand: Some((*dice.pick(&["None", "Plaintiff", "Defendant", "Both"])).to_owned()),
        demand: dice.chance(60).then(|| story.slot("amount").unwrap_or_default().to_owned()),
        mdl_status: None,
        assigned_to: Some(story.judge.clone()),
        referred_to: dice.chance(40).then(|| names::person(dice).full()),
        ordered_by: None,
        assigned_initials: None,
        referred_initials: None,
        appeal_from: None,
        fee_status: None,
        case_type_information: None,
        originating_court: None,
        panel: Vec::new(),
        parties: listed,
        entries: sheets::entries(story, standing.last_day(), standing.ended.is_some(), sheet),
    })
}
