//! Tokens: JWT, HS256. Access tokens of the API (RFC 9068) are short-lived; the token of a page session lasts as long as
//! the log-in that it comes from. Neither is accepted in place of the other. Keys are lines of a file: the first signs,
//! all are accepted, and the token says by `kid` which one it was. It does not know accounts.

mod keys;

use std::sync::LazyLock;

use chrono::TimeDelta;
use domain::Moment;
use domain::id::MemberId;
use domain::role::Role;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use keys::{KeyError, Keys};

use crate::app::problem::{Code, Problem};

/// How long an access token is good for.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// The lifetime of a page session's token: that of an unused log-in.
pub const PAGE_SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);
const ISSUER: &str = "reward-ledger";
/// How far the clocks of two instances may be apart.
const LEEWAY_S: u64 = 2;

/// Who a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub member: MemberId,
    /// Its role when the token was given out.
    pub role: Role,
    /// The log-in that the token comes from.
    pub family: Uuid,
    /// The second of its issue (since 1970), and not before the role was given.
    pub issued_at: i64,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Requests to the API, as a bearer token.
    Api,
    /// The pages, as a cookie.
    Pages,
}

impl Purpose {
    fn token_type(self) -> &'static str {
        match self {
            Self::Api => "at+jwt",
            Self::Pages => "page-session+jwt",
        }
    }

    fn audience(self) -> &'static str {
        match self {
            Self::Api => "reward-ledger-api",
            Self::Pages => "reward-ledger-pages",
        }
    }

    fn lifetime(self) -> TimeDelta {
        match self {
            Self::Api => LIFETIME,
            Self::Pages => PAGE_SESSION_LIFETIME,
        }
    }

    fn validation(self) -> &'static Validation {
        static API: LazyLock<Validation> = LazyLock::new(|| validation(Purpose::Api));
        static PAGES: LazyLock<Validation> = LazyLock::new(|| validation(Purpose::Pages));
        match self {
            Self::Api => &API,
            Self::Pages => &PAGES,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: MemberId,
    role: Role,
    fam: Uuid,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: Uuid,
}

fn validation(purpose: Purpose) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = LEEWAY_S;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[purpose.audience()]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    validation
}

impl Keys {
    /// Gives out an access token.
    ///
    /// # Errors
    /// `internal`: it cannot be signed.
    pub fn issue(&self, identity: Identity, now: Moment) -> Result<String, Problem> {
        self.issue_for(Purpose::Api, identity, now)
    }

    /// Issues the token of a page session.
    ///
    /// # Errors
    /// `internal`: it cannot be signed.
    pub fn issue_page_session(&self, identity: Identity, now: Moment) -> Result<String, Problem> {
        self.issue_for(Purpose::Pages, identity, now)
    }

