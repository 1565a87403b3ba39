//! Names against lists of sanctioned and exposed persons: files in OpenSanctions' simple CSV form, compared fuzzily.
//!
//! A name is folded to lower-case ASCII words. Two names are as alike as their words, each paired with the likest of the
//! other name (Jaro-Winkler), weighed by length, whatever their order; a birth year that differs takes away from it.

use assay_trading_types::{Screening, ScreeningHit};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// From here on, in thousandths, an entry counts as alike.
pub const ALIKE: u16 = 880;

/// What a birth year that differs takes away, in thousandths.
const OTHER_YEAR: u16 = 100;

/// Entries named in a decision; whoever has more than so many namesakes is looked at by a person anyway.
const HITS_MAX: usize = 20;

/// Entries of the lists in force.
#[derive(Debug, Clone, Default)]
pub struct Lists {
    entries: Vec<Entry>,
    version: String,
}

#[derive(Debug, Clone)]
struct Entry {
    id: String,
    names: Vec<Vec<String>>,
    birth_years: Vec<String>,
}

/// A row of the file; other columns are not read.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    name: String,
    #[serde(default)]
    aliases: String,
    #[serde(default)]
    birth_date: String,
}

/// Somebody to look for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Full name, in any order.
    pub name: &'a str,
    /// Year of birth, where known.
    pub birth_year: Option<i32>,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("list {}: {what}", file.display())]
pub struct ListError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

impl Lists {
    /// Reads all files; a list that cannot be read is an error, never an empty list.
    ///
    /// # Errors
    /// A file cannot be read or has another form.
    pub fn load(files: &[PathBuf]) -> Result<Self, ListError> {
        let mut lists = Self::default();
        let mut hash = Sha256::new();
        for file in files {
            let wrong = |what: String| ListError { file: file.clone(), what };
            let bytes = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
            hash.update(Sha256::digest(&bytes));
            lists.entries.extend(entries(&bytes).map_err(wrong)?);
        }
        if !files.is_empty() {
            lists.version = hex::encode(hash.finalize());
        }
        Ok(lists)
    }

    /// Names the content of the lists; empty when there are none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What the lists say about somebody and whoever else a file names.
    pub fn screen(&self, sought: &[Sought<'_>]) -> Screening {
        let names: Vec<(Vec<String>, Option<i32>)> =
            sought.iter().map(|s| (words(s.name), s.birth_year)).collect();
        let score = |entry: &Entry| names.iter().map(|(name, year)| entry.score(name, *year)).max();
        let mut hits: Vec<ScreeningHit> = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry, score(entry).filter(|score| *score >= ALIKE)?)))
            .map(|(entry, score)| ScreeningHit { entry: entry.id.clone(), score })
            .collect();
        hits.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| a.entry.cmp(&b.entry)));
        hits.dedup_by(|a, b| a.entry == b.entry);
        hits.truncate(HITS_MAX);
        Screening { lists: self.version.clone(), hits }
    }
}

impl Entry {
    fn score(&self, name: &[String], year: Option<i32>) -> u16 {
        let best = self.names.iter().map(|own| likeness(own, name)).max().unwrap_or(0);
        let year = year.map(|year| format!("{year:04}"));
        let differs =
            year.is_some_and(|year| !self.birth_years.is_empty() && !self.birth_years.contains(&year));
        if differs { best.saturating_sub(OTHER_YEAR) } else { best }
    }
}

fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    reader
        .deserialize::<Row>()
        .map(|row| {
            let row = row.map_err(|e| e.to_string())?;
            let aliases = row.aliases.split(';').filter(|alias| !alias.trim().is_empty());
            let names = std::iter::once(row.name.as_str()).chain(aliases).map(words);
            let birth_years =
                row.birth_date.split(';').filter_map(|date| date.trim().get(..4)).map(str::to_owned);
            Ok(Entry {
                id: row.id,
                names: names.filter(|words| !words.is_empty()).collect(),
                birth_years: birth_years.collect(),
            })
        })
        .collect()
}

