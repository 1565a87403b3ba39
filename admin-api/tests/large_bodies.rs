//! Bodies that are larger than they may be, over a real socket: whoever sends one hears why.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use support::World;

/// What a body of so many bytes is answered with, sent whole before anything is read.
fn answered(address: std::net::SocketAddr, bytes: usize) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
    let head = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = vec![b' '; 64 << 10];
    let mut left = bytes;
    while left > 0 {
        let now = left.min(chunk.len());
        stream.write_all(&chunk[..now]).unwrap();
        left -= now;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_body_of_ten_megabytes_is_answered_413() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let api = Arc::clone(&world.api);
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let shutdown = async move {
                // A test that failed drops its end: that stops the server as well.
                let _ = ended.await;
            };
            assay_admin_api::serve(listener, None, assay_admin_api::app(api), shutdown).await.unwrap();
        });
    });
    for bytes in [300 << 10, 10 << 20] {
        let answer = answered(address, bytes);
        assert!(
            answer.starts_with("HTTP/1.1 413 ") && answer.contains("urn:assay:problem:too-large"),
            "{answer}"
        );
    }
    assert!(answered(address, 256 << 10).starts_with("HTTP/1.1 400 "), "as large as it may be");
    drop(end);
    server.join().unwrap();
}
