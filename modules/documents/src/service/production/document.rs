//! One row becomes one document.

use super::fields::{self, CONTROL_NUMBER_CHARS, METADATA_BYTES};
use super::files::{self, TextFile};
use super::{Fault, Import, ProductionError};
use crate::load_file::{Field, LoadRow, PathFault};
use crate::model::{Content, Digest, Document, Source, TextStatus};
use crate::service::uploads::{append, create, new_document};
use crate::service::{NewFile, blobs, texts};
use crate::{Error, media, store};
use access::Action;
use audit::{Act, Entity};
use blob::Imported;
use crypto::digest;
use db::Tx;
use ids::CaseId;
use serde_json::{Map, Value};

/// What became of a row.
pub(super) enum Outcome {
    Added,
    NewVersion,
    Changed,
    Unchanged,
    Refused(Fault),
}

fn refused(field: Field, code: &'static str, message: impl Into<String>) -> Outcome {
    Outcome::Refused(Fault { field: Some(field), code, message: message.into() })
}

pub(super) async fn import(
    import: &mut Import<'_>,
    row: &LoadRow,
    control_number: Option<&str>,
) -> Result<Outcome, ProductionError> {
    let Some(control_number) = control_number else {
        return Ok(refused(
            Field::ControlNumber,
            "no_control_number",
            "the row has neither a control number nor a Bates number",
        ));
    };
    if control_number.chars().count() > CONTROL_NUMBER_CHARS {
        return Ok(refused(Field::ControlNumber, "control_number_too_long", "is longer than 255 characters"));
    }
    let metadata = fields::metadata(row, &import.header);
    if serde_json::to_vec(&metadata).map_or(true, |text| text.len() > METADATA_BYTES) {
        let message =
            format!("the row says more than {METADATA_BYTES} bytes of its document: put texts into files");
        return Ok(Outcome::Refused(Fault { field: None, code: "metadata_too_large", message }));
    }
    let file = match native(import, row).await? {
        Ok(file) => file,
        Err(fault) => return Ok(fault),
    };
    let text = text_of(import, row, control_number).await?;
    let digest = file.content.sha256;
    let case = import.case.open(import.ctx).await?;
    match store_document(import, case, control_number, metadata, file, text).await {
        Ok((outcome, broken)) => {
            if let Some(error) = broken {
                import.tell(row, Some(control_number), unread_text(&PathFault::Io(error)), false);
            }
            Ok(outcome)
        }
        Err(ProductionError::Documents(error)) => {
            blobs::abandon(import.ctx, digest).await;
            let code = match &error {
                Error::VersionLimit => "version_limit",
                Error::Stale { .. } | Error::ControlNumberTaken => "changed_meanwhile",
                Error::BeingRemoved => "file_being_removed",
                _ => return Err(error.into()),
            };
            Ok(Outcome::Refused(Fault { field: None, code, message: error.to_string() }))
        }
        Err(error) => Err(error),
    }
}

/// Takes the native into the store, if it is there and is what the production says.
async fn native(import: &mut Import<'_>, row: &LoadRow) -> Result<Result<NewFile, Outcome>, ProductionError> {
    let Some(given) = row.get(Field::NativePath) else {
        return Ok(Err(refused(Field::NativePath, "no_native", "the row names no native file")));
    };
    let found = match files::find_native(import.root.clone(), given.to_owned()).await? {
        Ok(found) => found,
        Err(fault) => return Ok(Err(refused(Field::NativePath, fault.code(), fault.to_string()))),
    };
    let imported = match import.files.blobs.put_file(&found.path, true).await {
        Ok(imported) => imported,
        Err(error @ (blob::Error::TooLarge { .. } | blob::Error::NotAFile)) => {
            return Ok(Err(refused(Field::NativePath, "native_refused", error.to_string())));
        }
        Err(
            error @ blob::Error::Io { action: "open the file to import" | "read the file to import", .. },
        ) => {
            return Ok(Err(refused(Field::NativePath, "native_unreadable", error.to_string())));
        }
        Err(error) => return Err(Error::from(error).into()),
    };
    import.total.size_bytes += imported.stored.size_bytes;
    if let Some(fault) = differing_hash(row, &imported) {
        blobs::abandon(import.ctx, Digest(imported.stored.sha256)).await;
        return Ok(Err(fault));
    }
    let native_name = found.path.file_name().unwrap_or_default().to_string_lossy();
    let content = Content {
        content_type: media::describe(&found.head, &native_name),
        file_name: fields::file_name_of(row, &native_name),
        size_bytes: imported.stored.size_bytes,
        sha256: Digest(imported.stored.sha256),
    };
    let md5 = imported.md5.filter(|_| row.get(Field::Md5).is_some());
    Ok(Ok(NewFile { content, original_name: None, md5 }))
}

