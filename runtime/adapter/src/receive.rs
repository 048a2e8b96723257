//! Bodies of requests, received whole.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

/// The largest request body, in bytes.
pub const BODY_LIMIT: usize = 1 << 20;
/// How long a request body may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long nothing of it may arrive, unless the server says otherwise.
pub const STANDSTILL: Duration = Duration::from_secs(10);

/// Why a body was not received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreceived {
    /// It is longer than [`BODY_LIMIT`], or announced as longer.
    TooLong,
    /// It did not arrive in time.
    TooSlow,
    /// The server has no memory for it.
    NoRoom,
    /// The connection ended before it, or it is not framed as it should be.
    Interrupted,
}

impl Unreceived {
    /// The status of the response (RFC 9110 §15.5.9, §15.5.14).
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Interrupted => StatusCode::BAD_REQUEST,
        }
    }

    /// The reason as a sentence.
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "the body is larger than 1048576 bytes",
            Self::TooSlow => "the body did not arrive in time",
            Self::NoRoom => "the server is overloaded",
            Self::Interrupted => "the body was interrupted, or its chunks are malformed",
        }
    }
}

/// Receives a body. It must not stand still for longer than `standstill`. `grow` is called with the length of each part, and
/// returns whether there is room for it.
///
/// # Errors
/// If the body is not received. A body that is announced as too long is not asked for.
pub async fn receive<B>(
    mut body: B,
    standstill: Duration,
    mut grow: impl FnMut(usize) -> bool,
) -> Result<Bytes, Unreceived>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > BODY_LIMIT as u64 {
        return Err(Unreceived::TooLong);
    }
    let received = async {
        let (mut first, mut all) = (Bytes::new(), BytesMut::new());
        while let Some(frame) = timeout(standstill, body.frame()).await.map_err(|_| Unreceived::TooSlow)? {
            // Trailers are dropped.
            let Ok(part) = frame.map_err(|_| Unreceived::Interrupted)?.into_data() else { continue };
            if first.len() + all.len() + part.len() > BODY_LIMIT {
                return Err(Unreceived::TooLong);
            }
            if !grow(part.len()) {
                return Err(Unreceived::NoRoom);
            }
            if first.is_empty() && all.is_empty() {
                first = part;
            } else {
                // Most bodies have one part, which is not copied.
                all.extend_from_slice(&std::mem::take(&mut first));
                all.extend_from_slice(&part);
            }
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    };
    timeout(TIMEOUT, received).await.unwrap_or(Err(Unreceived::TooSlow))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use futures_util::{StreamExt as _, stream};
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use tokio::time::{Instant, sleep};

    use super::*;

    fn parts(
        count: usize,
        part: &'static [u8],
        pause: Duration,
    ) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        let parts = stream::iter(0..count).then(move |_| async move {
            sleep(pause).await;
            Ok(Frame::data(Bytes::from_static(part)))
        });
        StreamBody::new(Box::pin(parts))
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_are_limited_in_length_and_time() {
        let receive = |body| receive(body, STANDSTILL, |_| true);
        assert_eq!(receive(parts(3, b"ab", Duration::from_secs(9))).await, Ok(Bytes::from_static(b"ababab")));
        assert_eq!(receive(parts(0, b"", Duration::ZERO)).await, Ok(Bytes::new()));
        let start = Instant::now();
        assert_eq!(receive(parts(1, b"ab", Duration::from_secs(11))).await, Err(Unreceived::TooSlow));
        assert_eq!(start.elapsed().as_secs(), 10, "it stands still");
        assert_eq!(receive(parts(100, b"a", Duration::from_secs(9))).await, Err(Unreceived::TooSlow));
        assert_eq!(start.elapsed().as_secs(), 40, "it goes on for too long");
        assert_eq!(receive(parts(3, &[0; BODY_LIMIT / 2], Duration::ZERO)).await, Err(Unreceived::TooLong));
    }

    #[tokio::test]
    async fn bodies_need_room_and_are_not_asked_for_if_they_are_announced_as_too_long() {
        let long = Full::new(Bytes::from(vec![0; BODY_LIMIT + 1]));
        assert_eq!(receive(long, STANDSTILL, |_| panic!("nothing is read")).await, Err(Unreceived::TooLong));
        let mut room = 10_usize;
        let grow = |more: usize| {
            room = room.saturating_sub(more);
            room > 0
        };
        assert_eq!(receive(parts(9, b"abc", Duration::ZERO), STANDSTILL, grow).await, Err(Unreceived::NoRoom));
    }
}
