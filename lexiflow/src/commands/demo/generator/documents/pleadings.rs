use super::draft::Draft;
use crate::commands::demo::generator::cases::first_upper;
use crate::commands::demo::generator::story::{OUR_FIRM, Story, long_date};
use crate::commands::demo::generator::telling::Teller;
use chrono::NaiveDate;

/// The head of a paper filed in court: Federal Rule of Civil Procedure 10(a).
fn caption(story: &Story, title: &str) -> Draft {
    let mut draft = Draft::default();
    draft.centered("UNITED STATES DISTRICT COURT");
    draft.centered(&story.court.name.to_uppercase());
    draft.space();
    draft.line(&story.plaintiff);
    draft.line(&format!("          Plaintiff,{:>46}{}", "Case No. ", story.docket_number));
    draft.line("     v.");
    draft.line(&format!("{:>57}Hon. {}", "", story.judge));
    draft.line(&story.defendant);
    draft.line("          Defendant.");
    draft.heading(title);
    draft
}

fn signed(draft: &mut Draft, story: &Story, for_plaintiff: bool, day: NaiveDate) {
    let ours = for_plaintiff == story.client_is_plaintiff;
    let (name, firm) = if ours {
        (story.lead.full(), OUR_FIRM)
    } else {
        (story.opposing.full(), story.opposing_firm.as_str())
    };
    draft.line(&format!("Dated: {}", long_date(day)));
    draft.space();
    draft.line("Respectfully submitted,");
    draft.space();
    draft.line(&format!("/s/ {name}"));
    draft.line(firm);
    draft.line(if for_plaintiff { "Attorneys for Plaintiff" } else { "Attorneys for Defendant" });
}

const OPENINGS: [&str; 3] = [
    "{plaintiff}, by its attorneys, complains of {defendant} and alleges, upon knowledge as to itself and upon information and belief as to all else:",
    "Plaintiff {plaintiff} brings this action against {defendant} and states:",
    "This is an action for {claim}. It arises from {subject} and from the {agreement} of {signed}.",
];

const PARTIES: [&str; 4] = [
    "{plaintiff} has its home in {city}, where [its books are kept|it does most of its business|the events below took place].",
    "{defendant} is found in {town} and does business in this district[ through agents|].",
    "{manager} acted for {defendant} in everything that is alleged here.",
    "At all relevant times {officer} had authority to bind {defendant}.",
];

const VENUE: [&str; 2] = [
    "A substantial part of the events took place in this district, so that venue is proper under 28 U.S.C. 1391(b)(2).",
    "{defendant} is subject to personal jurisdiction because it [directed its acts at this district|contracted to perform here|keeps an office here].",
];

const PRAYERS: [&str; 5] = [
    "damages in an amount to be proven at trial, and not less than {amount};",
    "interest before and after judgment;",
    "an order that {defendant} [preserve|return|account for] all that concerns {subject};",
    "costs and, where the law allows them, attorneys' fees;",
    "such further relief as the court finds just.",
];

/// The complaint.
pub(super) fn complaint(teller: &mut Teller<'_>, _: NaiveDate) -> Draft {
    let story = teller.story;
    let mut draft = caption(story, "COMPLAINT AND DEMAND FOR JURY TRIAL");
    draft.paragraph(&teller.one(&OPENINGS));
    draft.heading("THE PARTIES");
    for sentence in teller.some(&PARTIES, 3) {
        draft.numbered(&sentence);
    }
    draft.heading("JURISDICTION AND VENUE");
    draft.numbered(jurisdiction(story));
    for sentence in VENUE {
        draft.numbered(&teller.tell(sentence));
    }
    draft.heading("FACTS");
    for sentence in teller.some(story.matter.facts, 8) {
        draft.numbered(&sentence);
    }
    for (claim, number) in story.matter.claims.iter().zip(["ONE", "TWO", "THREE", "FOUR"]) {
        draft.heading(&format!("COUNT {number}: {}", claim.to_uppercase()));
        draft.numbered("The foregoing paragraphs are repeated as if set forth here.");
        draft.numbered(&teller.one(story.matter.law));
        draft.numbered(&format!(
            "{} amounts to {claim}. {}",
            teller.one(&[
                "What {defendant} did",
                "The conduct of {defendant} described above",
                "The course that {manager} took for {defendant}"
            ]),
            teller.one(story.matter.harms),
        ));
    }
    draft.heading("PRAYER FOR RELIEF");
    draft.paragraph(&teller.tell("{plaintiff} therefore asks for judgment against {defendant}, and for:"));
    for (letter, prayer) in ["(a) ", "(b) ", "(c) ", "(d) ", "(e) "].iter().zip(PRAYERS) {
        draft.labelled(letter, &teller.tell(prayer));
    }
    draft.space();
    draft.paragraph("A jury is demanded on every issue so triable (Fed. R. Civ. P. 38(b)).");
    signed(&mut draft, story, true, story.filed_on);
    draft
}

fn jurisdiction(story: &Story) -> &'static str {
    match story.matter.jurisdiction {
        "Diversity" => {
            "The court has jurisdiction under 28 U.S.C. 1332(a): the parties are citizens of different states and more than $75,000 is in controversy."
        }
        _ => {
            "The court has jurisdiction under 28 U.S.C. 1331, because the claims arise under the laws of the United States."
        }
    }
}

