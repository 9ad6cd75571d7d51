//! Log-ins from their first token to their end: refreshing, two tabs, thieves, cookies, logging out, another password.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{Answer, Client, Database, Service, Setup, Stage, folder, programme::email};

const PASSWORD: &str = "correct horse battery";
/// How long a revoked log-in may be taken for a good one.
const DEAD_WITHIN: Duration = Duration::from_secs(1);

async fn logged_in(nobody: &Client, email: &str) -> Answer {
    let answer = nobody.post("/auth/login", &json!({"email": email, "password": PASSWORD})).await;
    answer.ok();
    answer
}

async fn refresh(nobody: &Client, token: &str) -> Answer {
    nobody.post("/auth/refresh", &json!({"refreshToken": token})).await
}

async fn with_cookie(nobody: &Client, path: &str, token: &str, body: &Value) -> Answer {
    let cookie = format!("theme=dark; refreshToken={token}");
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
    nobody.send(Method::POST, path, &headers, body.to_string().into_bytes()).await.unwrap()
}

fn access(nobody: &Client, session: &Answer) -> Client {
    nobody.with_token(&session.text("/accessToken"))
}

#[tokio::test]
async fn a_refresh_gives_the_next_tokens_and_two_tabs_the_same_ones() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let first = logged_in(&nobody, &member.email).await.text("/refreshToken");
    let next = refresh(&nobody, &first).await;
    assert_eq!(next.ok()["expiresIn"], 900);
    access(&nobody, &next).get("/auth/me").await.ok();
    let other_tab = refresh(&nobody, &first).await;
    assert_eq!(other_tab.ok()["refreshToken"], next.json["refreshToken"]);
    access(&nobody, &other_tab).get("/auth/me").await.ok();
    refresh(&nobody, &next.text("/refreshToken")).await.ok();
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_late_ends_the_log_in_and_no_other() {
    let stage = Stage::shared().await;
    let nobody = stage.nobody();
    let member = nobody.register_with(json!({})).await;
    let (stolen, other) = (logged_in(&nobody, &member.email).await, logged_in(&nobody, &member.email).await);
    let next = refresh(&nobody, &stolen.text("/refreshToken")).await;
    access(&nobody, &next).get("/auth/me").await.ok();
    let log = stage.log().await;
    let later = format!(
        "update refresh_families set rotated_at = rotated_at - interval '11 seconds' where account_id = '{}'",
        member.id
    );
    log.run(&later).await.unwrap();
    refresh(&nobody, &stolen.text("/refreshToken")).await.problem(401, "refresh_token_reused");
    refresh(&nobody, &next.text("/refreshToken")).await.problem(401, "unauthenticated");
    for session in [&stolen, &next] {
        access(&nobody, session).get("/auth/me").await.problem(401, "unauthenticated");
    }
    access(&nobody, &other).get("/auth/me").await.ok();
}

#[tokio::test]
async fn the_token_before_the_last_two_is_a_thiefs_even_at_once() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let first = logged_in(&nobody, &member.email).await.text("/refreshToken");
    let second = refresh(&nobody, &first).await.text("/refreshToken");
    refresh(&nobody, &second).await.ok();
    refresh(&nobody, &first).await.problem(401, "refresh_token_reused");
}

#[tokio::test]
async fn what_is_no_refresh_token_refreshes_nothing() {
    let stage = Stage::shared().await;
    let nobody = stage.nobody();
    for garbled in ["", "nonsense", ".", "00000000000000000000000000000000.secret"] {
        refresh(&nobody, garbled).await.problem(401, "unauthenticated");
    }
    nobody.post("/auth/refresh", &json!({})).await.problem(401, "unauthenticated");
    nobody.post("/auth/refresh", &json!({"refreshToken": 7})).await.invalid("refreshToken");
    let member = nobody.register_with(json!({})).await;
    let token = logged_in(&nobody, &member.email).await.text("/refreshToken");
    let expired = format!("update refresh_families set expires_at = now() where account_id = '{}'", member.id);
    stage.log().await.run(&expired).await.unwrap();
    refresh(&nobody, &token).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_cookie_refreshes_and_a_token_in_the_body_goes_before_it() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let (one, other) = (logged_in(&nobody, &member.email).await, logged_in(&nobody, &member.email).await);
    let next = with_cookie(&nobody, "/auth/refresh", &one.text("/refreshToken"), &json!({})).await;
    let cookie = next.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("refreshToken={};", next.ok()["refreshToken"].as_str().unwrap())), "{cookie}");
    let body = json!({"refreshToken": other.text("/refreshToken")});
    let chosen = with_cookie(&nobody, "/auth/refresh", "nonsense", &body).await;
    chosen.ok();
    let family = |token: String| token.split('.').next().unwrap().to_owned();
    assert_eq!(family(chosen.text("/refreshToken")), family(other.text("/refreshToken")));
}

