use super::HeapProfile;
use std::fmt;
use std::io::{self, Write};

/// An address as `file+0x12ab`: its place in the file, which stays the same from run to run.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    profile: &'a HeapProfile,
    address: u64,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.profile.mapping_of(self.address) {
            Some(mapping) => write!(f, "{}+{:#x}", mapping.name(), mapping.file_offset(self.address)),
            None => write!(f, "{:#x}", self.address),
        }
    }
}

impl HeapProfile {
    /// How an address of this profile is written.
    pub fn place(&self, address: u64) -> Place<'_> {
        Place { profile: self, address }
    }

    /// Writes a line for each stack, outermost call first, with its bytes behind: the form that flame-graph programs
    /// read.
    pub fn write_collapsed(&self, out: &mut impl Write) -> io::Result<()> {
        for stack in self.stacks() {
            if stack.addresses.is_empty() {
                write!(out, "(not listed)")?;
            }
            for (index, address) in stack.addresses.iter().rev().enumerate() {
                write!(out, "{}{}", if index == 0 { "" } else { ";" }, self.place(*address))?;
            }
            writeln!(out, " {}", stack.used.bytes)?;
        }
        Ok(())
    }
}
