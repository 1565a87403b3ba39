//! RFC 6962 Merkle tree head, kept incrementally: the roots of the perfect subtrees, largest first.

use crate::canonical::Hash;
use arrayvec::ArrayVec;
use sha2::{Digest, Sha256};

/// First byte of what an interior node hashes (RFC 6962 section 2.1).
const NODE_PREFIX: u8 = 0x01;

/// Subtrees of a tree of up to 2^64 leaves.
const SUBTREES_MAX: usize = 64;

/// The right edge of a Merkle tree: as many hashes as `size` has one-bits, so a push costs one hash on average and
/// the state never exceeds 64 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    subtrees: ArrayVec<Hash, SUBTREES_MAX>,
}

impl Frontier {
    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.subtrees.pop().expect("one subtree per one-bit of the size");
            node = interior(&left, &node);
        }
        self.subtrees.push(node);
        self.size += 1;
    }

    /// Merkle Tree Hash (RFC 6962 section 2.1): of no leaves, the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut subtrees = self.subtrees.iter().rev();
        let Some(last) = subtrees.next() else { return Sha256::digest([]).into() };
        subtrees.fold(*last, |right, left| interior(left, &right))
    }

    /// Roots of the perfect subtrees, largest first; their sizes are the one-bits of the tree's size.
    pub(crate) fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// From what [`Self::size`] and [`Self::subtrees`] gave; nothing when they do not fit together.
    pub(crate) fn restore(size: u64, subtrees: &[Hash]) -> Option<Self> {
        let fits = subtrees.len() == size.count_ones() as usize;
        fits.then(|| Self { size, subtrees: subtrees.iter().copied().collect() })
    }
}

fn interior(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 65];
    bytes[0] = NODE_PREFIX;
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::digest;

    /// Test data of RFC 6962 implementations (Certificate Transparency's `merkletree` reference leaves and roots).
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut tree = Frontier::default();
        assert_eq!(tree.root(), digest(b""));
        for (data, root) in LEAVES.iter().zip(ROOTS) {
            let mut leaf = vec![0];
            leaf.extend(hex::decode(data).unwrap());
            tree.push(digest(&leaf));
            assert_eq!(hex::encode(tree.root()), root);
        }
    }

    #[test]
    fn roots_equal_the_recursive_definition_for_every_size() {
        fn definition(leaves: &[Hash]) -> Hash {
            match leaves {
                [] => digest(b""),
                [one] => *one,
                many => {
                    let split = many.len().next_power_of_two() / 2;
                    interior(&definition(&many[..split]), &definition(&many[split..]))
                }
            }
        }
        let leaves: Vec<Hash> = (0..200u32).map(|n| digest(&n.to_be_bytes())).collect();
        let mut tree = Frontier::default();
        for (n, leaf) in leaves.iter().enumerate() {
            tree.push(*leaf);
            assert_eq!(tree.root(), definition(&leaves[..=n]), "size {}", n + 1);
            assert_eq!(Frontier::restore(tree.size(), tree.subtrees()), Some(tree.clone()));
        }
        assert_eq!(Frontier::restore(3, tree.subtrees().get(..1).unwrap()), None);
    }
}
