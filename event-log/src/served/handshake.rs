//! Both sides prove that they know the secret before anything else is said.

use super::message::{Fields, Incoming, Message, MessageKind, Outgoing, malformed, send};
use crate::sequence::TopicSet;
use assay_trading_types::Position;
use hmac::{Hmac, Mac};
use rand::TryRngCore;
use sha2::Sha256;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Duration;
use zeroize::Zeroizing;

/// Fewest bytes of a secret.
pub const SECRET_BYTES_MIN: usize = 32;

/// First bytes of a connection, with the version of what follows.
const GREETING: &[u8; 9] = b"ASSAYLOG\x01";
const SERVER: &[u8] = b"assay log v1 server";
const CLIENT: &[u8] = b"assay log v1 client";

/// Longest that each step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest name of a role or holder.
const NAME_BYTES_MAX: usize = 200;

type Nonce = [u8; 32];

/// What the processes of one log have in common.
#[derive(Clone)]
pub struct LogSecret(Zeroizing<Vec<u8>>);

/// A secret that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret of {0} bytes is too short; {SECRET_BYTES_MIN} or more are needed")]
pub struct WeakSecret(usize);

impl LogSecret {
    /// Of these bytes.
    ///
    /// # Errors
    /// They are fewer than [`SECRET_BYTES_MIN`].
    pub fn new(bytes: &[u8]) -> Result<Self, WeakSecret> {
        match bytes.len() {
            few @ 0..SECRET_BYTES_MIN => Err(WeakSecret(few)),
            _ => Ok(Self(Zeroizing::new(bytes.to_vec()))),
        }
    }

    fn mac(&self, side: &[u8], client: &Nonce, server: &Nonce, said: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        [side, client, server, said].iter().for_each(|part| mac.update(part));
        mac
    }
}

impl std::fmt::Debug for LogSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LogSecret")
    }
}

/// What a connection is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To append as `role` once nobody else does; `holder` is for people.
    Lease { role: String, holder: String },
    /// To hear where the log stands.
    Watch,
    /// To read.
    Read { topics: TopicSet, from: Position, durable_only: bool },
}

impl Purpose {
    fn write(&self, out: Outgoing) -> Outgoing {
        match self {
            Self::Lease { role, holder } => {
                out.bytes(&[0, role.len() as u8]).bytes(role.as_bytes()).bytes(holder.as_bytes())
            }
            Self::Watch => out.bytes(&[1]),
            Self::Read { topics, from, durable_only } => {
                out.bytes(&[2, topics.bits(), u8::from(*durable_only)]).u64(from.0)
            }
        }
    }

    fn read(said: &[u8]) -> io::Result<Self> {
        let mut fields = Fields(said);
        match fields.u8()? {
            0 => {
                let length = usize::from(fields.u8()?);
                let (role, holder) =
                    fields.0.split_at_checked(length).ok_or_else(|| malformed("a role is cut short"))?;
                Ok(Self::Lease { role: name(role)?, holder: name(holder)? })
            }
            1 => Ok(Self::Watch),
            2 => {
                let (topics, durable_only) = (TopicSet::from_bits(fields.u8()?), fields.u8()? != 0);
                Ok(Self::Read { topics, from: Position(fields.u64()?), durable_only })
            }
            _ => Err(malformed("a purpose that is not known")),
        }
    }
}

fn name(bytes: &[u8]) -> io::Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("a name that is no text"))?;
    let is_name = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.chars().all(|c| !c.is_control());
    if is_name {
        Ok(text.to_owned())
    } else {
        Err(malformed("a name that is empty, too long or not printable"))
    }
}

/// A connection as its client begins it.
///
/// # Errors
/// The server is no server of this log, does not know the secret, or the connection ended.
pub(super) fn greet(stream: TcpStream, secret: &LogSecret, purpose: &Purpose) -> io::Result<Incoming> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut incoming = Incoming::new(stream.try_clone()?);
    let ours = nonce()?;
    send(&stream, Outgoing::new(MessageKind::Hello).bytes(GREETING).bytes(&ours))?;
    let mut fields = Fields(expect(&mut incoming, MessageKind::Challenge)?.body);
    let (theirs, proof) = (fields.array()?, fields.array::<32>()?);
    secret.mac(SERVER, &ours, &theirs, &[]).verify_slice(&proof).map_err(|_| stranger())?;
    let said = purpose.write(Outgoing::new(MessageKind::Proof)).finish();
    let said = &said[5..];
    let proof = secret.mac(CLIENT, &ours, &theirs, said).finalize().into_bytes();
    send(&stream, Outgoing::new(MessageKind::Proof).bytes(&proof).bytes(said))?;
    incoming.trust();
    Ok(incoming)
}

/// A connection as its server begins it: what its client wants.
///
/// # Errors
/// The client does not know the secret, or says something else.
pub(super) fn receive(stream: &TcpStream, secret: &LogSecret) -> io::Result<(Incoming, Purpose)> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut incoming = Incoming::new(stream.try_clone()?);
    let mut fields = Fields(expect(&mut incoming, MessageKind::Hello)?.body);
    if fields.array::<9>()? != *GREETING {
        return Err(malformed("another protocol, or another version of this one"));
    }
    let (theirs, ours) = (fields.array()?, nonce()?);
    let proof = secret.mac(SERVER, &theirs, &ours, &[]).finalize().into_bytes();
    send(stream, Outgoing::new(MessageKind::Challenge).bytes(&ours).bytes(&proof))?;
    let mut fields = Fields(expect(&mut incoming, MessageKind::Proof)?.body);
    let proof = fields.array::<32>()?;
    secret.mac(CLIENT, &theirs, &ours, fields.0).verify_slice(&proof).map_err(|_| stranger())?;
    let purpose = Purpose::read(fields.0)?;
    incoming.trust();
    Ok((incoming, purpose))
}

fn expect(incoming: &mut Incoming, kind: MessageKind) -> io::Result<Message<'_>> {
    match incoming.next(PATIENCE)? {
        Some(message) if message.kind == kind => Ok(message),
        Some(_) => Err(malformed("a message out of turn")),
        None => Err(ErrorKind::TimedOut.into()),
    }
}

fn stranger() -> io::Error {
    io::Error::new(ErrorKind::PermissionDenied, "the other side does not know this log's secret")
}

fn nonce() -> io::Result<Nonce> {
    let mut nonce = Nonce::default();
    rand::rngs::OsRng.try_fill_bytes(&mut nonce).map_err(io::Error::other)?;
    Ok(nonce)
}
