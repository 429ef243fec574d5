//! The record of who did what, without a server: verified, given out, and its keys.

use super::arguments::{Audit, ExportFormat, ExportLog, VerifyLog};
use super::{CommandError, Console, Session, runtime, settings};
use crate::config::{Loaded, Sources};
use crate::state;
use audit::{Against, Asked, Chains, Filter, Format, Span, Trust, Verdict, Witness as _};
use clock::SystemRandom;
use crypto::ed25519::PublicKey;
use headroom::Class;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// What is read of a file at once, in bytes: some hundred entries.
const READ_BYTES: usize = 256 << 10;

pub(super) fn run(what: Audit, sources: &Sources, console: &mut Console) -> Result<(), CommandError> {
    match what {
        Audit::Verify(VerifyLog { file: Some(file), public_key, .. }) => {
            verify_file(&file, &public_key, sources, console)
        }
        Audit::Verify(asked) => in_session(settings(sources)?, console, async |session, console| {
            Box::pin(verify_all(&asked, session, console)).await
        }),
        Audit::Export(asked) => in_session(settings(sources)?, console, async |session, console| {
            Box::pin(export(&asked, session, console)).await
        }),
        Audit::Keys => {
            in_session(settings(sources)?, console, async |session, console| keys(session, console))
        }
        Audit::Purge => in_session(settings(sources)?, console, async |session, console| {
            Box::pin(purge(session, console)).await
        }),
        Audit::RotateKey => rotate(&settings(sources)?, console),
    }
}

fn in_session(
    loaded: Loaded,
    console: &mut Console,
    work: impl AsyncFnOnce(&Session, &mut Console) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    runtime::in_session(loaded, console, work)
}

/// Verifies an export. Neither the server's database nor its folder is needed when a key is given.
fn verify_file(
    file: &Path,
    given: &[PublicKey],
    sources: &Sources,
    console: &mut Console,
) -> Result<(), CommandError> {
    let keys = if given.is_empty() { state::audit_keys(&settings(sources)?.config)? } else { given.to_vec() };
    let source = File::open(file).map_err(|source| CommandError::Path { path: file.to_owned(), source })?;
    let read = audit::read_export(BufReader::with_capacity(READ_BYTES, source), &Trust::new(keys))?;
    writeln!(console.out, "firm {}, exported at {}", read.manifest.firm, read.manifest.exported_at)?;
    if !read.manifest.complete {
        writeln!(console.out, "a part of the entries was asked for: gaps between them are no fault")?;
    }
    report(&read.verdict, console)?;
    if read.verdict.is_intact() { Ok(()) } else { Err(CommandError::AuditNotIntact) }
}

async fn verify_all(asked: &VerifyLog, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let app = &session.parts.app;
    let mut trusted = session.parts.notary.trust().keys().to_vec();
    trusted.extend(asked.public_key.iter().cloned());
    let trust = Trust::new(trusted);
    let witness = state::audit_witness(&session.parts.config);
    let memory = app.headroom().class(Class::Background).clone();
    let (stretch, stop) = (Asked { from: asked.from, to: asked.to }, CancellationToken::new());
    let (mut firms, mut intact) = (Chains::new(), true);
    while let Some(firm) = firms.next(app.db().reader()).await? {
        let witnessed = witness.newest(firm)?;
        let against = Against { trust: &trust, witnessed: witnessed.as_ref() };
        let verifying = audit::verify_chain(app.db().reader(), &memory, firm, against, stretch, &stop);
        let verdict = Box::pin(verifying).await?;
        writeln!(console.out, "firm {firm}")?;
        report(&verdict, console)?;
        intact &= verdict.is_intact();
    }
    if intact { Ok(()) } else { Err(CommandError::AuditNotIntact) }
}

fn report(verdict: &Verdict, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    let stretch = match (verdict.first, verdict.last) {
        (Some(first), Some(last)) => format!("{} entries, {first} to {last}", verdict.entries),
        _ => "no entries".to_owned(),
    };
    let signed =
        verdict.signed_up_to.map_or_else(|| "nothing".to_owned(), |seq| format!("up to entry {seq}"));
    writeln!(out, "  {stretch}; {} checkpoints, signed: {signed}", verdict.checkpoints)?;
    if let Some(gone) = verdict.begins_after {
        writeln!(out, "  entries up to {gone} are not part of it")?;
    }
    for fault in &verdict.faults {
        writeln!(out, "  FAULT: {fault}")?;
    }
    let untold = verdict.fault_count - verdict.faults.len() as u64;
    if untold > 0 {
        writeln!(out, "  and {untold} more faults")?;
    }
    let word = if verdict.is_intact() { "intact" } else { "NOT INTACT" };
    writeln!(out, "  {word}")?;
    Ok(out.flush()?)
}

async fn export(asked: &ExportLog, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let format = match asked.format {
        ExportFormat::Ndjson => Format::Ndjson,
        ExportFormat::Json => Format::Json,
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Pdf => Format::Pdf,
    };
    let span = Span { from: asked.from, to: asked.to };
    let filter = Filter { user: asked.user, case: asked.case, span, ..Filter::default() };
    let mut export = audit::export(session.ctx.clone(), &session.parts.notary, filter, format).await?;
    while let Some(piece) = Box::pin(export.piece()).await? {
        console.out.write_all(&piece)?;
    }
    Ok(console.out.flush()?)
}

async fn purge(session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let parts = &session.parts;
    let retention = state::audit_retention(&parts.config);
    let stop = CancellationToken::new();
    let gone = Box::pin(audit::purge(&parts.app, &parts.notary, retention, &stop)).await?;
    writeln!(console.out, "entries removed  {gone}")?;
    Ok(console.out.flush()?)
}

fn keys(session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let today = session.parts.notary.public_key();
    for key in session.parts.notary.trust().keys() {
        let word = if *key == today { "signs" } else { "before" };
        writeln!(console.out, "{word:6}  {}  {}", key.id(), key.text())?;
    }
    Ok(console.out.flush()?)
}

fn rotate(loaded: &Loaded, console: &mut Console) -> Result<(), CommandError> {
    let (old, new) = state::rotate_audit_key(&loaded.config, &SystemRandom)?;
    writeln!(console.out, "before  {}  {}", old.id(), old.text())?;
    writeln!(console.out, "signs   {}  {}", new.id(), new.text())?;
    writeln!(
        console.out,
        "keep both where the server cannot change them; a running server takes the new key when it is started anew"
    )?;
    Ok(console.out.flush()?)
}
