use super::JsonFault;

/// The way to a list: names of members and places in lists (RFC 6901). The empty one is the text itself.
#[derive(Debug, Clone)]
pub(super) struct Pointer {
    pub(super) written: String,
    pub(super) parts: Vec<String>,
}

impl Pointer {
    pub(super) fn parse(text: &str) -> Result<Self, JsonFault> {
        let parts = match text.strip_prefix('/') {
            Some(rest) => rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect(),
            None if text.is_empty() => Vec::new(),
            None => return Err(JsonFault::Pointer(text.chars().take(160).collect())),
        };
        Ok(Self { written: text.to_owned(), parts })
    }
}
