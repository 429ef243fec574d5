use super::draft::Draft;
use crate::commands::demo::generator::story::long_date;
use crate::commands::demo::generator::telling::Teller;
use chrono::NaiveDate;

const ANSWERS: [&str; 4] = [
    "Probably yes. The facts of {event} speak for it, and {opponent} has not met them.",
    "Probably no, unless {witness} says more than the documents do.",
    "It depends on what was said in {city}; the papers alone do not decide it.",
    "Yes, subject to what {expert} finds.",
];

const DISCUSSION: [&str; 8] = [
    "The words of the {agreement} come first. They speak of {subject} without a limit in time.",
    "What the parties did between {signed} and {event} is the best evidence of what they meant.",
    "{witness} is a strong witness: [close to the events|without an interest in the outcome|careful with dates].",
    "{manager} is the weak point. The notes of {event} and the letter of {notice} do not agree with each other.",
    "If the sum of {amount} is reached, {part} of it rests on estimates.",
    "A court in the {court} would likely look at the whole course of dealing.",
    "The records from {town} are incomplete for {count} days; we have to explain that before {opposing} asks.",
    "An inference against {opponent} is possible if the files were deleted after {notice}.",
];

const NEXT: [&str; 5] = [
    "Interview {officer} before {opposing} does.",
    "Have {expert} look at the originals in {city}.",
    "Ask for the metadata of every message around {event}.",
    "Check whether insurance covers part of {amount}.",
    "Draft a stipulation about what is not in dispute.",
];

/// The firm's own analysis.
pub(super) fn memo(teller: &mut Teller<'_>, day: NaiveDate) -> Draft {
    let story = teller.story;
    let mut draft = Draft::default();
    draft.centered("MEMORANDUM");
    draft.centered("Attorney work product");
    draft.space();
    draft.line(&format!("To:     {}", story.lead.full()));
    draft.line(&format!("Date:   {}", long_date(day)));
    draft.labelled("Case:   ", &format!("{} ({}, {})", story.title, story.court.id, story.docket_number));
    draft.labelled("About:  ", &teller.tell("{claim}; {subject}; the {agreement} of {signed}"));
    draft.heading("QUESTIONS");
    let questions = teller.some(story.matter.issues, 2);
    for question in &questions {
        draft.numbered(question);
    }
    draft.heading("SHORT ANSWERS");
    draft.number_anew();
    for answer in teller.some(&ANSWERS, questions.len()) {
        draft.numbered(&answer);
    }
    draft.heading("FACTS");
    draft.paragraph(&teller.paragraph(story.matter.facts, 5));
    draft.paragraph(&teller.paragraph(story.matter.harms, 3));
    draft.heading("LAW");
    for rule in teller.some(story.matter.law, 3) {
        draft.paragraph(&rule);
    }
    draft.heading("DISCUSSION");
    for question in &questions {
        draft.paragraph(question);
        draft.paragraph(&teller.paragraph(&DISCUSSION, 4));
    }
    draft.heading("NEXT STEPS");
    for step in teller.some(&NEXT, 4) {
        draft.labelled("  -  ", &step);
    }
    draft
}
