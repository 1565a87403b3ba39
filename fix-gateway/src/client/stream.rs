//! The client's connection, in clear or under TLS.

use crate::Error;
use crate::ciphertext::Ciphertext;
use crate::tls::{CertificateFiles, read_all, read_key, roots};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What an initiator trusts and shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientTlsSpec {
    /// CAs of servers it trusts, PEM.
    pub ca: PathBuf,
    /// Its certificate, when it has one.
    pub identity: Option<CertificateFiles>,
    /// Never more than TLS 1.2.
    pub tls12_only: bool,
}

/// TLS of an initiator, ready to connect. The server's chain and name are always verified and the name is always sent
/// (SNI): a server that fails is left before a byte of FIX (C-07).
#[derive(Debug, Clone)]
pub struct ClientTls(Arc<ClientConfig>);

impl ClientTls {
    /// Reads the files.
    ///
    /// # Errors
    /// One cannot be used.
    pub fn load(spec: &ClientTlsSpec) -> Result<Self, Error> {
        let fault = |error: rustls::Error| Error::Tls(error.to_string());
        let versions: &[_] = if spec.tls12_only { &[&rustls::version::TLS12] } else { rustls::ALL_VERSIONS };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .map_err(fault)?
            .with_root_certificates(roots(&spec.ca)?);
        let config = match &spec.identity {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let chain = read_all::<CertificateDer<'static>>(&files.certificate)?;
                builder.with_client_auth_cert(chain, read_key(&files.key)?).map_err(fault)?
            }
        };
        Ok(Self(Arc::new(config)))
    }
}

/// A connected stream.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

/// A connection under TLS.
#[derive(Debug)]
pub(super) struct TlsStream {
    owned: StreamOwned<ClientConnection, TcpStream>,
    ciphertext: Ciphertext,
}

impl TlsStream {
    /// Whether something can be read without the socket.
    fn has_bytes(&self) -> bool {
        !self.owned.conn.wants_read() || !self.ciphertext.is_empty()
    }

    /// Reads what there is, from the socket once if there is nothing, and again as long as that was half a record.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < room.len() {
            match self.owned.conn.reader().read(&mut room[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            let Self { owned, ciphertext } = self;
            if ciphertext.is_empty() && (filled > 0 || ciphertext.fill(|room| owned.sock.read(room))? == 0) {
                break;
            }
            self.decrypt_some()?;
        }
        Ok(filled)
    }

    /// Lets TLS have some of what was read.
    fn decrypt_some(&mut self) -> io::Result<()> {
        let Self { owned: StreamOwned { conn, sock }, ciphertext } = self;
        let taken = conn.read_tls(&mut ciphertext.rest())?;
        ciphertext.advance(taken);
        let decrypted = conn.process_new_packets();
        while conn.wants_write() {
            conn.write_tls(sock)?;
        }
        decrypted.map(drop).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    }
}

impl Stream {
    /// Does the handshake with the server called `name` on `tcp`.
    pub(super) fn tls(mut tcp: TcpStream, tls: &ClientTls, name: &str) -> io::Result<Self> {
        let name = ServerName::try_from(name.to_owned())
            .map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let mut session = ClientConnection::new(Arc::clone(&tls.0), name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut tcp)?;
        }
        let owned = StreamOwned::new(session, tcp);
        Ok(Self::Tls(Box::new(TlsStream { owned, ciphertext: Ciphertext::default() })))
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.owned.sock,
        }
    }

    /// Waits until there is something to read, `wait` at most. A socket's own read timeout counts in ticks of the kernel's
    /// clock, milliseconds each: a client with a pace to keep would send in bursts.
    pub(super) fn wait_readable(&self, wait: Duration) -> io::Result<bool> {
        if let Self::Tls(tls) = self {
            if tls.has_bytes() {
                return Ok(true);
            }
            // Half a TLS record is readable and gives nothing. A zero timeout would mean "for ever".
            tls.owned.sock.set_read_timeout(Some(wait.max(Duration::from_micros(1))))?;
        }
        let mut sockets = [PollFd::new(self.tcp(), PollFlags::IN)];
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        Ok(poll(&mut sockets, Some(&wait))? > 0)
    }

    /// Ends our side in order, behind what was written.
    pub(super) fn end(mut self) {
        if let Self::Tls(tls) = &mut self {
            let TlsStream { owned, .. } = &mut **tls;
            owned.conn.send_close_notify();
            // A peer that takes no more bytes will not miss the goodbye.
            let _ = owned.conn.write_tls(&mut owned.sock);
        }
        let _ = self.tcp().shutdown(Shutdown::Write);
    }

    /// The version agreed on; nothing in clear.
    pub(super) fn tls_version(&self) -> Option<String> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => tls.owned.conn.protocol_version().map(|version| format!("{version:?}")),
        }
    }

    /// The server's own certificate, DER.
    pub(super) fn server_certificate(&self) -> Option<Vec<u8>> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => Some(tls.owned.conn.peer_certificates()?.first()?.to_vec()),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(room),
            Self::Tls(tls) => tls.read(room),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.owned.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.owned.flush(),
        }
    }
}
