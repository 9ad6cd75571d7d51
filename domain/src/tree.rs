//! The tree head of RFC 6962 over hashes, as they come by. Of the tree only the roots of its full subtrees are kept, one for
//! each bit of the size. It does not know whose hashes they are.

use sha2::{Digest, Sha256};

use crate::chain::Hash;

/// A Merkle tree that grows at its end.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    size: u64,
    /// Roots of full subtrees, the largest first.
    roots: Vec<Hash>,
}

impl Tree {
    /// Adds one leaf.
    pub fn push(&mut self, leaf: &Hash) {
        let mut node: Hash = Sha256::new().chain_update([0]).chain_update(leaf).finalize().into();
        // each full pair below is one subtree above, as a carry of the binary size
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                node = inner(&left, &node);
            }
        }
        self.roots.push(node);
        self.size += 1;
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The tree head; of an empty tree the hash of nothing.
    #[must_use]
    pub fn head(&self) -> Hash {
        let mut roots = self.roots.iter().rev().copied();
        match roots.next() {
            Some(last) => roots.fold(last, |right, left| inner(&left, &right)),
            None => Sha256::digest([]).into(),
        }
    }
}

fn inner(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}
