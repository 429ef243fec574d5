use crate::{Entry, Error, Kind, store};
use db::Tx;
use events::cases::{self, CaseSnapshot};
use events::{docket, documents};
use futures_util::future::BoxFuture;
use ids::Id;
use queue::{Delivered, Event, Listener, ListenerError};

/// Hears what happened and keeps the index true.
#[derive(Debug, Clone, Copy, Default)]
pub struct Indexer;

const TOPICS: &[&str] = &[
    cases::Opened::TOPIC,
    cases::Changed::TOPIC,
    cases::Deleted::TOPIC,
    cases::PartiesChanged::TOPIC,
    cases::PartyRemoved::TOPIC,
    docket::EntriesFiled::TOPIC,
    docket::EntryUpdated::TOPIC,
    docket::EntryDeleted::TOPIC,
    documents::Added::TOPIC,
    documents::Changed::TOPIC,
    documents::TextRead::TOPIC,
    documents::Deleted::TOPIC,
];

impl Listener for Indexer {
    fn name(&self) -> &'static str {
        "search"
    }

    fn topics(&self) -> &'static [&'static str] {
        TOPICS
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut Tx,
        batch: &'a [Delivered],
    ) -> BoxFuture<'a, Result<(), ListenerError>> {
        Box::pin(async move {
            for event in batch {
                apply(tx, event).await?;
            }
            Ok(())
        })
    }
}

async fn apply(tx: &mut Tx, event: &Delivered) -> Result<(), ListenerError> {
    let done = match event.topic.as_str() {
        cases::Opened::TOPIC | cases::Changed::TOPIC => {
            store::upsert(tx, &[case_entry(event, event.decode()?)]).await
        }
        cases::Deleted::TOPIC => {
            store::remove_case(tx, event.firm, event.decode::<cases::Deleted>()?.case).await
        }
        cases::PartiesChanged::TOPIC => store::upsert(tx, &party_entries(event, event.decode()?)).await,
        cases::PartyRemoved::TOPIC => {
            let party = event.decode::<cases::PartyRemoved>()?.party;
            store::remove_entity(tx, event.firm, Kind::Party, party.uuid()).await
        }
        docket::EntriesFiled::TOPIC => {
            let filed: docket::EntriesFiled = event.decode()?;
            let entries: Vec<_> =
                filed.entries.into_iter().map(|entry| docket_entry(event, filed.case, entry)).collect();
            store::upsert(tx, &entries).await
        }
        docket::EntryUpdated::TOPIC => {
            let updated: docket::EntryUpdated = event.decode()?;
            store::upsert(tx, &[docket_entry(event, updated.case, updated.entry)]).await
        }
        docket::EntryDeleted::TOPIC => {
            let entry = event.decode::<docket::EntryDeleted>()?.entry;
            store::remove_entity(tx, event.firm, Kind::Docket, entry.uuid()).await
        }
        documents::Added::TOPIC | documents::Changed::TOPIC => {
            store::upsert(tx, &[document_entry(event, event.decode()?)]).await
        }
        documents::TextRead::TOPIC => text_read(tx, event, event.decode()?).await,
        documents::Deleted::TOPIC => {
            let document = event.decode::<documents::Deleted>()?.document;
            store::remove_entity(tx, event.firm, Kind::Document, document.uuid()).await
        }
        _ => Ok(()),
    };
    // A database that is busy or full is not the event's fault: it must not cost an attempt.
    done.map_err(|error| match error {
        Error::Database(error) => ListenerError::Database(error),
        error => ListenerError::failed(error),
    })
}

async fn text_read(tx: &mut Tx, event: &Delivered, read: documents::TextRead) -> Result<(), Error> {
    if read.piece == 0 {
        store::remove_pieces(tx, event.firm, read.document.uuid()).await?;
    }
    let title = store::title_of(tx, event.firm, Kind::Document, read.document.uuid()).await?;
    // Events come in their order, but for one that failed: then this one waits for it, and is not lost.
    let Some(title) = title else { return Err(Error::NotIndexedYet(read.document)) };
    let entry = Entry {
        firm: event.firm,
        kind: Kind::Document,
        entity: read.document.uuid(),
        piece: i64::from(read.piece) + 1,
        case: read.case,
        title,
        body: read.text,
        at: event.at,
    };
    store::upsert(tx, &[entry]).await
}

fn case_entry(event: &Delivered, case: CaseSnapshot) -> Entry {
    let body = lines([
        Some(case.number),
        case.docket_number,
        case.court,
        case.judge,
        case.practice_area,
        Some(case.status),
        case.description,
    ]);
    entry(event, Kind::Case, case.id, Some(case.id), case.title, body)
}

fn party_entries(event: &Delivered, changed: cases::PartiesChanged) -> Vec<Entry> {
    let entry_of = |party: cases::PartySnapshot| {
        let body = lines(std::iter::once(Some(party.kind)).chain(party.counsel.into_iter().map(Some)));
        entry(event, Kind::Party, party.id, Some(changed.case), party.name, body)
    };
    changed.parties.into_iter().map(entry_of).collect()
}

fn docket_entry(event: &Delivered, case: ids::CaseId, filed: docket::EntrySnapshot) -> Entry {
    let title = match (&filed.number, filed.filed_on) {
        (Some(number), Some(day)) => format!("Entry {number}, {day}"),
        (Some(number), None) => format!("Entry {number}"),
        (None, Some(day)) => format!("Entry of {day}"),
        (None, None) => "Entry".to_owned(),
    };
    entry(event, Kind::Docket, filed.id, Some(case), title, filed.text)
}

fn document_entry(event: &Delivered, document: documents::DocumentSnapshot) -> Entry {
    let body = lines([
        Some(document.file_name),
        document.kind,
        document.custodian,
        document.bates_begin,
        document.bates_end,
        document.description,
    ]);
    entry(event, Kind::Document, document.id, document.case, document.title, body)
}

fn entry(
    event: &Delivered,
    kind: Kind,
    id: impl Id,
    case: Option<ids::CaseId>,
    title: String,
    body: String,
) -> Entry {
    Entry { firm: event.firm, kind, entity: id.uuid(), piece: 0, case, title, body, at: event.at }
}

fn lines(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}
