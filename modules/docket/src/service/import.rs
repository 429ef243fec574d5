//! The import of one docket: the case with its parties and counsel, then the entries, in one transaction.

use crate::identity::{self, ExistingEntry, Match, merge_text, merge_value};
use crate::juriscraper::{AttachmentRecord, DocketFile, EntryRecord};
use crate::service::record;
use crate::{Entry, EntryDraft, Error, Link, LinkDraft, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use cases::Imported as Outcome;
use db::Tx;
use events::docket::{EntriesFiled, EntryUpdated};
use ids::{CaseId, DocketEntryId};
use serde_json::json;
use std::collections::HashMap;

/// What the import of one docket did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The case.
    pub case: CaseId,
    /// What became of the case and its parties.
    pub outcome: Outcome,
    /// Listings of parties that are new.
    pub parties_added: u64,
    /// Links from counsel to a party that are new.
    pub attorneys_added: u64,
    /// Entries that are new.
    pub entries_added: usize,
    /// Entries that the newer copy changed.
    pub entries_changed: usize,
    /// Entries that stand as they stood.
    pub entries_unchanged: usize,
    /// Whether the case's name was longer than a title may be, and only its beginning was taken.
    pub title_was_cut: bool,
}

/// How many known entries are read in one step.
const STEP: u64 = 1000;
/// How many entries one event tells of.
const ENTRIES_PER_EVENT: usize = 100;

/// Imports a docket: all of it or, on an error, nothing. A docket that is known is brought up to date; what it leaves
/// out stays.
pub async fn import_docket(ctx: &Ctx, mut file: DocketFile) -> Result<Imported, Error> {
    let sight = ctx.sight_to(Action::Import)?;
    let title_was_cut =
        file.case_name.as_ref().is_some_and(|name| name.chars().nth(cases::TITLE_CHARS).is_some());
    let mut tx = ctx.begin().await?;
    let imported = cases::import_case(&mut tx, ctx, record::case_import(&mut file)).await?;
    let known = known_entries(&tx, sight, imported.id).await?;
    let marks: Vec<ExistingEntry<'_>> = known.iter().map(|(_, entry)| ExistingEntry::from(entry)).collect();
    let plan = identity::plan(&marks, &file.entries);

    let mut added = Vec::new();
    let mut changed = Vec::new();
    for (record, matched) in file.entries.into_iter().zip(plan) {
        match matched {
            Match::New => added.push(new_entry(ctx, imported.id, record)),
            Match::Existing(index) => {
                if let Some((_, entry)) = known.get(index)
                    && let Some(change) = newer(ctx, entry, &record)
                {
                    changed.push(change);
                }
            }
        }
    }
    let outcome = Imported {
        case: imported.id,
        outcome: imported.outcome,
        parties_added: imported.parties_added,
        attorneys_added: imported.attorneys_added,
        entries_added: added.len(),
        entries_changed: changed.len(),
        entries_unchanged: known.len() - changed.len(),
        title_was_cut,
    };
    let last = known.last().map_or(0, |(position, _)| *position);
    add_all(&mut tx, ctx, imported.id, last + 1, &added).await?;
    change_all(&mut tx, ctx, &changed).await?;
    if !added.is_empty() || !changed.is_empty() {
        let counts = json!({ "entriesAdded": added.len(), "entriesChanged": changed.len() });
        let what = Entity::of(imported.id).in_case(imported.id).changed(counts);
        audit::record(&mut tx, ctx, Act::Import, what).await?;
    }
    tx.commit().await?;
    Ok(outcome)
}

/// The entries of a case with their links, in the court's order. Bounded by what one docket file may hold.
async fn known_entries(tx: &Tx, sight: Sight, case: CaseId) -> Result<Vec<(i64, Entry)>, Error> {
    let mut known: Vec<(i64, Entry)> = Vec::new();
    let limit = crate::juriscraper::Limits::default().entries;
    while known.len() < limit {
        let after = known.last().map_or(0, |(position, _)| *position);
        let mut step = store::entries_of_case(tx, sight, case, after, STEP).await?;
        let full = step.len() as u64 == STEP;
        let links = store::links_of(tx, sight.firm(), step.iter().map(|(_, entry)| entry.id)).await?;
        let mut by_entry: HashMap<DocketEntryId, Vec<Link>> = HashMap::with_capacity(step.len());
        for link in links {
            by_entry.entry(link.entry).or_default().push(link);
        }
        for (_, entry) in &mut step {
            entry.links = by_entry.remove(&entry.id).unwrap_or_default();
        }
        known.append(&mut step);
        if !full {
            break;
        }
    }
    Ok(known)
}

impl<'a> From<&'a Entry> for ExistingEntry<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            seq: entry.draft.seq_no.as_deref(),
            number: entry.draft.number.as_deref(),
            date_filed: entry.draft.filed_on,
            text: &entry.draft.text,
        }
    }
}

fn new_entry(ctx: &Ctx, case: CaseId, record: EntryRecord) -> Entry {
    let now = ctx.now();
    let id: DocketEntryId = ctx.new_id();
    let links = link_drafts(&record)
        .into_iter()
        .map(|draft| Link { id: ctx.new_id(), entry: id, draft, document: None })
        .collect();
    let draft = EntryDraft {
        filed_on: record.date_filed,
        entered_on: record.date_entered,
        number: record.document_number,
        text: record.description,
        seq_no: record.pacer_seq_no,
        pacer_doc_id: record.pacer_doc_id,
        page_count: record.page_count.map(i64::from),
        file_size_bytes: record.file_size_bytes.map(u64::cast_signed),
        sealed: false,
    };
    Entry { id, case, draft, version: 1, created_at: now, updated_at: now, links }
}

