//! The form of an identity file: every field read once and checked, every fault named.

use super::kyc::{Checked, Owner, Personal};
use crate::body::Faults;
use crate::countries::is_country;
use crate::problem::{Problem, ProblemKind};
use crate::text_rules;
use crate::upload::{self, DOCUMENT_BYTES_MAX, Document, Signatures};
use assay_trading_types::{Date, KycDocument, KycHolder, KycImageKind, Timestamp};
use axum::extract::Multipart;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Years that somebody must have lived.
const AGE_MIN: i32 = 18;

/// Owners of one company; one with more says who controls it.
const OWNERS_MAX: usize = 50;

/// Texts of the form and their longest length in characters (kyc.md, entity).
const TEXTS: [(&str, usize); 11] = [
    ("for", 10),
    ("holder", 10),
    ("document_type", 20),
    ("document_number", 100),
    ("full_name", 200),
    ("birth_date", 10),
    ("address", 500),
    ("city", 100),
    ("country", 2),
    ("postal_code", 20),
    ("document_expires", 10),
];

const IMAGES: [(&str, KycImageKind); 4] = [
    ("front", KycImageKind::Front),
    ("back", KycImageKind::Back),
    ("selfie", KycImageKind::Selfie),
    ("proof_of_address", KycImageKind::ProofOfAddress),
];

/// An identity file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "its form is for the document alone")]
pub(crate) struct SubmissionForm {
    /// Whose: `me` (the default) or `firm`.
    #[schema(example = "me")]
    r#for: Option<String>,
    /// `person` (the default) or `company`.
    #[schema(example = "person")]
    holder: Option<String>,
    /// `passport`, `drivers_license` or `national_id`; a company's `registration`.
    #[schema(example = "passport")]
    document_type: String,
    /// At most 100 characters.
    #[schema(example = "X1234567")]
    document_number: String,
    /// When the document runs out, in the future; absent when it never does.
    #[schema(example = "2031-05-01")]
    document_expires: Option<String>,
    /// Of the person or company, at most 200 characters.
    #[schema(example = "Ada King")]
    full_name: String,
    /// At least 18 years ago; of a company the day of incorporation, in the past.
    #[schema(example = "1985-12-10")]
    birth_date: String,
    /// Street and house, at most 500 characters.
    #[schema(example = "12 St James's Square")]
    address: String,
    /// At most 100 characters.
    #[schema(example = "London")]
    city: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    country: String,
    /// At most 20 characters.
    #[schema(example = "SW1Y 4JH")]
    postal_code: String,
    /// Owners of a company with their shares, JSON; all who hold a quarter or more.
    #[schema(
        example = "[{\"full_name\":\"Grace Hopper\",\"birth_date\":\"1970-12-09\",\"country\":\"GB\",\"share_bp\":10000}]"
    )]
    owners: Option<String>,
    /// Front of the document: JPEG, PNG or PDF of at most 10 MiB, as all of them.
    #[schema(value_type = String, format = Binary, example = "")]
    front: String,
    /// Its back; not for a passport or a company.
    #[schema(value_type = Option<String>, format = Binary, example = "")]
    back: Option<String>,
    /// The holder's face, or that of whoever acts for the company.
    #[schema(value_type = String, format = Binary, example = "")]
    selfie: String,
    /// Where the holder lives.
    #[schema(value_type = String, format = Binary, example = "")]
    proof_of_address: String,
}

/// What came in.
pub(super) struct Given {
    pub(super) for_firm: bool,
    texts: BTreeMap<String, String>,
    files: BTreeMap<&'static str, axum::body::Bytes>,
}

impl Given {
    /// Reads every field; one that is unknown or comes twice is a fault.
    pub(super) async fn read(mut form: Multipart) -> Result<Self, Problem> {
        let broken = || Problem::field("body", "must be a multipart form");
        let mut given = Self { for_firm: false, texts: BTreeMap::new(), files: BTreeMap::new() };
        while let Some(field) = form.next_field().await.map_err(|_| broken())? {
            let name = field.name().ok_or_else(broken)?.to_owned();
            let bytes = field.bytes().await.map_err(|_| broken())?;
            given.take(&name, bytes)?;
        }
        given.for_firm = match given.texts.remove("for").as_deref() {
            None | Some("me") => false,
            Some("firm") => true,
            Some(_) => return Err(Problem::field("for", "must be me or firm")),
        };
        Ok(given)
    }

    fn take(&mut self, name: &str, bytes: axum::body::Bytes) -> Result<(), Problem> {
        if let Some((image, _)) = IMAGES.iter().find(|(image, _)| *image == name) {
            if bytes.len() > DOCUMENT_BYTES_MAX {
                return Err(Problem::because(ProblemKind::TooLarge, format!("{name} is larger than 10 MiB")));
            }
            return match self.files.insert(image, bytes) {
                None => Ok(()),
                Some(_) => Err(Problem::field(name, "comes twice")),
            };
        }
        if name != "owners" && !TEXTS.iter().any(|(text, _)| *text == name) {
            return Err(Problem::field("body", "has a field that is not known"));
        }
        let text =
            String::from_utf8(bytes.to_vec()).map_err(|_| Problem::field(name, "must be text in UTF-8"))?;
        match self.texts.insert(name.to_owned(), text) {
            None => Ok(()),
            Some(_) => Err(Problem::field(name, "comes twice")),
        }
    }

