//! Who clients are, and how that was proven: commands of `admin`. Personal data stand here only sealed under a key of the
//! file's own, which is kept outside the log: once that is destroyed, nobody can read them any more.

use crate::{Command, FirmId, KycFileId, KycStatus, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// A command on identity files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KycRequested {
    /// Who asks.
    pub command: Command,
    /// For what.
    pub action: KycAction,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycAction {
    /// An identity file is handed in.
    Submit(KycSubmission),
    /// A reviewer takes a file, or gives it back.
    Assign {
        /// Which.
        file: KycFileId,
        /// To whom; nobody in particular when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reviewer: Option<UserId>,
    },
    /// The file is not enough; another may be handed in.
    RequestMore {
        /// Which.
        file: KycFileId,
        /// What is missing.
        reason: String,
    },
    /// The client is who the file says. Takes two persons when the risk is high.
    Approve {
        /// Which.
        file: KycFileId,
        /// Why.
        reason: String,
    },
    /// The client is not known by this file.
    Reject {
        /// Which.
        file: KycFileId,
        /// Why, as a code.
        code: KycRejection,
        /// Why, in words that the client reads.
        reason: String,
    },
    /// An approved file no longer counts: a later finding.
    Revoke {
        /// Which.
        file: KycFileId,
        /// Why, as a code.
        code: KycRejection,
        /// Why, in words that the client reads.
        reason: String,
    },
    /// Whoever asks looked at a document of a file, or at its personal data.
    NoteView {
        /// Which.
        file: KycFileId,
        /// What of it; the personal data when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image: Option<KycImageKind>,
    },
    /// A file was compared with a list again.
    NoteScreening {
        /// Which.
        file: KycFileId,
        /// What was found.
        screening: Screening,
    },
    /// A provider was asked about a file.
    NoteAsked {
        /// Which.
        file: KycFileId,
        /// The provider.
        provider: String,
    },
    /// A provider's word on a file: advice, not a decision.
    NoteAdvice {
        /// Which.
        file: KycFileId,
        /// The provider's id of this message; one that comes again has no further effect.
        event: String,
        /// The word.
        verdict: KycVerdict,
        /// The provider's reference.
        reference: String,
    },
    /// The file's key is destroyed, and with it everything personal. Takes two persons.
    Erase {
        /// Which.
        file: KycFileId,
        /// Why.
        reason: String,
        /// How long a file is kept after it last counted, in days.
        retention_days: u32,
    },
    /// The key is gone.
    NoteErased {
        /// Of which.
        file: KycFileId,
    },
}

/// An identity file as it is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KycSubmission {
    /// Its id.
    pub file: KycFileId,
    /// Whose proof it is.
    pub subject: KycSubject,
    /// A person or a company.
    pub holder: KycHolder,
    /// What proves it.
    pub document: KycDocument,
    /// Where the holder lives or is registered: ISO 3166-1 alpha-2.
    pub country: String,
    /// HMAC-SHA256 of kind, country and number of the document under the node's key, hex: equal for equal documents.
    pub number_digest: String,
    /// Name, number, birth date, address and owners as JSON, sealed under the file's key, Base64.
    pub sealed: String,
    /// Documents, each sealed under the file's key in the store.
    pub images: Vec<KycImage>,
    /// When the document runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_expires: Option<Timestamp>,
    /// How much care it needs.
    pub risk: KycRisk,
    /// What lists say about the names in it.
    pub screening: Screening,
}

/// Whose identity a file proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycSubject {
    /// A user's.
    User(UserId),
    /// A firm's: its accounts trade only while it is known.
    Firm(FirmId),
}

/// What the holder of an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycHolder {
    /// A natural person.
    Person,
    /// A company with owners.
    Company,
}

/// What proves an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycDocument {
    /// A passport, which has no back.
    Passport,
    /// A driving licence.
    DriversLicense,
    /// A national identity card.
    NationalId,
    /// A company's entry in a register.
    Registration,
}

/// A document of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KycImage {
    /// What it shows.
    pub kind: KycImageKind,
    /// Its random name in the store.
    pub name: String,
    /// `image/jpeg`, `image/png` or `application/pdf`, as its content says.
    pub media: String,
    /// Length as kept, before sealing.
    pub bytes: u64,
    /// SHA-256 of it as kept, before sealing, hex.
    pub sha256: String,
}

/// What a document shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycImageKind {
    /// Front of the document.
    Front,
    /// Its back.
    Back,
    /// The holder's face.
    Selfie,
    /// Where the holder lives.
    ProofOfAddress,
}

/// How much care a file needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycRisk {
    /// Ordinary.
    Low,
    /// A company.
    Medium,
    /// A country on the configured list, a name on a list, or a provider's doubt.
    High,
}

/// Why a file was turned down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycRejection {
    /// A document cannot be read.
    Unreadable,
    /// Documents and statements differ.
    Mismatch,
    /// A document has run out.
    DocumentExpired,
    /// A document is not genuine.
    Forged,
    /// The name is on a list.
    Listed,
    /// Another file has the same document.
    Duplicate,
    /// Something else, said in words.
    Other,
}

/// What lists say about the names of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screening {
    /// SHA-256 over the lists it was compared with, hex; empty when there were none.
    pub lists: String,
    /// Entries that look alike, the likest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<ScreeningHit>,
}

/// An entry of a list that looks like a name of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningHit {
    /// The entry's id.
    pub entry: String,
    /// How alike, in thousandths.
    pub score: u16,
}

/// A provider's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KycVerdict {
    /// Nothing against it.
    Clear,
    /// A person should look.
    Consider,
    /// Something is wrong.
    Suspect,
}

impl KycRequested {
    /// The file it is about, the record's key.
    pub fn entity(&self) -> &str {
        match &self.action {
            KycAction::Submit(submission) => submission.file.as_str(),
            KycAction::Assign { file, .. }
            | KycAction::RequestMore { file, .. }
            | KycAction::Approve { file, .. }
            | KycAction::Reject { file, .. }
            | KycAction::Revoke { file, .. }
            | KycAction::NoteView { file, .. }
            | KycAction::NoteScreening { file, .. }
            | KycAction::NoteAsked { file, .. }
            | KycAction::NoteAdvice { file, .. }
            | KycAction::Erase { file, .. }
            | KycAction::NoteErased { file } => file.as_str(),
        }
    }
}

/// Whether a firm's identity is proven; its accounts trade only while it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirmKycSet {
    /// The firm.
    pub firm: FirmId,
    /// How far the proof is.
    pub kyc: KycStatus,
    /// Why.
    pub reason: String,
}
