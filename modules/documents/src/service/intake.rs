use super::blobs;
use crate::media::{self, HEAD_BYTES, MediaFault};
use crate::model::{Content, Digest, Files, Settings};
use crate::{Error, file_name};
use access::Ctx;
use blob::BlobWriter;

/// A file on its way into the store. Dropped before [`Intake::finish`], it leaves nothing.
#[derive(Debug)]
pub struct Intake {
    writer: BlobWriter,
    settings: Settings,
    name: String,
    original: Option<String>,
    claimed: Option<String>,
    /// The first bytes, until the type is known.
    head: Vec<u8>,
    content_type: Option<String>,
}

/// A file that is in the store and that no row names yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// What it is.
    pub content: Content,
    /// The name as it was sent, where that was not fit to be kept as it is.
    pub original_name: Option<String>,
    /// Its MD5, where a production published it and it was right.
    pub md5: Option<[u8; 16]>,
}

impl Intake {
    /// Begins a file under the name that its sender gives. Refuses at once the name of a program, a type that is not
    /// taken, a file announced to be too large (`announced_bytes`), and a full disk.
    pub async fn start(
        files: &Files,
        name: &str,
        claimed: Option<&str>,
        announced_bytes: Option<u64>,
    ) -> Result<Self, Error> {
        let safe = file_name::safe(name);
        media::check_name(&safe)?;
        let mut writer = files.blobs.writer().await?.with_limit(files.settings.max_file_bytes);
        if let Some(size_bytes) = announced_bytes {
            writer.expect_size(size_bytes).await?;
        }
        let original = (safe != name).then(|| name.chars().filter(|c| *c != '\0').take(1024).collect());
        Ok(Self {
            writer,
            settings: files.settings.clone(),
            name: safe,
            original,
            claimed: claimed.map(str::to_owned),
            head: Vec::new(),
            content_type: None,
        })
    }

    /// Adds the next piece. The type is judged as soon as enough of the file is there.
    pub async fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.content_type.is_none() {
            let wanted = HEAD_BYTES - self.head.len();
            self.head.extend_from_slice(piece.get(..wanted.min(piece.len())).unwrap_or_default());
            if self.head.len() == HEAD_BYTES {
                self.judge()?;
            }
        }
        Ok(self.writer.write(piece).await?)
    }

    /// Puts the file into the store: on return it is on disk, synced.
    pub async fn finish(mut self) -> Result<NewFile, Error> {
        if self.content_type.is_none() {
            self.judge()?;
        }
        let stored = self.writer.finish().await?;
        let content = Content {
            file_name: self.name,
            content_type: self.content_type.unwrap_or_else(|| media::UNKNOWN.to_owned()),
            size_bytes: stored.size_bytes,
            sha256: Digest(stored.sha256),
        };
        Ok(NewFile { content, original_name: self.original, md5: None })
    }

    /// As [`Intake::finish`], and refuses a file that is not the one announced: it is removed again.
    pub async fn finish_as(self, ctx: &Ctx, expected: Option<Digest>) -> Result<NewFile, Error> {
        let file = self.finish().await?;
        let actual = file.content.sha256;
        if expected.is_some_and(|expected| expected != actual) {
            blobs::abandon(ctx, actual).await;
            return Err(Error::Checksum { actual });
        }
        Ok(file)
    }

    fn judge(&mut self) -> Result<(), MediaFault> {
        let head = std::mem::take(&mut self.head);
        let found = media::judge(&head, self.claimed.as_deref(), &self.name)?;
        let allowed = &self.settings.allowed_types;
        let is_allowed = allowed.is_empty() || media::is_listed(&found, allowed);
        if !is_allowed || media::is_listed(&found, &self.settings.blocked_types) {
            return Err(MediaFault::NotTaken { found: media::essence(&found).to_owned() });
        }
        self.content_type = Some(found);
        Ok(())
    }
}