const DEFENSES: [&str; 8] = [
    "The complaint fails to state a claim on which relief can be granted.",
    "The claims are barred by the {agreement}, which {plaintiff} was the first to break.",
    "{plaintiff} did not take reasonable steps to limit its loss in {city}.",
    "Any damage was caused by [others than {defendant}|{plaintiff}'s own choices after {event}|events that nobody could foresee].",
    "The claims are barred, in whole or in part, by the applicable statute of limitations.",
    "{plaintiff} waived its rights when it [accepted|went on with] {subject} after {notice}.",
    "Recovery is limited by the terms on which the parties agreed on {signed}.",
    "{plaintiff} has unclean hands, as the records of {witness} show.",
];

/// The answer to the complaint.
pub(super) fn answer(teller: &mut Teller<'_>, day: NaiveDate) -> Draft {
    let story = teller.story;
    let mut draft = caption(story, "ANSWER AND AFFIRMATIVE DEFENSES");
    draft.paragraph(&teller.tell(
        "Defendant {defendant} answers the complaint of {plaintiff} as follows. Whatever is not expressly admitted is denied.",
    ));
    draft.heading("ANSWER TO THE ALLEGATIONS");
    for fact in teller.some(story.matter.facts, 6) {
        let response = teller.one(&[
            "Denied. The allegation reads: {}",
            "{defendant} admits that the {agreement} exists, refers to it for its terms, and otherwise denies: {}",
            "{defendant} lacks knowledge or information sufficient to form a belief about the allegation that follows: {}",
            "Admitted as to the date; otherwise denied. The complaint says: {}",
        ]);
        draft.numbered(&response.replace("{}", &fact));
    }
    draft.heading("AFFIRMATIVE DEFENSES");
    let defenses = teller.some(&DEFENSES, 5);
    for (name, defense) in ["First", "Second", "Third", "Fourth", "Fifth"].iter().zip(defenses) {
        draft.numbered(&format!("{name} defense. {defense}"));
    }
    draft.heading("STATEMENT OF FACTS OF THE DEFENSE");
    draft.paragraph(&teller.tell(
        "The complaint leaves out what happened between {event} and {notice}. {officer} offered to meet in {town} and to go through every item concerning {subject}. {plaintiff} [did not come|sent nobody with authority|asked for {amount} before any talk].",
    ));
    draft.paragraph(&teller.paragraph(story.matter.law, 2));
    draft.heading("RELIEF");
    draft.paragraph(&teller.tell(
        "{defendant} asks that the complaint be dismissed with prejudice, that it be awarded its costs, and for such other relief as is just. A jury is demanded on every issue so triable.",
    ));
    signed(&mut draft, story, false, day);
    draft
}

const REQUESTS: [&str; 4] = [
    "an order compelling production of all documents about {subject} since {signed}",
    "partial summary judgment on the claim of {claim}",
    "an order excluding the testimony of {expert}",
    "leave to amend, now that the records from {city} have come to light",
];

const ARGUMENTS: [&str; 8] = [
    "The documents that were produced so far begin after {event}; the ones that matter lie before it.",
    "{witness} testified that the file in {town} was kept [in one folder|by month|on a shared drive], and it takes an afternoon to copy it.",
    "{opponent} names no burden in hours or in dollars, and a burden that is not shown is none.",
    "The parties have conferred [twice|three times|by letter and in person], and {opposing} has not moved.",
    "There is no genuine dispute about what {manager} wrote on {event}.",
    "What is left is a question of law: what the {agreement} means where it speaks of {subject}.",
    "The sum of {amount} is not a penalty but the difference that the parties themselves agreed to.",
    "Prejudice would be slight: trial is not set, and {expert} has yet to be deposed.",
];

/// A motion of the firm's client with its memorandum.
pub(super) fn motion(teller: &mut Teller<'_>, day: NaiveDate) -> Draft {
    let story = teller.story;
    let request = teller.one(&REQUESTS);
    let title = format!("{}'S MEMORANDUM OF LAW", story.our_side().to_uppercase());
    let mut draft = caption(story, &title);
    draft.heading("PRELIMINARY STATEMENT");
    draft.paragraph(&format!(
        "{} {} moves for {request}. {}",
        story.our_side(),
        story.client,
        teller.one(&[
            "The case is about {subject}, and the matter before the court is narrow.",
            "A few dates decide the motion: {signed}, {event} and {notice}.",
            "{opponent} has had months to say why not, and has said little.",
        ]),
    ));
    draft.heading("BACKGROUND");
    draft.paragraph(&teller.paragraph(story.matter.facts, 4));
    draft.paragraph(&teller.paragraph(story.matter.harms, 2));
    draft.heading("LEGAL STANDARD");
    draft.paragraph(&teller.one(&[
        "Parties may obtain discovery regarding any nonprivileged matter that is relevant to any party's claim or defense and proportional to the needs of the case (Fed. R. Civ. P. 26(b)(1)).",
        "Summary judgment is granted if the movant shows that there is no genuine dispute as to any material fact and the movant is entitled to judgment as a matter of law (Fed. R. Civ. P. 56(a)).",
        "The court should freely give leave when justice so requires (Fed. R. Civ. P. 15(a)(2)).",
    ]));
    draft.paragraph(&teller.paragraph(story.matter.law, 3));
    draft.heading("ARGUMENT");
    for (point, heading) in ["I.   ", "II.  ", "III. "].iter().zip(story.matter.issues) {
        let question = teller.tell(heading);
        draft.labelled(point, &question);
        draft.space();
        draft.paragraph(&teller.paragraph(&ARGUMENTS, 3));
    }
    draft.heading("CONCLUSION");
    draft.paragraph(&format!(
        "For these reasons the {} respectfully asks for {request}.",
        story.our_side().to_lowercase()
    ));
    draft.paragraph(&first_upper(&teller.tell(
        "a proposed order is attached; counsel for {opponent} has been served through the court's system.",
    )));
    signed(&mut draft, story, story.client_is_plaintiff, day);
    draft
}