/// How alike two names are, in thousandths: each word of the shorter one with the likest left of the longer one.
fn likeness(a: &[String], b: &[String]) -> u16 {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.is_empty() {
        return 0;
    }
    let mut left: Vec<&String> = long.iter().collect();
    let (mut sum, mut weight) = (0.0, 0.0);
    for word in short {
        let likest = left
            .iter()
            .enumerate()
            .map(|(ix, other)| (ix, strsim::jaro_winkler(word, other)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((ix, score)) = likest else { break };
        let letters = word.chars().count() as f64;
        (sum, weight) = (sum + score * letters, weight + letters);
        left.swap_remove(ix);
    }
    // A single word in common makes no namesake: what is left over counts against it, lightly.
    let over = left.len().min(4) as f64 * if short.len() == 1 { 0.15 } else { 0.03 };
    (((sum / weight) - over).max(0.0) * 1_000.0).round() as u16
}

/// Lower-case ASCII words; letters with marks lose them, others stand as they are.
fn words(name: &str) -> Vec<String> {
    let folded: String = name.chars().flat_map(char::to_lowercase).map(fold).collect();
    let is_word = |word: &&str| !word.is_empty();
    folded.split(|c: char| !c.is_alphanumeric()).filter(is_word).map(str::to_owned).collect()
}

/// Latin letters without their marks.
fn fold(c: char) -> &'static str {
    const PLAIN: &[(&str, &str)] = &[
        ("àáâãäåāăąǎạảấầẩẫậắằẳẵặ", "a"),
        ("æ", "ae"),
        ("çćĉċč", "c"),
        ("ďđð", "d"),
        ("èéêëēĕėęěẹẻẽếềểễệ", "e"),
        ("ĝğġģ", "g"),
        ("ĥħ", "h"),
        ("ìíîïĩīĭįıịỉ", "i"),
        ("ĵ", "j"),
        ("ķ", "k"),
        ("ĺļľŀł", "l"),
        ("ñńņňŉ", "n"),
        ("òóôõöøōŏőơọỏốồổỗộớờởỡợ", "o"),
        ("œ", "oe"),
        ("ŕŗř", "r"),
        ("śŝşšș", "s"),
        ("ß", "ss"),
        ("ţťŧț", "t"),
        ("þ", "th"),
        ("ùúûüũūŭůűųưụủứừửữự", "u"),
        ("ŵ", "w"),
        ("ýÿŷỳỵỷỹ", "y"),
        ("źżž", "z"),
    ];
    const ASCII: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    if let Some(at) = ASCII.find(c) {
        return &ASCII[at..=at];
    }
    let folded = PLAIN.iter().find(|(marked, _)| marked.contains(c)).map(|(_, plain)| *plain);
    // Other scripts are compared by nothing yet: their words fall away rather than match wrongly.
    folded.unwrap_or(if c == '\'' || c == '\u{2019}' { "" } else { " " })
}

/// The files that a configuration names, in a fixed order: one order, one version.
pub fn files_in(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "id,schema,name,aliases,birth_date,countries\n\
        Q1,Person,\"Volkov, Ivan Sergeyevich\",Ivan Volkoff;Иван Волков,1961-04-02,ru\n\
        Q2,Person,José Núñez Peña,,1970;1971,ve\n\
        Q3,Company,Acme Arms Trading LLC,,,ir\n";

    fn lists() -> Lists {
        Lists { entries: entries(LIST.as_bytes()).unwrap(), version: "v".to_owned() }
    }

    fn found(name: &str, birth_year: Option<i32>) -> Vec<String> {
        lists().screen(&[Sought { name, birth_year }]).hits.into_iter().map(|hit| hit.entry).collect()
    }

    #[test]
    fn a_namesake_is_found_whatever_the_order_the_marks_or_a_slip_of_the_pen() {
        for name in [
            "Ivan Sergeyevich Volkov",
            "VOLKOV Ivan",
            "Ivan Volkoff",
            "Ivan Sergeevich Volkov",
            "Ivan Volkow",
        ] {
            assert_eq!(found(name, None), ["Q1"], "{name}");
        }
        assert_eq!(found("Jose Nunez Pena", Some(1971)), ["Q2"]);
        assert_eq!(found("Acme Arms Trading", None), ["Q3"]);
    }

    #[test]
    fn others_are_not() {
        for name in ["Ada King", "Ivan", "Volkov", "Ivana Petrova", "Acme Bakery", "José", "", "Иван"] {
            assert_eq!(found(name, None), [""; 0], "{name}");
        }
    }

    #[test]
    fn another_birth_year_takes_away_and_the_same_does_not() {
        let score = |year| {
            let hits = lists().screen(&[Sought { name: "Ivan Volkov", birth_year: year }]).hits;
            hits.first().map(|hit| hit.score)
        };
        assert_eq!(score(Some(1961)), score(None));
        assert!(score(Some(1990)) < score(None));
    }

    #[test]
    fn a_list_of_another_form_is_an_error_and_a_version_names_the_content() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.csv");
        std::fs::write(&file, LIST).unwrap();
        std::fs::write(dir.path().join("readme.txt"), "no list").unwrap();
        let files = files_in(dir.path()).unwrap();
        assert_eq!(files, std::slice::from_ref(&file));
        let first = Lists::load(&files).unwrap().version().to_owned();
        assert_eq!(first.len(), 64);
        std::fs::write(&file, LIST.replace("Q3", "Q4")).unwrap();
        assert_ne!(Lists::load(&files).unwrap().version(), first);
        std::fs::write(&file, "name;list\nx;y\n").unwrap();
        assert!(Lists::load(&files).unwrap_err().to_string().contains("a.csv"));
        assert!(Lists::load(&[dir.path().join("none.csv")]).is_err());
        assert_eq!(Lists::load(&[]).unwrap().version(), "");
    }
}
