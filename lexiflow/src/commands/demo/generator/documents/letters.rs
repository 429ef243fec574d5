use super::draft::Draft;
use crate::commands::demo::generator::story::{OUR_FIRM, long_date};
use crate::commands::demo::generator::telling::Teller;
use chrono::NaiveDate;

const DEMANDS: [&str; 6] = [
    "We ask that {defendant} pay {amount} within {days} days of this letter.",
    "Please name, within the same time, everyone who had to do with {subject} since {signed}.",
    "All records about {subject}, e-mail and messages included, have to be kept from now on; their loss would be brought to the court's attention.",
    "Nothing in this letter waives any right of {plaintiff} under the {agreement} or at law.",
    "{plaintiff} is ready to meet in {town}, with {officer} present, if a meeting can take place before the time has run.",
    "Should the time pass without an answer, {plaintiff} will go to court without further notice.",
];

/// What the one side asked of the other before the suit.
pub(super) fn demand(teller: &mut Teller<'_>, _: NaiveDate) -> Draft {
    let story = teller.story;
    let (from, firm) = if story.client_is_plaintiff {
        (story.lead.full(), OUR_FIRM)
    } else {
        (story.opposing.full(), story.opposing_firm.as_str())
    };
    let mut draft = Draft::default();
    draft.centered(firm);
    draft.centered("Attorneys at Law");
    draft.space();
    draft.line(&teller.tell("{notice}"));
    draft.space();
    draft.line(&story.defendant);
    draft.line(&teller.tell("Attention: {manager}"));
    draft.line(&teller.tell("{town}"));
    draft.space();
    draft.labelled("Re:  ", &teller.tell("{agreement} of {signed}; {subject}; claim of {plaintiff}"));
    draft.space();
    draft.line(&teller.tell("Dear {manager}:"));
    draft.space();
    draft.paragraph(&format!(
        "We represent {} in all that concerns the above. {}",
        story.plaintiff,
        teller.one(&[
            "We write to settle the matter if it can be settled.",
            "Our client has been patient and is so no longer.",
            "This letter states the facts as our client knows them, and what it expects."
        ]),
    ));
    draft.paragraph(&teller.paragraph(story.matter.facts, 3));
    draft.paragraph(&teller.paragraph(story.matter.facts, 3));
    draft.paragraph(&teller.paragraph(story.matter.harms, 3));
    draft.paragraph(&format!(
        "As to the law there is little doubt. {}",
        teller.paragraph(story.matter.law, 3)
    ));
    for sentence in teller.some(&DEMANDS, 6) {
        draft.paragraph(&sentence);
    }
    draft.line("Very truly yours,");
    draft.space();
    draft.line(&from);
    draft
}

const STEPS: [&str; 6] = [
    "take the deposition of {witness}, most likely in {city}",
    "receive the report of {expert} and decide whether a rebuttal is needed",
    "move for {claim} to be decided without trial",
    "go through the documents from {town}, some {count} boxes and a shared drive",
    "prepare {manager} for questions about {event}",
    "write a mediation statement and choose a mediator with {opposing}",
];

const ADVICE: [&str; 5] = [
    "Please do not discuss {subject} with anybody at {opponent}, and send us what arrives from there unopened.",
    "We advise to keep a reserve of {part} until the court has ruled.",
    "An offer near {part} would be worth a serious answer; {amount} is what a good day in court may bring.",
    "The hold on deleting e-mail has to go on. That covers phones as well.",
    "If {officer} is asked for a statement by the press, the answer is that the matter is before the court.",
];

/// What the firm reports to its client.
pub(super) fn report(teller: &mut Teller<'_>, day: NaiveDate) -> Draft {
    let story = teller.story;
    let mut draft = Draft::default();
    draft.centered(OUR_FIRM);
    draft.space();
    draft.line("PRIVILEGED AND CONFIDENTIAL: ATTORNEY-CLIENT COMMUNICATION");
    draft.space();
    draft.line(&long_date(day));
    draft.line(&story.client);
    draft.space();
    draft.labelled("Re:  ", &format!("{}, No. {}, {}", story.title, story.docket_number, story.court.name));
    draft.space();
    draft.paragraph(&teller.one(&[
        "This is our report on where the case stands and what comes next.",
        "You asked for a short account of the last weeks. Here it is.",
        "Since our last letter there has been movement, and we want you to have it in one place.",
    ]));
    draft.heading("Where we are");
    draft.paragraph(&teller.tell(
        "The case was filed on {filed} and is before Judge {judge}. {opposing} appears for {opponent}. The question on which most will turn is the one about {subject}.",
    ));
    draft.paragraph(&teller.paragraph(story.matter.facts, 4));
    draft.heading("How we see it");
    let side = story.other_side().to_lowercase();
    draft.paragraph(&format!(
        "The {side} will say otherwise, of course. {}",
        teller.paragraph(story.matter.law, 2)
    ));
    for issue in teller.some(story.matter.issues, 2) {
        draft.paragraph(&format!(
            "{issue} {}",
            teller.one(&[
                "We think so, with some reserve.",
                "We think not, but a jury may.",
                "It is open, and we would not build on it.",
                "The better arguments are on our side."
            ])
        ));
    }
    draft.heading("What comes next");
    for step in teller.some(&STEPS, 4) {
        draft.labelled("  -  ", &format!("{step};"));
    }
    draft.space();
    draft.heading("What we ask of you");
    for sentence in teller.some(&ADVICE, 3) {
        draft.paragraph(&sentence);
    }
    draft.line("With kind regards,");
    draft.space();
    draft.line(&story.lead.full());
    draft
}