#[tokio::test]
async fn logging_out_ends_this_log_in_whichever_way_it_is_named() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let stays = logged_in(&nobody, &member.email).await;
    for way in ["body", "cookie", "bearer"] {
        let session = logged_in(&nobody, &member.email).await;
        let (client, token) = (access(&nobody, &session), session.text("/refreshToken"));
        client.get("/auth/me").await.ok();
        let left = match way {
            "body" => nobody.post("/auth/logout", &json!({"refreshToken": token})).await,
            "cookie" => with_cookie(&nobody, "/auth/logout", &token, &json!({})).await,
            _ => client.send(Method::POST, "/auth/logout", &[], Vec::new()).await.unwrap(),
        };
        left.expect(204);
        let cookie = left.header("set-cookie").unwrap();
        assert!(cookie.starts_with("refreshToken=;") && cookie.contains("Max-Age=0"), "{way}: {cookie}");
        client.get("/auth/me").await.problem(401, "unauthenticated");
        refresh(&nobody, &token).await.problem(401, "unauthenticated");
    }
    access(&nobody, &stays).get("/auth/me").await.ok();
    nobody.post("/auth/logout", &json!({"refreshToken": "nonsense"})).await.expect(204);
    nobody.post("/auth/logout", &json!({})).await.expect(204);
}

/// The id of a family stands in every access token, which many may see.
#[tokio::test]
async fn whoever_knows_a_family_without_its_secret_ends_nothing() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.register_with(json!({})).await;
    let session = logged_in(&nobody, &member.email).await;
    let foreign = logged_in(&nobody, &nobody.register_with(json!({})).await.email).await;
    let split = |answer: &Answer| {
        let token = answer.text("/refreshToken");
        let (family, secret) = token.split_once('.').unwrap();
        (family.to_owned(), secret.to_owned())
    };
    let ((family, secret), (_, foreign_secret)) = (split(&session), split(&foreign));
    let mut altered = secret.clone().into_bytes();
    altered[10] = if altered[10] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    for forged in ["", "x", "secret", &"A".repeat(86), &altered, &secret[..43], &foreign_secret] {
        let token = format!("{family}.{forged}");
        refresh(&nobody, &token).await.problem(401, "unauthenticated");
        nobody.post("/auth/logout", &json!({"refreshToken": token})).await.expect(204);
        with_cookie(&nobody, "/auth/logout", &token, &json!({})).await.expect(204);
        access(&nobody, &session).get("/auth/me").await.ok();
    }
    let next = refresh(&nobody, &session.text("/refreshToken")).await;
    next.ok();
    // one of ours ends it, also one that was followed by two others
    let third = refresh(&nobody, &next.text("/refreshToken")).await;
    nobody.post("/auth/logout", &json!({"refreshToken": session.text("/refreshToken")})).await.expect(204);
    access(&nobody, &third).get("/auth/me").await.problem(401, "unauthenticated");
}

/// Two instances with one key.
async fn pair(database: &Database) -> [Service; 2] {
    let keys = folder::fresh("keys").join("token.keys");
    std::fs::write(&keys, "0123456789abcdef0123456789abcdef\n").unwrap();
    let setup = || Setup::on(database).without_demo().env("TOKEN_KEY_FILE", &keys.display().to_string());
    let both = [setup().launch(), setup().launch()];
    futures::join!(both[0].ready(), both[1].ready());
    both
}