/// The documents that a record points at: its main document and its attachments, each number once.
fn link_drafts(record: &EntryRecord) -> Vec<LinkDraft> {
    let main = record.pacer_doc_id.as_ref().map(|id| LinkDraft {
        number: 0,
        description: None,
        pacer_doc_id: Some(id.clone()),
        page_count: record.page_count.map(i64::from),
        file_size_bytes: record.file_size_bytes.map(u64::cast_signed),
    });
    let mut links: Vec<LinkDraft> = main.into_iter().collect();
    for (place, attachment) in (1_i64..).zip(&record.attachments) {
        let draft = attachment_draft(place, attachment);
        if links.iter().all(|link| link.number != draft.number) {
            links.push(draft);
        }
    }
    links
}

fn attachment_draft(place: i64, attachment: &AttachmentRecord) -> LinkDraft {
    let number = attachment.number.as_deref().and_then(|number| number.parse().ok());
    LinkDraft {
        number: number.filter(|number| *number > 0).unwrap_or(place),
        description: attachment.description.clone(),
        pacer_doc_id: attachment.pacer_doc_id.clone(),
        page_count: attachment.page_count.map(i64::from),
        file_size_bytes: attachment.file_size_bytes.map(u64::cast_signed),
    }
}

/// An entry that a newer copy changes.
struct Change {
    after: Entry,
    old_text: Option<String>,
    new_links: Vec<Link>,
    changed_links: Vec<Link>,
}

/// What the record adds to or corrects in a known entry; nothing when it says nothing new.
fn newer(ctx: &Ctx, before: &Entry, record: &EntryRecord) -> Option<Change> {
    let mut after = before.clone();
    let draft = &mut after.draft;
    draft.filed_on = record.date_filed;
    if let Some(day) = merge_value(draft.entered_on.as_ref(), record.date_entered) {
        draft.entered_on = Some(day);
    }
    let drafts = link_drafts(record);
    for (field, incoming) in [
        (&mut draft.number, &record.document_number),
        (&mut draft.seq_no, &record.pacer_seq_no),
        (&mut draft.pacer_doc_id, &record.pacer_doc_id),
    ] {
        if let Some(text) = merge_text(field.as_deref(), incoming.as_deref()) {
            *field = Some(text.to_owned());
        }
    }
    if let Some(text) = merge_text(Some(&draft.text), Some(&record.description)) {
        draft.text = text.to_owned();
    }
    if let Some(pages) = merge_value(draft.page_count.as_ref(), record.page_count.map(i64::from)) {
        draft.page_count = Some(pages);
    }
    if let Some(size) =
        merge_value(draft.file_size_bytes.as_ref(), record.file_size_bytes.map(u64::cast_signed))
    {
        draft.file_size_bytes = Some(size);
    }
    let (new_links, changed_links) = newer_links(ctx, before, drafts);
    let old_text = (before.draft.text != after.draft.text).then(|| before.draft.text.clone());
    if before.draft == after.draft && new_links.is_empty() && changed_links.is_empty() {
        return None;
    }
    after.version += 1;
    after.updated_at = ctx.now();
    Some(Change { after, old_text, new_links, changed_links })
}

fn newer_links(ctx: &Ctx, before: &Entry, drafts: Vec<LinkDraft>) -> (Vec<Link>, Vec<Link>) {
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for draft in drafts {
        match before.links.iter().find(|link| link.draft.number == draft.number) {
            None => new.push(Link { id: ctx.new_id(), entry: before.id, draft, document: None }),
            Some(link) => {
                let mut merged = link.clone();
                let known = &mut merged.draft;
                known.description = draft.description.or(known.description.take());
                known.pacer_doc_id = draft.pacer_doc_id.or(known.pacer_doc_id.take());
                known.page_count = draft.page_count.or(known.page_count);
                known.file_size_bytes = draft.file_size_bytes.or(known.file_size_bytes);
                if merged != *link {
                    changed.push(merged);
                }
            }
        }
    }
    (new, changed)
}

async fn add_all(tx: &mut Tx, ctx: &Ctx, case: CaseId, first: i64, added: &[Entry]) -> Result<(), Error> {
    if added.is_empty() {
        return Ok(());
    }
    store::insert(tx, ctx.firm(), first, added).await?;
    let links: Vec<Link> = added.iter().flat_map(|entry| entry.links.iter().cloned()).collect();
    store::insert_links(tx, ctx.firm(), &links).await?;
    for entries in added.chunks(ENTRIES_PER_EVENT) {
        let filed = EntriesFiled { case, entries: entries.iter().map(Entry::snapshot).collect() };
        ctx.publish(tx, &filed).await?;
    }
    Ok(())
}

async fn change_all(tx: &mut Tx, ctx: &Ctx, changes: &[Change]) -> Result<(), Error> {
    for change in changes {
        store::update(tx, ctx.firm(), &change.after).await?;
        store::insert_links(tx, ctx.firm(), &change.new_links).await?;
        for link in &change.changed_links {
            store::update_link(tx, ctx.firm(), link).await?;
        }
        let updated = EntryUpdated {
            case: change.after.case,
            entry: change.after.snapshot(),
            old_text: change.old_text.clone(),
        };
        ctx.publish(tx, &updated).await?;
    }
    Ok(())
}
