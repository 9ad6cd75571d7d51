//! Rebuilds a projection: folds it again from position 1 into shadow tables while the old rows stay in use, compares
//! the two, and swaps the tables in one transaction. Progress is saved with the rows, so that a killed rebuild
//! continues at its last chunk. `shadow_tables` creates and swaps the tables.

mod shadow_tables;

use futures::future::BoxFuture;
use serde::Serialize;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use crate::engine::checkpoint;
use crate::engine::error::FollowError;
use crate::engine::fold::{FoldMode, Folded, fold};
use crate::engine::follower::OnPoison;
use crate::engine::parked;
use crate::engine::projection::{Projection, REBUILD_SUFFIX as SUFFIX};
use crate::log;
use crate::log::{DecodedEvent, Entry};
use crate::registry::{self, Visitor};
use crate::upkeep::digest::{self, Folded as Serving, TableDigest};
use crate::upkeep::error::{RebuildError, WorkersApart};

use shadow_tables::{ShadowTables, save_progress};

/// At most this many positions behind the tables in use, the shadow tables are swapped in.
const NEAR: i64 = 1_000;
/// How many positions one chunk has, rounded up to a page: a row that several events change is written once a chunk.
const STEP: i64 = 50_000;

/// The result of a rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebuilt {
    /// The projection.
    pub name: &'static str,
    /// The version of its logic.
    pub version: i32,
    /// The position up to which the new rows are folded.
    pub position: i64,
    /// The comparison of the new rows with the old ones; `None` when the old ones were of another version.
    pub compared: Option<Comparison>,
}

/// Old and new rows, compared at one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The position.
    pub position: i64,
    /// Whether they are equal.
    pub same: bool,
    /// The tables that differ: the digests of the old rows and the new ones.
    pub different: Vec<(TableDigest, TableDigest)>,
}

/// Rebuilds a projection and swaps the new rows in. `progress` is called with how many positions are done and how many
/// there are.
///
/// # Errors
/// See [`RebuildError`]. The old rows then stay in use.
pub async fn rebuild(
    pool: &PgPool,
    name: &str,
    progress: impl FnMut(i64, i64) + Send,
) -> Result<Rebuilt, RebuildError> {
    struct Again<'a, F> {
        pool: &'a PgPool,
        progress: F,
    }
    impl<'a, F: FnMut(i64, i64) + Send + 'a> Visitor for Again<'a, F> {
        type Answer = BoxFuture<'a, Result<Rebuilt, RebuildError>>;
        fn visit<P: Projection>(self, projection: P) -> Self::Answer {
            Box::pin(async move { side_by_side(self.pool, &projection, self.progress).await })
        }
    }
    match registry::visit(name, Again { pool, progress }) {
        Some(rebuilt) => rebuilt.await,
        None => Err(RebuildError::Unknown(name.to_owned())),
    }
}

pub(crate) async fn side_by_side<P: Projection>(
    pool: &PgPool,
    projection: &P,
    progress: impl FnMut(i64, i64) + Send,
) -> Result<Rebuilt, RebuildError> {
    // a connection of its own: its lock and its temporary views end with it
    let mut conn = PgConnection::connect_with(&pool.connect_options()).await?;
    let rebuilt = run(pool, &mut conn, projection, progress).await;
    let _ = conn.close().await;
    rebuilt
}

