use crypto::Secret;
use std::fmt;
use std::io::{self, IsTerminal as _, Read, Write};
use zeroize::Zeroizing;

/// Where a command writes.
pub struct Console {
    /// The command's answer.
    pub out: Box<dyn Write + Send>,
    /// What went wrong.
    pub err: Box<dyn Write + Send>,
    /// What a command is told beside its arguments, such as a password.
    pub input: Box<dyn Read + Send>,
    /// Whether a person looks on, for whom a progress bar is drawn.
    pub is_terminal: bool,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("is_terminal", &self.is_terminal).finish_non_exhaustive()
    }
}

impl Console {
    /// The terminal, files or pipes that the process was given.
    pub fn of_process() -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            input: Box::new(io::stdin()),
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// For a test: no terminal, and two writers of its own.
    pub fn to(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), err: Box::new(err), input: Box::new(io::empty()), is_terminal: false }
    }

    /// The same, with something to read.
    #[must_use]
    pub fn reading(self, input: impl Read + Send + 'static) -> Self {
        Self { input: Box::new(input), ..self }
    }

    /// The first line of the input, as a password: without its line end, at most 2 KiB.
    pub(super) fn read_password(&mut self) -> io::Result<Secret> {
        let mut line = Zeroizing::new(Vec::with_capacity(PASSWORD_BYTES));
        let mut byte = [0];
        while line.len() < PASSWORD_BYTES && self.input.read(&mut byte)? == 1 && byte[0] != b'\n' {
            line.push(byte[0]);
        }
        let text = std::str::from_utf8(&line).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok(Secret::new(text.trim_end_matches('\r')))
    }
}

/// The most that is read of a password, in bytes; the longest that is taken has half of it.
const PASSWORD_BYTES: usize = 2048;
