//! A service and its database. Tests that do not disturb each other share one; a test that breaks things makes its own.

use tokio::sync::{Mutex, OnceCell};

use super::{
    Client, Database, Log, Service, Setup,
    programme::{crowd, unique},
};

/// A running service in demo mode and the database under it.
pub struct Stage {
    /// The service.
    pub service: Service,
    /// Its database.
    pub database: Database,
    newcomers: Mutex<Vec<String>>,
}

impl Stage {
    /// The one that the quiet chapters share: whoever counts here counts only what is its own.
    pub async fn shared() -> &'static Stage {
        static SHARED: OnceCell<Stage> = OnceCell::const_new();
        SHARED.get_or_init(Stage::own).await
    }

    /// One for a single test.
    pub async fn own() -> Stage {
        let database = Database::fresh().await;
        Stage::on(database).await
    }

    /// One on a database that the test has chosen.
    pub async fn on(database: Database) -> Stage {
        let service = Setup::on(&database).start().await;
        Stage { service, database, newcomers: Mutex::default() }
    }

    /// One for a single test, where everybody is limited as in production.
    pub async fn limited() -> Stage {
        let database = Database::fresh().await;
        let service = Setup::on(&database).env("RATE_LIMITS", "default").start().await;
        Stage { service, database, newcomers: Mutex::default() }
    }

    /// A member nobody else uses, with one `visit` and without an account, which would cost a password's hash.
    pub async fn newcomer(&self) -> String {
        let mut waiting = self.newcomers.lock().await;
        if waiting.is_empty() {
            let (members, facts) = crowd(100);
            self.service.import(&facts);
            *waiting = members;
        }
        waiting.pop().expect("a hundred have just come")
    }

    /// A caller without a token.
    pub fn nobody(&self) -> Client {
        self.service.client()
    }

    /// The demo operator.
    pub async fn operator(&self) -> Client {
        self.service.demo("operator").await
    }

    /// The demo service account, which reports activities and asks on behalf of members.
    pub async fn reporter(&self) -> Client {
        self.service.demo("service").await
    }

    /// A new service that takes points of members in payment; the demo service may do that too.
    pub async fn shop(&self) -> Client {
        self.service_that_may("spend").await
    }

    /// A new service that redeems coupons of members; the demo service may do that too.
    pub async fn cashier(&self) -> Client {
        self.service_that_may("redeem").await
    }

    async fn service_that_may(&self, right: &str) -> Client {
        let name = format!("shop-{}", unique());
        let made = self.service.command(&["service", "create", &name, "--may", right], "");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        self.nobody().with_token(String::from_utf8_lossy(&made.stdout).trim_end())
    }

    /// The demo auditor.
    pub async fn auditor(&self) -> Client {
        self.service.demo("auditor").await
    }

    /// The log.
    pub async fn log(&self) -> Log {
        Log::of(&self.database).await
    }
}
