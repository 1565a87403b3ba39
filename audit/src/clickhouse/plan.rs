//! How far the sink is, and which range it is about to send, on disk: synced before a block is sent.

use crate::chain::Chains;
use crate::error::Error;
use assay_trading_types::Position;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

const FORM: &str = "assay.clickhouse.plan.v1";

/// What the sink will do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Chains where ClickHouse stands for sure.
    pub(crate) chains: Chains,
    /// End of the range that may have been sent; that of `chains` when none.
    pub(crate) to: Position,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    form: String,
    database: String,
    chains: String,
    to: u64,
}

/// Keeps the plan of one database.
#[derive(Debug)]
pub(crate) struct PlanFile {
    file: PathBuf,
    database: String,
}

impl PlanFile {
    pub(crate) fn new(file: PathBuf, database: String) -> Self {
        Self { file, database }
    }

    /// The plan; none when there is no file, or it is damaged or of another database: the sink then asks ClickHouse
    /// how far it is.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn read(&self) -> Result<Option<Plan>, Error> {
        let bytes = match std::fs::read(&self.file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &self.file)(error)),
        };
        Ok(self.parse(&bytes))
    }

    fn parse(&self, bytes: &[u8]) -> Option<Plan> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let chains = Chains::from_bytes(&hex::decode(stored.chains).ok()?)?;
        let plan = Plan { chains, to: Position(stored.to) };
        (stored.form == FORM && stored.database == self.database && plan.to >= plan.chains.position())
            .then_some(plan)
    }

    /// Replaces the plan, durably.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn write(&self, plan: &Plan) -> Result<(), Error> {
        let stored = Stored {
            form: FORM.to_owned(),
            database: self.database.clone(),
            chains: hex::encode(plan.chains.to_bytes()),
            to: plan.to.0,
        };
        let bytes = serde_json::to_vec(&stored).expect("texts and numbers");
        let draft = self.file.with_extension("next");
        write_synced(&draft, &bytes).map_err(Error::io("write", &draft))?;
        std::fs::rename(&draft, &self.file).map_err(Error::io("replace", &self.file))?;
        sync_directory(&self.file).map_err(Error::io("sync", &self.file))
    }

    /// Forgets the plan.
    ///
    /// # Errors
    /// The disk refuses.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.file)(error))
            }
            _ => Ok(()),
        }
    }
}

fn write_synced(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut draft = std::fs::File::create(file)?;
    draft.write_all(bytes)?;
    draft.sync_all()
}

fn sync_directory(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(dir) => std::fs::File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_back_and_a_damaged_or_foreign_one_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clickhouse.plan");
        let keeper = PlanFile::new(file.clone(), "assay".to_owned());
        assert_eq!(keeper.read().unwrap(), None);
        let plan = Plan { chains: Chains::new(), to: Position(7) };
        keeper.write(&plan).unwrap();
        assert_eq!(keeper.read().unwrap(), Some(plan));
        let other = PlanFile::new(file.clone(), "other".to_owned());
        assert_eq!(other.read().unwrap(), None);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(keeper.read().unwrap(), None);
    }
}
