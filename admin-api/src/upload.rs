//! Documents as they come from outside: what they are by their content, without what cameras write into them.
//!
//! Nothing is decoded, so nothing unpacks: a picture's size is read from its header, and a PDF that does things is refused.

use crate::problem::{Problem, ProblemKind};

/// Largest document (kyc.md, limits).
pub(crate) const DOCUMENT_BYTES_MAX: usize = 10 << 20;

/// Most pixels of a picture: whoever opens a larger one opens a bomb.
const PIXELS_MAX: u64 = 100_000_000;

/// A document that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) media: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Looks for malware; the default knows a test string and PDFs that act by themselves.
pub(crate) trait Scanner: Send + Sync {
    /// What is wrong with a document, if anything.
    fn finds(&self, document: &Document) -> Option<String>;
}

/// The scanner that needs nothing else.
pub(crate) struct Signatures;

/// The test file that every scanner must find (EICAR), in two parts so that this program is not one.
const TEST_FILE: [&str; 2] = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"];

/// Names in a PDF that make it act.
const ACTIVE: [&str; 6] = ["/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/OpenAction", "/RichMedia"];

impl Scanner for Signatures {
    fn finds(&self, document: &Document) -> Option<String> {
        if contains(&document.bytes, TEST_FILE.concat().as_bytes()) {
            return Some("a scanner's test file".to_owned());
        }
        let acts = document.media == "application/pdf"
            && ACTIVE.iter().any(|name| contains_name(&document.bytes, name.as_bytes()));
        acts.then(|| "it acts by itself when it is opened".to_owned())
    }
}

/// Reads a document in the field `field`.
///
/// # Errors
/// It is too large, of another type, damaged, or something was found in it.
pub(crate) fn document(field: &str, bytes: &[u8], scanner: &dyn Scanner) -> Result<Document, Problem> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(Problem::because(ProblemKind::TooLarge, format!("{field} is larger than 10 MiB")));
    }
    let damaged = |what: &str| Problem::field(field, what);
    let document = match bytes {
        [0xff, 0xd8, 0xff, ..] => stripped_jpeg(bytes).ok_or_else(|| damaged("is a damaged JPEG"))?,
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => {
            stripped_png(bytes).ok_or_else(|| damaged("is a damaged PNG"))?
        }
        [b'%', b'P', b'D', b'F', b'-', ..] => Document { media: "application/pdf", bytes: bytes.to_vec() },
        _ => {
            return Err(Problem::because(
                ProblemKind::MediaType,
                format!("{field} must be a JPEG, PNG or PDF"),
            ));
        }
    };
    match scanner.finds(&document) {
        Some(what) => Err(damaged(&format!("is refused: {what}"))),
        None => Ok(document),
    }
}

/// A JPEG without APPn (but JFIF's own) and comments, where cameras write place and time.
fn stripped_jpeg(bytes: &[u8]) -> Option<Document> {
    let mut kept = bytes[..2].to_vec();
    let (mut at, mut measured) = (2, false);
    loop {
        let [0xff, marker] = *bytes.get(at..at + 2)? else { return None };
        if marker == 0xff {
            at += 1; // a fill byte
            continue;
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?));
        let segment = bytes.get(at..at + 2 + length).filter(|_| length >= 2)?;
        match marker {
            // Frame headers: height, then width.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let height = u16::from_be_bytes(segment.get(5..7)?.try_into().ok()?);
                let width = u16::from_be_bytes(segment.get(7..9)?.try_into().ok()?);
                fits(u64::from(width), u64::from(height))?;
                measured = true;
                kept.extend_from_slice(segment);
            }
            0xe1..=0xed | 0xef | 0xfe => {}
            // The picture itself, up to the end.
            0xda => {
                kept.extend_from_slice(&bytes[at..]);
                return measured.then_some(Document { media: "image/jpeg", bytes: kept });
            }
            _ => kept.extend_from_slice(segment),
        }
        at += 2 + length;
    }
}

