use super::uploads::{belongs, check_version};
use super::{blobs, texts};
use crate::model::{Document, DocumentFields};
use crate::{BatesKey, Error, store};
use access::{Action, Ctx, Sight};
use audit::{Act, Entity};
use db::Tx;
use ids::DocumentId;
use serde_json::{Map, Value};
use web::Version;

/// Changes what is said about a document to what `change` makes of it. `seen` is the version that the caller read,
/// where it said so.
pub async fn change_document<E: From<Error>>(
    ctx: &Ctx,
    id: DocumentId,
    seen: Option<Version>,
    change: impl FnOnce(&Document) -> Result<DocumentFields, E>,
) -> Result<Document, E> {
    let sight = ctx.sight_to(Action::EditDocuments).map_err(Error::from)?;
    let (tx, before) = begin_with(ctx, sight, id, seen).await?;
    let fields = change(&before)?;
    Ok(commit_change(ctx, sight, tx, before, fields).await?)
}

async fn begin_with(
    ctx: &Ctx,
    sight: Sight,
    id: DocumentId,
    seen: Option<Version>,
) -> Result<(Tx, Document), Error> {
    let tx = ctx.begin().await?;
    let before = store::find_for_change(&tx, sight, id).await?;
    check_version(&before, seen)?;
    Ok((tx, before))
}

async fn commit_change(
    ctx: &Ctx,
    sight: Sight,
    mut tx: Tx,
    before: Document,
    fields: DocumentFields,
) -> Result<Document, Error> {
    if fields.bates_begin != before.fields.bates_begin || fields.bates_end != before.fields.bates_end {
        BatesKey::of(fields.bates_begin.as_deref(), fields.bates_end.as_deref())?;
    }
    belongs(ctx, sight, &tx, fields.case_id).await?;
    let after = Document { fields, version: before.version + 1, updated_at: ctx.now(), ..before.clone() };

    store::update(&mut tx, ctx.firm(), &after).await?;
    let what = Entity::of(after.id).in_case_if(after.fields.case_id).differing(&before, &after);
    let (from, to) = (before.fields.case_id, after.fields.case_id);
    audit::record_leaving(&mut tx, ctx, Entity::of(after.id), from, to).await?;
    audit::record(&mut tx, ctx, Act::Update, what).await?;
    ctx.publish(&mut tx, &events::documents::Changed(after.snapshot())).await?;
    if before.text_belongs_elsewhere(&after) {
        texts::ask_to_read(&mut tx, ctx, &after).await?;
    }
    tx.commit().await?;
    Ok(after)
}

/// Removes a document with its versions and texts. Its files go afterwards, where no other document has them.
pub async fn delete_document(ctx: &Ctx, id: DocumentId, seen: Option<Version>) -> Result<(), Error> {
    let sight = ctx.sight_to(Action::DeleteDocuments)?;
    let (mut tx, document) = begin_with(ctx, sight, id, seen).await?;
    let digests = store::digests_of(&tx, ctx.firm(), id).await?;

    store::delete(&mut tx, ctx.firm(), id).await?;
    let what = Entity::of(id).in_case_if(document.fields.case_id);
    let what = what.differing(&document, &Value::Object(Map::new()));
    audit::record(&mut tx, ctx, Act::Delete, what).await?;
    ctx.publish(&mut tx, &events::documents::Deleted { document: id }).await?;
    blobs::let_go(&mut tx, ctx, &digests).await?;
    tx.commit().await?;
    Ok(())
}
