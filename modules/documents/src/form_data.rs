//! `multipart/form-data` (RFC 7578 over RFC 2046, 5.1) as it comes: one chunk in memory, whatever the size of a part.
//!
//! What is held is the chunk that came last, the tail of the one before it that may begin a boundary, and the headers
//! of one part, which are bounded. A part's data is handed out as it arrives.

mod head;
mod needle;

pub use head::{PartHead, boundary};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use needle::Needle;
use web::BodyFault;

/// The most that the headers of one part may take, in bytes.
const HEAD_BYTES: usize = 8 << 10;
/// The most that may follow the last boundary, in bytes.
const EPILOGUE_BYTES: usize = 64 << 10;

/// Why a form cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormFault {
    /// The content type is not that of a form.
    #[error("this kind of body is not taken here: send multipart/form-data")]
    NoForm,
    /// The content type names no boundary, or none that can be one.
    #[error("send multipart/form-data with a boundary of 1 to 70 characters")]
    NoBoundary,
    /// The body ended inside the form.
    #[error("the form ended before its last boundary: send it again")]
    CutOff,
    /// The headers of a part are no headers.
    #[error("the headers of a part cannot be read: each part needs a Content-Disposition with a name")]
    Head,
    /// The headers of a part are too long.
    #[error("the headers of a part are longer than {HEAD_BYTES} bytes")]
    HeadTooLong,
    /// More parts than are taken.
    #[error("the form has more than {limit} parts: send fewer")]
    TooManyParts {
        /// The most.
        limit: usize,
    },
    /// A text is too long.
    #[error("the field {name} is longer than {limit_bytes} bytes: send less")]
    FieldTooLong {
        /// Which.
        name: String,
        /// The most, in bytes.
        limit_bytes: usize,
    },
    /// A text is not UTF-8.
    #[error("the field {name} is not UTF-8 text")]
    FieldEncoding {
        /// Which.
        name: String,
    },
    /// The same field twice.
    #[error("the field {name} is there twice: send it once")]
    FieldTwice {
        /// Which.
        name: String,
    },
    /// No file.
    #[error("the form has no file: send it as the part `file`")]
    NoFile,
    /// The body broke off or is too slow.
    #[error(transparent)]
    Body(#[from] BodyFault),
}

impl FormFault {
    /// The member at fault.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::FieldTooLong { name, .. } | Self::FieldEncoding { name } | Self::FieldTwice { name } => {
                Some(name)
            }
            Self::NoFile => Some("file"),
            _ => None,
        }
    }

    /// The member's fault in one word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FieldTooLong { .. } => "too_long",
            Self::FieldEncoding { .. } => "not_utf8",
            Self::FieldTwice { .. } => "repeated",
            Self::NoFile => "missing",
            _ => "invalid",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In front of the first boundary, or in a part's data.
    Data,
    /// Right behind a boundary.
    Boundary,
    /// Behind the last boundary.
    End,
}

/// A form being read.
#[derive(Debug)]
pub struct FormData<S> {
    source: S,
    buffer: BytesMut,
    delimiter: Needle,
    place: Place,
    /// Data of the preamble is nobody's.
    in_part: bool,
    ended: bool,
}

impl<S> FormData<S>
where
    S: Stream<Item = Result<Bytes, BodyFault>> + Unpin,
{
    /// A form whose parts the boundary separates.
    pub fn new(source: S, boundary: &str) -> Self {
        // The first boundary may stand at the very start, without the line end that belongs to it elsewhere.
        let delimiter = Needle::new(format!("\r\n--{boundary}").into_bytes());
        Self {
            source,
            buffer: BytesMut::from(&b"\r\n"[..]),
            delimiter,
            place: Place::Data,
            in_part: false,
            ended: false,
        }
    }

    /// The headers of the next part; what is left of the one before is skipped. Nothing at the end of the form.
    pub async fn next_part(&mut self) -> Result<Option<PartHead>, FormFault> {
        self.in_part |= self.place == Place::Data;
        while self.chunk().await?.is_some() {}
        if self.place == Place::End {
            self.skip_epilogue().await?;
            return Ok(None);
        }
        let head = self.head().await?;
        (self.place, self.in_part) = (Place::Data, true);
        Ok(Some(head))
    }

    /// The next piece of the part's data, never empty; nothing at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FormFault> {
        if self.place != Place::Data || !self.in_part {
            return Ok(None);
        }
        loop {
            if let Some(at) = self.delimiter.find(&self.buffer) {
                if at > 0 {
                    return Ok(Some(self.buffer.split_to(at).freeze()));
                }
                self.buffer.advance(self.delimiter.len());
                (self.place, self.in_part) = (Place::Boundary, false);
                self.close_or_go_on().await?;
                return Ok(None);
            }
            // All but what may be the beginning of a delimiter is data.
            let safe = self.buffer.len().saturating_sub(self.delimiter.len() - 1);
            if safe > 0 {
                return Ok(Some(self.buffer.split_to(safe).freeze()));
            }
            self.fill().await?;
        }
    }

    /// Takes one more chunk from the body.
    async fn fill(&mut self) -> Result<(), FormFault> {
        let Some(chunk) = self.source.next().await.transpose()? else {
            self.ended = true;
            return Err(FormFault::CutOff);
        };
        self.buffer.extend_from_slice(&chunk);
        Ok(())
    }

    /// Behind a boundary stand two hyphens at the end of the form, else white space and a line end.
    async fn close_or_go_on(&mut self) -> Result<(), FormFault> {
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        if self.buffer.starts_with(b"--") {
            self.place = Place::End;
            return Ok(());
        }
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let padding = self.buffer.split_to(end);
                self.buffer.advance(2);
                let blank = padding.iter().all(|byte| matches!(byte, b' ' | b'\t'));
                return if blank { Ok(()) } else { Err(FormFault::Head) };
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(FormFault::HeadTooLong);
            }
            self.fill().await?;
        }
    }

    async fn head(&mut self) -> Result<PartHead, FormFault> {
        loop {
            if self.buffer.starts_with(b"\r\n") {
                return Err(FormFault::Head);
            }
            if let Some(end) = self.buffer.windows(4).take(HEAD_BYTES).position(|four| four == b"\r\n\r\n") {
                let lines = self.buffer.split_to(end);
                // The line end in front of the data may already begin the next delimiter: keep it for an empty part.
                self.buffer.advance(2);
                let head = PartHead::parse(&lines)?;
                if !self.has_empty_data().await? {
                    self.buffer.advance(2);
                }
                return Ok(head);
            }
            if self.buffer.len() > HEAD_BYTES {
                return Err(FormFault::HeadTooLong);
            }
            self.fill().await?;
        }
    }

    /// Whether the blank line behind the headers is followed by the delimiter's hyphens at once, as some clients write
    /// an empty part: then its line end is the delimiter's own.
    async fn has_empty_data(&mut self) -> Result<bool, FormFault> {
        while self.buffer.len() < self.delimiter.len() {
            self.fill().await?;
        }
        Ok(self.delimiter.is_at_start(&self.buffer))
    }

    /// What follows is ignored, but read, so that the connection can be used again.
    async fn skip_epilogue(&mut self) -> Result<(), FormFault> {
        let mut left = EPILOGUE_BYTES;
        self.buffer.clear();
        while left > 0 && !self.ended {
            match self.source.next().await.transpose()? {
                Some(chunk) => left = left.saturating_sub(chunk.len()),
                None => self.ended = true,
            }
        }
        Ok(())
    }
}
