//! As much of HTTP/1.1 as two pages need: a request, an answer, the end of the connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Connections at a time; who comes then is turned away.
const CONNECTIONS: usize = 8;
/// Bytes of a request up to its empty line.
const REQUEST_BYTES: usize = 8_192;
/// How long a connection may take for its request, and again for the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// A conversation needs little.
const STACK_BYTES: usize = 256 << 10;

/// What may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// `/metrics`.
    Metrics,
    /// `/health`.
    Health,
}

/// Answers whoever comes, each on a thread, until the listener fails.
///
/// # Errors
/// The listener has failed.
pub fn listen(listener: &TcpListener, pages: Arc<dyn Fn(Page) -> (u16, String) + Send + Sync>) -> io::Result<()> {
    let open = Arc::new(AtomicUsize::new(0));
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            // It went before we came; or there is no number for it, and others will be given back.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => continue,
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) =>
            {
                thread::sleep(Duration::from_millis(50));
                continue;
            }
            Err(error) => return Err(error),
        };
        if open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
            let _ = stream.set_write_timeout(Some(Duration::from_millis(10)));
            let _ = stream.write_all(&response(503, "too many connections\n", true));
            open.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let place = Place(Arc::clone(&open));
        let pages = Arc::clone(&pages);
        let conversation = move || {
            let _place = place;
            let _ = converse(&mut stream, &*pages);
        };
        // Without a thread the connection is closed, and the place given back with the closure.
        let _ = thread::Builder::new().name("scrape".to_owned()).stack_size(STACK_BYTES).spawn(conversation);
    }
}

/// One of the places for connections.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn converse(stream: &mut TcpStream, pages: &dyn Fn(Page) -> (u16, String)) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut request = Vec::new();
    let mut buffer = [0; 1_024];
    while !is_whole(&request) && request.len() < REQUEST_BYTES {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    stream.set_write_timeout(Some(PATIENCE))?;
    write_all_until(stream, &answer(&request, pages), Instant::now() + PATIENCE)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // What the other side still says is read, or else the kernel would take our answer back with a reset.
    stream.set_read_timeout(Some(Duration::from_millis(200)))?;
    let mut rest = 0;
    while rest < REQUEST_BYTES && Instant::now() < until {
        match stream.read(&mut buffer) {
            Ok(read @ 1..) => rest += read,
            _ => break,
        }
    }
    Ok(())
}

/// Like `write_all`, but a reader that takes a byte now and then does not hold us longer.
fn write_all_until(stream: &mut TcpStream, mut bytes: &[u8], until: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        if Instant::now() >= until {
            return Err(ErrorKind::TimedOut.into());
        }
        let written = stream.write(bytes)?;
        if written == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
        bytes = &bytes[written..];
    }
    Ok(())
}

fn is_whole(request: &[u8]) -> bool {
    request.windows(4).any(|end| end == b"\r\n\r\n") || request.windows(2).any(|end| end == b"\n\n")
}

/// The whole answer to what was said.
#[must_use]
pub fn answer(request: &[u8], pages: &dyn Fn(Page) -> (u16, String)) -> Vec<u8> {
    let text = str::from_utf8(request).unwrap_or_default();
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let is_http = version.is_some_and(|version| version.starts_with("HTTP/1.")) && words.next().is_none();
    if !is_whole(request) {
        let status = if request.len() >= REQUEST_BYTES { 431 } else { 400 };
        return response(status, "expected a request of HTTP/1.1, short and whole\n", true);
    }
    if !is_http {
        return response(400, "expected a request of HTTP/1.1, such as GET /metrics HTTP/1.1\n", true);
    }
    let with_body = method != Some("HEAD");
    if !matches!(method, Some("GET" | "HEAD")) {
        return response(405, "expected GET or HEAD\n", true);
    }
    let path = target.unwrap_or_default().split('?').next().unwrap_or_default();
    let page = match path {
        "/metrics" => Page::Metrics,
        "/health" => Page::Health,
        "/" => return response(200, "pinion: see /metrics and /health\n", with_body),
        _ => return response(404, "expected /metrics or /health\n", with_body),
    };
    let (status, body) = pages(page);
    response(status, &body, with_body)
}

fn response(status: u16, body: &str, with_body: bool) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        _ => "Service Unavailable",
    };
    let allow = if status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n{allow}Connection: close\r\n\r\n",
        body.len()
    );
    let body = if with_body { body.as_bytes() } else { &[] };
    [head.as_bytes(), body].concat()
}
