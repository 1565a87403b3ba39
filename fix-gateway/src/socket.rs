//! One connection's socket, in clear or under TLS, with the same few calls: wait, read, write, never block.

use crate::ciphertext::Ciphertext;
use rustls::{ServerConfig, ServerConnection};
use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;
use tokio::net::TcpStream;

/// A connected socket.
pub(crate) enum Socket {
    /// TCP as it is.
    Plain(TcpStream),
    /// TCP under TLS.
    Tls(Box<TlsSocket>),
}

impl Socket {
    /// Resolves when a read may give something.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.readable().await,
            Self::Tls(tls) if tls.decrypted.get() => Ok(()),
            Self::Tls(tls) => tls.tcp.readable().await,
        }
    }

    /// Resolves when a write may take something.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.writable().await,
            Self::Tls(tls) => tls.tcp.writable().await,
        }
    }

    /// Reads what there is; 0 when the peer ended its side.
    pub(crate) fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_read(room),
            Self::Tls(tls) => tls.try_read(room),
        }
    }

    /// Takes some of `bytes`. Under TLS what is taken may still wait to leave: see [`Socket::has_unsent`].
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.try_write(bytes),
            Self::Tls(tls) => tls.try_write(bytes),
        }
    }

    /// Whether bytes that were taken have not left; writing nothing moves them on.
    pub(crate) fn has_unsent(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.session.borrow().wants_write(),
        }
    }

    /// Names in the certificate that the peer proved to hold; nothing when it showed none.
    pub(crate) fn peer_names(&self) -> Option<Vec<String>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => {
                let session = tls.session.borrow();
                let certificate = session.peer_certificates()?.first()?;
                Some(crate::tls::names_of(certificate))
            }
        }
    }

    /// Says goodbye as far as the socket takes it at once: a TLS peer can tell this end from a cut.
    pub(crate) fn say_goodbye(&self) {
        if let Self::Tls(tls) = self {
            tls.session.borrow_mut().send_close_notify();
            // A peer that takes no more bytes will not miss the goodbye.
            let _ = tls.push(&mut tls.session.borrow_mut());
        }
    }
}

/// A TLS session over TCP. rustls does no I/O of its own, so it is driven here like the FIX engine: bytes in, bytes out.
pub(crate) struct TlsSocket {
    tcp: TcpStream,
    session: RefCell<ServerConnection>,
    /// Bytes wait to be read, whether or not the TCP socket has more.
    decrypted: Cell<bool>,
    /// Encrypted bytes that were read and did not fit decrypted into what they were read for. Hardly ever any.
    held: Cell<Vec<u8>>,
}

thread_local! {
    /// Where encrypted bytes are read to, which all sockets of a thread share.
    static CIPHERTEXT: Cell<Ciphertext> = Cell::default();
}

impl TlsSocket {
    /// Does the handshake. The caller bounds its time; rustls bounds its bytes.
    pub(crate) async fn accept(tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<Self> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        let socket =
            Self { tcp, session: RefCell::new(session), decrypted: Cell::new(false), held: Cell::default() };
        while socket.session.borrow().is_handshaking() {
            socket.tcp.readable().await?;
            let taken = socket.pull(&mut socket.session.borrow_mut());
            socket.push_all().await?;
            match taken {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        socket.push_all().await?;
        Ok(socket)
    }

    fn try_read(&self, room: &mut [u8]) -> io::Result<usize> {
        let mut ciphertext = CIPHERTEXT.take();
        ciphertext.put_back(&self.held.take());
        let filled = self.decrypt(room, &mut ciphertext);
        let is_full = filled.as_ref().is_ok_and(|filled| *filled == room.len());
        self.decrypted.set(is_full);
        if !ciphertext.is_empty() {
            self.held.set(ciphertext.take_rest());
        }
        CIPHERTEXT.set(ciphertext);
        filled
    }

    /// Fills `room` from `ciphertext`, and that from TCP once when it is not enough for anything.
    fn decrypt(&self, room: &mut [u8], ciphertext: &mut Ciphertext) -> io::Result<usize> {
        let mut session = self.session.borrow_mut();
        let mut filled = 0;
        loop {
            let is_over = take_plaintext(&mut session, room, &mut filled)?;
            if is_over || filled == room.len() || ciphertext.is_empty() && filled > 0 {
                return Ok(filled);
            }
            if ciphertext.is_empty() && ciphertext.fill(|room| self.tcp.try_read(room))? == 0 {
                return Ok(0);
            }
            let taken = session.read_tls(&mut ciphertext.rest())?;
            ciphertext.advance(taken);
            let decrypted = session.process_new_packets();
            // Answers to the peer's key updates and alerts; what does not fit goes with the next bytes.
            let _ = self.push(&mut session);
            decrypted.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.session.borrow_mut();
        self.push(&mut session)?;
        let count = session.writer().write(bytes)?;
        match self.push(&mut session) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(count),
        }
    }

    /// Takes encrypted bytes from TCP once.
    fn pull(&self, session: &mut ServerConnection) -> io::Result<usize> {
        let count = session.read_tls(&mut Tcp(&self.tcp))?;
        session.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        Ok(count)
    }

    /// Gives encrypted bytes to TCP until there are none or it takes no more.
    fn push(&self, session: &mut ServerConnection) -> io::Result<()> {
        while session.wants_write() {
            session.write_tls(&mut Tcp(&self.tcp))?;
        }
        Ok(())
    }

    async fn push_all(&self) -> io::Result<()> {
        loop {
            let pushed = self.push(&mut self.session.borrow_mut());
            match pushed {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.tcp.writable().await?,
                other => return other,
            }
        }
    }
}

/// Moves what is decrypted to `room` behind `filled`. Returns whether the peer said that nothing follows.
fn take_plaintext(session: &mut ServerConnection, room: &mut [u8], filled: &mut usize) -> io::Result<bool> {
    while *filled < room.len() {
        match session.reader().read(&mut room[*filled..]) {
            Ok(0) => return Ok(true),
            Ok(count) => *filled += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// A tokio socket as rustls wants it.
struct Tcp<'a>(&'a TcpStream);

impl Read for Tcp<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(room)
    }
}

impl Write for Tcp<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, records: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(records)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
