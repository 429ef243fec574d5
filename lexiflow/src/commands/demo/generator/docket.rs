use super::dice::Dice;
use super::story::Story;
use super::telling::Teller;
use chrono::{Days, NaiveDate};
use docket::juriscraper::EntryRecord;

/// The fewest entries of a docket.
const FEWEST: u64 = 5;
/// The most.
const MOST: u64 = 60;

/// A docket sheet, begun on the day of filing; its last entry falls on the day the case ended, where it did.
pub(super) fn entries(story: &Story, last: NaiveDate, ended: bool, dice: Dice) -> Vec<EntryRecord> {
    let mut sheet = Sheet { teller: Teller { story, dice }, lines: Vec::new(), number: 0 };
    let days = u64::try_from((last - story.filed_on).num_days()).unwrap_or(0);
    // A case of three weeks has no sixty entries.
    let most = MOST.min(FEWEST + days / 9);
    let wanted = usize::try_from(sheet.teller.dice.rather_low(FEWEST, most)).unwrap_or(0);
    sheet.open();
    if wanted > sheet.lines.len() {
        sheet.answer();
    }
    while sheet.lines.len() + 2 < wanted {
        sheet.proceed();
    }
    // What is begun is written to its end, which may be a few lines too many.
    sheet.lines.truncate(usize::try_from(MOST).unwrap_or(usize::MAX) - 2);
    // What was cut off gives its numbers back.
    sheet.number = sheet.lines.iter().rev().find_map(|line| line.number).unwrap_or(0);
    if ended {
        sheet.close();
    }
    sheet.dated(days, ended)
}

struct Line {
    number: Option<u32>,
    text: String,
}

struct Sheet<'a> {
    teller: Teller<'a>,
    lines: Vec<Line>,
    number: u32,
}

const CALENDAR: [&str; 6] = [
    "SCHEDULING ORDER: fact discovery to be completed within {days} weeks; expert reports as stipulated; trial date to be set. Signed by Judge {judge}.",
    "NOTICE of hearing: case management conference before Judge {judge}[ by video| in person|].",
    "STIPULATED PROTECTIVE ORDER governing confidential material about {subject}. Signed by Judge {judge}.",
    "NOTICE of deposition of {witness}[, to be taken in {city}|, to be taken by video|].",
    "NOTICE of change of address by {lead}.",
    "CERTIFICATE of service of [initial disclosures|discovery requests|expert report of {expert}].",
];

const MINUTES: [&str; 5] = [
    "Minute entry for proceedings held before Judge {judge}: [status conference|telephone conference|motion hearing] held. [Parties report on discovery about {subject}.|Settlement was discussed.|The court takes the matter under submission.]",
    "Minute entry: settlement conference held; the parties [did not reach agreement|will continue to talk|have narrowed the issues]. Court reporter: none.",
    "ELECTRONIC ORDER: the parties shall file a joint status report on or before the {days}th day from this order.",
    "Set deadlines: [expert disclosures|dispositive motions|responses to the amended complaint] due as ordered.",
    "Clerk's note: the filing of {opposing} lacks a signature; counsel is asked to file it again.",
];

const MOTIONS: [&str; 8] = [
    "to compel production of documents about {subject}",
    "for leave to amend the pleadings",
    "for a protective order concerning {manager}",
    "for an extension of time to complete discovery",
    "to exclude the testimony of {expert}",
    "for partial summary judgment on the claim of {claim}",
    "to seal exhibits to the declaration of {witness}",
    "for sanctions for the loss of records in {city}",
];

const ENDINGS: [&str; 4] = [
    "ORDER granting the stipulation of dismissal with prejudice. Each side bears its own costs. Signed by Judge {judge}.",
    "JUDGMENT in favor of {plaintiff} and against {defendant} in the amount of {amount}. Signed by Judge {judge}.",
    "ORDER AND JUDGMENT: the complaint is dismissed; the clerk shall close the case. Signed by Judge {judge}.",
    "CONSENT JUDGMENT entered as agreed between {plaintiff} and {defendant}. Signed by Judge {judge}.",
];

