//! The part of the protobuf wire format that profiles use: varints and length-delimited fields.

use std::io::{self, Write};

/// The longest varint: ten groups of seven bits hold 64.
const VARINT_BYTES: usize = 10;

/// A message being written, kept to be used again.
#[derive(Debug, Default)]
pub(super) struct Message {
    bytes: Vec<u8>,
    packed: Vec<u8>,
}

impl Message {
    /// A number. Zero is the default and is left out.
    pub(super) fn number(&mut self, field: u32, value: u64) -> &mut Self {
        if value != 0 {
            varint(&mut self.bytes, u64::from(field) << 3);
            varint(&mut self.bytes, value);
        }
        self
    }

    /// Several numbers in one field.
    pub(super) fn numbers(&mut self, field: u32, values: impl Iterator<Item = u64>) -> &mut Self {
        self.packed.clear();
        for value in values {
            varint(&mut self.packed, value);
        }
        varint(&mut self.bytes, u64::from(field) << 3 | 2);
        varint(&mut self.bytes, self.packed.len() as u64);
        self.bytes.extend_from_slice(&self.packed);
        self
    }

    /// Writes it as field `field` of the message around it, and is empty again.
    pub(super) fn write_as(&mut self, field: u32, out: &mut impl Write) -> io::Result<()> {
        let written = write_bytes(field, &self.bytes, out);
        self.bytes.clear();
        written
    }
}

/// A text or a message, as field `field`.
pub(super) fn write_bytes(field: u32, bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut head = Vec::with_capacity(2 * VARINT_BYTES);
    varint(&mut head, u64::from(field) << 3 | 2);
    varint(&mut head, bytes.len() as u64);
    out.write_all(&head)?;
    out.write_all(bytes)
}

/// A number, as field `field`.
pub(super) fn write_number(field: u32, value: u64, out: &mut impl Write) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(2 * VARINT_BYTES);
    varint(&mut bytes, u64::from(field) << 3);
    varint(&mut bytes, value);
    out.write_all(&bytes)
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

/// A field as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// A number; of another kind of field, zero.
    pub(super) fn number(self) -> u64 {
        if let Self::Number(value) = self { value } else { 0 }
    }

    /// The bytes; of another kind of field, none.
    pub(super) fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// The numbers of a repeated field, packed or not.
    pub(super) fn each_number(self, mut each: impl FnMut(u64)) -> Option<()> {
        match self {
            Self::Number(value) => each(value),
            Self::Bytes(mut rest) => {
                while !rest.is_empty() {
                    each(take_varint(&mut rest)?);
                }
            }
        }
        Some(())
    }
}

/// The fields of a message in their order; `Err` where it is not one.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), ()>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = take_field(&mut self.0);
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(()))
    }
}

fn take_field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = take_varint(rest)?;
    let value = match key & 7 {
        0 => Value::Number(take_varint(rest)?),
        1 => Value::Bytes(take(rest, 8)?),
        2 => {
            let length = usize::try_from(take_varint(rest)?).ok()?;
            Value::Bytes(take(rest, length)?)
        }
        5 => Value::Bytes(take(rest, 4)?),
        _ => return None,
    };
    Some((key >> 3, value))
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for index in 0..VARINT_BYTES {
        let byte = *rest.get(index)?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *rest = &rest[index + 1..];
            return Some(value);
        }
    }
    None
}
