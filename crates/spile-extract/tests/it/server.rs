//! A tiny HTTP server that answers as it is told and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Method, target and the rest of the head.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

impl Asked {
    /// Returns path and query.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the method.
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap_or_default()
    }

    /// Returns a number in the query.
    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        let query = self.target().split_once('?')?.1;
        let pair = |pair: &str| pair.split_once('=').filter(|(key, _)| *key == name)?.1.parse().ok();
        query.split('&').find_map(pair)
    }

    /// Returns a header; the name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The bytes of an answer. The connection is closed after one that does not announce its length rightly.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) bytes: Vec<u8>,
    pub(crate) close: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        Self { bytes: [head.as_bytes(), body].concat(), close: false }
    }

    pub(crate) fn json(body: &str) -> Self {
        Self::new(200, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Cuts the answer off after so many bytes before its end.
    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.bytes.truncate(self.bytes.len() - bytes);
        self.close = true;
        self
    }
}

/// A running server; it ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server. The handler gets each request with its number, from 0.
    pub(crate) async fn start(handler: impl Fn(usize, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_holding(move |number, asked| (handler(number, asked), 0)).await
    }

    /// Starts a server whose answers are held back until so many requests have come.
    pub(crate) async fn start_holding(
        handler: impl Fn(usize, &Asked) -> (Reply, usize) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, handler) = (Arc::clone(&asked), Arc::new(handler));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&handler)));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns the targets asked for since this was last called.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
            .iter()
            .map(|asked| asked.target().to_owned())
            .collect()
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.target().to_owned()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Asked>>>,
    handler: Arc<impl Fn(usize, &Asked) -> (Reply, usize) + Send + Sync + 'static>,
) {
    let mut buffer = Vec::new();
    while let Some(asked) = read(&mut stream, &mut buffer).await {
        let (reply, when_asked) = {
            let mut log = log.lock().unwrap();
            log.push(asked.clone());
            handler(log.len() - 1, &asked)
        };
        while log.lock().unwrap().len() < when_asked {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        if stream.write_all(&reply.bytes).await.is_err() || reply.close {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Asked> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let mut asked = Asked { head, body: String::new() };
            let length: usize = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
            if buffer.len() >= end + 4 + length {
                asked.body = String::from_utf8_lossy(&buffer[end + 4..end + 4 + length]).into_owned();
                buffer.drain(..end + 4 + length);
                return Some(asked);
            }
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}
