//! The checks of the fuzz targets on generated input: a short walk where a fuzzer takes a long one.

use arbitrary::{Arbitrary, Unstructured};
use assay_fuzz::{Story, dictionary, framing, message, session};

/// Pieces that messages are made of, and some that they are not.
const PIECES: [&str; 28] = [
    "8=FIX.4.4|",
    "9=41|",
    "9=5|",
    "35=D|",
    "35=0|",
    "34=2|",
    "49=A|",
    "56=B|",
    "52=20260101-00:00:00|",
    "10=000|",
    "11=a|",
    "54=1|",
    "40=1|",
    "60=20260101-00:00:00|",
    "453=2|",
    "448=x|",
    "447=D|",
    "452=1|",
    "802=1|",
    "523=s|",
    "354=3|",
    "355=a|b|",
    "58=",
    "|",
    "=",
    "-1=x|",
    "93=1|89=z|",
    "\u{e9}",
];

const XML: [&str; 16] = [
    "<fix type='FIX' major='4' minor='4'>",
    "<header/>",
    "<trailer/>",
    "<messages>",
    "</messages>",
    "<message name='N' msgtype='D' msgcat='app'>",
    "</message>",
    "<components/>",
    "<fields>",
    "</fields></fix>",
    "<field name='A' number='11' type='STRING'/>",
    "<field name='A' required='Y'/>",
    "<group name='G' required='N'>",
    "</group>",
    "<field name='G' number='453' type='NUMINGROUP'/>",
    "\n",
];

/// A small generator: the same seed gives the same walk.
struct Walk(u64);

impl Walk {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, pieces: &[&str], count: usize) -> Vec<u8> {
        let mut bytes = vec![self.next() as u8];
        for _ in 0..self.below(count) + 1 {
            bytes.extend_from_slice(pieces[self.below(pieces.len())].as_bytes());
            if self.below(20) == 0 {
                let at = self.below(bytes.len());
                bytes[at] = self.next() as u8;
            }
        }
        bytes
    }
}

fn walk(rounds: usize, mut step: impl FnMut(&mut Walk)) {
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_121);
    println!("FUZZ_SEED={seed}");
    let mut walk = Walk(seed);
    (0..rounds).for_each(|_| step(&mut walk));
}

#[test]
fn framing_holds_on_generated_streams() {
    walk(5_000, |walk| framing(&walk.bytes(&PIECES, 40)));
}

#[test]
fn reading_holds_on_generated_bodies() {
    walk(20_000, |walk| message(&walk.bytes(&PIECES[3..], 30)[1..]));
}

#[test]
fn loading_holds_on_generated_files() {
    walk(5_000, |walk| dictionary(&walk.bytes(&XML, 30)[1..]));
}

#[test]
fn sessions_hold_on_generated_stories() {
    let mut logged_on = 0;
    walk(20_000, |walk| {
        let bytes: Vec<u8> = (0..600).map(|_| walk.next() as u8).collect();
        if let Ok(story) = Story::arbitrary_take_rest(Unstructured::new(&bytes)) {
            logged_on += u32::from(session(&story));
        }
    });
    assert!(logged_on > 1_000, "only {logged_on} stories come to anything");
}
