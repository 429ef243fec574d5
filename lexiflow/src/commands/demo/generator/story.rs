use super::courts::Court;
use super::dice::Dice;
use super::matters::Matter;
use super::names::{self, Name};
use chrono::{Days, NaiveDate};

/// The facts of one case. All its texts draw on them, so that they agree and a search for a name finds the case.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) matter: &'static Matter,
    pub(super) court: &'static Court,
    pub(super) docket_number: String,
    pub(super) judge: String,
    pub(super) title: String,
    pub(super) plaintiff: String,
    pub(super) defendant: String,
    pub(super) client: String,
    pub(super) opponent: String,
    /// The firm's lawyer who leads the case.
    pub(super) lead: Name,
    pub(super) opposing: Name,
    pub(super) opposing_firm: String,
    pub(super) client_is_plaintiff: bool,
    pub(super) filed_on: NaiveDate,
    slots: Vec<(&'static str, String)>,
}

/// What the synthetic firm signs as.
pub(super) const OUR_FIRM: &str = "Ferrand Oakhurst LLP";

/// The two sides of a case and who stands for them.
pub(super) struct Sides {
    pub(super) client: String,
    pub(super) opponent: String,
    pub(super) client_is_plaintiff: bool,
    pub(super) lead: Name,
}

/// Where a case is heard.
pub(super) struct Venue {
    pub(super) court: &'static Court,
    pub(super) docket_number: String,
    pub(super) judge: String,
    pub(super) filed_on: NaiveDate,
}

impl Story {
    pub(super) fn new(dice: &mut Dice, matter: &'static Matter, sides: Sides, venue: Venue) -> Self {
        let (plaintiff, defendant) = if sides.client_is_plaintiff {
            (sides.client.clone(), sides.opponent.clone())
        } else {
            (sides.opponent.clone(), sides.client.clone())
        };
        let mut story = Self {
            matter,
            title: format!("{plaintiff} v. {defendant}"),
            plaintiff,
            defendant,
            opposing: names::person(dice),
            opposing_firm: names::law_firm(dice),
            client: sides.client,
            opponent: sides.opponent,
            lead: sides.lead,
            client_is_plaintiff: sides.client_is_plaintiff,
            court: venue.court,
            docket_number: venue.docket_number,
            judge: venue.judge,
            filed_on: venue.filed_on,
            slots: Vec::new(),
        };
        story.slots = story.facts(dice);
        story
    }

    fn facts(&self, dice: &mut Dice) -> Vec<(&'static str, String)> {
        let notice_days = dice.between(30, 240);
        let event_days = notice_days + dice.between(20, 300);
        let signed_days = event_days + dice.between(90, 900);
        let before = |days: u64| self.filed_on.checked_sub_days(Days::new(days)).unwrap_or(self.filed_on);
        let amount = dice.between(48, 4_800) * 1000 + dice.between(1, 9) * 100;
        vec![
            ("plaintiff", names::short_form(&self.plaintiff)),
            ("defendant", names::short_form(&self.defendant)),
            ("client", names::short_form(&self.client)),
            ("opponent", names::short_form(&self.opponent)),
            ("subject", (*dice.pick(self.matter.subjects)).to_owned()),
            ("agreement", (*dice.pick(self.matter.agreements)).to_owned()),
            ("claim", self.matter.claims[0].to_owned()),
            ("signed", long_date(before(signed_days))),
            ("event", long_date(before(event_days))),
            ("notice", long_date(before(notice_days))),
            ("filed", long_date(self.filed_on)),
            ("amount", dollars(amount)),
            ("part", dollars(amount * dice.between(10, 60) / 100)),
            ("city", names::city(dice)),
            ("town", names::city(dice)),
            ("witness", names::person(dice).full()),
            ("manager", names::person(dice).full()),
            ("officer", names::person(dice).full()),
            ("expert", names::person(dice).full()),
            ("lead", self.lead.full()),
            ("opposing", self.opposing.full()),
            ("judge", self.judge.clone()),
            ("court", self.court.name.to_owned()),
            ("days", (dice.between(2, 12) * 5).to_string()),
            ("count", dice.between(3, 90).to_string()),
        ]
    }

    /// What a slot of a template stands for in this case.
    pub(super) fn slot(&self, name: &str) -> Option<&str> {
        self.slots.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str())
    }

    /// What the firm's client is called in the court's papers.
    pub(super) fn our_side(&self) -> &'static str {
        if self.client_is_plaintiff { "Plaintiff" } else { "Defendant" }
    }

    /// What the other side is called in the court's papers.
    pub(super) fn other_side(&self) -> &'static str {
        if self.client_is_plaintiff { "Defendant" } else { "Plaintiff" }
    }
}

/// Such as `March 2, 2026`.
pub(super) fn long_date(day: NaiveDate) -> String {
    day.format("%B %-d, %Y").to_string()
}

/// Whole dollars with thousands apart, such as `$412,500`.
pub(super) fn dollars(amount: u64) -> String {
    let digits = amount.to_string();
    let mut text = String::from("$");
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
