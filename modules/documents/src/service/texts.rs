//! The text of versions: read from the file by a job, kept in pieces, and told to whoever searches.

use crate::jobs::ReadText;
use crate::media;
use crate::model::{Content, Document, Files, TextStatus};
use crate::text::{Form, TextReader};
use crate::{Error, store};
use access::{App, Ctx, Sight};
use db::Tx;
use events::documents::TextRead;
use futures_util::StreamExt as _;
use ids::{EventId, FirmId};
use queue::{Envelope, NewJob};
use tokio_util::sync::CancellationToken;

/// How far the text of a new version is known.
pub(crate) fn first_status(content: &Content) -> TextStatus {
    match Form::of(&content.content_type) {
        Some(_) => TextStatus::Pending,
        None => TextStatus::None,
    }
}

/// Has the text read, or told again where it is known already.
pub(crate) async fn ask_to_read(tx: &mut Tx, ctx: &Ctx, document: &Document) -> Result<(), Error> {
    if document.text_status == TextStatus::None {
        return Ok(());
    }
    let job = ReadText { document: document.id, version: document.current_version };
    let new = NewJob { id: ctx.new_id(), firm: Some(ctx.firm()), run_at: ctx.now(), dedup_key: None };
    ctx.app().jobs().enqueue(tx, new, &job).await?;
    Ok(())
}

/// Has the text of a new version read, or, where it has none, the text of the one before forgotten.
pub(crate) async fn replace(tx: &mut Tx, ctx: &Ctx, document: &Document) -> Result<(), Error> {
    if document.text_status == TextStatus::None {
        return tell(tx, ctx.app(), ctx.firm(), document, 0, String::new()).await;
    }
    ask_to_read(tx, ctx, document).await
}

/// Writes one piece of the current version's text and tells of it.
pub(crate) async fn keep_piece(
    tx: &mut Tx,
    app: &App,
    firm: FirmId,
    document: &Document,
    piece: u32,
    text: String,
) -> Result<(), Error> {
    if piece == 0 {
        store::clear_text(tx, firm, document.id, document.current_version).await?;
    }
    store::insert_text(tx, firm, document.id, document.current_version, piece, &text).await?;
    tell(tx, app, firm, document, piece, text).await
}

async fn tell(
    tx: &mut Tx,
    app: &App,
    firm: FirmId,
    document: &Document,
    piece: u32,
    text: String,
) -> Result<(), Error> {
    let envelope =
        Envelope { id: app.new_id::<EventId>(), firm, at: app.clock().now(), actor: None, correlation: None };
    let version = document.current_version;
    let read = TextRead { document: document.id, case: document.fields.case_id, version, piece, text };
    app.outbox().publish(tx, envelope, &read).await?;
    Ok(())
}

/// One piece in a transaction of its own. `false` when the document has another version by now, or is gone.
pub(crate) async fn commit_piece(
    app: &App,
    firm: FirmId,
    document: &Document,
    piece: u32,
    text: String,
    status: TextStatus,
) -> Result<bool, Error> {
    let mut tx = app.db().writer().begin().await?;
    // The row is locked by this, so that the version stays the current one until the commit.
    if !store::set_text_status(&mut tx, firm, document.id, document.current_version, status).await? {
        return Ok(false);
    }
    keep_piece(&mut tx, app, firm, document, piece, text).await?;
    tx.commit().await?;
    Ok(true)
}

/// Reads the text of a version out of its file. Does nothing when the version is not the current one any more.
pub(crate) async fn read(
    app: &App,
    files: &Files,
    firm: FirmId,
    job: &ReadText,
    cancelled: &CancellationToken,
) -> Result<(), Error> {
    let everything = Sight::whole_firm(firm, "a job shows the text to nobody; who searches is asked then");
    let document = match store::find(app.db().reader(), everything, job.document).await {
        Err(Error::NotFound(_)) => return Ok(()),
        found => found?,
    };
    if document.current_version != job.version {
        return Ok(());
    }
    if matches!(document.text_status, TextStatus::Ready | TextStatus::Partial) {
        return tell_again(app, firm, &document).await;
    }
    let Some(form) = Form::of(&document.content.content_type) else {
        return set_status(app, firm, &document, TextStatus::None).await;
    };
    read_file(app, files, firm, &document, form, cancelled).await
}

async fn read_file(
    app: &App,
    files: &Files,
    firm: FirmId,
    document: &Document,
    form: Form,
    cancelled: &CancellationToken,
) -> Result<(), Error> {
    let file = files.blobs.get(document.content.sha256.0).await?;
    let mut chunks = std::pin::pin!(file.read_all()?);
    let mut reader = TextReader::new(form, media::charset(&document.content.content_type));
    let mut piece = 0;
    while let Some(chunk) = chunks.next().await.transpose()? {
        reader.put(&chunk);
        while let Some(text) = reader.piece() {
            if !commit_piece(app, firm, document, piece, text, TextStatus::Pending).await? {
                return Ok(());
            }
            piece += 1;
        }
        if cancelled.is_cancelled() {
            return Err(blob::Error::Stopping.into());
        }
        if reader.is_full() {
            break;
        }
    }
    let mut last = reader.finish().unwrap_or_default();
    while let Some(next) = reader.finish() {
        let text = std::mem::replace(&mut last, next);
        if !commit_piece(app, firm, document, piece, text, TextStatus::Pending).await? {
            return Ok(());
        }
        piece += 1;
    }
    let status = if reader.is_full() { TextStatus::Partial } else { TextStatus::Ready };
    commit_piece(app, firm, document, piece, last, status).await?;
    Ok(())
}

/// Tells of all pieces once more: the case or the title that goes with them changed.
async fn tell_again(app: &App, firm: FirmId, document: &Document) -> Result<(), Error> {
    let number = document.current_version;
    let pieces = store::count_text_pieces(app.db().reader(), firm, document.id, number).await?;
    for piece in 0..pieces {
        let mut tx = app.db().writer().begin().await?;
        if !store::set_text_status(&mut tx, firm, document.id, number, document.text_status).await? {
            return Ok(());
        }
        let text = store::text_piece(&tx, firm, document.id, number, piece).await?.unwrap_or_default();
        tell(&mut tx, app, firm, document, piece, text).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Says how far the text of the document's current version is known.
pub(crate) async fn set_status(
    app: &App,
    firm: FirmId,
    document: &Document,
    status: TextStatus,
) -> Result<(), Error> {
    let mut tx = app.db().writer().begin().await?;
    store::set_text_status(&mut tx, firm, document.id, document.current_version, status).await?;
    tx.commit().await?;
    Ok(())
}
