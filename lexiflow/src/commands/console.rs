use std::fmt;
use std::io::{self, IsTerminal as _, Write};

/// Where a command writes.
pub struct Console {
    /// The command's answer.
    pub out: Box<dyn Write + Send>,
    /// What went wrong.
    pub err: Box<dyn Write + Send>,
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
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// For a test: no terminal, and two writers of its own.
    pub fn to(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        Self { out: Box::new(out), err: Box::new(err), is_terminal: false }
    }
}
