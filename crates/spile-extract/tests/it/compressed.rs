//! Compressed answers over a socket: what comes out, and that none takes more than the limit.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};

use crate::fixture::{plan, run};
use crate::server::{Reply, Server};

type Compress = fn(&[u8]) -> Vec<u8>;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::encode_all(body, 19).unwrap()
}

fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 9, 22).write_all(body).unwrap();
    out
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

const CODINGS: [(&str, Compress); 3] = [("gzip", gzip), ("zstd", zstd), ("br", brotli)];

async fn server(coding: &'static str, body: Vec<u8>) -> Server {
    Server::start(move |_, _| {
        Reply::new(200, &[("content-encoding", coding), ("content-type", "application/json")], &body)
    })
    .await
}

#[tokio::test]
async fn every_coding_that_is_asked_for_is_read() {
    for (coding, compress) in CODINGS {
        let server = server(coding, compress(br#"[{"id":1},{"id":2}]"#)).await;
        let outcome = run(&plan(&server.url("/items"), r#""single_page""#)).await;
        assert_eq!(outcome.records(), [r#"[{"id":1},{"id":2}]"#], "{coding}: {:?}", outcome.result);
        let asked = server.asked();
        let offered = asked[0].header("accept-encoding").unwrap();
        assert!(offered.split(',').any(|offer| offer.trim() == coding), "{offered}");
        assert!(!offered.contains("deflate"), "{offered}");
    }
}

/// Ten megabytes in a few kilobytes: the limit counts what comes out.
#[tokio::test]
async fn a_bomb_ends_at_the_limit() {
    for (coding, compress) in CODINGS {
        let bomb = compress(format!("[\"{}\"]", "a".repeat(10_000_000)).as_bytes());
        assert!(bomb.len() < 100_000, "{coding}: {}", bomb.len());
        let server = server(coding, bomb).await;
        let mut plan = plan(&server.url("/items"), r#""single_page""#);
        plan.limits.body_bytes_max = 1_000_000;
        let outcome = run(&plan).await;
        assert_eq!(outcome.error().code(), "limit/body-bytes", "{coding}");
        assert_eq!(server.asked().len(), 1, "{coding}: asking again would not help");
    }
}

/// A body that is cut, or not of the coding that it names, is passing trouble; nothing of it is taken for data.
#[tokio::test]
async fn what_cannot_be_unpacked_is_asked_for_again() {
    for (coding, compress) in CODINGS {
        let whole = compress(format!("[{}1]", "1,".repeat(20_000)).as_bytes());
        let cut = whole[..whole.len() / 2].to_vec();
        for broken in [cut, b"[{\"id\":1}]".to_vec(), deflate(b"[1]")] {
            let server = server(coding, broken).await;
            let outcome = run(&plan(&server.url("/items"), r#""single_page""#)).await;
            assert!(outcome.pages.is_empty(), "{coding}");
            assert!(outcome.error().code().starts_with("source/"), "{coding}: {}", outcome.error());
            assert!(server.asked().len() > 1, "{coding}: {}", outcome.error());
        }
    }
}
