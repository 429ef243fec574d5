use super::query::{question, reach, tell};
use super::record::whole_micros;
use crate::model::{
    CHANGES, Chained, EndLine, EntryLine, ExportDigest, Filter, Format, Head, Line, MOST_PRINTED, Manifest,
    Mark, Print, SignedLine, end_message, print_message,
};
use crate::store::log::Reach;
use crate::{Act, Error, Link, Notary, store};
use access::{Action, Ctx, Sight};
use crypto::digest::hex;

/// Entries in one piece of an export.
const PAGE: u64 = 16;
/// What a piece holds at most, as rows and as text, in bytes: who sends it to somebody holds so much.
pub const EXPORT_BYTES: u64 = PAGE * (256 << 10);
/// Checkpoints in one question: more than a piece can have.
const CHECKPOINTS: u64 = 2 * PAGE;

/// An export under way, piece by piece. One that is dropped has no last line, and is seen to be cut off.
#[derive(Debug)]
pub struct Export {
    ctx: Ctx,
    notary: Notary,
    filter: Filter,
    reach: Reach,
    format: Format,
    stage: Stage,
    last: Option<Link>,
    complete: bool,
    /// Taken once: what was allowed by a grant for a time does not break off in the middle. Walls bind each page.
    sight: Sight,
    digest: ExportDigest,
    /// What is printed, from the first piece on.
    print: Option<Print>,
    /// What a print says of itself, and signs.
    printed: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Manifest,
    Entries,
    End,
    Over,
}

/// Begins an export of the entries that fit and are there now. That it was asked for is recorded first.
pub async fn export(ctx: Ctx, notary: &Notary, filter: Filter, format: Format) -> Result<Export, Error> {
    let sight = ctx.sight_to(Action::ReadAudit)?;
    let reach = reach(ctx.reader(), ctx.firm(), filter.span).await?;
    let end = store::log::end(ctx.reader(), ctx.firm()).await?.seq;
    // Entries about what a wall hides from who asks are left out: then gaps are no fault.
    let withheld = access::wall_changes(ctx.reader(), ctx.firm()).await? > 0;
    let reach = Reach { before: reach.before.min(end + 1), ..reach };
    if format == Format::Pdf {
        let fit = store::log::count_up_to(ctx.reader(), sight, &filter, reach, MOST_PRINTED + 1).await?;
        if fit > MOST_PRINTED {
            return Err(Error::TooManyToPrint);
        }
    }
    tell(&ctx, Act::Export, question(&ctx, "export", &filter)).await?;
    Ok(Export {
        sight,
        reach,
        complete: !withheld && Filter { span: filter.span, ..Filter::default() } == filter,
        notary: notary.clone(),
        ctx,
        filter,
        format,
        stage: Stage::Manifest,
        last: None,
        digest: ExportDigest::default(),
        print: None,
        printed: String::new(),
    })
}

