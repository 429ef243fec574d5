use super::caller::Caller;
use super::front::Client;
use crate::body::Made;
use http::{Request, header};
use std::sync::Arc;

const BOUNDARY: &str = "lexiflow-attack-51c07be2aa";

/// Uploads the same file again and again. The server keeps it once, so the disk it takes is bounded: twice the file,
/// once kept and once on its way.
pub(super) async fn run(client: Client, size: u64, seed: u64) {
    let seed = seed + u64::try_from(client.index).unwrap_or(0);
    let mut caller = Caller::new(client);
    loop {
        let sent = Arc::clone(&caller.client.tally.sent);
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"disk-{seed}.img\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let body = Made::counted(size, seed, head.into(), format!("\r\n--{BOUNDARY}--\r\n").into(), sent);
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = Request::post("/api/documents").header(header::CONTENT_TYPE, content_type).body(body);
        let Ok(request) = request else { return };
        caller.ask(request).await;
        caller.client.pause().await;
    }
}
