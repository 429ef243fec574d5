use super::Encoding;
use encoding_rs::{Decoder, DecoderResult};
use std::io::{self, Read};

const CHUNK_BYTES: usize = 16 * 1024;

/// One character, or `None` for bytes that the encoding does not have.
pub(super) type Unit = Option<char>;

/// A stream of characters out of a stream of bytes.
pub(super) struct Decoded<R> {
    source: R,
    decoder: Decoder,
    bytes: Vec<u8>,
    /// Bytes of `bytes` that are decoded already, and that are read.
    done: usize,
    filled: usize,
    at_end: bool,
    text: String,
    at: usize,
    /// A fault of the encoding behind `text`.
    broken: bool,
    /// The last character was a carriage return.
    after_return: bool,
    /// Units given back, the next one last.
    returned: Vec<Unit>,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(source: R, encoding: Encoding) -> Self {
        let encoding = match encoding {
            Encoding::Utf8 => encoding_rs::UTF_8,
            Encoding::Utf16Le => encoding_rs::UTF_16LE,
            Encoding::Utf16Be => encoding_rs::UTF_16BE,
            Encoding::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        Self {
            source,
            decoder: encoding.new_decoder_without_bom_handling(),
            bytes: vec![0; CHUNK_BYTES],
            done: 0,
            filled: 0,
            at_end: false,
            text: String::with_capacity(CHUNK_BYTES * 3),
            at: 0,
            broken: false,
            after_return: false,
            returned: Vec::new(),
        }
    }

    /// The next character; `None` at the file's end. Every line end (CR LF, LF or CR) comes as one `\n`.
    pub(super) fn next_unit(&mut self) -> io::Result<Option<Unit>> {
        if let Some(unit) = self.returned.pop() {
            return Ok(Some(unit));
        }
        loop {
            if let Some(c) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
                self.at += c.len_utf8();
                let follows_return = std::mem::replace(&mut self.after_return, c == '\r');
                match c {
                    '\n' if follows_return => continue,
                    '\r' => return Ok(Some(Some('\n'))),
                    c => return Ok(Some(Some(c))),
                }
            }
            if std::mem::take(&mut self.broken) {
                return Ok(Some(None));
            }
            if self.at_end && self.done == self.filled {
                return Ok(None);
            }
            self.decode()?;
        }
    }

    /// Gives units back, to be read again in the order given.
    pub(super) fn give_back(&mut self, units: Vec<Unit>) {
        if self.returned.is_empty() {
            self.returned = units;
            self.returned.reverse();
        } else {
            self.returned.extend(units.into_iter().rev());
        }
    }

    /// Whether what comes next was given back, and so is read for the second time.
    pub(super) fn is_second_reading(&self) -> bool {
        !self.returned.is_empty()
    }

    fn decode(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        if self.done == self.filled {
            self.done = 0;
            self.filled = loop {
                match self.source.read(&mut self.bytes) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            self.at_end = self.filled == 0;
        }
        let input = self.bytes.get(self.done..self.filled).unwrap_or_default();
        let (result, read) =
            self.decoder.decode_to_string_without_replacement(input, &mut self.text, self.at_end);
        self.done += read;
        self.broken = matches!(result, DecoderResult::Malformed(..));
        Ok(())
    }
}