    fn issue_for(&self, purpose: Purpose, identity: Identity, now: Moment) -> Result<String, Problem> {
        let key = self.signing();
        let typ = Some(purpose.token_type().to_owned());
        let header = Header { typ, kid: Some(key.id.clone()), ..Header::new(Algorithm::HS256) };
        let at = now.utc().timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: purpose.audience().to_owned(),
            sub: identity.member,
            role: identity.role,
            fam: identity.family,
            iat: identity.issued_at,
            nbf: at,
            exp: at + purpose.lifetime().num_seconds(),
            jti: Uuid::new_v4(),
        };
        encode(&header, &claims, &key.encoding).map_err(|error| Problem::internal("token", &error))
    }

    /// Verifies an access token.
    ///
    /// # Errors
    /// `token_expired`, or `unauthenticated` for whatever else is wrong with it.
    pub fn verify(&self, token: &str) -> Result<Identity, Problem> {
        self.verify_for(Purpose::Api, token)
    }

    /// Verifies the token of a page session.
    ///
    /// # Errors
    /// As [`Keys::verify`].
    pub fn verify_page_session(&self, token: &str) -> Result<Identity, Problem> {
        self.verify_for(Purpose::Pages, token)
    }

    fn verify_for(&self, purpose: Purpose, token: &str) -> Result<Identity, Problem> {
        let nobody = || Problem::new(Code::Unauthenticated);
        let header = decode_header(token).map_err(|_| nobody())?;
        if header.alg != Algorithm::HS256 || header.typ.as_deref() != Some(purpose.token_type()) {
            return Err(nobody());
        }
        let key = header.kid.as_deref().and_then(|id| self.find(id)).ok_or_else(nobody)?;
        match decode::<Claims>(token, &key.decoding, purpose.validation()) {
            Ok(token) => {
                let Claims { sub, role, fam, iat, .. } = token.claims;
                Ok(Identity { member: sub, role, family: fam, issued_at: iat })
            }
            Err(error) if matches!(error.kind(), ErrorKind::ExpiredSignature) => Err(Problem::new(Code::TokenExpired)),
            Err(_) => Err(nobody()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(lines: &str) -> Keys {
        Keys::parse(lines).unwrap()
    }

    fn identity() -> Identity {
        let (member, family) = (MemberId(Uuid::from_u128(7)), Uuid::from_u128(8));
        Identity { member, role: Role::Operator, family, issued_at: 1_795_000_000 }
    }

    const FIRST: &str = "0123456789abcdef0123456789abcdef";
    const SECOND: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn a_token_stands_for_whom_it_was_given_to() {
        let keys = keys(FIRST);
        let token = keys.issue(identity(), crate::app::clock::now()).unwrap();
        assert_eq!(keys.verify(&token), Ok(identity()));
    }

    #[test]
    fn a_page_session_is_no_access_token_and_an_access_token_no_page_session() {
        let keys = keys(FIRST);
        let now = crate::app::clock::now();
        let (access, session) =
            (keys.issue(identity(), now).unwrap(), keys.issue_page_session(identity(), now).unwrap());
        assert_eq!(keys.verify_page_session(&session), Ok(identity()));
        assert_eq!(keys.verify(&session).unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(keys.verify_page_session(&access).unwrap_err().code(), Code::Unauthenticated);
    }

    #[test]
    fn a_token_of_an_earlier_key_is_accepted_while_the_key_is_there() {
        let token = keys(FIRST).issue(identity(), crate::app::clock::now()).unwrap();
        assert!(keys(&format!("{SECOND}\n{FIRST}\n")).verify(&token).is_ok());
        assert_eq!(keys(SECOND).verify(&token).unwrap_err().code(), Code::Unauthenticated);
    }

    #[test]
    fn a_token_expires_and_is_not_good_before_its_time() {
        let keys = keys(FIRST);
        let at = |shift: TimeDelta| Moment::from(chrono::Utc::now() + shift);
        let old = keys.issue(identity(), at(-LIFETIME - TimeDelta::minutes(1))).unwrap();
        assert_eq!(keys.verify(&old).unwrap_err().code(), Code::TokenExpired);
        let early = keys.issue(identity(), at(TimeDelta::minutes(1))).unwrap();
        assert_eq!(keys.verify(&early).unwrap_err().code(), Code::Unauthenticated);
    }

    #[test]
    fn another_type_algorithm_or_signature_is_nobody() {
        let keys = keys(FIRST);
        let token = keys.issue(identity(), crate::app::clock::now()).unwrap();
        let (signed, _) = token.rsplit_once('.').unwrap();
        for other in ["nonsense", "a.b.c", signed, &format!("{signed}."), &format!("{signed}.AAAA")] {
            assert_eq!(keys.verify(other).unwrap_err().code(), Code::Unauthenticated, "{other}");
        }
        let key = keys.signing();
        for (typ, alg) in [("JWT", Algorithm::HS256), (Purpose::Api.token_type(), Algorithm::HS512)] {
            let header = Header { typ: Some(typ.into()), kid: Some(key.id.clone()), ..Header::new(alg) };
            let claims = serde_json::json!({"sub": identity().member});
            let forged = encode(&header, &claims, &key.encoding).unwrap();
            assert_eq!(keys.verify(&forged).unwrap_err().code(), Code::Unauthenticated);
        }
    }
}
