use super::Console;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, Write as _};

/// How far a long command is: a bar for a person, plain lines for a pipe.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    total: u64,
    done: u64,
    what: &'static str,
}

impl Progress {
    /// Nothing of `total` pieces done; `what` names them in the plural.
    pub fn new(console: &Console, total: u64, what: &'static str) -> Self {
        let bar = console.is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what);
            bar
        });
        Self { bar, total, done: 0, what }
    }

    /// Sets how many pieces there are, once it is known.
    pub fn set_total(&mut self, total: u64) {
        self.total = total;
        if let Some(bar) = &self.bar {
            bar.set_length(total);
        }
    }

    /// Another piece is done. In a pipe every tenth of the way is a line.
    pub fn step(&mut self, console: &mut Console) -> io::Result<()> {
        self.done += 1;
        match &self.bar {
            Some(bar) => bar.inc(1),
            None if self.done.is_multiple_of((self.total / 10).max(1)) => {
                writeln!(console.out, "{}/{} {}", self.done, self.total, self.what)?;
            }
            None => {}
        }
        Ok(())
    }

    /// Shows a line without spoiling the bar.
    pub fn note(&self, console: &mut Console, line: &str) -> io::Result<()> {
        match &self.bar {
            Some(bar) => bar.suspend(|| writeln!(console.err, "{line}")),
            None => writeln!(console.err, "{line}"),
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
