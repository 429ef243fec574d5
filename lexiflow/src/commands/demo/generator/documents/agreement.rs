use super::draft::Draft;
use crate::commands::demo::generator::telling::Teller;
use chrono::NaiveDate;

/// An article of a contract: its heading, and clauses of which some are taken.
struct Article {
    heading: &'static str,
    clauses: &'static [&'static str],
}

const ARTICLES: [Article; 9] = [
    Article {
        heading: "Subject",
        clauses: &[
            "This {agreement} governs all that the parties do with each other concerning {subject}.",
            "Orders, schedules and notices under it are part of it; where they differ, this text prevails.",
            "Neither party's general terms apply, even if [a form refers to them|they are printed on an invoice].",
        ],
    },
    Article {
        heading: "Performance",
        clauses: &[
            "{defendant} shall perform with the care of an experienced firm of its trade, at its premises in {city} unless the parties agree on another place.",
            "Each call for performance is answered in writing within [two|three|five] business days; silence counts as acceptance.",
            "{defendant} shall tell {plaintiff} at once when a delay of more than {days} days is to be expected, and why.",
        ],
    },
    Article {
        heading: "Price and payment",
        clauses: &[
            "The price for the first year is {amount} in all, payable in [four|twelve] equal parts.",
            "Invoices are due {days} days after receipt. What is disputed in good faith may be held back up to {part}.",
            "Late payments bear interest at one percent for each month.",
        ],
    },
    Article {
        heading: "Records and inspection",
        clauses: &[
            "{defendant} keeps complete records about {subject} for [five|six|seven] years and opens them to {plaintiff} on {days} days' notice.",
            "{expert}, or another expert whom both name, may inspect in {town} at the cost of whoever turns out to be wrong.",
        ],
    },
    Article {
        heading: "Confidential information",
        clauses: &[
            "What one party learns of the other's business through this {agreement} it keeps to itself and uses for no other purpose.",
            "The duty lasts for [three|five] years after the end of this {agreement}, and for trade secrets as long as they are secret.",
        ],
    },
    Article {
        heading: "Warranties",
        clauses: &[
            "{defendant} warrants that {subject} will conform to Schedule B and be free of defects for eighteen months.",
            "Each party warrants that it may enter into this {agreement} and that {officer}, who signs for it, has authority.",
        ],
    },
    Article {
        heading: "Liability and insurance",
        clauses: &[
            "Neither party is liable for more than {amount} in any one year, except for intent, gross negligence and injury to persons.",
            "{defendant} carries insurance of at least {amount} for each occurrence and shows the certificate on request.",
            "A party that is kept from performing by events beyond its control is excused for as long as they last.",
        ],
    },
    Article {
        heading: "Term and end",
        clauses: &[
            "This {agreement} begins on {signed} and lasts for [two|three|five] years; it is renewed year by year unless a party gives ninety days' notice.",
            "A party may end it at once when the other does not cure a substantial default within {days} days of a written notice.",
            "On the end each party returns what belongs to the other and confirms it in writing.",
        ],
    },
    Article {
        heading: "Disputes and governing law",
        clauses: &[
            "The parties first try to settle a dispute between {manager} and a person of like standing, in {town}.",
            "The courts of the {court} have jurisdiction over what cannot be settled.",
            "Changes need a writing signed by both; this clause included.",
        ],
    },
];

/// The contract that the case is about.
pub(super) fn agreement(teller: &mut Teller<'_>, _: NaiveDate) -> Draft {
    let story = teller.story;
    let mut draft = Draft::default();
    draft.centered(&teller.tell("{agreement}").to_uppercase());
    draft.space();
    draft.paragraph(&format!(
        "{} between {} (\"{}\") and {} (\"{}\"). {}",
        teller.tell("This {agreement} is made on {signed}, in {city},"),
        story.plaintiff,
        teller.tell("{plaintiff}"),
        story.defendant,
        teller.tell("{defendant}"),
        teller.one(&[
            "The parties have dealt with each other before and wish to put it in writing.",
            "The parties intend to be bound by what follows.",
            "Each party has had advice of its own counsel."
        ]),
    ));
    for (number, article) in (1..).zip(&ARTICLES) {
        draft.line(&format!("Article {number}.  {}", article.heading));
        draft.space();
        for (part, clause) in (1..).zip(article.clauses) {
            draft.labelled(&format!("{number}.{part}  "), &teller.tell(clause));
            draft.space();
        }
    }
    draft.paragraph("In witness whereof the parties have signed two originals, one for each.");
    draft.line(&story.plaintiff);
    draft.line(&teller.tell("By: {witness}"));
    draft.space();
    draft.line(&story.defendant);
    draft.line(&teller.tell("By: {officer}"));
    draft.heading("SCHEDULE A: PRICES");
    for item in 1..=teller.dice.between(4, 8) {
        let price = teller.dice.between(12, 940) * 10;
        draft.line(&format!(
            "   A-{item:02}   {:<54} ${price}.00",
            teller.tell("{subject}, [standard|special|rush] order, lot")
        ));
    }
    draft
}
