//! The tree head of RFC 6962 over the hashes of the log, read from the log as it grows: what a checkpoint is signed over.

use domain::chain::Hash;
pub use domain::tree::Tree;
use sqlx::PgConnection;

/// How many hashes are read at once.
const PAGE_HASHES: i64 = 50_000;

/// The tree over the stored hashes of positions 1 … `size`; smaller when there are not so many.
///
/// # Errors
/// The database's, or a stored hash is none.
pub async fn tree(conn: &mut PgConnection, size: i64) -> sqlx::Result<Tree> {
    let mut tree = Tree::default();
    grow(conn, &mut tree, size).await?;
    Ok(tree)
}

/// Extends a tree to the stored hashes of positions 1 … `size`, reading only those that are missing. A larger tree
/// starts again.
///
/// # Errors
/// The database's, or a stored hash is invalid: the tree then contains what came before it.
pub async fn grow(conn: &mut PgConnection, tree: &mut Tree, size: i64) -> sqlx::Result<()> {
    let mut after = match i64::try_from(tree.size()) {
        Ok(has) if has <= size => has,
        Ok(_) | Err(_) => {
            *tree = Tree::default();
            0
        }
    };
    while after < size {
        let through = size.min(after + PAGE_HASHES);
        let hashes: Vec<Vec<u8>> =
            sqlx::query_scalar("select hash from events where position > $1 and position <= $2 order by position")
                .bind(after)
                .bind(through)
                .persistent(false)
                .fetch_all(&mut *conn)
                .await?;
        for hash in hashes {
            let hash =
                Hash::try_from(hash).map_err(|_| sqlx::Error::Decode("a stored hash has not 32 bytes".into()))?;
            tree.push(&hash);
        }
        after = through;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    proptest! {
        #[test]
        fn every_head_is_that_of_certificate_transparency(leaves in proptest::collection::vec(any::<[u8; 32]>(), 0..70)) {
            let mut ours = Tree::default();
            let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            prop_assert_eq!(ours.head().to_vec(), theirs.root().as_bytes().to_vec());
            for leaf in leaves {
                ours.push(&leaf);
                theirs.push(leaf.to_vec());
                prop_assert_eq!(ours.head().to_vec(), theirs.root().as_bytes().to_vec());
            }
        }
    }
}
