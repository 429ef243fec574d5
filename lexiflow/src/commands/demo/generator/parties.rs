use super::dice::Dice;
use super::names;
use super::story::{OUR_FIRM, Story};
use chrono::{Days, NaiveDate};
use docket::juriscraper::{AttorneyRecord, PartyRecord};

/// The parties as the court lists them: the two sides first, then who joined them.
pub(super) fn parties(story: &Story, ended: Option<NaiveDate>, dice: &mut Dice) -> Vec<PartyRecord> {
    let ours = [ours(story, true, dice), ours(story, false, dice)];
    let theirs = [theirs(story, true, dice), theirs(story, false, dice)];
    let (of_plaintiff, of_defendant) =
        if story.client_is_plaintiff { (&ours, &theirs) } else { (&theirs, &ours) };
    let mut parties = vec![
        party(&story.plaintiff, "Plaintiff", of_plaintiff, dice),
        party(&story.defendant, "Defendant", of_defendant, dice),
    ];
    for _ in 0..dice.rather_low(0, 4) {
        let name = names::company(dice);
        if parties.iter().any(|party| party.name == name) {
            continue;
        }
        let left = ended.is_none() && dice.chance(20);
        let days = Days::new(dice.between(20, 200));
        let mut more = party(&name, "Defendant", &theirs[..1], dice);
        more.date_terminated = left.then(|| story.filed_on.checked_add_days(days)).flatten();
        parties.push(more);
    }
    if dice.chance(18) {
        let person = names::person(dice).full();
        let kind = *dice.pick(&["Intervenor", "Amicus", "Movant", "Special Master"]);
        parties.push(party(&person, kind, &[], dice));
    }
    parties
}

fn party(name: &str, kind: &str, attorneys: &[AttorneyRecord], dice: &mut Dice) -> PartyRecord {
    let alias = dice.chance(20).then(|| format!("doing business as\n{}", names::short_form(name)));
    PartyRecord {
        name: name.to_owned(),
        kind: Some(kind.to_owned()),
        extra_info: alias.filter(|_| name != names::short_form(name)),
        date_terminated: None,
        attorneys: attorneys.to_vec(),
        criminal: None,
    }
}

fn ours(story: &Story, leads: bool, dice: &mut Dice) -> AttorneyRecord {
    let name = if leads { story.lead.full() } else { names::person(dice).full() };
    attorney(name, OUR_FIRM, "ferrand-oakhurst.example", leads, dice)
}

fn theirs(story: &Story, leads: bool, dice: &mut Dice) -> AttorneyRecord {
    let name = if leads { story.opposing.full() } else { names::person(dice).full() };
    let host = format!("{}.example", names::dotted(&story.opposing_firm).replace('.', "-"));
    attorney(name, &story.opposing_firm, &host, leads, dice)
}

fn attorney(name: String, firm: &str, host: &str, leads: bool, dice: &mut Dice) -> AttorneyRecord {
    let contact = [
        firm.to_owned(),
        names::street(dice),
        names::city(dice),
        names::phone(dice),
        format!("Email: {}@{host}", names::dotted(&name)),
    ];
    let mut roles = vec!["ATTORNEY TO BE NOTICED".to_owned()];
    if leads {
        roles.insert(0, "LEAD ATTORNEY".to_owned());
    }
    AttorneyRecord { name: Some(name), contact: Some(contact.join("\n")), roles }
}