/// The published hashes that the native does not have. One that cannot be read was told of before.
fn differing_hash(row: &LoadRow, imported: &Imported) -> Option<Outcome> {
    let published_md5 = row.get(Field::Md5).and_then(digest::from_hex::<16>);
    let published_sha256 = row.get(Field::Sha256).and_then(digest::from_hex::<32>);
    let differs = |field, actual: &[u8]| {
        let message = format!(
            "the native has the hash {}, which is not the published one: ask for the file again",
            digest::hex(actual)
        );
        Some(refused(field, "hash_mismatch", message))
    };
    match (published_md5, imported.md5, published_sha256) {
        (Some(published), Some(actual), _) if published != actual => differs(Field::Md5, &actual),
        (_, _, Some(published)) if published != imported.stored.sha256 => {
            differs(Field::Sha256, &imported.stored.sha256)
        }
        _ => None,
    }
}

/// The text that the row names. A text that is not there is a fault, but the document is imported without it.
async fn text_of(
    import: &mut Import<'_>,
    row: &LoadRow,
    control_number: &str,
) -> Result<Option<Text>, ProductionError> {
    let Some(given) = row.get(Field::TextPath) else { return Ok(None) };
    let file = match TextFile::find(import.root.clone(), given.to_owned()).await? {
        Ok(file) => file,
        Err(error) => {
            import.tell(row, Some(control_number), unread_text(&error), false);
            return Ok(None);
        }
    };
    match Text::begin(file).await? {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            import.tell(row, Some(control_number), unread_text(&PathFault::Io(error)), false);
            Ok(None)
        }
    }
}

fn unread_text(error: &PathFault) -> Fault {
    let message = format!("{error}; the document was imported without its text");
    Fault { field: Some(Field::TextPath), code: error.code(), message }
}

/// A text of which the first two pieces are read: most have one.
struct Text {
    file: TextFile,
    first: String,
    second: Option<String>,
}

impl Text {
    async fn begin(file: TextFile) -> Result<std::io::Result<Self>, ProductionError> {
        let (file, first) = file.piece().await?;
        let (file, second) = file.piece().await?;
        Ok(first.and_then(|first| Ok(Self { file, first: first.unwrap_or_default(), second: second? })))
    }

    /// How far the text is known once its first piece is stored.
    fn status(&self) -> TextStatus {
        if self.second.is_some() { TextStatus::Pending } else { TextStatus::Ready }
    }
}