/// A PNG with what the picture needs and nothing else.
fn stripped_png(bytes: &[u8]) -> Option<Document> {
    const NEEDED: [&[u8; 4]; 11] =
        [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs"];
    let mut kept = bytes[..8].to_vec();
    let mut at = 8;
    loop {
        let length = usize::try_from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()?;
        let end = at.checked_add(12)?.checked_add(length)?;
        let chunk = bytes.get(at..end)?;
        let kind: &[u8; 4] = chunk[4..8].try_into().ok()?;
        if at == 8 {
            if kind != b"IHDR" || length != 13 {
                return None;
            }
            let side = |from: usize| chunk[from..from + 4].try_into().ok().map(u32::from_be_bytes);
            fits(u64::from(side(8)?), u64::from(side(12)?))?;
        }
        if NEEDED.contains(&kind) {
            kept.extend_from_slice(chunk);
        }
        if kind == b"IEND" {
            return Some(Document { media: "image/png", bytes: kept });
        }
        at = end;
    }
}

fn fits(width: u64, height: u64) -> Option<()> {
    (width > 0 && height > 0 && width * height <= PIXELS_MAX).then_some(())
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

/// Whether a name of a PDF stands there, and not only the beginning of a longer one.
fn contains_name(bytes: &[u8], name: &[u8]) -> bool {
    let ends = |at: usize| bytes.get(at + name.len()).is_none_or(|next| !next.is_ascii_alphanumeric());
    bytes.windows(name.len()).enumerate().any(|(at, window)| window == name && ends(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], body].concat()
    }

    fn jpeg(width: u16, height: u16, app: &[u8]) -> Vec<u8> {
        let frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[1, 1, 0x11, 0]].concat();
        [
            vec![0xff, 0xd8],
            segment(0xe0, b"JFIF\0"),
            segment(0xe1, app),
            segment(0xfe, b"GPS 51.5"),
            segment(0xc0, &frame),
            segment(0xda, &[1, 1, 0, 0, 63, 0]),
            vec![1, 2, 3, 0xff, 0xd9],
        ]
        .concat()
    }

    fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&u32::try_from(body.len()).unwrap().to_be_bytes()[..], kind, body, &[0; 4]].concat()
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let begin = b"\x89PNG\r\n\x1a\n".to_vec();
        [begin, chunk(b"IHDR", &head), chunk(b"tEXt", b"GPS 51.5"), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")]
            .concat()
    }

    fn kind(bytes: &[u8]) -> Result<&'static str, ProblemKind> {
        document("front", bytes, &Signatures).map(|d| d.media).map_err(|p| p.kind())
    }

    #[test]
    fn what_a_camera_wrote_into_a_picture_is_not_kept() {
        for picture in [jpeg(640, 480, b"Exif\0\0GPS 51.5"), png(640, 480)] {
            let kept = document("front", &picture, &Signatures).unwrap();
            assert!(!contains(&kept.bytes, b"GPS"), "{kept:?}");
            assert!(kept.bytes.len() < picture.len());
            let again = document("front", &kept.bytes, &Signatures).unwrap();
            assert_eq!(again, kept, "what is kept is a whole picture");
        }
    }

    #[test]
    fn a_document_is_what_its_content_says() {
        assert_eq!(kind(&jpeg(1, 1, b"")), Ok("image/jpeg"));
        assert_eq!(kind(&png(1, 1)), Ok("image/png"));
        assert_eq!(kind(b"%PDF-1.7\n1 0 obj"), Ok("application/pdf"));
        for other in [&b"MZ\x90"[..], b"GIF89a", b"<svg>", b"PK\x03\x04", b"", b"<?php", b"\xff\xd8"] {
            assert_eq!(kind(other), Err(ProblemKind::MediaType), "{other:?}");
        }
    }

    #[test]
    fn bombs_damage_and_malware_are_refused() {
        assert_eq!(kind(&jpeg(65_000, 65_000, b"")), Err(ProblemKind::Invalid), "pixels");
        assert_eq!(kind(&png(100_000, 100_000)), Err(ProblemKind::Invalid), "pixels");
        assert_eq!(kind(&jpeg(0, 1, b"")), Err(ProblemKind::Invalid));
        assert_eq!(kind(&vec![b'%'; DOCUMENT_BYTES_MAX + 1]), Err(ProblemKind::TooLarge));
        for whole in [jpeg(9, 9, b""), png(9, 9)] {
            for cut in 9..whole.len() - 6 {
                assert!(kind(&whole[..cut]).is_err() || cut > whole.len() - 14, "{cut}");
            }
        }
        assert_eq!(kind(b"%PDF-1.7 /OpenAction 3 0 R"), Err(ProblemKind::Invalid));
        assert_eq!(kind(b"%PDF-1.7 /JSomething"), Ok("application/pdf"));
        let test_file = [b"%PDF-1.7 ".as_slice(), TEST_FILE.concat().as_bytes()].concat();
        assert_eq!(kind(&test_file), Err(ProblemKind::Invalid));
    }
}
