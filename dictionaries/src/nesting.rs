//! How deep elements nest, found before the XML reader recurses into them.

/// The line (from 1) at which `xml` first opens more than `max` elements within one another. Counts what looks like an
/// element and leaves judging it to the reader: quoted attributes, comments and CDATA are passed over.
pub(crate) fn too_deep_at(xml: &str, max: usize) -> Option<u32> {
    let bytes = xml.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(open) = memchr(b'<', &bytes[at..]).map(|i| at + i) {
        let rest = &bytes[open..];
        at = open + length(rest);
        match rest.get(1) {
            Some(b'/') => depth = depth.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            Some(_) if bytes[..at].ends_with(b"/>") => {}
            Some(_) => depth += 1,
        }
        if depth > max {
            let lines = bytes[..open].iter().filter(|b| **b == b'\n').count();
            return Some(u32::try_from(lines + 1).unwrap_or(u32::MAX));
        }
    }
    None
}

/// Bytes of the piece of markup that begins `text`.
fn length(text: &[u8]) -> usize {
    let up_to =
        |end: &[u8]| text.windows(end.len()).position(|w| w == end).map_or(text.len(), |i| i + end.len());
    if text.starts_with(b"<!--") {
        return up_to(b"-->");
    }
    if text.starts_with(b"<![CDATA[") {
        return up_to(b"]]>");
    }
    let mut quote = None;
    for (i, &byte) in text.iter().enumerate() {
        match (quote, byte) {
            (None, b'>') => return i + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(q), _) if q == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    text.iter().position(|b| *b == byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_elements_within_one_another_count() {
        let table = [
            ("<a><b/><b/><c></c></a>", 2, None),
            ("<a>\n<b>\n<c>\n</c></b></a>", 2, Some(3)),
            ("<?xml version='1.0'?><!-- <x><y><z> --><a d=\"<b> > '\"/>", 0, None),
            ("<![CDATA[<x><y>]]><a></a>", 1, None),
            ("<a", 1, None),
            ("<a>\n<a", 1, Some(2)),
            ("</a></a>", 0, None),
        ];
        for (xml, max, expected) in table {
            assert_eq!(too_deep_at(xml, max), expected, "{xml}");
        }
    }
}
