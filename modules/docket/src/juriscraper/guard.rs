use super::Limits;
use std::io::{self, Read};
use streaming::json::{Scanner, Token};

/// Which limit was passed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum Trip {
    #[error("more than {0} bytes")]
    Bytes(u64),
    #[error("deeper than {0}")]
    Depth(u32),
    #[error("more than {0} objects")]
    Objects(u64),
    #[error("more than {0} values")]
    Values(u64),
}

/// Counts bytes, depth, objects and values ahead of the parser: `{},{},{}` costs three bytes of file and hundreds of
/// memory for each, so a limit on the file alone would bound nothing.
pub(super) struct Guard<R> {
    source: R,
    limits: Limits,
    bytes: u64,
    scanner: Scanner,
    objects: u64,
    values: u64,
    blank: bool,
}

impl<R: Read> Guard<R> {
    pub(super) fn new(source: R, limits: &Limits) -> Self {
        Self {
            source,
            limits: *limits,
            bytes: 0,
            scanner: Scanner::new(),
            objects: 0,
            values: 0,
            blank: true,
        }
    }

    /// Whether nothing but white space came by.
    pub(super) fn is_blank(&self) -> bool {
        self.blank && self.bytes <= self.limits.file_bytes
    }

    fn weigh(&mut self, byte: u8) -> Result<(), Trip> {
        self.blank &= byte.is_ascii_whitespace();
        match self.scanner.step(byte) {
            Token::ObjectBegins => (self.objects, self.values) = (self.objects + 1, self.values + 1),
            Token::ListBegins | Token::Comma => self.values += 1,
            Token::Text | Token::TextBegins | Token::Ends | Token::Other => return Ok(()),
        }
        if self.scanner.depth() > self.limits.depth {
            Err(Trip::Depth(self.limits.depth))
        } else if self.objects > self.limits.objects {
            Err(Trip::Objects(self.limits.objects))
        } else if self.values > self.limits.values {
            Err(Trip::Values(self.limits.values))
        } else {
            Ok(())
        }
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.bytes = self.bytes.saturating_add(count as u64);
        if self.bytes > self.limits.file_bytes {
            return Err(io::Error::other(Trip::Bytes(self.limits.file_bytes)));
        }
        let read = buffer.get(..count).unwrap_or_default();
        read.iter().try_for_each(|&byte| self.weigh(byte)).map_err(io::Error::other)?;
        Ok(count)
    }
}
