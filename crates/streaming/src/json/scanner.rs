/// Follows JSON text byte by byte, ahead of a parser: what opens and closes, and what is only text. It finds no mistakes;
/// that is the parser's part.
#[derive(Debug, Clone, Default)]
pub struct Scanner {
    depth: u32,
    in_text: bool,
    escaped: bool,
}

/// What a byte means for the shape of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A part of a text, or its end.
    Text,
    /// A text begins.
    TextBegins,
    /// An object begins.
    ObjectBegins,
    /// A list begins.
    ListBegins,
    /// An object or a list ends.
    Ends,
    /// A comma between two values.
    Comma,
    /// Anything else: white space, numbers, words, colons.
    Other,
}

impl Scanner {
    /// At the beginning of a text.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many objects and lists are open.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// Takes the next byte.
    #[inline]
    pub fn step(&mut self, byte: u8) -> Token {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Token::Text;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                Token::TextBegins
            }
            b'{' => {
                self.depth = self.depth.saturating_add(1);
                Token::ObjectBegins
            }
            b'[' => {
                self.depth = self.depth.saturating_add(1);
                Token::ListBegins
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                Token::Ends
            }
            b',' => Token::Comma,
            _ => Token::Other,
        }
    }
}
