use bytes::{BufMut as _, Bytes, BytesMut};
use http::Method;
use testkit::{Answer, Client};

const BOUNDARY: &str = "----lexiflow-e2e-7d93b1";

/// A `multipart/form-data` body (RFC 7578), part by part in the order of the calls.
#[derive(Debug, Default)]
pub struct Form(BytesMut);

impl Form {
    /// No parts yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.0.put_slice(head.as_bytes());
        self
    }

    /// Adds a file as the part `file`.
    #[must_use]
    pub fn file(mut self, name: &str, kind: &str, content: &[u8]) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        );
        self.0.put_slice(head.as_bytes());
        self.0.put_slice(content);
        self.0.put_slice(b"\r\n");
        self
    }

    /// The content type that goes with the body.
    pub fn content_type() -> String {
        format!("multipart/form-data; boundary={BOUNDARY}")
    }

    /// The whole body.
    pub fn body(mut self) -> Bytes {
        self.0.put_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        self.0.freeze()
    }

    /// Posts it.
    pub async fn post(self, client: &Client, path: &str) -> Answer {
        let kind = Self::content_type();
        client.send(Method::POST, path, &[("content-type", kind.as_str())], self.body()).await
    }
}