async fn store_document(
    import: &Import<'_>,
    case: CaseId,
    control_number: &str,
    metadata: Map<String, Value>,
    file: NewFile,
    text: Option<Text>,
) -> Result<(Outcome, Option<std::io::Error>), ProductionError> {
    let ctx = import.ctx;
    blobs::make_sure(ctx, import.files, file.content.sha256).await?;
    let mut tx = ctx.begin().await.map_err(Error::from)?;
    // The case may have got a wall since the import began.
    let sight = ctx.sight_to(Action::Import).map_err(Error::from)?;
    cases::exists(&tx, sight, case).await.map_err(Error::from)?;
    let known = store::find_by_control_number(&tx, sight, case, control_number).await?;
    let (outcome, document) = match known {
        None => {
            let fields = fields::fields(case, &metadata, control_number);
            let number = Some(control_number.to_owned());
            let document =
                new_document(ctx, ctx.new_id(), fields, &file, Source::Production, number, metadata);
            create(&mut tx, ctx, &document, &file).await?;
            if text.is_none() {
                texts::ask_to_read(&mut tx, ctx, &document).await?;
            }
            (Outcome::Added, document)
        }
        Some(known) => update(&mut tx, import, case, known, control_number, metadata, file).await?,
    };
    let is_text_known = matches!(document.text_status, TextStatus::Ready | TextStatus::Partial);
    let text = text.filter(|_| !is_text_known);
    if let Some(text) = &text {
        let number = document.current_version;
        store::set_text_status(&mut tx, ctx.firm(), document.id, number, text.status()).await?;
        texts::keep_piece(&mut tx, ctx.app(), ctx.firm(), &document, 0, text.first.clone()).await?;
    }
    tx.commit().await.map_err(Error::from)?;
    let broken = match text {
        Some(text) => keep_rest(import, &document, text).await?,
        None => None,
    };
    Ok((outcome, broken))
}

/// Brings a known document up to what the production says now.
async fn update(
    tx: &mut Tx,
    import: &Import<'_>,
    case: CaseId,
    known: Document,
    control_number: &str,
    metadata: Map<String, Value>,
    file: NewFile,
) -> Result<(Outcome, Document), Error> {
    let ctx = import.ctx;
    let before = fields::fields(case, &known.metadata, control_number);
    let now = fields::fields(case, &metadata, control_number);
    let changed = Document { fields: fields::merged(&known.fields, &before, now), metadata, ..known.clone() };
    if file.content.sha256 != known.content.sha256 {
        let note = Some("newer native in the production".to_owned());
        let (after, _) = append(tx, ctx, &known, changed, file, note).await?;
        return Ok((Outcome::NewVersion, after));
    }
    if changed == known {
        return Ok((Outcome::Unchanged, known));
    }
    let after = Document { version: known.version + 1, updated_at: ctx.now(), ..changed };
    store::update(tx, ctx.firm(), &after).await?;
    let what = Entity::of(after.id).in_case(case).differing(&known, &after);
    audit::record(tx, ctx, Act::Import, what).await?;
    ctx.publish(tx, &events::documents::Changed(after.snapshot())).await?;
    if known.text_belongs_elsewhere(&after) {
        texts::ask_to_read(tx, ctx, &after).await?;
    }
    Ok((Outcome::Changed, after))
}

/// The pieces behind the first, each in a transaction of its own. Until the last one the text counts as pending, so
/// that an import that was cut off reads it again.
/// What comes back is why the file could not be read to its end.
async fn keep_rest(
    import: &Import<'_>,
    document: &Document,
    text: Text,
) -> Result<Option<std::io::Error>, ProductionError> {
    let (app, firm) = (import.ctx.app(), import.ctx.firm());
    let (mut file, mut waiting, mut piece) = (text.file, text.second, 1);
    while let Some(text) = waiting {
        let (back, next) = file.piece().await?;
        file = back;
        waiting = match next {
            Ok(next) => next,
            Err(error) => {
                texts::set_status(app, firm, document, TextStatus::Failed).await?;
                return Ok(Some(error));
            }
        };
        let status = match &waiting {
            Some(_) => TextStatus::Pending,
            None if file.is_cut() => TextStatus::Partial,
            None => TextStatus::Ready,
        };
        if !texts::commit_piece(app, firm, document, piece, text, status).await? {
            break;
        }
        piece += 1;
    }
    Ok(None)
}
