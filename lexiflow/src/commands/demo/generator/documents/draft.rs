/// How wide a line of text is, in characters.
const WIDTH: usize = 88;

/// A text that grows by paragraphs.
#[derive(Debug, Default)]
pub(super) struct Draft {
    text: String,
    numbered: u32,
}

impl Draft {
    /// A line in the middle.
    pub(super) fn centered(&mut self, line: &str) {
        let room = WIDTH.saturating_sub(line.chars().count()) / 2;
        self.text.extend(std::iter::repeat_n(' ', room));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A heading with space around it.
    pub(super) fn heading(&mut self, line: &str) {
        self.text.push('\n');
        self.centered(line);
        self.text.push('\n');
    }

    /// One line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(super) fn space(&mut self) {
        self.text.push('\n');
    }

    /// A paragraph, broken into lines.
    pub(super) fn paragraph(&mut self, words: &str) {
        self.wrapped(words, "", "");
        self.space();
    }

    /// A paragraph with the next number.
    pub(super) fn numbered(&mut self, words: &str) {
        self.numbered += 1;
        let number = format!("{:>4}. ", self.numbered);
        self.wrapped(words, &number, "");
        self.space();
    }

    /// Begins again at 1.
    pub(super) fn number_anew(&mut self) {
        self.numbered = 0;
    }

    /// A paragraph whose lines begin under a label, as in a transcript.
    pub(super) fn labelled(&mut self, label: &str, words: &str) {
        let indent = " ".repeat(label.chars().count());
        self.wrapped(words, label, &indent);
    }

    fn wrapped(&mut self, words: &str, first: &str, indent: &str) {
        self.text.push_str(first);
        let mut column = first.chars().count();
        let mut is_start = true;
        for word in words.split_whitespace() {
            let length = word.chars().count();
            if !is_start && column + 1 + length > WIDTH {
                self.text.push('\n');
                self.text.push_str(indent);
                column = indent.chars().count();
            } else if !is_start {
                self.text.push(' ');
                column += 1;
            }
            self.text.push_str(word);
            column += length;
            is_start = false;
        }
        self.text.push('\n');
    }

    /// The whole text.
    pub(super) fn finish(self) -> String {
        self.text
    }
}
