//! Both sides prove that they know the secret before anything else is said, and agree on what to encrypt the rest with.

use super::cipher::{Opener, Sender};
use super::message::{Fields, Incoming, Message, MessageKind, Outgoing, malformed, send};
use crate::sequence::TopicSet;
use assay_trading_types::Position;
use sha2::{Digest, Sha256};
use snow::{Builder, HandshakeState};
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Fewest bytes of a secret.
pub const SECRET_BYTES_MIN: usize = 32;

/// First bytes of a connection, with the version of what follows.
const GREETING: &[u8; 9] = b"ASSAYLOG\x02";

/// How both sides prove that they know the secret and agree on keys of this connection alone (Noise, revision 34).
const PATTERN: &str = "Noise_NNpsk0_25519_AESGCM_SHA256";

/// What the secret is hashed with, so that nothing else that it is used for makes the same key.
const KEY_OF: &[u8] = b"assay log v2";

/// Room for a message of the handshake.
const HANDSHAKE_BYTES_MAX: usize = 256;

/// Longest that each step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longest name of a role or holder.
const NAME_BYTES_MAX: usize = 200;

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

    /// How one side begins.
    fn handshake(&self, is_client: bool) -> io::Result<HandshakeState> {
        let key = Zeroizing::new(<[u8; 32]>::from(
            Sha256::new().chain_update(KEY_OF).chain_update(&*self.0).finalize(),
        ));
        let pattern = PATTERN.parse().expect("a pattern of Noise");
        let begun =
            Builder::new(pattern).psk(0, &key).and_then(|builder| builder.prologue(GREETING)).and_then(
                |builder| if is_client { builder.build_initiator() } else { builder.build_responder() },
            );
        begun.map_err(io::Error::other)
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
pub(super) fn greet(
    stream: TcpStream,
    secret: &LogSecret,
    purpose: &Purpose,
) -> io::Result<(Sender, Incoming)> {
    let mut incoming = begin(&stream)?;
    let mut handshake = secret.handshake(true)?;
    let hello = Outgoing::new(MessageKind::Hello).bytes(GREETING).bytes(&said(&mut handshake)?);
    send(&stream, hello)?;
    let answer = expect(&mut incoming, MessageKind::Challenge).map_err(|error| match error.kind() {
        // A server says nothing to who does not know its secret.
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => stranger(),
        _ => error,
    })?;
    hear(&mut handshake, answer.body)?;
    let mut sender = encrypt(stream, handshake, &mut incoming)?;
    sender.send(purpose.write(Outgoing::new(MessageKind::Proof)))?;
    incoming.trust();
    Ok((sender, incoming))
}

/// A connection as its server begins it: what its client wants.
///
/// # Errors
/// The client does not know the secret, or says something else.
pub(super) fn receive(stream: TcpStream, secret: &LogSecret) -> io::Result<(Sender, Incoming, Purpose)> {
    let mut incoming = begin(&stream)?;
    let mut fields = Fields(expect(&mut incoming, MessageKind::Hello)?.body);
    if fields.array::<9>()? != *GREETING {
        return Err(malformed("another protocol, or another version of this one"));
    }
    let mut handshake = secret.handshake(false)?;
    hear(&mut handshake, fields.0)?;
    send(&stream, Outgoing::new(MessageKind::Challenge).bytes(&said(&mut handshake)?))?;
    let sender = encrypt(stream, handshake, &mut incoming)?;
    // A hello can be one of an earlier connection; only who made it can say more.
    let purpose = Purpose::read(expect(&mut incoming, MessageKind::Proof)?.body)?;
    incoming.trust();
    Ok((sender, incoming, purpose))
}

fn begin(stream: &TcpStream) -> io::Result<Incoming> {
    stream.set_nodelay(true)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(Incoming::new(stream.try_clone()?))
}

/// The next message of the handshake.
fn said(handshake: &mut HandshakeState) -> io::Result<Vec<u8>> {
    let mut message = vec![0; HANDSHAKE_BYTES_MAX];
    let length = handshake.write_message(&[], &mut message).map_err(io::Error::other)?;
    message.truncate(length);
    Ok(message)
}

/// Takes in the other side's.
fn hear(handshake: &mut HandshakeState, message: &[u8]) -> io::Result<()> {
    let mut nothing = [0; HANDSHAKE_BYTES_MAX];
    if message.len() > HANDSHAKE_BYTES_MAX {
        return Err(malformed("a handshake longer than any may be"));
    }
    handshake.read_message(message, &mut nothing).map(drop).map_err(|_| stranger())
}

fn encrypt(stream: TcpStream, handshake: HandshakeState, incoming: &mut Incoming) -> io::Result<Sender> {
    let cipher = Arc::new(handshake.into_stateless_transport_mode().map_err(io::Error::other)?);
    incoming.open_with(Opener::new(Arc::clone(&cipher)));
    Ok(Sender::new(stream, cipher))
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
