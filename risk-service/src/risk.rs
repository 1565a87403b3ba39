//! The processor of one partition of `accounts`.

use crate::Error;
use assay_trading_types::{AccountId, Amount, Asset, Input, OrderState, Outbox, Processor};

/// Limits, exposures, open orders and ledger accounts of the firms of one partition of `accounts`.
#[derive(Debug)]
pub struct Risk {
    partition: u16,
}

impl Risk {
    /// An empty state for `partition` of `accounts`.
    pub fn new(partition: u16) -> Self {
        Self { partition }
    }

    /// The partition it serves.
    pub fn partition(&self) -> u16 {
        self.partition
    }

    /// The whole state as bytes; the same log gives the same bytes.
    pub fn snapshot(&self) -> Vec<u8> {
        self.partition.to_le_bytes().to_vec()
    }

    /// The state a snapshot holds.
    ///
    /// # Errors
    /// Bytes of another version, or damaged ones.
    pub fn restore(bytes: &[u8]) -> Result<Self, Error> {
        let partition = <[u8; 2]>::try_from(bytes)
            .map_err(|_| Error::Damaged { what: "wrong length".into() })?;
        Ok(Self::new(u16::from_le_bytes(partition)))
    }

    /// Debits and credits per asset, pending included; equal in every line.
    pub fn trial_balance(&self) -> Vec<(Asset, Amount, Amount)> {
        Vec::new()
    }

    /// Open orders by OrderID.
    pub fn open_orders(&self) -> Vec<OrderState> {
        Vec::new()
    }

    /// What an account owns of an asset, holds included.
    pub fn position(&self, _account: &AccountId, _asset: &Asset) -> Amount {
        Amount::ZERO
    }

    /// What an account can still spend of an asset: owned less held.
    pub fn available(&self, _account: &AccountId, _asset: &Asset) -> Amount {
        Amount::ZERO
    }
}

impl Processor for Risk {
    fn apply(&mut self, _input: &Input<'_>, _out: &mut Outbox) {}
}