impl Sheet<'_> {
    fn file(&mut self, template: &str) -> u32 {
        self.number += 1;
        let text = self.teller.tell(template);
        self.lines.push(Line { number: Some(self.number), text });
        self.number
    }

    fn minute(&mut self, template: &str) {
        let text = self.teller.tell(template);
        self.lines.push(Line { number: None, text });
    }

    fn open(&mut self) {
        let complaint = format!(
            "COMPLAINT for {} against {}[ with jury demand|], filed by {}. (Attachments: # 1 Civil Cover Sheet, # 2 {{agreement}})",
            self.teller.story.matter.claims.join(", "),
            self.teller.story.defendant,
            self.teller.story.plaintiff,
        );
        self.file(&complaint);
        self.file("SUMMONS issued as to {defendant}.");
        self.minute("Case assigned to Judge {judge}. [Standing order to follow.|]");
        self.file("NOTICE of appearance by {lead} on behalf of {client}.");
    }

    fn answer(&mut self) {
        self.file("SUMMONS returned executed; {defendant} served[ by hand| through its registered agent|].");
        self.file("NOTICE of appearance by {opposing} on behalf of {opponent}.");
        if self.teller.dice.chance(35) {
            let motion =
                self.file("MOTION to dismiss for failure to state a claim by {defendant}, with memorandum.");
            self.file(&format!("OPPOSITION by {{plaintiff}} to {motion} MOTION to dismiss."));
            self.file(&format!("REPLY by {{defendant}} in support of {motion} MOTION to dismiss."));
            self.file(&format!(
                "ORDER [denying|granting in part] {motion} MOTION to dismiss. The claim of {{claim}} goes forward. Signed by Judge {{judge}}."
            ));
        }
        let claim =
            if self.teller.dice.chance(25) { "ANSWER and COUNTERCLAIM" } else { "ANSWER to complaint" };
        self.file(&format!("{claim} by {{defendant}}[ with affirmative defenses|]."));
    }

    fn proceed(&mut self) {
        match self.teller.dice.below(10) {
            0..=2 => {
                let template = *self.teller.dice.pick(&CALENDAR);
                self.file(template);
            }
            3..=5 => {
                let template = *self.teller.dice.pick(&MINUTES);
                self.minute(template);
            }
            _ => self.motion(),
        }
    }

    fn motion(&mut self) {
        let what = *self.teller.dice.pick(&MOTIONS);
        let (mover, other) = if self.teller.dice.chance(50) {
            ("{plaintiff}", "{defendant}")
        } else {
            ("{defendant}", "{plaintiff}")
        };
        let motion = self
            .file(&format!("MOTION {what} by {mover}. (Attachments: # 1 Declaration, # 2 Proposed Order)"));
        if self.teller.dice.chance(75) {
            self.file(&format!("OPPOSITION by {other} to {motion} MOTION {what}."));
        }
        if self.teller.dice.chance(45) {
            self.file(&format!("REPLY by {mover} in support of {motion} MOTION {what}."));
        }
        if self.teller.dice.chance(70) {
            self.file(&format!(
                "ORDER [granting|denying|granting in part and denying in part] {motion} MOTION {what}. Signed by Judge {{judge}}."
            ));
        }
    }

    fn close(&mut self) {
        self.file("[STIPULATION of dismissal by all parties.|JOINT STATUS REPORT of {plaintiff} and {defendant}.|NOTICE of settlement by {lead}.]");
        let ending = *self.teller.dice.pick(&ENDINGS);
        self.file(ending);
    }

    /// Spreads the lines over `days`: in order, the first on the day of filing.
    fn dated(mut self, days: u64, ended: bool) -> Vec<EntryRecord> {
        let mut offsets: Vec<u64> = self.lines.iter().map(|_| self.teller.dice.between(0, days)).collect();
        offsets.sort_unstable();
        if let Some(first) = offsets.first_mut() {
            *first = 0;
        }
        if let (true, Some(last)) = (ended, offsets.last_mut()) {
            *last = days;
        }
        let filed = self.teller.story.filed_on;
        let dice = &mut self.teller.dice;
        let lines = self.lines.into_iter().zip(offsets);
        lines.map(|(line, offset)| record(line, filed + Days::new(offset), dice)).collect()
    }
}

fn record(line: Line, day: NaiveDate, dice: &mut Dice) -> EntryRecord {
    let pages = line.number.map(|_| u32::try_from(dice.rather_low(1, 40)).unwrap_or(1));
    EntryRecord {
        date_filed: day,
        date_entered: Some(day),
        description: line.text,
        document_number: line.number.map(|number| number.to_string()),
        pacer_doc_id: None,
        pacer_seq_no: None,
        page_count: pages,
        file_size_bytes: pages.map(|pages| u64::from(pages) * dice.between(18_000, 60_000)),
        attachments: Vec::new(),
    }
}
