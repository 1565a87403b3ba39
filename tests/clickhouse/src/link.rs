//! A TCP relay that can lose what passes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What becomes of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Nothing is lost.
    None = 0,
    /// A request that carries a block reaches the server; its answer is lost.
    AnswersToBlocks = 1,
    /// Nothing passes.
    Everything = 2,
}

/// A relay to a server.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    cut: Arc<AtomicU8>,
}

impl Link {
    /// To `port` of this machine. Serves until the process ends.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let cut = Arc::new(AtomicU8::new(0));
        let rule = Arc::clone(&cut);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let rule = Arc::clone(&rule);
                std::thread::spawn(move || relay(client, port, &rule));
            }
        });
        Self { address, cut }
    }

    /// Sets what is lost from now on.
    pub fn cut(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// `http://...`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Relays until either side closes or the rule cuts. HTTP asks and answers in turn, so one thread a direction will do.
fn relay(client: TcpStream, port: u16, rule: &Arc<AtomicU8>) {
    if rule.load(Ordering::SeqCst) == Cut::Everything as u8 {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    let (Ok(to_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else { return };
    let carries_block = Arc::new(AtomicU8::new(0));
    let (answers, noted) = (Arc::clone(rule), Arc::clone(&carries_block));
    let back = std::thread::spawn(move || {
        pump(from_server, to_client, |_| {
            let rule = answers.load(Ordering::SeqCst);
            rule != Cut::Everything as u8
                && (rule != Cut::AnswersToBlocks as u8 || noted.load(Ordering::SeqCst) == 0)
        });
    });
    pump(client, server, |bytes| {
        if bytes.starts_with(b"POST") {
            let is_block = bytes.windows(18).any(|window| window == b"INSERT+INTO+record");
            carries_block.store(u8::from(is_block), Ordering::SeqCst);
        }
        rule.load(Ordering::SeqCst) != Cut::Everything as u8
    });
    let _ = back.join();
}

fn pump(mut from: TcpStream, mut to: TcpStream, mut passes: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 || !passes(&buffer[..read]) || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
