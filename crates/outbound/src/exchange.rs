use crate::Error;
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// The most that the head of an answer may have, in bytes: also the buffer of the connection.
pub(crate) const HEAD_BYTES: usize = 32 << 10;
const MOST_HEADERS: usize = 100;

/// One request and its answer on a connection of its own, which ends with it.
pub(crate) async fn exchange<C>(
    connection: C,
    request: http::Request<Full<Bytes>>,
    limit_bytes: u64,
) -> Result<(StatusCode, Bytes), Error>
where
    C: AsyncRead + AsyncWrite + Unpin + Send,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES).max_headers(MOST_HEADERS);
    let (mut sender, connection) = builder.handshake(TokioIo::new(connection)).await?;
    let asked = async move {
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        Ok((parts.status, whole(body, limit_bytes).await?))
    };
    let (asked, connection) = (pin!(asked), pin!(connection));
    match select(asked, connection).await {
        Either::Left((answer, _)) => answer,
        // The rest of the body may still be on its way from there to here; what went wrong is told there as well.
        Either::Right((_, asked)) => asked.await,
    }
}

/// A body of at most `limit_bytes`. One that is declared longer is not read at all.
async fn whole(mut body: Incoming, limit_bytes: u64) -> Result<Bytes, Error> {
    let too_large = Error::TooLarge { limit_bytes };
    let hint = body.size_hint();
    if hint.lower() > limit_bytes {
        return Err(too_large);
    }
    let mut bytes = BytesMut::with_capacity(usize::try_from(hint.lower()).unwrap_or_default());
    while let Some(frame) = body.frame().await.transpose()? {
        let Ok(piece) = frame.into_data() else { continue };
        if bytes.len() as u64 + piece.len() as u64 > limit_bytes {
            return Err(too_large);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