impl Export {
    /// The next piece; nothing after the last one.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let piece = match self.stage {
            Stage::Manifest => self.manifest()?,
            Stage::Entries => self.entries().await?,
            Stage::End => self.end()?,
            Stage::Over => return Ok(None),
        };
        if self.format != Format::Pdf {
            self.digest.bytes.update(&piece);
        }
        Ok(Some(piece))
    }

    fn manifest(&mut self) -> Result<Vec<u8>, Error> {
        self.stage = Stage::Entries;
        let now = whole_micros(self.ctx.now());
        let key = self.notary.public_key().text();
        let manifest = Manifest::new(self.ctx.firm(), now, &self.filter, self.complete, key)
            .map_err(Error::Unwritable)?;
        if self.format == Format::Pdf {
            let (firm, user) = (self.ctx.firm(), self.ctx.user());
            self.printed = serde_json::to_string(&manifest).map_err(Error::Unwritable)?;
            let print = Print::begin(&Head { firm, user, made_at: now, filter: &self.filter });
            return Ok(self.print.insert(print).take());
        }
        let mut piece = Vec::new();
        match self.format {
            Format::Csv => row(&mut piece, &EntryLine::HEAD.map(str::to_owned)),
            Format::Json => {
                piece.push(b'[');
                self.line(&mut piece, &Line::Manifest(manifest))?;
            }
            Format::Ndjson | Format::Pdf => self.line(&mut piece, &Line::Manifest(manifest))?,
        }
        Ok(piece)
    }

    async fn entries(&mut self) -> Result<Vec<u8>, Error> {
        let (db, firm) = (self.ctx.reader().clone(), self.ctx.firm());
        let found = store::log::export(&db, self.sight, &self.filter, self.reach, PAGE).await?;
        let Some(end) = found.last().map(|last| last.entry.seq) else {
            self.stage = Stage::End;
            return Ok(Vec::new());
        };
        // Of a part of the entries, a checkpoint says nothing that could be seen.
        let has_checkpoints = self.complete && matches!(self.format, Format::Ndjson | Format::Json);
        let signed = if has_checkpoints {
            store::checkpoints::between(&db, firm, self.reach.after, end, CHECKPOINTS).await?
        } else {
            Vec::new()
        };
        let mut piece = Vec::new();
        if self.last.is_none() && has_checkpoints {
            // What was removed for its age, as far as a signature says so.
            let buried = store::checkpoints::newest(&db, firm, Mark::Tombstone).await?;
            if let Some(buried) = buried.filter(|buried| buried.seq < found[0].entry.seq) {
                self.line(&mut piece, &Line::Checkpoint(SignedLine::from(&buried)))?;
            }
        }
        self.reach.after = end;
        let mut signed = signed.iter().peekable();
        for chained in &found {
            let seq = chained.entry.seq;
            self.entry(&mut piece, chained).await?;
            while let Some(about) = signed.next_if(|one| one.seq <= seq) {
                if about.seq == seq {
                    self.line(&mut piece, &Line::Checkpoint(SignedLine::from(about)))?;
                }
            }
        }
        if let Some(print) = &mut self.print {
            piece = print.take();
        }
        Ok(piece)
    }

    async fn entry(&mut self, piece: &mut Vec<u8>, chained: &Chained) -> Result<(), Error> {
        let (seq, hash) = (chained.entry.seq, chained.hash);
        let before = match self.last {
            Some(last) if last.seq == seq - 1 => last.hash,
            _ => self.link_before(seq).await?.hash,
        };
        self.last = Some(Link { seq, hash, at: None });
        self.digest.entry(hash);
        let line = EntryLine::of(chained, &before);
        if self.format == Format::Csv {
            row(piece, &line.cells());
            return Ok(());
        }
        if let Some(print) = &mut self.print {
            print.entry(&line);
            // Paper has no bytes to sign: the digest is over the lines that NDJSON has for these entries.
            let mut text = serde_json::to_vec(&Line::Entry(Box::new(line))).map_err(Error::Unwritable)?;
            text.push(b'\n');
            self.digest.bytes.update(&text);
            return Ok(());
        }
        self.line(piece, &Line::Entry(Box::new(line)))
    }

    async fn link_before(&self, seq: i64) -> Result<Link, Error> {
        let (db, firm) = (self.ctx.reader(), self.ctx.firm());
        match store::log::link(db, firm, seq - 1).await? {
            Some(link) => Ok(link),
            None => Ok(store::checkpoints::last_tombstone(db, firm).await?),
        }
    }

    fn end(&mut self) -> Result<Vec<u8>, Error> {
        self.stage = Stage::Over;
        let sha256 = self.digest.bytes.clone().finish();
        let (firm, entries) = (self.ctx.firm(), self.digest.entries);
        let message = match self.format {
            Format::Pdf => print_message(firm, entries, &sha256, &self.printed),
            _ => end_message(firm, entries, &sha256),
        };
        let end = EndLine {
            entries,
            first_hash: self.digest.first.map(|hash| hex(&hash)),
            last_hash: self.digest.last.map(|hash| hex(&hash)),
            sha256: hex(&sha256),
            key: self.notary.public_key().id(),
            signature: hex(&self.notary.sign(&message)),
        };
        if let Some(print) = &mut self.print {
            print.end(&self.printed, self.complete, &end);
            return Ok(print.take());
        }
        let mut piece = Vec::new();
        if self.format == Format::Csv {
            let end = serde_json::to_string(&Line::End(end)).map_err(Error::Unwritable)?;
            let cells = EntryLine::HEAD.map(|name| match name {
                "seq" => "end".to_owned(),
                CHANGES => end.clone(),
                _ => String::new(),
            });
            row(&mut piece, &cells);
            return Ok(piece);
        }
        self.line(&mut piece, &Line::End(end))?;
        Ok(piece)
    }

    fn line(&self, piece: &mut Vec<u8>, line: &Line<'_>) -> Result<(), Error> {
        serde_json::to_writer(&mut *piece, line).map_err(Error::Unwritable)?;
        let end: &[u8] = match (self.format, line) {
            (Format::Json, Line::End(_)) => b"]\n",
            (Format::Json, _) => b",\n",
            _ => b"\n",
        };
        piece.extend_from_slice(end);
        Ok(())
    }
}

/// A row of RFC 4180. What a spreadsheet would take for a formula gets a blank before it.
fn row<const N: usize>(piece: &mut Vec<u8>, cells: &[String; N]) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            piece.push(b',');
        }
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if is_formula || cell.contains(['"', ',', '\n', '\r']) {
            piece.push(b'"');
            piece.extend_from_slice(if is_formula { b" " } else { b"" });
            piece.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            piece.push(b'"');
        } else {
            piece.extend_from_slice(cell.as_bytes());
        }
    }
    piece.extend_from_slice(b"\r\n");
}
