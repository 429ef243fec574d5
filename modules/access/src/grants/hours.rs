use chrono::{Datelike as _, NaiveTime, Weekday};
use chrono_tz::Tz;
use clock::Timestamp;
use serde::{Deserialize, Serialize};

/// Hours of the day by the clock on the wall of a place. Where the clock is set forward or back, the hours are those that it
/// shows then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Written", into = "Written")]
pub struct Hours {
    /// The days on which they begin; every day when there is none.
    days: Vec<Weekday>,
    from: NaiveTime,
    until: NaiveTime,
    zone: Tz,
}

/// Hours as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    /// `mon` to `sun`: the days on which the hours begin; every day when left out.
    #[serde(default)]
    #[schema(example = json!(["mon", "tue", "wed", "thu", "fri"]))]
    pub days: Vec<String>,
    /// Hour and minute at which they begin.
    #[schema(example = "08:00")]
    pub from: String,
    /// Hour and minute at which they end, which are not a part of them. Earlier than `from`: on the day after.
    #[schema(example = "18:30")]
    pub until: String,
    /// The time zone, by its name in the IANA database.
    #[schema(example = "America/Los_Angeles")]
    pub zone: String,
}

/// Hours that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursFault {
    /// No day of the week.
    #[error("`{0}` is no day: use mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// No time of the day.
    #[error("`{0}` is no time: write hours and minutes, such as 08:00")]
    Time(String),
    /// No time zone.
    #[error("`{0}` is no time zone: use a name of the IANA database, such as America/Chicago")]
    Zone(String),
    /// They end when they begin.
    #[error("the hours end when they begin: leave them out to mean the whole day")]
    Empty,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Mon),
    ("tue", Weekday::Tue),
    ("wed", Weekday::Wed),
    ("thu", Weekday::Thu),
    ("fri", Weekday::Fri),
    ("sat", Weekday::Sat),
    ("sun", Weekday::Sun),
];

impl Hours {
    /// Whether a moment lies in them.
    pub fn contain(&self, moment: Timestamp) -> bool {
        let local = moment.with_timezone(&self.zone);
        let (time, day) = (local.time(), local.weekday());
        let begins_on = |day: Weekday| self.days.is_empty() || self.days.contains(&day);
        if self.from < self.until {
            return begins_on(day) && self.from <= time && time < self.until;
        }
        (begins_on(day) && self.from <= time) || (begins_on(day.pred()) && time < self.until)
    }
}

impl TryFrom<Written> for Hours {
    type Error = HoursFault;

    fn try_from(written: Written) -> Result<Self, HoursFault> {
        let day = |name: &String| {
            let found = DAYS.iter().find(|(known, _)| known == name);
            found.map(|(_, day)| *day).ok_or_else(|| HoursFault::Day(name.clone()))
        };
        let time = |text: &str| {
            NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| HoursFault::Time(text.to_owned()))
        };
        let hours = Self {
            days: written.days.iter().map(day).collect::<Result<_, _>>()?,
            from: time(&written.from)?,
            until: time(&written.until)?,
            zone: written.zone.parse().map_err(|_| HoursFault::Zone(written.zone.clone()))?,
        };
        if hours.from == hours.until { Err(HoursFault::Empty) } else { Ok(hours) }
    }
}

impl From<Hours> for Written {
    fn from(hours: Hours) -> Self {
        let name =
            |day: &Weekday| DAYS.iter().find(|(_, known)| known == day).map(|(name, _)| (*name).to_owned());
        Self {
            days: hours.days.iter().filter_map(name).collect(),
            from: hours.from.format("%H:%M").to_string(),
            until: hours.until.format("%H:%M").to_string(),
            zone: hours.zone.name().to_owned(),
        }
    }
}
