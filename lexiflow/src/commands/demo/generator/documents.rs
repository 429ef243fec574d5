mod agreement;
mod deposition;
mod draft;
mod letters;
mod memo;
mod pleadings;

use super::dice::Dice;
use super::story::Story;
use super::telling::Teller;
use chrono::{Days, NaiveDate};
use draft::Draft;

/// A document of the firm: plain text, as a person would read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// The title.
    pub title: String,
    /// The name of the file.
    pub file_name: String,
    /// The kind of document, such as `pleading`.
    pub kind: &'static str,
    /// What it is about.
    pub description: String,
    /// Labels.
    pub tags: Vec<String>,
    /// From whose files it came, where it came from the client.
    pub custodian: Option<String>,
    /// The text.
    pub text: String,
}

/// One kind of document and how it is written.
struct Form {
    kind: &'static str,
    file: &'static str,
    title: &'static str,
    tags: &'static [&'static str],
    from_client: bool,
    write: fn(&mut Teller<'_>, NaiveDate) -> Draft,
}

const FORMS: [Form; 8] = [
    Form {
        kind: "pleading",
        file: "complaint",
        title: "Complaint, {plaintiff} v. {defendant}",
        tags: &["pleading", "filed"],
        from_client: false,
        write: pleadings::complaint,
    },
    Form {
        kind: "pleading",
        file: "answer",
        title: "Answer of {defendant}",
        tags: &["pleading", "filed"],
        from_client: false,
        write: pleadings::answer,
    },
    Form {
        kind: "motion",
        file: "motion",
        title: "Memorandum of law, motion of {client}",
        tags: &["motion", "brief"],
        from_client: false,
        write: pleadings::motion,
    },
    Form {
        kind: "correspondence",
        file: "demand-letter",
        title: "Letter of {notice} to {defendant}",
        tags: &["correspondence", "demand"],
        from_client: false,
        write: letters::demand,
    },
    Form {
        kind: "correspondence",
        file: "status-letter",
        title: "Report to {client} on the case",
        tags: &["correspondence", "privileged"],
        from_client: false,
        write: letters::report,
    },
    Form {
        kind: "contract",
        file: "agreement",
        title: "{agreement} of {signed}",
        tags: &["contract", "exhibit"],
        from_client: true,
        write: agreement::agreement,
    },
    Form {
        kind: "memorandum",
        file: "research-memo",
        title: "Memorandum on {claim}, {subject}",
        tags: &["work product", "privileged"],
        from_client: false,
        write: memo::memo,
    },
    Form {
        kind: "transcript",
        file: "deposition",
        title: "Deposition of {witness}, excerpt",
        tags: &["deposition", "testimony"],
        from_client: false,
        write: deposition::deposition,
    },
];

/// The fewest documents of a case.
const FEWEST: u64 = 1;
/// The most.
const MOST: u64 = 4;

/// The firm's documents in a case, none later than `last`.
pub(super) fn papers(story: &Story, last: NaiveDate, mut dice: Dice) -> Vec<Paper> {
    let count = usize::try_from(dice.between(FEWEST, MOST)).unwrap_or(1);
    let forms: Vec<&Form> = dice.some(&FORMS, count);
    let days = u64::try_from((last - story.filed_on).num_days()).unwrap_or(0);
    let mut teller = Teller { story, dice };
    forms.into_iter().map(|form| paper(&mut teller, form, days)).collect()
}

fn paper(teller: &mut Teller<'_>, form: &Form, days: u64) -> Paper {
    let day = teller.story.filed_on + Days::new(teller.dice.between(0, days));
    let custodian = form.from_client.then(|| teller.tell("{manager}"));
    let number = teller.story.docket_number.replace(':', "-");
    Paper {
        title: teller.tell(form.title),
        file_name: format!("{}_{}.txt", form.file, number),
        kind: form.kind,
        description: teller.tell("[About|Concerning|Touches on] {subject} and the {agreement} between {plaintiff} and {defendant}."),
        tags: form.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        custodian,
        text: (form.write)(teller, day).finish(),
    }
}
