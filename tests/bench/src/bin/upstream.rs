//! An upstream that costs next to nothing: one thread, canned answers, HTTP/1.1 with keep-alive. It prints where it listens.

use std::sync::Arc;

use anyhow::Result;
use naftiko_bench::SIZES;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let answers: Arc<Vec<_>> = Arc::new(SIZES.iter().map(|size| (size.to_string(), answer(*size))).collect());
    loop {
        let (stream, _) = listener.accept().await?;
        let answers = Arc::clone(&answers);
        // A client may leave whenever it likes.
        tokio::spawn(async move { serve(stream, &answers).await });
    }
}

/// Head and body: a secret whose description fills it up to the size.
fn answer(size: usize) -> Vec<u8> {
    let (start, end) = (r#"{"id":"7e57ab1e-0000-4000-8000-000000000001","description":""#, r#""}"#);
    let filling = "x".repeat(size.saturating_sub(start.len() + end.len()));
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {size}\r\n\r\n");
    format!("{head}{start}{filling}{end}").into_bytes()
}

/// Answers requests without a body, one after the other.
async fn serve(mut stream: TcpStream, answers: &[(String, Vec<u8>)]) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::with_capacity(2048);
    while stream.read_buf(&mut head).await? > 0 {
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let path = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let found = answers.iter().find(|(known, _)| known.as_bytes() == name);
        let answer =
            found.map_or(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".as_slice(), |(_, answer)| answer);
        stream.write_all(answer).await?;
        head.clear();
    }
    Ok(())
}