    /// Everything checked.
    pub(super) fn checked(mut self, now: Timestamp) -> Result<Checked, Problem> {
        let mut faults = Faults::default();
        let holder = self.word("holder", &mut faults).unwrap_or(KycHolder::Person);
        let document: Option<KycDocument> = match self.texts.contains_key("document_type") {
            true => self.word("document_type", &mut faults),
            false => {
                faults.add("document_type", "is missing");
                None
            }
        };
        let is_company = holder == KycHolder::Company;
        if document.is_some_and(|d| (d == KycDocument::Registration) != is_company) {
            faults.add("document_type", "does not fit the holder");
        }
        let country = self.text("country", &mut faults);
        if !country.is_empty() && !is_country(&country) {
            faults.add("country", "must be a country as ISO 3166-1 alpha-2");
        }
        let birth_date = self.day("birth_date", &mut faults);
        if birth_date.is_none() && !self.had("birth_date") {
            faults.add("birth_date", "is missing");
        }
        if let Some(day) = birth_date.filter(|day| !is_old_enough(*day, is_company, now)) {
            faults.add("birth_date", format!("{day} is too recent"));
        }
        let document_expires = self.day("document_expires", &mut faults);
        if document_expires.is_some_and(|day| day <= Date::of(now)) {
            faults.add("document_expires", "must be in the future");
        }
        let personal = Personal {
            full_name: self.text("full_name", &mut faults),
            document_number: self.text("document_number", &mut faults),
            birth_date: birth_date.unwrap_or_default(),
            address: self.text("address", &mut faults),
            city: self.text("city", &mut faults),
            postal_code: self.text("postal_code", &mut faults),
            owners: self.owners(is_company, now, &mut faults),
        };
        let needs_back = matches!(document, Some(KycDocument::DriversLicense | KycDocument::NationalId));
        for (name, _) in IMAGES {
            if !self.files.contains_key(name) && (name != "back" || needs_back) {
                faults.add(name, "is missing");
            }
        }
        faults.check()?;
        let images = self.images()?;
        let document = document.ok_or_else(|| Problem::field("document_type", "is missing"))?;
        Ok(Checked { holder, document, country, document_expires, personal, images })
    }

    fn images(&self) -> Result<Vec<(KycImageKind, Document)>, Problem> {
        let there = IMAGES.iter().filter_map(|(name, kind)| Some((name, kind, self.files.get(name)?)));
        there.map(|(name, kind, bytes)| Ok((*kind, upload::document(name, bytes, &Signatures)?))).collect()
    }

    fn had(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// A text that must be there.
    fn text(&mut self, name: &str, faults: &mut Faults) -> String {
        let max = TEXTS.iter().find(|(text, _)| *text == name).map_or(0, |(_, max)| *max);
        match self.texts.get(name).map(|text| text_rules::line(text, max)) {
            Some(Ok(text)) if !text.is_empty() => text,
            Some(Err(why)) => {
                faults.add(name, why);
                String::new()
            }
            Some(Ok(_)) | None => {
                faults.add(name, "is missing");
                String::new()
            }
        }
    }

    /// One of some words.
    fn word<T: DeserializeOwned>(&self, name: &str, faults: &mut Faults) -> Option<T> {
        let word = serde_json::Value::String(self.texts.get(name)?.clone());
        faults.take(name, serde_json::from_value(word).map_err(|_| "is not one of the known ones"))
    }

    fn day(&self, name: &str, faults: &mut Faults) -> Option<Date> {
        let day = serde_json::Value::String(self.texts.get(name)?.clone());
        faults.take(name, serde_json::from_value(day).map_err(|_| "must be a day as YYYY-MM-DD"))
    }

    fn owners(&self, is_company: bool, now: Timestamp, faults: &mut Faults) -> Vec<Owner> {
        let Some(text) = self.texts.get("owners") else {
            if is_company {
                faults.add("owners", "is missing");
            }
            return Vec::new();
        };
        let owners: Vec<Owner> = match serde_json::from_str(text) {
            Ok(owners) => owners,
            Err(_) => {
                faults.add("owners", "must be a list of owners as JSON");
                return Vec::new();
            }
        };
        let fits = |owner: &Owner| {
            text_rules::line(&owner.full_name, 200).is_ok_and(|name| !name.is_empty())
                && is_country(&owner.country)
                && (1..=10_000).contains(&owner.share_bp)
                && is_old_enough(owner.birth_date, true, now)
        };
        let shares: u64 = owners.iter().map(|owner| u64::from(owner.share_bp)).sum();
        let count_fits = owners.len() <= OWNERS_MAX && owners.is_empty() != is_company;
        if !count_fits || shares > 10_000 || !owners.iter().all(fits) {
            faults.add(
                "owners",
                "must be 1 to 50 of a company, with names, days of birth, countries and shares",
            );
        }
        owners
    }
}

fn is_old_enough(born: Date, at_any_age: bool, now: Timestamp) -> bool {
    let years = if at_any_age { 0 } else { AGE_MIN };
    born.plus_months(12 * years) <= Date::of(now) && born < Date::of(now)
}
