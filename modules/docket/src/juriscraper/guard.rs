use super::Limits;
use std::io::{self, Read};

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
    depth: u32,
    objects: u64,
    values: u64,
    in_text: bool,
    escaped: bool,
    blank: bool,
}

impl<R: Read> Guard<R> {
    pub(super) fn new(source: R, limits: &Limits) -> Self {
        Self {
            source,
            limits: *limits,
            bytes: 0,
            depth: 0,
            objects: 0,
            values: 0,
            in_text: false,
            escaped: false,
            blank: true,
        }
    }

    /// Whether nothing but white space came by.
    pub(super) fn is_blank(&self) -> bool {
        self.blank && self.bytes <= self.limits.file_bytes
    }

    fn weigh(&mut self, byte: u8) -> Result<(), Trip> {
        self.blank &= byte.is_ascii_whitespace();
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => {
                self.depth += 1;
                self.values += 1;
                self.objects += u64::from(byte == b'{');
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' => self.values += 1,
            _ => return Ok(()),
        }
        if self.depth > self.limits.depth {
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
