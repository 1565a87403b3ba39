//! Frames in a stream.

use fix_session::{FrameLimits, Framed, Framer};

/// A small limit, so that short inputs reach it.
const LIMITS: FrameLimits = FrameLimits { body_bytes_max: 512 };

/// V-01 to V-04: what is a frame depends on the bytes, not on their pieces; frames are whole and sum up; the buffer is bounded.
///
/// The first byte is the size of the pieces. `|` becomes SOH, so that a fuzzer finds fields sooner.
///
/// # Panics
/// A rule is broken.
pub fn framing(data: &[u8]) {
    let Some((&step, stream)) = data.split_first() else { return };
    let stream: Vec<u8> = stream.iter().map(|&b| if b == b'|' { 1 } else { b }).collect();
    let whole = outcomes(&stream, usize::MAX);
    assert_eq!(whole, outcomes(&stream, usize::from(step).max(1)), "pieces of {step} bytes");
    assert_eq!(whole, outcomes(&stream, 1), "pieces of one byte");
}

/// Frames in order.
fn outcomes(stream: &[u8], step: usize) -> Vec<Vec<u8>> {
    let (mut framer, mut buffer, mut found) = (Framer::new(LIMITS), Vec::new(), Vec::new());
    for piece in stream.chunks(step.min(stream.len()).max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            match framer.next(&buffer) {
                Framed::NeedMore => break,
                Framed::Garbled { discard, .. } => {
                    assert!(discard > 0 && discard <= buffer.len(), "{discard} of {}", buffer.len());
                    buffer.drain(..discard);
                }
                Framed::Frame { len } => {
                    let frame: Vec<u8> = buffer.drain(..len).collect();
                    check_frame(&frame);
                    found.push(frame);
                }
            }
        }
        assert!(buffer.len() < framer.buffer_bytes_max(), "{} bytes are held", buffer.len());
    }
    found
}

fn check_frame(frame: &[u8]) {
    assert!(frame.starts_with(b"8=FIX") && frame.ends_with(b"\x01"));
    let trailer = frame.len() - 7;
    let sum = frame[..trailer].iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
    assert_eq!(&frame[trailer..], format!("10={sum:03}\u{1}").as_bytes());
}
