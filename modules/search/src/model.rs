use crate::Hits;
use access::Sight;
use clock::Timestamp;
use ids::{CaseId, FirmId};
use std::str::FromStr;
use uuid::Uuid;

/// What can be found.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A case.
    Case,
    /// A party to a case, or its counsel.
    Party,
    /// A docket entry.
    Docket,
    /// A document, by its fields or its text.
    Document,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Case, Self::Party, Self::Docket, Self::Document];

    /// The kind's name as it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Party => "party",
            Self::Docket => "docket",
            Self::Document => "document",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What a caller may find: some kinds of things of a firm, each with the eyes that see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visible {
    firm: FirmId,
    kinds: Vec<Kind>,
    sights: Vec<Sight>,
}

impl Visible {
    pub(crate) fn new(firm: FirmId, kinds: Vec<(Kind, Sight)>) -> Self {
        let (kinds, sights) = kinds.into_iter().unzip();
        Self { firm, kinds, sights }
    }

    pub(crate) fn firm(&self) -> FirmId {
        self.firm
    }

    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The rest of a condition, ` AND …`: what of each kind is seen. `kind` is the column that names it, and `sees` gives the
    /// condition of one pair of eyes. Nearly always one pair sees all kinds.
    pub(crate) fn condition(&self, kind: &str, mut sees: impl FnMut(Sight) -> String) -> String {
        if let Some((first, rest)) = self.sights.split_first()
            && rest.iter().all(|sight| sight == first)
        {
            return sees(*first);
        }
        let each = self.kinds.iter().zip(&self.sights);
        let each: Vec<_> =
            each.map(|(name, sight)| format!("({kind} = '{}'{})", name.as_str(), sees(*sight))).collect();
        if each.is_empty() { " AND 1 = 0".to_owned() } else { format!(" AND ({})", each.join(" OR ")) }
    }
}

/// One piece of the index: an entity's fields, or one piece of a document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The firm.
    pub firm: FirmId,
    /// The kind of thing.
    pub kind: Kind,
    /// The thing.
    pub entity: Uuid,
    /// 0 for the fields; from 1 for the pieces of a document's text.
    pub piece: i64,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// The title, which weighs four times the text.
    pub title: String,
    /// The text.
    pub body: String,
    /// When it last changed.
    pub at: Timestamp,
}

/// Marks the beginning of a matched word in a snippet, before the snippet is escaped.
pub(crate) const MARK_START: char = '\u{2}';
/// Marks its end.
pub(crate) const MARK_END: char = '\u{3}';

/// One thing that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The kind of thing.
    pub kind: Kind,
    /// The thing.
    pub entity: Uuid,
    /// The case it belongs to.
    pub case: Option<CaseId>,
    /// The title.
    pub title: String,
    /// How well it matches, higher is better; comparable within one answer only. In thousandths.
    pub score_milli: i64,
    /// The title with the matched words in `<mark>`, HTML-escaped, when one matched there.
    pub title_snippet: Option<String>,
    /// The best passage of the text, likewise.
    pub body_snippet: Option<String>,
    /// When it last changed.
    pub at: Timestamp,
}

/// One page of what was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Results {
    /// The page's hits, best first.
    pub hits: Hits,
    /// How many things match, by kind, over the whole result.
    pub counts: Vec<(Kind, u64)>,
}

impl Results {
    /// How many things match in all.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }
}

/// Escapes a snippet for HTML and turns the marks into `<mark>`. Nothing when no word is marked.
pub(crate) fn marked(snippet: &str) -> Option<String> {
    if !snippet.contains(MARK_START) {
        return None;
    }
    let mut html = String::with_capacity(snippet.len() + 32);
    for character in snippet.chars() {
        match character {
            MARK_START => html.push_str("<mark>"),
            MARK_END => html.push_str("</mark>"),
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    Some(html)
}
