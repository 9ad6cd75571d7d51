//! Who may call what: one table of every route and every kind of caller, each cell tried. What a caller who may is
//! answered shows the right without using it: an own or a shared thing is read, a body that is no good is refused as such.
//! A route without a row here fails, and so does a row without a route.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use tests::support::{Answer, Client, Stage, client::PASSWORD, forge::Forge, programme::id};

/// The callers of the columns. The last three have tokens that were good: for a route that asks who calls they are
/// refused as such, for one that does not they are nobody.
const CALLERS: [&str; 7] = ["nobody", "member", "other member", "service", "operator", "auditor", "admin"];
const REFUSED: [(&str, &str); 3] =
    [("expired", "token_expired"), ("revoked", "unauthenticated"), ("demoted", "token_outdated")];

/// Method, path, and the status for each caller in the order of [`CALLERS`]. `{claim}` is the member's.
#[rustfmt::skip]
const TABLE: &[(&str, &str, [u16; 7])] = &[
    //                                                  nobody member other service operator auditor admin
    // everybody
    ("POST",   "/auth/signup",                             [400, 400, 400, 400, 400, 400, 400]),
    ("POST",   "/auth/users",                              [400, 400, 400, 400, 400, 400, 400]),
    ("POST",   "/auth/login",                              [400, 400, 400, 400, 400, 400, 400]),
    ("POST",   "/auth/refresh",                            [400, 400, 400, 400, 400, 400, 400]),
    ("POST",   "/auth/logout",                             [400, 400, 400, 400, 400, 400, 400]),
    ("GET",    "/auth/test",                               [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/problems",                                [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/problems/{code}",                         [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/openapi.json",                            [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/docs",                                    [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/schemas",                                 [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/schemas/{file}",                          [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/health/live",                             [200, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/health/ready",                            [200, 200, 200, 200, 200, 200, 200]),
    // member: any account but SERVICE
    ("GET",    "/auth/me",                                 [401, 200, 200, 403, 200, 200, 200]),
    ("DELETE", "/auth/me",                                 [401, 400, 400, 403, 400, 400, 400]),
    ("PATCH",  "/auth/profile",                            [401, 400, 400, 403, 400, 400, 400]),
    ("PATCH",  "/auth/password",                           [401, 400, 400, 403, 400, 400, 400]),
    ("GET",    "/auth/invite-code",                        [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/referrals/me",                            [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/coupons/me",                              [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/claims/me",                               [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/streaks/me",                              [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/streaks/me/days",                         [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/wallets/me",                              [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/wallets/me/lots",                         [401, 200, 200, 403, 200, 200, 200]),
    ("GET",    "/wallets/me/statement",                    [401, 200, 200, 403, 200, 200, 200]),
    // members and nobody else
    ("POST",   "/wallets/transfers",                       [401, 400, 400, 403, 403, 403, 403]),
    // any account
    ("GET",    "/events",                                  [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/events/{event}",                          [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/events/{event}/rewards",                  [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/rewards",                                 [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/rewards/{reward}",                        [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/rewards/event/{event}",                   [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/units",                                   [401, 200, 200, 200, 200, 200, 200]),
    ("GET",    "/units/{unit}",                            [401, 200, 200, 200, 200, 200, 200]),
    // who claims; a service for a member alone
    ("POST",   "/claims/{reward}/claim",                   [401, 400, 400, 400, 400, 403, 400]),
    ("POST",   "/events/{event}/request-reward",           [401, 400, 400, 400, 400, 403, 400]),
    ("GET",    "/events/{event}/progress",                 [401, 200, 200, 400, 200, 403, 200]),
    // the own for members, all for staff
    ("GET",    "/claims/{claim}",                          [401, 200, 404, 403, 200, 200, 200]),
    ("GET",    "/claims/{claim}/explanation",              [401, 200, 404, 403, 200, 200, 200]),
    ("GET",    "/reward-requests",                         [401, 200, 200, 403, 200, 200, 200]),
    // services with the right to spend; the own for them, all for staff
    ("POST",   "/spends",                                  [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/spends/{spend}/capture",                  [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/spends/{spend}/release",                  [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/spends/{spend}/refunds",                  [401, 403, 403, 400, 403, 403, 403]),
    ("GET",    "/spends/{spend}",                          [401, 403, 403, 200, 200, 200, 200]),
    // services with the right to redeem
    ("POST",   "/coupons/validate",                        [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/coupons/redeem",                          [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/redemptions/{unknown}/capture",           [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/redemptions/{unknown}/release",           [401, 403, 403, 400, 403, 403, 403]),
    ("POST",   "/redemptions/{unknown}/rollback",          [401, 403, 403, 400, 403, 403, 403]),
    // the own for members, all for staff
    ("GET",    "/coupons/{coupon}",                        [401, 200, 404, 404, 200, 200, 200]),
    // staff
    ("GET",    "/spends",                                  [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/adjustments",                             [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/adjustments/{unknown}",                   [401, 403, 403, 403, 404, 404, 404]),
    ("GET",    "/claims",                                  [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/claims/filter",                           [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/claims/user/{member}",                    [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/referrals",                               [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/streaks/user/{member}",                   [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/members/{member}/facts",                  [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/streaks/user/{member}/days",              [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard",                               [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/event-analytics",               [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/reward-analytics",              [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/user-analytics",                [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/event-analytics/{event}",       [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/log-analytics",                 [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/reward-analytics/{reward}",     [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/daily",                         [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/running-events",                [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/attention",                     [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/liability",                     [401, 403, 403, 403, 200, 200, 200]),
    ("GET",    "/dashboard/value-analytics",               [401, 403, 403, 403, 200, 200, 200]),
    // staff, and services that may take payments
    ("GET",    "/wallets/{member}",                        [401, 403, 403, 200, 200, 200, 200]),
    ("GET",    "/wallets/{member}/lots",                   [401, 403, 403, 200, 200, 200, 200]),
    ("GET",    "/wallets/{member}/statement",              [401, 403, 403, 200, 200, 200, 200]),
    ("POST",   "/events/backtest",                         [401, 403, 403, 403, 400, 400, 400]),
    // who runs the programme
    ("POST",   "/events",                                  [401, 403, 403, 403, 400, 403, 400]),
    ("PATCH",  "/events/{event}",                          [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/events/{event}/pause",                    [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/events/{event}/resume",                   [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/events/{event}/end",                      [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/conditions/check",                        [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/rewards",                                 [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/rewards/{type}",                          [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/events/{event}/rewards",                  [401, 403, 403, 403, 400, 403, 400]),
    ("PATCH",  "/rewards/{reward}",                        [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/rewards/{coded}/codes",                   [401, 403, 403, 403, 415, 403, 415]),
    ("POST",   "/rewards/{coded}/codes/generate",          [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/rewards/{coded}/codes/withdraw",          [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/coupons/{coupon}/void",                   [401, 403, 403, 403, 400, 403, 400]),
    ("GET",    "/reward-requests/queue",                   [401, 403, 403, 403, 200, 403, 200]),
    ("GET",    "/reward-requests/{claim}",                 [401, 403, 403, 403, 200, 403, 200]),
    ("PATCH",  "/reward-requests/{claim}",                 [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/reward-requests/batch",                   [401, 403, 403, 403, 400, 403, 400]),
    ("GET",    "/auth/users",                              [401, 403, 403, 403, 200, 403, 200]),
    ("GET",    "/auth/users/email?email={email}",          [401, 403, 403, 403, 200, 403, 200]),
    ("GET",    "/auth/users/{member}",                     [401, 403, 403, 403, 200, 403, 200]),
    ("PATCH",  "/auth/users/{member}/role",                [401, 403, 403, 403, 400, 403, 400]),
    ("PATCH",  "/auth/users/{member}/roles",               [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/auth/users/{member}/block",               [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/auth/users/{member}/unblock",             [401, 403, 403, 403, 400, 403, 400]),
    ("POST",   "/wallets/{member}/adjustments",            [401, 403, 403, 403, 400, 403, 400]),
    ("PATCH",  "/adjustments/{unknown}",                   [401, 403, 403, 403, 400, 403, 400]),
    // whoever finds out whose an e-mail is
    ("POST",   "/auth/users/{member}/confirm-email",       [401, 403, 403, 400, 403, 403, 400]),
    ("POST",   "/referrals/{member}/void",                 [401, 403, 403, 403, 400, 403, 400]),
    // who reports
    ("POST",   "/activities",                              [401, 403, 403, 400, 400, 403, 400]),
    ("POST",   "/activities/batch",                        [401, 403, 403, 400, 400, 403, 400]),
    ("POST",   "/activities/void",                         [401, 403, 403, 400, 400, 403, 400]),
    // administrators
    ("DELETE", "/auth/users/{unknown}",                    [401, 403, 403, 403, 403, 403, 404]),
    ("POST",   "/units",                                   [401, 403, 403, 403, 403, 403, 400]),
    ("PATCH",  "/units/{unit}",                            [401, 403, 403, 403, 403, 403, 400]),
    ("GET",    "/budgets",                                 [401, 403, 403, 403, 403, 403, 200]),
    ("PATCH",  "/budgets",                                 [401, 403, 403, 403, 403, 403, 400]),
    ("GET",    "/operations",                              [401, 403, 403, 403, 403, 403, 200]),
    ("POST",   "/operations/projections/relay/retry",      [401, 403, 403, 403, 403, 403, 400]),
    ("POST",   "/operations/projections/relay/skip",       [401, 403, 403, 403, 403, 403, 400]),
    ("POST",   "/operations/dead-letters/retry",           [401, 403, 403, 403, 403, 403, 400]),
    // who audits
    ("GET",    "/audit/log",                               [401, 403, 403, 403, 403, 200, 200]),
    ("GET",    "/audit/streams/claim/{claim}",             [401, 403, 403, 403, 403, 200, 200]),
    ("GET",    "/audit/members/{member}/facts",            [401, 403, 403, 403, 403, 200, 200]),
    ("GET",    "/audit/claims/{claim}/re-evaluation",      [401, 403, 403, 403, 403, 200, 200]),
    ("POST",   "/audit/re-evaluations",                    [401, 403, 403, 403, 403, 400, 400]),
    ("GET",    "/audit/checkpoints",                       [401, 403, 403, 403, 403, 200, 200]),
    ("POST",   "/audit/verification",                      [401, 403, 403, 403, 403, 400, 400]),
    // before the first run
    ("GET",    "/audit/verification",                      [401, 403, 403, 403, 403, 404, 404]),
];

/// What the paths of the table speak of.
struct Scene {
    /// It ends when nobody holds it.
    _stage: Stage,
    callers: Vec<Client>,
    refused: Vec<Client>,
    names: Vec<(&'static str, String)>,
}

impl Scene {
    async fn set() -> Scene {
        let stage = Stage::own().await;
        let (operator, admin) = (stage.operator().await, stage.service.demo("admin").await);
        let (event, reward) = operator.create_open_event(None).await;
        let (member, other) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
        let claim = member.client.claim(&reward).await;
        claim.created();
        let seen = stage.auditor().await.get_at("/claims", claim.position()).await;
        seen.ok();
        let service = stage.reporter().await;
        let order = json!({"reference": "order-1", "memberId": member.id, "amount": 1});
        let spend = service.post("/spends", &order).await.text("/spend/id");
        let coupon = json!({"eventId": event, "name": "Coupon", "type": "COUPON", "codes": true});
        let coded = operator.create_reward(&coupon).await;
        operator.post(&format!("/rewards/{coded}/codes/generate"), &json!({"count": 1})).await.created();
        let coupon = member.client.claim(&coded).await;
        coupon.created();
        let names = vec![
            ("{coded}", coded),
            ("{coupon}", coupon.text("/claim/id")),
            ("{spend}", spend),
            ("{unit}", "points".to_owned()),
            ("{event}", event),
            ("{reward}", reward),
            ("{claim}", claim.text("/claim/id")),
            ("{member}", member.id.clone()),
            ("{email}", member.email.clone()),
            ("{unknown}", id()),
            ("{code}", "not_found".to_owned()),
            ("{file}", "claim.granted.v1.json".to_owned()),
            ("{type}", "POINT".to_owned()),
        ];
        let refused = refused(&stage, &admin).await;
        let auditor = stage.auditor().await;
        let callers = vec![stage.nobody(), member.client, other.client, service, operator, auditor, admin];
        Scene { _stage: stage, callers, refused, names }
    }

    fn path(&self, template: &str) -> String {
        self.names.iter().fold(template.to_owned(), |path, (name, value)| path.replace(name, value))
    }
}

/// In the order of [`REFUSED`].
async fn refused(stage: &Stage, admin: &Client) -> Vec<Client> {
    let member = stage.nobody().sign_up().await.client;
    let expired = Forge::with(member.token(), &stage.service.data()).claims(json!({"iat": 1, "nbf": 1, "exp": 2}));
    let revoked = stage.nobody().sign_up().await;
    let again = stage.nobody().post("/auth/login", &json!({"email": revoked.email, "password": PASSWORD})).await;
    let out = stage.nobody().post("/auth/logout", &json!({"refreshToken": again.text("/refreshToken")})).await;
    out.expect(204);
    let demoted = stage.nobody().sign_up().await;
    admin.patch(&format!("/auth/users/{}/role", demoted.id), &json!({"role": "OPERATOR"})).await.ok();
    let operator = stage.nobody().login(&demoted.email, PASSWORD).await;
    admin.patch(&format!("/auth/users/{}/role", demoted.id), &json!({"role": "USER"})).await.ok();
    vec![member.with_token(&expired), member.with_token(&again.text("/accessToken")), operator]
}

#[tokio::test]
async fn every_route_answers_every_caller_as_the_table_says() {
    let scene = Scene::set().await;
    let (mut cells, mut wrong) = (0, Vec::new());
    for (method, template, statuses) in TABLE {
        let path = scene.path(template);
        for ((caller, name), wanted) in scene.callers.iter().zip(CALLERS).zip(statuses) {
            let answer = ask(caller, method, &path).await;
            cells += 1;
            let code = answer.json["code"].as_str();
            let fits = answer.status == *wanted
                && match wanted {
                    401 => code == Some("unauthenticated"),
                    403 => code == Some("forbidden"),
                    404 => code == Some("not_found"),
                    400 => code == Some("validation_failed"),
                    _ => true,
                };
            if !fits {
                wrong.push(format!("{method} {template} as {name}: wanted {wanted}, got {answer}"));
            }
        }
        for (caller, (name, code)) in scene.refused.iter().zip(REFUSED) {
            let answer = ask(caller, method, &path).await;
            cells += 1;
            let fits = if statuses[0] == 401 {
                answer.status == 401 && answer.json["code"] == code
            } else {
                answer.status == statuses[0]
            };
            if !fits {
                wrong.push(format!("{method} {template} as {name}: got {answer}"));
            }
        }
    }
    println!("{} routes, {cells} cells", TABLE.len());
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn ask(caller: &Client, method: &str, path: &str) -> Answer {
    let method: Method = method.parse().unwrap();
    let bare = method == Method::GET || path.starts_with("/auth/users/") && method == Method::DELETE;
    let body = if bare { Vec::new() } else { json!({"nonsense": true}).to_string().into_bytes() };
    let headers: &[_] = if bare { &[] } else { &[("content-type", "application/json")] };
    caller.send(method, path, headers, body).await.unwrap()
}

/// A row with the names of its parameters taken out, as is a path of the document.
fn shape(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
    format!("{} {}", method.to_uppercase(), parts.join("/"))
}

#[tokio::test]
async fn the_table_has_exactly_the_routes_of_the_document() {
    let stage = Stage::shared().await;
    let document = stage.nobody().get("/openapi.json").await;
    let mut routes = BTreeSet::new();
    for (path, item) in document.ok()["paths"].as_object().unwrap() {
        let methods = item.as_object().into_iter().flatten().map(|(method, _)| method.as_str());
        let methods = methods.filter(|name| ["get", "post", "put", "patch", "delete"].contains(name));
        routes.extend(methods.map(|method| shape(method, path)));
    }
    let literal =
        |path: &str| path.replace("/streams/claim/", "/streams/{}/").replace("/projections/relay/", "/projections/{}/");
    // the page that shows the document is not in it
    let rows = TABLE.iter().filter(|(_, path, _)| *path != "/docs");
    let rows: BTreeSet<_> = rows.map(|(method, path, _)| shape(method, &literal(path))).collect();
    assert_eq!(rows.difference(&routes).collect::<Vec<_>>(), Vec::<&String>::new(), "rows without a route");
    assert_eq!(routes.difference(&rows).collect::<Vec<_>>(), Vec::<&String>::new(), "routes without a row");
}

#[tokio::test]
async fn a_refusal_says_which_of_the_two_it_is() {
    let stage = Stage::shared().await;
    stage.nobody().get("/dashboard").await.problem(401, "unauthenticated");
    stage.service.demo("member").await.get("/dashboard").await.problem(403, "forbidden");
    stage.auditor().await.claim(&id()).await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_unknown_route_and_an_unknown_method_are_told_apart() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    admin.get("/nothing/here").await.problem(404, "not_found");
    let answer = admin.send(Method::DELETE, "/events", &[], Vec::new()).await.unwrap();
    answer.problem(405, "method_not_allowed");
    let allowed = answer.header("allow").unwrap();
    assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
}
