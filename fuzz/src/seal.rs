//! Frames around any body.

/// A frame with the right length and sum.
pub(crate) fn seal(body: &[u8]) -> Vec<u8> {
    let mut frame = format!("8=FIX.4.4\u{1}9={}\u{1}", body.len()).into_bytes();
    frame.extend_from_slice(body);
    let sum = frame.iter().fold(0u8, |sum, &b| sum.wrapping_add(b));
    frame.extend_from_slice(format!("10={sum:03}\u{1}").as_bytes());
    frame
}
