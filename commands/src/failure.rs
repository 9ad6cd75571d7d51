//! What a database error means for whoever waits, decided once.

/// The kinds of trouble with the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A named constraint refused a row.
    Constraint(String),
    /// The server gave up on this transaction; the same again may go through.
    Retryable,
    /// The server is away, full or shutting down; the outcome may be unknown.
    Away,
    /// Anything else: a defect of ours.
    Defect,
}

/// Reads the SQLSTATE: class 23 constraints, 40 rollbacks, 55P03 a lock that is held too long, 08
/// connections, 53 resources, 57 operator, 58 the system.
#[must_use]
pub fn classify(error: &sqlx::Error) -> Failure {
    match error {
        sqlx::Error::Database(error) => {
            if let Some(constraint) = error.constraint() {
                return Failure::Constraint(constraint.to_owned());
            }
            let code = error.code().unwrap_or_default();
            match (code.as_ref(), code.get(..2)) {
                ("55P03", _) | (_, Some("40")) => Failure::Retryable,
                (_, Some("08" | "53" | "57" | "58")) => Failure::Away,
                _ => Failure::Defect,
            }
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Failure::Away,
        _ => Failure::Defect,
    }
}
