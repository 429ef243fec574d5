use crate::{Hit, Kind};
use clock::Timestamp;
use ids::CaseId;
use uuid::Uuid;

/// The hits of a page, best first.
///
/// Their texts lie in one buffer. A page is put together over many statements, and hundreds of pages may be under way at
/// once: as a few short texts for each hit they would lie between everything else that lives at that time, and what a burst
/// of them leaves behind could not be given back (13 MiB of 256 under attack, measured).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hits {
    text: String,
    places: Vec<Place>,
}

/// A hit but for its texts, which follow those of the hit before it.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    kind: Kind,
    entity: Uuid,
    case: Option<CaseId>,
    score_milli: i64,
    at: Timestamp,
    title: usize,
    title_snippet: Option<usize>,
    body_snippet: Option<usize>,
}

impl Hits {
    /// None yet, and room for so many.
    pub(crate) fn with_capacity(hits: usize) -> Self {
        Self { text: String::new(), places: Vec::with_capacity(hits) }
    }

    pub(crate) fn push(&mut self, hit: &Hit) {
        let mut keep = |text: &str| {
            self.text.push_str(text);
            text.len()
        };
        let (title, title_snippet) = (keep(&hit.title), hit.title_snippet.as_deref().map(&mut keep));
        let body_snippet = hit.body_snippet.as_deref().map(keep);
        let Hit { kind, entity, case, score_milli, at, .. } = *hit;
        self.places.push(Place { kind, entity, case, score_milli, at, title, title_snippet, body_snippet });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Each of them, made when its turn comes.
    pub fn iter(&self) -> impl Iterator<Item = Hit> {
        let mut rest = &*self.text;
        let mut next = move |bytes: usize| {
            let (text, after) = rest.split_at(bytes);
            rest = after;
            text.to_owned()
        };
        self.places.iter().map(move |place| Hit {
            kind: place.kind,
            entity: place.entity,
            case: place.case,
            title: next(place.title),
            score_milli: place.score_milli,
            title_snippet: place.title_snippet.map(&mut next),
            body_snippet: place.body_snippet.map(&mut next),
            at: place.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(kind: Kind, title: &str, title_snippet: Option<&str>, body_snippet: Option<&str>) -> Hit {
        Hit {
            kind,
            entity: Uuid::from_u128(7 + kind as u128),
            case: (kind != Kind::Party).then(|| Uuid::from_u128(40 + kind as u128).into()),
            title: title.to_owned(),
            score_milli: -7,
            title_snippet: title_snippet.map(ToOwned::to_owned),
            body_snippet: body_snippet.map(ToOwned::to_owned),
            at: Timestamp::default(),
        }
    }

    #[test]
    fn each_hit_comes_back_as_it_was() {
        let all = [
            hit(Kind::Case, "Müller v. Ōsaka", Some("<mark>Müller</mark>"), Some("…")),
            hit(Kind::Party, "", None, Some("only the text")),
            hit(Kind::Docket, "no word is marked", None, None),
            hit(Kind::Document, "", Some(""), None),
        ];
        let mut hits = Hits::with_capacity(all.len());
        assert!(hits.is_empty());
        for hit in &all {
            hits.push(hit);
        }
        assert_eq!(hits.len(), all.len());
        assert_eq!(hits.iter().collect::<Vec<_>>(), all);
    }
}