/// Asks again and again, each time as somebody who is let in, until nobody is; answers how long that took.
pub(super) async fn until_dead(client: &Client, code: &str) -> Duration {
    let started = Instant::now();
    loop {
        let answer = client.get("/auth/me").await;
        if answer.status != 200 {
            answer.problem(401, code);
            return started.elapsed();
        }
        assert!(started.elapsed() < DEAD_WITHIN, "still alive after {:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_on_one_instance_is_known_on_the_other() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    for _ in 0..5 {
        let member = left.client().sign_up().await;
        let there = right.client().with_token(member.client.token());
        there.get("/auth/me").await.ok(); // and remembered from now on
        member.client.send(Method::POST, "/auth/logout", &[], Vec::new()).await.unwrap().expect(204);
        member.client.get("/auth/me").await.problem(401, "unauthenticated");
        until_dead(&there, "unauthenticated").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_given_on_one_instance_is_known_on_the_other() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    let chief = email();
    left.command(&["admin", "create", "--email", &chief], "a long enough password\n");
    let admin = left.client().login(&chief, "a long enough password").await;
    let member = left.client().sign_up().await;
    let there = right.client().with_token(member.client.token());
    there.get("/auth/me").await.ok();
    admin.patch(&format!("/auth/users/{}/role", member.id), &json!({"role": "OPERATOR"})).await.ok();
    member.client.get("/auth/me").await.problem(401, "token_outdated");
    until_dead(&there, "token_outdated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_told_of_a_log_out_notices_it_within_a_second() {
    let stage = Stage::shared().await;
    let member = stage.nobody().sign_up().await;
    member.client.get("/auth/me").await.ok();
    // as if the word of another instance had been lost
    let revoke = format!("update refresh_families set revoked_at = now() where account_id = '{}'", member.id);
    stage.log().await.run(&revoke).await.unwrap();
    until_dead(&member.client, "unauthenticated").await;
}

#[tokio::test]
async fn an_instance_whose_ear_was_cut_off_listens_again() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    let pool = database.pool().await;
    let sql = "select pid from pg_stat_activity where datname = current_database() and query like 'LISTEN%'";
    let ears = async || BTreeSet::from_iter(sqlx::query_scalar::<_, i32>(sql).fetch_all(&pool).await.unwrap());
    let first = ears().await;
    assert_eq!(first.len(), 2);
    sqlx::query("select pg_terminate_backend(ear) from unnest($1::int[]) as ear")
        .bind(Vec::from_iter(&first))
        .execute(&pool)
        .await
        .unwrap();
    // one that was cut off is still listed for a moment
    let listens_again = |now: &BTreeSet<i32>| now.len() == 2 && now.is_disjoint(&first);
    let mut now = ears().await;
    for _ in 0..400 {
        if listens_again(&now) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        now = ears().await;
    }
    assert!(listens_again(&now), "both listen again: {first:?}, {now:?}");
    let member = left.client().sign_up().await;
    let there = right.client().with_token(member.client.token());
    there.get("/auth/me").await.ok();
    member.client.send(Method::POST, "/auth/logout", &[], Vec::new()).await.unwrap().expect(204);
    until_dead(&there, "unauthenticated").await;
}

#[tokio::test]
async fn another_password_ends_every_log_in() {
    let nobody = Stage::shared().await.nobody();
    let member = nobody.sign_up().await;
    let other = logged_in(&nobody, &member.email).await;
    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    let path = "/auth/password";
    member.client.patch(path, &change("wrong", "a new long password")).await.problem(401, "invalid_credentials");
    member.client.patch(path, &change(PASSWORD, "short")).await.invalid("newPassword");
    member.client.patch(path, &json!({"newPassword": "a new long password"})).await.invalid("currentPassword");
    member.client.get("/auth/me").await.ok();
    member.client.patch(path, &change(PASSWORD, "a new long password")).await.expect(204);
    member.client.get("/auth/me").await.problem(401, "unauthenticated");
    access(&nobody, &other).get("/auth/me").await.problem(401, "unauthenticated");
    refresh(&nobody, &other.text("/refreshToken")).await.problem(401, "unauthenticated");
    let old = json!({"email": member.email, "password": PASSWORD});
    nobody.post("/auth/login", &old).await.problem(401, "invalid_credentials");
    nobody.login(&member.email, "a new long password").await.get("/auth/me").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_log_ins_beside_a_change_of_password_none_survives_with_the_old_one() {
    let stage = Stage::shared().await;
    let nobody = stage.nobody();
    let member = nobody.sign_up().await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "a new long password"});
    let old = json!({"email": member.email, "password": PASSWORD});
    let (changed, log_ins) = futures::join!(
        member.client.patch("/auth/password", &change),
        futures::future::join_all((0..8).map(|_| nobody.post("/auth/login", &old)))
    );
    changed.expect(204);
    for session in log_ins.iter().filter(|answer| answer.status == 200) {
        access(&nobody, session).get("/auth/me").await.problem(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_for_https_unless_the_configuration_says_otherwise() {
    let database = Database::fresh().await;
    for (wanted, setup) in [
        (true, Setup::on(&database).without_demo()),
        (false, Setup::on(&database).without_demo().env("COOKIE_SECURE", "never")),
        (true, Setup::on(&database).env("COOKIE_SECURE", "always")),
        (false, Setup::on(&database)),
    ] {
        let service = setup.start().await;
        let member = service.client().register_with(json!({})).await;
        let cookie = logged_in(&service.client(), &member.email).await.header("set-cookie").unwrap().to_owned();
        let parts: Vec<_> = cookie.split("; ").skip(1).collect();
        let mut all = vec!["HttpOnly", "SameSite=Strict", "Path=/auth", "Max-Age=2592000"];
        all.extend(wanted.then_some("Secure"));
        assert_eq!(parts, all);
    }
}

#[tokio::test]
async fn an_account_keeps_a_bounded_number_of_log_ins_and_the_oldest_goes_first() {
    let stage = Stage::shared().await;
    let (member, pool) = (stage.nobody().sign_up().await, stage.database.pool().await);
    let sql = "insert into refresh_families (id, account_id, token_hash, rotated_at, expires_at)
               select gen_random_uuid(), $1, decode(repeat('00', 32), 'hex'), now() + n * interval '1 second',
                      now() + interval '30 days'
               from generate_series(1, 1200) as n";
    sqlx::query(sql).bind(uuid::Uuid::parse_str(&member.id).unwrap()).execute(&pool).await.unwrap();
    let fresh = stage.nobody().login(&member.email, PASSWORD).await;
    let count = "select count(*) from refresh_families where account_id = $1";
    let kept: i64 =
        sqlx::query_scalar(count).bind(uuid::Uuid::parse_str(&member.id).unwrap()).fetch_one(&pool).await.unwrap();
    assert_eq!(kept, 1_000);
    fresh.get("/auth/me").await.ok();
}