async fn run<P: Projection>(
    pool: &PgPool,
    conn: &mut PgConnection,
    projection: &P,
    mut progress: impl FnMut(i64, i64) + Send,
) -> Result<Rebuilt, RebuildError> {
    let shadow = ShadowTables { name: P::NAME, version: P::VERSION, tables: P::TABLES, late: P::LATE_INDEXES };
    if !shadow.is_the_only_one(conn).await? {
        return Err(RebuildError::UnderWay);
    }
    let served = checkpoint::ensure(conn, P::NAME, P::VERSION, Uuid::new_v4()).await?;
    if served.version > P::VERSION {
        return Err(RebuildError::Newer(served.version));
    }
    let mut done = shadow.begin(conn).await?;
    let (mut compared, mut indexed) = (None, false);
    loop {
        let served = checkpoint::ensure(conn, P::NAME, P::VERSION, Uuid::new_v4()).await?;
        let head = log::head(conn).await?.position;
        progress(done, head);
        let comparable = served.version == P::VERSION && served.position >= done;
        // first up to the position of the rows in use, where the two can be compared
        let target = if comparable && compared.is_none() { served.position } else { head };
        if target - done > NEAR {
            let mut pages = log::read_ahead(pool, done, target, P::STREAMS);
            let mut piece = Vec::new();
            while let Some((through, page)) = pages.next().await? {
                piece.extend(page);
                if through == target || through - done >= STEP {
                    step(conn, projection, done, through, piece.drain(..).collect()).await?;
                    done = through;
                    progress(done, head);
                }
            }
        } else if comparable && compared.is_none() {
            let comparison = compare(pool, conn, projection, &mut done).await?;
            compared = Some(comparison);
        } else if !indexed {
            // the comparison may take long, and the log grows meanwhile
            shadow.index(conn).await?;
            shadow.analyze(conn).await?;
            indexed = true;
        } else {
            step(conn, projection, done, head, None).await?;
            done = head.max(done);
            break;
        }
    }
    let position = shadow.swap(pool, conn, projection, done).await?;
    progress(position, position);
    Ok(Rebuilt { name: P::NAME, version: P::VERSION, position, compared })
}

/// Folds the next chunk into the shadow tables, which this connection sees under the names of the real ones. The events
/// come from what was read ahead, or are read here.
async fn step<P: Projection>(
    conn: &mut PgConnection,
    projection: &P,
    after: i64,
    through: i64,
    mut ahead: Option<Vec<DecodedEvent>>,
) -> Result<(), RebuildError> {
    if through <= after {
        return Ok(());
    }
    let parked_as = format!("{}{SUFFIX}", P::NAME);
    let mut pace = FoldMode::AtOnce;
    loop {
        let mut tx = conn.begin().await?;
        let piece = match ahead.take() {
            Some(piece) => piece,
            None => log::read_between(&mut tx, after, through, P::STREAMS).await?.iter().map(Entry::read).collect(),
        };
        let aside = parked::aside(&mut tx, P::NAME, &parked_as).await?;
        match fold(projection, &mut tx, piece.into_iter(), &aside, pace).await.map_err(RebuildError::from)? {
            Folded::Whole => {
                save_progress(&mut tx, P::NAME, through).await?;
                return Ok(tx.commit().await?);
            }
            Folded::Spoilt if pace == FoldMode::AtOnce => pace = FoldMode::OneByOne,
            Folded::Spoilt => return Err(FollowError::Trouble("a fold is spoilt twice".to_owned()).into()),
            Folded::Before(poison) => {
                tx.rollback().await?;
                match P::ON_POISON {
                    OnPoison::Stop => {
                        return Err(RebuildError::Poison { position: poison.position, reason: poison.reason });
                    }
                    OnPoison::Park => parked::park(conn, &parked_as, poison.position, &poison.reason).await?,
                }
                continue;
            }
        }
        tx.rollback().await?;
    }
}

/// Compares the rows in use with the shadow tables, both at the position of the former.
async fn compare<P: Projection>(
    pool: &PgPool,
    conn: &mut PgConnection,
    projection: &P,
    done: &mut i64,
) -> Result<Comparison, RebuildError> {
    let mut serving = pool.acquire().await?;
    let mut snapshot = digest::begin_snapshot(&mut serving, P::TABLES).await?;
    let Serving { position, beyond, .. } = digest::folded_up_to(&mut snapshot, P::NAME, P::STREAMS).await?;
    step(conn, projection, *done, position, None).await?;
    *done = position.max(*done);
    let mut tx = conn.begin().await?;
    // what some workers have folded beyond that position, for the comparison alone
    let aside = parked::aside(&mut tx, P::NAME, P::NAME).await?;
    let ahead = fold(projection, &mut tx, beyond.iter().map(Entry::read), &aside, FoldMode::AtOnce).await;
    if !matches!(ahead.map_err(RebuildError::from)?, Folded::Whole) {
        return Err(WorkersApart(position).into());
    }
    let (old, new) = tokio::try_join!(
        digest::tables_of(&mut snapshot, P::TABLES, ""),
        digest::tables_of(&mut tx, P::TABLES, SUFFIX)
    )?;
    snapshot.rollback().await?;
    tx.rollback().await?;
    let different: Vec<_> = old.into_iter().zip(new).filter(|(old, new)| old != new).collect();
    Ok(Comparison { position, same: different.is_empty(), different })
}
