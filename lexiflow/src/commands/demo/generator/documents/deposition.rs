use super::draft::Draft;
use crate::commands::demo::generator::story::long_date;
use crate::commands::demo::generator::telling::Teller;
use chrono::NaiveDate;

/// A question and what may be answered.
struct Exchange {
    question: &'static str,
    answers: &'static [&'static str],
}

const EXCHANGES: [Exchange; 16] = [
    Exchange {
        question: "Where did you work in the year of {event}?",
        answers: &["In {city}, in the office on the second floor.", "In {town} at first, then in {city}."],
    },
    Exchange {
        question: "What did you have to do with {subject}?",
        answers: &[
            "I kept the list. Everything that came in went through me.",
            "I was asked to look at it after {manager} had left for {town}.",
        ],
    },
    Exchange {
        question: "Who is {manager}?",
        answers: &[
            "My supervisor at that time.",
            "The one who signed for {defendant}. We spoke almost every day.",
        ],
    },
    Exchange {
        question: "I show you what has been marked as Exhibit {count}. Do you recognize it?",
        answers: &[
            "Yes. That is the {agreement}, with my initials at the bottom.",
            "I have seen a copy. The original was in {city}.",
        ],
    },
    Exchange {
        question: "When did you first see the {agreement}?",
        answers: &["On {signed}, or the day after.", "Some weeks before {event}. I cannot be more precise."],
    },
    Exchange {
        question: "What happened on {event}?",
        answers: &[
            "There was a call in the morning, and after that everybody was looking for the file.",
            "{manager} came in and said that it was over. Those words.",
        ],
    },
    Exchange {
        question: "Did anybody take notes?",
        answers: &["{officer} did. A yellow pad.", "I did, and I typed them up the same evening."],
    },
    Exchange {
        question: "Where are those notes today?",
        answers: &["In the archive in {town}, as far as I know.", "I gave them to counsel."],
    },
    Exchange {
        question: "Did you speak to {expert} about it?",
        answers: &[
            "Once, for an hour, when the inspection was made.",
            "No. I know the name from the report.",
        ],
    },
    Exchange {
        question: "How do you arrive at {amount}?",
        answers: &[
            "It is the total of the column. I added it twice.",
            "That is not my figure. Mine was {part}.",
        ],
    },
    Exchange {
        question: "Was there a letter?",
        answers: &[
            "Yes, of {notice}. It lay on my desk for a day.",
            "There was one to {defendant}. I did not write it.",
        ],
    },
    Exchange {
        question: "What was the reaction to the letter of {notice}?",
        answers: &["None that I saw.", "{officer} said to wait. So we waited, {days} days."],
    },
    Exchange {
        question: "Did you ever delete anything concerning {subject}?",
        answers: &["Never.", "Duplicates, before anybody told us to keep them. Nothing since."],
    },
    Exchange {
        question: "Who else knew?",
        answers: &["{officer}, {manager} and two people in {town}.", "I would say everybody on the floor."],
    },
    Exchange {
        question: "Had something like it happened before?",
        answers: &["{count} times, if you count the small ones.", "Not while I was there."],
    },
    Exchange {
        question: "Is there anything in your testimony that you wish to correct?",
        answers: &["The date. I said spring; it was {event}.", "No."],
    },
];

const OBJECTIONS: [&str; 4] = [
    "Objection, form. You may answer.",
    "Objection, calls for speculation.",
    "Objection, asked and answered.",
    "Let us go off the record for a minute.",
];

/// Part of a witness's testimony.
pub(super) fn deposition(teller: &mut Teller<'_>, day: NaiveDate) -> Draft {
    let story = teller.story;
    let mut draft = Draft::default();
    draft.centered("UNITED STATES DISTRICT COURT");
    draft.centered(&story.court.name.to_uppercase());
    draft.space();
    draft.centered(&story.title);
    draft.centered(&format!("No. {}", story.docket_number));
    draft.heading(&teller.tell("DEPOSITION OF {witness}").to_uppercase());
    draft.line(&format!("Taken on {}, {}", long_date(day), teller.tell("in {city}")));
    draft.line(&format!("For {}: {}", story.client, story.lead.full()));
    draft.line(&format!("For {}: {} of {}", story.opponent, story.opposing.full(), story.opposing_firm));
    draft.space();
    draft.paragraph(&teller.tell("{witness}, having been duly sworn, testified as follows:"));
    draft.line(&format!("EXAMINATION BY {}:", story.lead.full().to_uppercase()));
    draft.space();
    let label = format!("    {}: ", story.opposing.full().to_uppercase());
    for exchange in teller.dice.some(&EXCHANGES, 14) {
        draft.labelled("Q.  ", &teller.tell(exchange.question));
        if teller.dice.chance(25) {
            let objection = teller.one(&OBJECTIONS);
            draft.labelled(&label, &objection);
        }
        let answer = teller.one(exchange.answers);
        draft.labelled("A.  ", &answer);
    }
    draft.space();
    draft.labelled("Q.  ", "Please tell us in your own words what you know of the matter.");
    draft.labelled("A.  ", &teller.paragraph(story.matter.facts, 4));
    draft.labelled("Q.  ", "And what came of it?");
    draft.labelled("A.  ", &teller.paragraph(story.matter.harms, 2));
    draft.space();
    draft.paragraph(
        "(End of the excerpt. The witness reserved the right to read and sign, Fed. R. Civ. P. 30(e).)",
    );
    draft
}
